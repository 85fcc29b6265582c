"""Signs requests by botocore, which is what AWS's own programs sign by.

In:  [{"url", "headers": {...}, "body", "at": ISO 8601 in UTC, "region", "service", "access_key_id",
       "secret_access_key", "session_token": text or null}]
Out: [{"authorization", "x-amz-date", "x-amz-security-token": text or null}]
"""

import datetime
import json
import sys

import botocore.auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials


def sign(asked):
    at = datetime.datetime.fromisoformat(asked["at"])
    # It takes the time from here, and has no setting for another.
    botocore.auth.get_current_datetime = lambda *_, **__: at
    request = AWSRequest(
        method="POST", url=asked["url"], headers=asked["headers"], data=asked["body"].encode()
    )
    credentials = Credentials(asked["access_key_id"], asked["secret_access_key"], asked["session_token"])
    botocore.auth.SigV4Auth(credentials, asked["service"], asked["region"]).add_auth(request)
    names = ["Authorization", "X-Amz-Date", "X-Amz-Security-Token"]
    return {name.lower(): request.headers.get(name) for name in names}


json.dump([sign(asked) for asked in json.load(sys.stdin)], sys.stdout)
