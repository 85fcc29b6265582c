"""Asks for an access token by google-auth, and sends a push by firebase-admin, to a recorder in Google's place.

In:  {"url": base of the recorder, "account": {service account}, "scope": text,
      "push": {"token", "title", "text", "data": {...}, "replaces": id}}
Out: {"token": the access token that google-auth understood, "name": what firebase-admin understood of the answer}
"""

import datetime
import json
import os
import sys

# The recorder is on this machine, whatever proxy the user has.
os.environ["NO_PROXY"] = "*"

import firebase_admin
import google.auth.transport.requests
from firebase_admin import credentials, messaging
from google.oauth2 import service_account


def token(account, scope):
    found = service_account.Credentials.from_service_account_info(account, scopes=[scope])
    found.refresh(google.auth.transport.requests.Request())
    return found.token


def send(url, account, push):
    # There is no setting for where FCM is.
    messaging._MessagingService.FCM_URL = url + "/v1/projects/{0}/messages:send"
    firebase_admin.initialize_app(credentials.Certificate(account))
    replaces = push["replaces"]
    return messaging.send(
        messaging.Message(
            token=push["token"],
            notification=messaging.Notification(title=push["title"], body=push["text"]),
            data=push["data"],
            android=messaging.AndroidConfig(
                collapse_key=replaces,
                priority="high",
                ttl=datetime.timedelta(days=1),
                notification=messaging.AndroidNotification(tag=replaces),
            ),
            apns=messaging.APNSConfig(headers={"apns-collapse-id": replaces}),
            webpush=messaging.WebpushConfig(notification=messaging.WebpushNotification(tag=replaces)),
        )
    )


asked = json.load(sys.stdin)
json.dump(
    {
        "token": token(asked["account"], asked["scope"]),
        "name": send(asked["url"], asked["account"], asked["push"]),
    },
    sys.stdout,
)
