-- Webhooks: what is to be sent to whom, and what became of it. Endpoints themselves are streams in the log.

CREATE SCHEMA webhooks;

CREATE TABLE webhooks.secrets (
    secret_id   uuid        NOT NULL PRIMARY KEY,
    endpoint_id uuid        NOT NULL,
    sealed      bytea       NOT NULL,
    created_at  timestamptz NOT NULL
);
COMMENT ON TABLE webhooks.secrets IS 'Signing secrets, sealed under SECRETS_KEY with endpoint and secret id as associated data. Which of them sign, and until when, is in the endpoint''s stream. Written before the command that names it: a secret that no stream names signs nothing.';
-- Deleting an endpoint: DELETE … WHERE endpoint_id = $1.
CREATE INDEX secrets_endpoint ON webhooks.secrets (endpoint_id);

CREATE TABLE webhooks.lanes (
    endpoint_id         uuid        NOT NULL PRIMARY KEY,
    registered_position bigint      NOT NULL,
    state               json        NOT NULL,
    revision            bigint      NOT NULL DEFAULT 0,
    health_revision     bigint      NOT NULL DEFAULT 0,
    queued              bigint      NOT NULL DEFAULT 0,
    due                 timestamptz,
    handshake_due       timestamptz,
    handshake_attempts  int         NOT NULL DEFAULT 0,
    holder              uuid,
    fence               bigint      NOT NULL DEFAULT 0,
    lease_until         timestamptz,
    marked_revision     bigint,
    breaker_failures    int         NOT NULL DEFAULT 0,
    breaker_opened      int         NOT NULL DEFAULT 0,
    breaker_until       timestamptz,
    failing_since       timestamptz,
    failures            bigint      NOT NULL DEFAULT 0,
    warnings            int         NOT NULL DEFAULT 0,
    last_success_at     timestamptz
) WITH (fillfactor = 70);
COMMENT ON TABLE webhooks.lanes IS 'One row per endpoint: what the dispatcher needs to know of it, when it is next to be looked at, and in whose hands it is. A dead endpoint is one row that is not due, however much waits for it.';
COMMENT ON COLUMN webhooks.lanes.state IS 'Folded<WebhookEndpoint> as of the fan-out''s position.';
COMMENT ON COLUMN webhooks.lanes.revision IS 'Raised whenever the fan-out changes something that whoever holds the lane then reads anew.';
COMMENT ON COLUMN webhooks.lanes.health_revision IS 'Raised whenever the fan-out changes the health: breaker, failures, warnings. What was felt before it is not written over them.';
COMMENT ON COLUMN webhooks.lanes.queued IS 'Deliveries ever queued. A lane is let go only if this is still what its holder saw: what is queued at that moment cannot be overlooked.';
COMMENT ON COLUMN webhooks.lanes.due IS 'When there is something to do; NULL while nothing waits.';
COMMENT ON COLUMN webhooks.lanes.handshake_due IS 'When the receiver is to be asked whether it agrees.';
COMMENT ON COLUMN webhooks.lanes.fence IS 'Raised by whoever takes the lane over: what the former holder still had in hand then writes nothing.';
COMMENT ON COLUMN webhooks.lanes.lease_until IS 'By the clock of this database, the only one that all processes share.';
COMMENT ON COLUMN webhooks.lanes.marked_revision IS 'The revision as of which deliveries.blocked is true. At another, or where it is NULL as after a holder that died, whoever holds the lane looks at all that are blocked.';
COMMENT ON COLUMN webhooks.lanes.breaker_failures IS 'Failures in a row that say that nobody answers.';
COMMENT ON COLUMN webhooks.lanes.breaker_opened IS 'How often it opened since it was last closed: each time for twice as long.';
COMMENT ON COLUMN webhooks.lanes.warnings IS 'How many warnings its owner has had since failing_since.';
COMMENT ON COLUMN webhooks.lanes.failing_since IS 'When the first attempt failed that no success has followed.';
-- Claiming: SELECT … WHERE due <= $1 ORDER BY due.
CREATE INDEX lanes_due ON webhooks.lanes (due) WHERE due IS NOT NULL;

CREATE TABLE webhooks.messages (
    event_id      uuid NOT NULL,
    payload_style text NOT NULL CHECK (payload_style IN ('full', 'thin')),
    body          text NOT NULL,
    PRIMARY KEY (event_id, payload_style)
);
COMMENT ON TABLE webhooks.messages IS 'The exact bytes that are sent and signed, once per event and style: every attempt at every endpoint sends the same.';

CREATE TABLE webhooks.deliveries (
    delivery_id   uuid        NOT NULL PRIMARY KEY,
    endpoint_id   uuid        NOT NULL,
    event_id      uuid        NOT NULL,
    event_type    text        NOT NULL,
    payload_style text        NOT NULL,
    aggregate_id  uuid        NOT NULL,
    position      bigint      NOT NULL,
    origin        text        NOT NULL CHECK (origin IN ('live', 'replay', 'ping')),
    replay_id     uuid,
    supplier_id   uuid,
    restaurant_id uuid,
    state         text        NOT NULL CHECK (state IN ('pending', 'delivered', 'failed', 'cancelled')),
    stepped_aside boolean     NOT NULL DEFAULT false,
    by_hand       boolean     NOT NULL DEFAULT false,
    blocked       boolean     NOT NULL DEFAULT false,
    attempts      int         NOT NULL DEFAULT 0,
    due           timestamptz NOT NULL,
    created_at    timestamptz NOT NULL,
    finished_at   timestamptz,
    CHECK ((state = 'pending') = (finished_at IS NULL)),
    CHECK ((origin = 'replay') = (replay_id IS NOT NULL))
);
COMMENT ON TABLE webhooks.deliveries IS 'One row per event and endpoint that wants it. webhook-id is the event''s id: it is the same however often, and in whichever replay, it is sent.';
COMMENT ON COLUMN webhooks.deliveries.supplier_id IS 'The supplier that the event concerns; NULL where it is public. With restaurant_id, whose grant a partner needs to be sent it.';
COMMENT ON COLUMN webhooks.deliveries.stepped_aside IS 'It has failed so often that later ones of its aggregate no longer wait for it.';
COMMENT ON COLUMN webhooks.deliveries.by_hand IS 'It had been delivered or cancelled, and was asked for again: nothing waits for it, whatever the order.';
-- An event is sent once to an endpoint, and once more per replay that asks for it.
CREATE UNIQUE INDEX deliveries_once ON webhooks.deliveries
    (endpoint_id, event_id, COALESCE(replay_id, '00000000-0000-0000-0000-000000000000'::uuid));
