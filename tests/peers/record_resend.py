"""Sends a mail by Resend's own SDK, to a recorder in Resend's place; judges mails of others by the SDK's types.

In:  {"url": base of the recorder, "key": API key, "idempotency_key": text, "bodies": [{...}, ...],
      "mail": {"from", "to", "subject", "text", "html", "unsubscribe_url", "kind"}}
Out: {"id": what the SDK understood of the answer, "faults": [[fault, ...] per body]}
"""

import json
import os
import sys

# The recorder is on this machine, whatever proxy the user has.
os.environ["NO_PROXY"] = "*"

import resend
from pydantic import ConfigDict, TypeAdapter, ValidationError, with_config

# As the SDK declares it, and strictly so: no field that it does not know, no value that would have to be converted.
PARAMS = TypeAdapter(with_config(ConfigDict(extra="forbid", strict=True))(resend.Emails.SendParams))


def faults(body):
    try:
        PARAMS.validate_python(body)
    except ValidationError as found:
        return [f"{fault['loc']}: {fault['msg']}" for fault in found.errors()]
    return []


def send(mail, idempotency_key):
    params: resend.Emails.SendParams = {
        "from": mail["from"],
        "to": [mail["to"]],
        "subject": mail["subject"],
        "text": mail["text"],
        "html": mail["html"],
        "headers": {
            "List-Unsubscribe": f"<{mail['unsubscribe_url']}>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        },
        "tags": [{"name": "kind", "value": mail["kind"]}],
    }
    options: resend.Emails.SendOptions = {"idempotency_key": idempotency_key}
    return resend.Emails.send(params, options)["id"]


asked = json.load(sys.stdin)
resend.api_url = asked["url"]
resend.api_key = asked["key"]
json.dump(
    {
        "id": send(asked["mail"], asked["idempotency_key"]),
        "faults": [faults(body) for body in asked["bodies"]],
    },
    sys.stdout,
)
