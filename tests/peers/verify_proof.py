"""Checks proofs that an event is in the log, as docs/audit.md describes them; shares nothing with the program.

In:  {"proofs": [proof, ...], "trusted": [public key in base64, ...]}
Out: [true or the reason why not, ...], an item per proof, in order.
"""

import base64
import hashlib
import json
import sys
import uuid
from datetime import datetime, timedelta, timezone

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


def sha256(data):
    return hashlib.sha256(data).digest()


def i64(number):
    return number.to_bytes(8, "big", signed=True)


def micros(text):
    return (datetime.fromisoformat(text.replace("Z", "+00:00")) - EPOCH) // timedelta(microseconds=1)


def prefixed(fields):
    return b"".join(len(field).to_bytes(8, "big") + field for field in fields)


def content_hash(event):
    return sha256(prefixed([
        uuid.UUID(event["event_id"]).bytes,
        event["stream_type"].encode(),
        uuid.UUID(event["stream_id"]).bytes,
        i64(event["sequence"]),
        event["type"].encode(),
        event["version"].encode(),
        event["payload"].encode(),
        event["metadata"].encode(),
        i64(micros(event["recorded_at"])),
        uuid.UUID(event["command_id"]).bytes,
        event["actor"].encode(),
    ]))


def statement(seal):
    return prefixed([
        b"iris.seal.v1",
        i64(seal["number"]),
        i64(seal["first_position"]),
        i64(seal["last_position"]),
        bytes.fromhex(seal["root"]),
        bytes.fromhex(seal["previous"]),
        i64(micros(seal["sealed_at"])),
        seal["key_id"].encode(),
    ])


def root(leaf, index, count, path):
    """RFC 9162, section 2.1.3.2."""
    at, last, node = index, count - 1, sha256(b"\x00" + leaf)
    if not 0 <= at <= last:
        return None
    for beside in path:
        if last == 0:
            return None
        if at % 2 == 1 or at == last:
            node = sha256(b"\x01" + beside + node)
            while at % 2 == 0 and at != 0:
                at, last = at >> 1, last >> 1
        else:
            node = sha256(b"\x01" + node + beside)
        at, last = at >> 1, last >> 1
    return node if last == 0 else None


def judge(proof, trusted):
    if proof["format"] != "iris.proof.v1":
        return "format"
    seal, event = proof["seal"], proof["event"]
    key = base64.b64decode(seal["public_key"], validate=True)
    if seal["public_key"] not in trusted:
        return "untrusted key"
    if seal["key_id"] != hashlib.sha256(key).hexdigest():
        return "key id"
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(base64.b64decode(seal["signature"]), statement(seal))
    except InvalidSignature:
        return "signature"
    if event["position"] - seal["first_position"] != proof["leaf_index"]:
        return "position"
    count = seal["last_position"] - seal["first_position"] + 1
    path = [bytes.fromhex(text) for text in proof["path"]]
    if root(content_hash(event), proof["leaf_index"], count, path) != bytes.fromhex(seal["root"]):
        return "root"
    return True


asked = json.load(sys.stdin)
json.dump([judge(proof, asked["trusted"]) for proof in asked["proofs"]], sys.stdout)
