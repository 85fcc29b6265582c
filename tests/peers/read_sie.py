"""Reads a SIE file with what Python itself knows of code page 437 and of quoted fields.

No kept reader of the format is on PyPI or npm. This one shares nothing with the writer: the codec and the
tokeniser are Python's, and amounts are its decimals.

In:  {"bytes": [0..255, ...]}
Out: {"posts": {"#FNAMN": [field, ...], ...}, "accounts": {number: name},
      "vouchers": [{"fields": [...], "rows": [[account, amount], ...], "sum": amount}, ...]}
"""

import decimal
import json
import shlex
import sys


def fields(line):
    tokens = shlex.shlex(line, posix=True, punctuation_chars=False)
    tokens.whitespace_split, tokens.commenters, tokens.quotes = True, "", '"'
    return list(tokens)


def read(text):
    posts, accounts, vouchers, is_open = {}, {}, [], False
    lines = text.split("\r\n")
    assert lines.pop() == "" and not any("\r" in line or "\n" in line for line in lines)
    for line in lines:
        name, *rest = fields(line)
        if name in "{}":
            assert is_open == (name == "}") and not rest, line
            is_open = name == "{"
        elif name == "#TRANS":
            account, objects, amount = rest
            assert is_open and objects == "{}", line
            vouchers[-1]["rows"].append([account, amount])
        elif name == "#VER":
            vouchers.append({"fields": rest, "rows": []})
        elif name == "#KONTO":
            number, account_name = rest
            assert number not in accounts, line
            accounts[number] = account_name
        else:
            assert name not in posts, line
            posts[name] = rest
    for voucher in vouchers:
        voucher["sum"] = str(sum(decimal.Decimal(amount) for _, amount in voucher["rows"]))
    return {"posts": posts, "accounts": accounts, "vouchers": vouchers}


json.dump(read(bytes(json.load(sys.stdin)["bytes"]).decode("cp437")), sys.stdout)