COMMENT ON COLUMN webhooks.deliveries.blocked IS 'It waits for an earlier one of its aggregate and is not looked at until that is out of the way. Set and cleared by the lane''s holder alone, and only where many wait: one that is not marked may have to wait, too.';
-- The next ones of a lane: … WHERE endpoint_id = $1 AND state = 'pending' AND NOT blocked ORDER BY due, position.
CREATE INDEX deliveries_due ON webhooks.deliveries (endpoint_id, due, position)
    WHERE state = 'pending' AND NOT blocked;
-- The same where pings alone are sent: … AND origin = 'ping' ORDER BY due, position.
CREATE INDEX deliveries_pings ON webhooks.deliveries (endpoint_id, due, position)
    WHERE state = 'pending' AND origin = 'ping';
-- Is there an earlier one of the same aggregate and replay that it must wait for? Those that stepped aside stand
-- apart, so that however many there are cost nothing. Also for counting what is pending.
CREATE INDEX deliveries_before ON webhooks.deliveries
    (endpoint_id, aggregate_id, COALESCE(replay_id, '00000000-0000-0000-0000-000000000000'::uuid), stepped_aside,
     position)
    WHERE state = 'pending';
-- One that failed or stepped aside is in the way of later ones where the order is strict.
CREATE INDEX deliveries_before_strict ON webhooks.deliveries
    (endpoint_id, aggregate_id, COALESCE(replay_id, '00000000-0000-0000-0000-000000000000'::uuid), position)
    WHERE state = 'failed' OR state = 'pending' AND stepped_aside;
-- The next blocked one of an aggregate: … AND state = 'pending' AND blocked ORDER BY position.
CREATE INDEX deliveries_blocked ON webhooks.deliveries
    (endpoint_id, aggregate_id, COALESCE(replay_id, '00000000-0000-0000-0000-000000000000'::uuid), position)
    WHERE state = 'pending' AND blocked;
-- May a replay go on? … WHERE endpoint_id = $1 AND state = 'pending' AND origin = 'replay' LIMIT n.
CREATE INDEX deliveries_replayed ON webhooks.deliveries (endpoint_id) WHERE state = 'pending' AND origin = 'replay';
-- GET /webhook-endpoints/{id}/deliveries: newest first.
CREATE INDEX deliveries_newest ON webhooks.deliveries (endpoint_id, created_at DESC, delivery_id DESC);

CREATE TABLE webhooks.attempts (
    delivery_id      uuid        NOT NULL,
    number           int         NOT NULL CHECK (number > 0),
    attempted_at     timestamptz NOT NULL,
    outcome          text        NOT NULL,
    status           smallint,
    headers_ms       int,
    total_ms         int         NOT NULL,
    response_headers json        NOT NULL,
    response_body    bytea       NOT NULL CHECK (octet_length(response_body) <= 16384),
    PRIMARY KEY (delivery_id, number)
);
COMMENT ON TABLE webhooks.attempts IS 'Every request that was made, and what came back. Written by the statement that finds and updates the delivery; a foreign key would check each row a second time.';
COMMENT ON COLUMN webhooks.attempts.outcome IS 'delivered, or a word for why not: http_status, redirect, timeout, connect, tls, dns, address_refused, …';
COMMENT ON COLUMN webhooks.attempts.response_body IS 'The first 16 KiB.';

CREATE TABLE webhooks.replays (
    replay_id     uuid        NOT NULL PRIMARY KEY,
    endpoint_id   uuid        NOT NULL,
    next_position bigint      NOT NULL,
    upto_position bigint      NOT NULL,
    queued        bigint      NOT NULL DEFAULT 0,
    created_at    timestamptz NOT NULL,
    finished_at   timestamptz
);
COMMENT ON TABLE webhooks.replays IS 'One row per replay: next_position moves in the transaction that queues its deliveries, so a replay goes on where it was.';
-- The next stretch: … WHERE finished_at IS NULL ORDER BY created_at.
CREATE INDEX replays_unfinished ON webhooks.replays (created_at) WHERE finished_at IS NULL;

GRANT USAGE ON SCHEMA webhooks TO iris_handler, iris_command, iris_query;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA webhooks TO iris_handler;
-- The command that makes a secret seals it; the answer shows it once.
GRANT SELECT, INSERT, DELETE ON webhooks.secrets TO iris_command;
-- A retry names a delivery, which must be the endpoint's.
GRANT SELECT ON webhooks.deliveries TO iris_command;
GRANT SELECT ON webhooks.deliveries, webhooks.attempts, webhooks.replays, webhooks.lanes TO iris_query;
