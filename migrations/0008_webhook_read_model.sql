-- Read models of webhook endpoints and of partners' grants; written by projections alone.

CREATE TABLE read.webhook_endpoints (
    endpoint_id uuid        NOT NULL PRIMARY KEY,
    owner_id    uuid,
    status      text        NOT NULL,
    created_at  timestamptz NOT NULL,
    state       jsonb       NOT NULL
);
COMMENT ON COLUMN read.webhook_endpoints.owner_id IS 'The organisation or the partner''s account; NULL for the operator''s own. Ids are unique over all of them.';
COMMENT ON COLUMN read.webhook_endpoints.status IS 'Deleted ones stay as rows, for their streams stay: nobody is shown them.';
-- GET /webhook-endpoints: newest first; as ADMIN, by owner, and each by status.
CREATE INDEX webhook_endpoints_newest ON read.webhook_endpoints (created_at DESC, endpoint_id DESC)
    WHERE status <> 'deleted';
CREATE INDEX webhook_endpoints_status_newest ON read.webhook_endpoints (status, created_at DESC, endpoint_id DESC)
    WHERE status <> 'deleted';
CREATE INDEX webhook_endpoints_owner_newest ON read.webhook_endpoints (owner_id, created_at DESC, endpoint_id DESC)
    WHERE status <> 'deleted';

CREATE TABLE read.partners (
    account_id        uuid NOT NULL,
    organisation_kind text NOT NULL CHECK (organisation_kind IN ('supplier', 'restaurant')),
    organisation_id   uuid NOT NULL,
    PRIMARY KEY (account_id, organisation_kind, organisation_id)
);
COMMENT ON TABLE read.partners IS 'Which partner''s account may see and hear of whose affairs.';
-- GET /suppliers/{id}/partners and the replacing of an organisation's rows.
CREATE INDEX partners_organisation ON read.partners (organisation_id);

GRANT SELECT, INSERT, UPDATE, DELETE, TRUNCATE ON read.webhook_endpoints, read.partners TO iris_projection;
GRANT SELECT ON read.webhook_endpoints, read.partners TO iris_query, iris_handler;

-- GET /webhook-endpoints/{id}/deliveries?state=, ?event_type=: newest first.
CREATE INDEX deliveries_state_newest ON webhooks.deliveries (endpoint_id, state, created_at DESC, delivery_id DESC);
CREATE INDEX deliveries_type_newest ON webhooks.deliveries (endpoint_id, event_type, created_at DESC, delivery_id DESC);
