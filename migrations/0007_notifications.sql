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
    locale          text        NOT NULL,
    title           text        NOT NULL,
    body            text        NOT NULL,
    in_app          boolean     NOT NULL,
    created_at      timestamptz NOT NULL,
    read_at         timestamptz
);
COMMENT ON TABLE notifications.notifications IS 'One row per event, person and kind: the source of what every channel sends, and the inbox of the application.';
COMMENT ON COLUMN notifications.notifications.subject_id IS 'What it is about, with subject_kind: order, product, restaurant, webhook_endpoint.';
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

GRANT USAGE ON SCHEMA notifications TO iris_handler, iris_command, iris_query;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA notifications TO iris_handler;
GRANT SELECT, UPDATE (read_at) ON notifications.notifications TO iris_command;
GRANT SELECT, INSERT, UPDATE, DELETE ON notifications.devices TO iris_command;
GRANT SELECT ON notifications.notifications, notifications.devices TO iris_query;
