"""Reads a JetStream stream from its start by nats-py, which knows nothing of Iris.

In:  {"url": "nats://...", "stream": "IRIS_EVENTS" if absent, "count": how many to wait for; more that are there come, too}
Out: [{"subject", "headers": {...}, "body": text, "stream_sequence"}, ...] in the order in which they came.
"""

import asyncio
import json
import sys
import time

import nats
from nats.js.api import DeliverPolicy

PATIENCE_S = 60


async def subscribe(connection, stream):
    """Waits for the stream, too: it may be about to be made anew."""
    given_up_at = time.monotonic() + PATIENCE_S
    while True:
        try:
            return await connection.jetstream().subscribe(
                ">", stream=stream, ordered_consumer=True, deliver_policy=DeliverPolicy.ALL
            )
        except nats.js.errors.NotFoundError:
            if time.monotonic() > given_up_at:
                sys.exit(f"there is no stream {stream}")
            await asyncio.sleep(0.05)


async def read(url, count, stream="IRIS_EVENTS"):
    connection = await nats.connect(url, max_reconnect_attempts=3)
    subscription = await subscribe(connection, stream)
    messages, left = [], 0
    while len(messages) < count or left > 0:
        try:
            message = await subscription.next_msg(timeout=PATIENCE_S)
        except nats.errors.TimeoutError:
            sys.exit(f"{len(messages)} messages of {count} came")
        left = message.metadata.num_pending
        messages.append(
            {
                "subject": message.subject,
                "headers": message.headers or {},
                "body": message.data.decode(),
                "stream_sequence": message.metadata.sequence.stream,
            }
        )
    await connection.close()
    return messages


json.dump(asyncio.run(read(**json.load(sys.stdin))), sys.stdout)
