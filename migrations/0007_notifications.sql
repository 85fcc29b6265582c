-- Notifications: who is told of what, and what became of every mail and push.

CREATE SCHEMA notifications;

CREATE TABLE notifications.notifications (
    notification_id uuid        NOT NULL PRIMARY KEY,
    account_id      uuid        NOT NULL,
    kind            text        NOT NULL,
    event_id        uuid        NOT NULL,
    position        bigint      NOT NULL,
    subject_kind    text        NOT NULL,
    subject_id      uuid        NOT NULL,
    organisation_id uuid,
    locale          text        NOT NULL,
    title           text        NOT NULL,
    body            text        NOT NULL,
    in_app          boolean     NOT NULL,
    created_at      timestamptz NOT NULL,
    read_at         timestamptz
);
COMMENT ON TABLE notifications.notifications IS 'One row per event, person and kind: the source of what every channel sends, and the inbox of the application.';
COMMENT ON COLUMN notifications.notifications.subject_id IS 'What it is about, with subject_kind: order, product, restaurant, webhook_endpoint.';
COMMENT ON COLUMN notifications.notifications.organisation_id IS 'For which the person works to whom it is told: whoever no longer does is sent none of it. NULL where it is told to the account itself.';
COMMENT ON COLUMN notifications.notifications.title IS 'With body: rendered once, in the person''s language at that moment.';
-- An event tells a person of a kind once, however often it is handled.
CREATE UNIQUE INDEX notifications_once ON notifications.notifications (event_id, account_id, kind);
-- GET /notifications: newest first.
CREATE INDEX notifications_newest ON notifications.notifications (account_id, created_at DESC, notification_id DESC) WHERE in_app;
-- GET /notifications?unread=true.
CREATE INDEX notifications_unread ON notifications.notifications (account_id, created_at DESC, notification_id DESC)
    WHERE in_app AND read_at IS NULL;

CREATE TABLE notifications.devices (
    device_id  uuid        NOT NULL PRIMARY KEY,
    account_id uuid        NOT NULL,
    token      text        NOT NULL UNIQUE CHECK (length(token) BETWEEN 1 AND 4096),
    name       text,
    created_at timestamptz NOT NULL
);
COMMENT ON TABLE notifications.devices IS 'Where pushes go. Rows, not events: a registration token is no fact of trade, and is deleted for good as soon as its provider says that it is gone.';
-- GET /notification-devices, and the fan-out of one notification.
CREATE INDEX devices_account ON notifications.devices (account_id, created_at DESC, device_id DESC);

CREATE TABLE notifications.messages (
    message_id      uuid        NOT NULL PRIMARY KEY,
    account_id      uuid        NOT NULL,
    notification_id uuid        REFERENCES notifications.notifications ON DELETE CASCADE,
    digest_id       uuid,
    device_id       uuid,
    channel         text        NOT NULL CHECK (channel IN ('email', 'push')),
    kind            text        NOT NULL,
    decision        text        NOT NULL CHECK (decision IN ('now', 'deferred', 'digest', 'suppressed')),
    state           text        NOT NULL CHECK (state IN ('queued', 'in_digest', 'sent', 'failed', 'suppressed')),
    reason          text,
    priority        smallint    NOT NULL,
    due             timestamptz NOT NULL,
    attempts        int         NOT NULL DEFAULT 0,
    uncertain_since timestamptz,
    recipient       text,
    subject         text,
    text_body       text,
    html_body       text,
    unsubscribe_url text,
    provider_id     text,
    created_at      timestamptz NOT NULL,
    finished_at     timestamptz,
    CHECK ((state = 'queued') = (finished_at IS NULL)),
    CHECK (notification_id IS NOT NULL OR digest_id IS NOT NULL),
    CHECK (state <> 'queued' OR (subject IS NOT NULL AND text_body IS NOT NULL))
);
COMMENT ON TABLE notifications.messages IS 'One row per notification and channel, and for pushes per device; one more per daily digest. Written in the transaction of its notification, sent from here. notif/<message_id> is the key by which the provider knows it again.';
COMMENT ON COLUMN notifications.messages.kind IS 'The notification''s, or digest.';
COMMENT ON COLUMN notifications.messages.decision IS 'What was decided when it came to be, by what its receiver wanted then; reason says why, later why it failed. What its receiver wants when it is sent holds, too: state says what became of it.';
COMMENT ON COLUMN notifications.messages.digest_id IS 'The digest that it is told in; of a digest''s own mail, with notification_id NULL, the digest that it is.';
COMMENT ON COLUMN notifications.messages.priority IS '0 critical, 1 at once, 2 digests: the lower goes first.';
COMMENT ON COLUMN notifications.messages.uncertain_since IS 'When the first request was made whose outcome nobody knows: a provider forgets keys after a day, and what is older must not be sent again.';
COMMENT ON COLUMN notifications.messages.subject IS 'With recipient, text_body, html_body and unsubscribe_url: rendered once, and sent so however often. A provider refuses a key that it knows with other contents.';
-- Telling once: … ON CONFLICT DO NOTHING, and the messages of a notification.
CREATE UNIQUE INDEX messages_once ON notifications.messages
    (notification_id, channel, COALESCE(device_id, '00000000-0000-0000-0000-000000000000'::uuid))
    WHERE notification_id IS NOT NULL;
