"""Verifies assertions of service accounts by google-auth, as a service of Google's would: signature, key, times.

In:  {"assertions": [jwt, ...], "keys": {key id: public key in PEM}, "audience": text}
Out: [{"verdict": "verified", or what the library says against it, "header": {...}, "claims": {...}}, ...]
"""

import json
import sys

from google.auth import jwt


def judge(assertion, keys, audience):
    try:
        claims = jwt.decode(assertion, certs=keys, audience=audience)
    except Exception as fault:
        # Whatever it is, there would be no access token; a crash shows by its name.
        return {"verdict": f"{type(fault).__name__}: {fault}"}
    return {"verdict": "verified", "header": jwt.decode_header(assertion), "claims": claims}


asked = json.load(sys.stdin)
json.dump([judge(one, asked["keys"], asked["audience"]) for one in asked["assertions"]], sys.stdout)
