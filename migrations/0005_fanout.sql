-- Fanning out: how far the relay and each consumer of public events have come, and in whose hands they are.

CREATE SCHEMA fanout;

CREATE TABLE fanout.followers (
    name        text        NOT NULL PRIMARY KEY,
    position    bigint      NOT NULL CHECK (position >= 0),
    holder      uuid,
    fence       bigint      NOT NULL DEFAULT 0,
    lease_until timestamptz,
    updated_at  timestamptz NOT NULL
);
COMMENT ON TABLE fanout.followers IS 'One row per follower of the log: the relay, and each consumer of public events.';
COMMENT ON COLUMN fanout.followers.position IS 'Of a consumer: all up to here has had its effect. Moved in the transaction of the effect, so this row is the consumer''s inbox. Of the relay: what it last knew to be published, for people to look at; it resumes from the stream.';
COMMENT ON COLUMN fanout.followers.holder IS 'The process that follows at present; others wait until its lease has run out.';
COMMENT ON COLUMN fanout.followers.fence IS 'Raised by whoever takes over: what the former holder still had in hand then does nothing.';
COMMENT ON COLUMN fanout.followers.lease_until IS 'By the clock of this database, the only one that all processes share.';

-- The group role of the processes that react; it owns nothing.
DO $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'iris_handler') THEN
        BEGIN
            CREATE ROLE iris_handler NOLOGIN;
        EXCEPTION WHEN duplicate_object OR unique_violation THEN
            NULL; -- another database of this server was migrated at the same moment
        END;
    END IF;
END
$$;
GRANT USAGE ON SCHEMA public, read, fanout TO iris_handler;
GRANT SELECT ON public.events, public.log_head TO iris_handler;
-- Whom to tell, and what things are called.
GRANT SELECT ON ALL TABLES IN SCHEMA read TO iris_handler;
GRANT SELECT, INSERT, UPDATE ON fanout.followers TO iris_handler;
GRANT USAGE ON SCHEMA fanout TO iris_query;
GRANT SELECT ON fanout.followers TO iris_query;