-- A digest becomes one mail.
CREATE UNIQUE INDEX messages_digest_once ON notifications.messages (digest_id) WHERE notification_id IS NULL;
-- What a digest tells: … WHERE digest_id = $1 AND notification_id IS NOT NULL.
CREATE INDEX messages_digest ON notifications.messages (digest_id) WHERE digest_id IS NOT NULL;
-- The next ones of a channel: … WHERE channel = $1 AND state = 'queued' AND due <= $2 ORDER BY priority, due.
CREATE INDEX messages_due ON notifications.messages (channel, priority, due) WHERE state = 'queued';

CREATE TABLE notifications.digests (
    digest_id  uuid        NOT NULL PRIMARY KEY,
    account_id uuid        NOT NULL,
    day        date        NOT NULL,
    due        timestamptz NOT NULL,
    created_at timestamptz NOT NULL,
    closed_at  timestamptz,
    UNIQUE (account_id, day)
);
COMMENT ON TABLE notifications.digests IS 'What is told to a person once a day. Open until it is due, then closed by one UPDATE: whoever closes it writes its mail, and what comes later goes into the next day''s.';
COMMENT ON COLUMN notifications.digests.day IS 'By the person''s own calendar.';
-- Closing: … WHERE closed_at IS NULL AND due <= $1.
CREATE INDEX digests_due ON notifications.digests (due) WHERE closed_at IS NULL;

CREATE TABLE notifications.scheduled (
    event_id uuid        NOT NULL,
    kind     text        NOT NULL,
    due      timestamptz NOT NULL,
    event    json        NOT NULL,
    PRIMARY KEY (event_id, kind)
);
COMMENT ON TABLE notifications.scheduled IS 'What is to be told later, if it still holds then: deleted in the transaction that tells it, or finds that it no longer holds.';
COMMENT ON COLUMN notifications.scheduled.event IS 'The public event, as CloudEvents has it.';
-- … WHERE due <= $1 ORDER BY due.
CREATE INDEX scheduled_due ON notifications.scheduled (due);

CREATE TABLE notifications.channels (
    channel      text   NOT NULL PRIMARY KEY,
    holder       uuid,
    fence        bigint NOT NULL DEFAULT 0,
    lease_until  timestamptz,
    paused_until timestamptz,
    pause_reason text
);
COMMENT ON TABLE notifications.channels IS 'One row per channel: which process sends on it. One at a time, so that one of them knows the provider''s limits.';
COMMENT ON COLUMN notifications.channels.fence IS 'Raised by whoever takes over: what the former holder still had in hand is then not recorded by it.';
COMMENT ON COLUMN notifications.channels.lease_until IS 'By the clock of this database, the only one that all processes share.';
COMMENT ON COLUMN notifications.channels.paused_until IS 'Nothing is sent until then, and after it one message ahead of the others; NULL once the provider takes things again. pause_reason: a quota that is used up, or why it refuses our key, sender or address.';
INSERT INTO notifications.channels (channel) VALUES ('email'), ('push');

-- What an endpoint is called stands in its stream, which may begin with a snapshot.
GRANT SELECT ON public.snapshots TO iris_handler;
GRANT USAGE ON SCHEMA notifications TO iris_handler, iris_command, iris_query;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA notifications TO iris_handler;
GRANT SELECT, UPDATE (read_at) ON notifications.notifications TO iris_command;
GRANT SELECT, INSERT, UPDATE, DELETE ON notifications.devices TO iris_command;
GRANT SELECT ON notifications.notifications, notifications.devices TO iris_query;
