"""moto as AWS KMS, with its signatures checked, until standard input ends.

Out, one line: {"url", "key_arn", "key_id", "access_key_id", "secret_access_key"}, of a user who may use KMS.
"""

import json
import os
import sys

# The first three requests make the user; every later one must be signed by somebody who may do it.
os.environ["INITIAL_NO_AUTH_ACTION_COUNT"] = "3"
# The server is on this machine, whatever proxy the user has.
os.environ["NO_PROXY"] = "*"
os.environ["AWS_EC2_METADATA_DISABLED"] = "true"

import boto3
from moto.server import ThreadedMotoServer

REGION = "eu-north-1"
POLICY = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "kms:*", "Resource": "*"}]}

server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
host, port = server.get_host_and_port()
url = f"http://{host}:{port}"


def client(service, access_key_id, secret_access_key):
    return boto3.client(
        service,
        region_name=REGION,
        endpoint_url=url,
        aws_access_key_id=access_key_id,
        aws_secret_access_key=secret_access_key,
    )


iam = client("iam", "anybody", "anything")
iam.create_user(UserName="iris")
iam.put_user_policy(UserName="iris", PolicyName="kms", PolicyDocument=json.dumps(POLICY))
key = iam.create_access_key(UserName="iris")["AccessKey"]
kms = client("kms", key["AccessKeyId"], key["SecretAccessKey"])
made = kms.create_key()["KeyMetadata"]
print(
    json.dumps(
        {
            "url": url,
            "region": REGION,
            "key_arn": made["Arn"],
            "key_id": made["KeyId"],
            "access_key_id": key["AccessKeyId"],
            "secret_access_key": key["SecretAccessKey"],
        }
    ),
    flush=True,
)
sys.stdin.read()
# Its threads would go on.
os._exit(0)
