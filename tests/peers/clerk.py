"""Plays Clerk: signs session tokens as its instances do, judges them by Clerk's own library, and signs webhooks by Svix's,
who delivers them.

In:  {"issuer": text, "party": text, "user": text, "secret": "whsec_...", "webhooks": [text, ...]}
Out: {"jwks": what the instance publishes, "tokens": {name: {"token": text, "verdict": "taken" or the library's reason}},
      "webhooks": [{"headers": {...}, "body": text}, ...]}
"""

import datetime
import json
import sys
import time

import jwt
from clerk_backend_api.security.types import TokenVerificationError, VerifyTokenOptions
from clerk_backend_api.security.verifytoken import verify_token
from cryptography.hazmat.primitives import hashes, hmac, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from svix.webhooks import Webhook

asked = json.load(sys.stdin)
# Of this moment: whoever asks may have waited until this program was installed.
now = int(time.time())
instance, stranger = (rsa.generate_private_key(public_exponent=65537, key_size=2048) for _ in range(2))
pem = instance.public_key().public_bytes(
    serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
)


def token(key=instance, algorithm="RS256", without=(), headers=None, **changes):
    claims = {
        "azp": asked["party"], "exp": now + 3600, "fva": [0, -1], "iat": now, "iss": asked["issuer"], "nbf": now - 10,
        "sid": "sess_2GaMqUCB3Sc1WNAkWuNzsnYVVEy", "sts": "active", "sub": asked["user"], "v": 2,
        **changes,
    }
    claims = {name: value for name, value in claims.items() if name not in without}
    return jwt.encode(claims, key, algorithm=algorithm, headers={"kid": "ins_1", **(headers or {})})


def by_public_key():
    """HS256 with the public key as the secret; the library for making tokens refuses to, so by hand."""

    def encoded(part):
        return jwt.utils.base64url_encode(part)

    head = encoded(json.dumps({"alg": "HS256", "kid": "ins_1", "typ": "JWT"}).encode())
    signed = head + b"." + token().split(".")[1].encode()
    mac = hmac.HMAC(pem, hashes.SHA256())
    mac.update(signed)
    return (signed + b"." + encoded(mac.finalize())).decode()


tokens = {
    "good": token(),
    "of another user": token(sub="user_29w83sxmDNGwOuEthce5gg56FcZ"),
    "for another frontend": token(azp="https://evil.example"),
    "for no frontend": token(without=["azp"]),
    "expired": token(exp=now - 10),
    "not yet valid": token(nbf=now + 3600),
    "made in the future": token(iat=now + 3600),
    "unsigned": token(key=None, algorithm="none"),
    "signed with the public key": by_public_key(),
    "of a stranger": token(key=stranger),
    "pending": token(sts="pending"),
    "without a session": token(without=["sid"]),
    "of another issuer": token(iss="https://clerk.other.example"),
}


def verdict(text):
    options = VerifyTokenOptions(jwt_key=pem.decode(), authorized_parties=[asked["party"]])
    try:
        verify_token(text, options)
    except TokenVerificationError as error:
        return str(error)
    return "taken"


def webhook(number, body):
    at = datetime.datetime.fromtimestamp(now, datetime.timezone.utc)
    message = f"msg_{number}"
    signature = Webhook(asked["secret"]).sign(message, at, body)
    headers = {"svix-id": message, "svix-timestamp": str(now), "svix-signature": signature}
    return {"headers": headers, "body": body}


jwk = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(instance.public_key()))
json.dump(
    {
        "jwks": {"keys": [{**jwk, "use": "sig", "alg": "RS256", "kid": "ins_1"}]},
        "tokens": {name: {"token": text, "verdict": verdict(text)} for name, text in tokens.items()},
        "webhooks": [webhook(number, body) for number, body in enumerate(asked["webhooks"])],
    },
    sys.stdout,
)
