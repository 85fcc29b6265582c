-- The log: every fact, append-only; and what must commit in the same transaction as a fact.

CREATE EXTENSION IF NOT EXISTS citext;
CREATE EXTENSION IF NOT EXISTS pg_trgm;

CREATE TABLE public.events (
    aggregate_type  text        NOT NULL,
    aggregate_id    text        NOT NULL,
    sequence        bigint      NOT NULL CHECK (sequence > 0),
    event_type      text        NOT NULL,
    event_version   text        NOT NULL,
    payload         json        NOT NULL,
    metadata        json        NOT NULL,
    global_position bigint      NOT NULL CHECK (global_position > 0),
    event_id        uuid        NOT NULL,
    recorded_at     timestamptz NOT NULL,
    command_id      uuid        NOT NULL,
    actor           text        NOT NULL,
    content_hash    bytea       NOT NULL CHECK (octet_length(content_hash) = 32),
    supplier_id     uuid,
    restaurant_id   uuid,
    PRIMARY KEY (aggregate_type, aggregate_id, sequence)
    -- Rows of a few kilobytes stay in the page as they are: compressing each costs more than it saves.
) WITH (toast_tuple_target = 8160);
COMMENT ON TABLE public.events IS 'The log. Append-only; the first seven columns are those of postgres-es, so that its reader works on it.';
COMMENT ON COLUMN public.events.sequence IS 'Place in the stream, from 1, without holes.';
COMMENT ON COLUMN public.events.payload IS 'json, not jsonb: the text is kept as it was hashed.';
COMMENT ON COLUMN public.events.global_position IS 'Place in the log, from 1, dense and in commit order: whoever has seen N has seen all up to N.';
COMMENT ON COLUMN public.events.command_id IS 'Shared by all events of one command.';
COMMENT ON COLUMN public.events.actor IS 'account:<id>:<ROLE> or system:<name>.';
COMMENT ON COLUMN public.events.content_hash IS 'SHA-256 over everything but the position, before it was stored.';
COMMENT ON COLUMN public.events.supplier_id IS 'The seller concerned, for routing.';
COMMENT ON COLUMN public.events.restaurant_id IS 'The buyer concerned, for routing.';

-- The feed: events after a position.
CREATE UNIQUE INDEX events_global_position ON public.events (global_position);

CREATE TABLE public.log_head (
    id       smallint NOT NULL PRIMARY KEY DEFAULT 1 CHECK (id = 1),
    position bigint   NOT NULL CHECK (position >= 0),
    epoch    bigint   NOT NULL CHECK (epoch >= 0)
) WITH (fillfactor = 10);
COMMENT ON TABLE public.log_head IS 'One row, updated by every append and locked until its commit: this is what makes positions dense and in commit order.';
COMMENT ON COLUMN public.log_head.epoch IS 'Raised to fence appends whose outcome is unknown: an append names the epoch that it was prepared in.';
INSERT INTO public.log_head (id, position, epoch) VALUES (1, 0, 0);

CREATE TABLE public.idempotency (
    scope        text        NOT NULL,
    key          text        NOT NULL,
    request_hash bytea       NOT NULL,
    command_id   uuid        NOT NULL,
    status       smallint    NOT NULL,
    response     text        NOT NULL,
    position     bigint      NOT NULL,
    created_at   timestamptz NOT NULL,
    PRIMARY KEY (scope, key)
) WITH (toast_tuple_target = 8160);
COMMENT ON TABLE public.idempotency IS 'The answer of every accepted command that carried a key, written in the transaction of its events. Kept 7 days at least.';
COMMENT ON COLUMN public.idempotency.scope IS 'account and operation, so that one account''s key never shows another''s answer.';
COMMENT ON COLUMN public.idempotency.position IS 'The log''s position as the command left it.';

CREATE TABLE public.claims (
    scope  text   NOT NULL,
    value  citext NOT NULL,
    holder uuid   NOT NULL,
    PRIMARY KEY (scope, value)
);
COMMENT ON TABLE public.claims IS 'What must be unique over streams: e-mail over accounts, SKU over a supplier''s products. Written with the events that claim or release; rebuilt from them.';

CREATE TABLE public.snapshots (
    aggregate_type text   NOT NULL,
    aggregate_id   text   NOT NULL,
    sequence       bigint NOT NULL,
    state_version  int    NOT NULL,
    state          json   NOT NULL,
    PRIMARY KEY (aggregate_type, aggregate_id)
);
COMMENT ON TABLE public.snapshots IS 'States of long streams, so that loading one costs its tail. A convenience: may be deleted at any time.';

-- Append-only, whoever asks: a grant can be given back by mistake, this has to be dropped on purpose.
CREATE FUNCTION public.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the log is append-only: % on %.% is refused', TG_OP, TG_TABLE_SCHEMA, TG_TABLE_NAME
        USING ERRCODE = 'insufficient_privilege';
END
$$;
CREATE TRIGGER events_append_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON public.events
    FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();
CREATE TRIGGER log_head_stays
    BEFORE DELETE OR TRUNCATE ON public.log_head
    FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();

-- Group roles, one per kind of process; they own nothing and grant what that process needs.
DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['iris_command', 'iris_projection', 'iris_query'] LOOP
        IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = name) THEN
            BEGIN
                EXECUTE format('CREATE ROLE %I NOLOGIN', name);
            EXCEPTION WHEN duplicate_object OR unique_violation THEN
                NULL; -- another database of this server was migrated at the same moment
            END;
        END IF;
    END LOOP;
END
$$;
GRANT USAGE ON SCHEMA public TO iris_command, iris_projection, iris_query;
GRANT SELECT, INSERT ON public.events TO iris_command;
GRANT SELECT ON public.events, public.log_head TO iris_projection;
GRANT SELECT ON public.log_head TO iris_query;
GRANT SELECT, UPDATE ON public.log_head TO iris_command;
GRANT SELECT, INSERT, DELETE ON public.idempotency TO iris_command;
GRANT SELECT, INSERT, UPDATE, DELETE ON public.claims, public.snapshots TO iris_command;
