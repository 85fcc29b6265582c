"""Wraps and unwraps by hvac, Vault's client for Python, at a server in Vault's place.

In:  {"url", "token", "namespace", "key", "plaintext": base64, "associated_data": base64}
Out: {"plaintext": base64, as hvac understood the answer}
"""

import json
import os
import sys

# The server is on this machine, whatever proxy the user has.
os.environ["NO_PROXY"] = "*"

import hvac

asked = json.load(sys.stdin)
transit = hvac.Client(url=asked["url"], token=asked["token"], namespace=asked["namespace"]).secrets.transit
wrapped = transit.encrypt_data(
    name=asked["key"], plaintext=asked["plaintext"], associated_data=asked["associated_data"]
)
opened = transit.decrypt_data(
    name=asked["key"],
    ciphertext=wrapped["data"]["ciphertext"],
    associated_data=asked["associated_data"],
)
json.dump({"plaintext": opened["data"]["plaintext"]}, sys.stdout)
