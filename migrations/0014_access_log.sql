-- What auditors look at: who got to see or do what, and the lists as they stood at an earlier position.

CREATE SCHEMA IF NOT EXISTS audit;
GRANT USAGE ON SCHEMA audit TO iris_command, iris_projection, iris_query, iris_handler;

-- The access log: what leaves no event because it changes nothing.

CREATE TABLE audit.access_log (
    id           bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at           timestamptz NOT NULL,
    kind         text        NOT NULL,
    actor        text        NOT NULL,
    account_id   uuid,
    role         text,
    on_behalf_of uuid,
    subject_kind text,
    subject_id   uuid,
    outcome      text        NOT NULL CHECK (outcome IN ('allowed', 'refused', 'failed')),
    reason       text,
    request_id   text        NOT NULL,
    trace_id     text        NOT NULL,
    address      inet,
    user_agent   text        CHECK (char_length(user_agent) <= 200),
    details      jsonb       NOT NULL DEFAULT '{}'
);
COMMENT ON TABLE audit.access_log IS 'Logins, refusals, and reads of what is secret, personal or history. Append-only; what changes something is an event, and is told from read.privileged_actions.';
COMMENT ON COLUMN audit.access_log.actor IS 'account:<id>:<ROLE>, system:<name>, or anonymous.';
COMMENT ON COLUMN audit.access_log.on_behalf_of IS 'The account in whose name it was done, where that is another one.';
COMMENT ON COLUMN audit.access_log.subject_id IS 'What was seen or tried; with subject_kind.';
COMMENT ON COLUMN audit.access_log.address IS 'The other end of the connection: behind a proxy, the proxy.';
COMMENT ON COLUMN audit.access_log.user_agent IS 'As the caller says, cut to 200 characters.';
COMMENT ON COLUMN audit.access_log.details IS 'Without personal data: an e-mail that failed to log in stands here as a keyed hash.';
-- GET /audit/access: newest first, one index per filter.
CREATE INDEX access_log_newest ON audit.access_log (at DESC, id DESC);
CREATE INDEX access_log_kind_newest ON audit.access_log (kind, at DESC, id DESC);
CREATE INDEX access_log_account_newest ON audit.access_log (account_id, at DESC, id DESC);
CREATE INDEX access_log_subject_newest ON audit.access_log (subject_id, at DESC, id DESC);

-- Append-only, whoever asks: rows leave by audit.forget_accesses alone, which takes the oldest.
CREATE TRIGGER access_log_append_only
    BEFORE TRUNCATE ON audit.access_log
    FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();
CREATE TRIGGER access_log_forgets_people_alone
    BEFORE UPDATE ON audit.access_log
    FOR EACH STATEMENT WHEN (current_setting('audit.forgetting', true) IS DISTINCT FROM 'yes')
    EXECUTE FUNCTION public.refuse_change();
CREATE TRIGGER access_log_forgets_by_age_alone
    BEFORE DELETE ON audit.access_log
    FOR EACH STATEMENT WHEN (current_setting('audit.forgetting', true) IS DISTINCT FROM 'yes')
    EXECUTE FUNCTION public.refuse_change();

CREATE FUNCTION audit.forget_accesses(older_than timestamptz, rows_max int) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
DECLARE
    forgotten bigint;
BEGIN
    -- Whoever broke in must not be able to wipe out the traces of having done so.
    IF older_than > now() - interval '1 day' THEN
        RAISE EXCEPTION 'accesses of the last day are not forgotten' USING ERRCODE = 'insufficient_privilege';
    END IF;
    PERFORM set_config('audit.forgetting', 'yes', true);
    DELETE FROM audit.access_log WHERE id IN (
        SELECT id FROM audit.access_log WHERE at < older_than ORDER BY at LIMIT rows_max
    );
    GET DIAGNOSTICS forgotten = ROW_COUNT;
    PERFORM set_config('audit.forgetting', '', true);
    RETURN forgotten;
END
$$;
COMMENT ON FUNCTION audit.forget_accesses IS 'Deletes up to rows_max accesses from before older_than, which is a day ago at least.';
REVOKE EXECUTE ON FUNCTION audit.forget_accesses FROM PUBLIC;
GRANT EXECUTE ON FUNCTION audit.forget_accesses TO iris_projection;

CREATE FUNCTION audit.forget_person(erased uuid) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
DECLARE
    forgotten bigint;
BEGIN
    -- Whoever broke in must not be able to wipe out where it came from: only what the log says is erased.
    IF NOT EXISTS (
        SELECT 1 FROM public.events e
        WHERE e.aggregate_type = 'account' AND e.aggregate_id = erased::text AND e.event_type = 'AccountErased'
    ) THEN
        RAISE EXCEPTION 'the account is not erased' USING ERRCODE = 'insufficient_privilege';
    END IF;
    PERFORM set_config('audit.forgetting', 'yes', true);
    UPDATE audit.access_log SET address = NULL, user_agent = NULL
    WHERE account_id = erased AND (address IS NOT NULL OR user_agent IS NOT NULL);
    GET DIAGNOSTICS forgotten = ROW_COUNT;
    PERFORM set_config('audit.forgetting', '', true);
    RETURN forgotten;
END
$$;
COMMENT ON FUNCTION audit.forget_person IS 'Leaves of an erased account''s accesses what was done and when, and not from where.';
REVOKE EXECUTE ON FUNCTION audit.forget_person FROM PUBLIC;
GRANT EXECUTE ON FUNCTION audit.forget_person TO iris_command;
-- The export of what is held of a person.
GRANT SELECT ON audit.access_log TO iris_command;

GRANT INSERT ON audit.access_log TO iris_command, iris_query, iris_handler;
GRANT SELECT ON audit.access_log TO iris_query;

CREATE TABLE read.privileged_actions (
    command_id   uuid        NOT NULL,
    kind         text        NOT NULL CHECK (kind IN ('role_changed', 'membership_changed', 'admin_action')),
    position     bigint      NOT NULL,
    at           timestamptz NOT NULL,
    actor        text        NOT NULL,
    account_id   uuid,
    role         text,
    subject_kind text        NOT NULL,
    subject_id   uuid        NOT NULL,
    request_id   text        NOT NULL,
    trace_id     text        NOT NULL,
    details      jsonb       NOT NULL,
    PRIMARY KEY (command_id, kind)
);
COMMENT ON TABLE read.privileged_actions IS 'Commands that changed who may do what, and every command by ADMIN: the part of the access log that is in the log of events already.';
COMMENT ON COLUMN read.privileged_actions.position IS 'Of the command''s first event of that kind.';
-- GET /audit/access: newest first, one index per filter.
CREATE INDEX privileged_actions_newest ON read.privileged_actions (at DESC, position DESC);
CREATE INDEX privileged_actions_kind_newest ON read.privileged_actions (kind, at DESC, position DESC);
CREATE INDEX privileged_actions_account_newest ON read.privileged_actions (account_id, at DESC, position DESC);
CREATE INDEX privileged_actions_subject_newest ON read.privileged_actions (subject_id, at DESC, position DESC);
GRANT SELECT, INSERT, UPDATE, DELETE, TRUNCATE ON read.privileged_actions TO iris_projection;
GRANT SELECT ON read.privileged_actions TO iris_query, iris_handler;

-- Lists as of a position.

CREATE TABLE audit.views (
    view_id      uuid        NOT NULL PRIMARY KEY,
    number       bigint      GENERATED ALWAYS AS IDENTITY UNIQUE,
    slot         smallint    NOT NULL UNIQUE CHECK (slot BETWEEN 1 AND 3),
    asked_by     uuid        NOT NULL,
    asked_at     timestamptz NOT NULL,
    position     bigint      NOT NULL CHECK (position >= 0),
    moment       timestamptz NOT NULL,
    models       text[]      NOT NULL CHECK (cardinality(models) > 0),
    status       text        NOT NULL DEFAULT 'building' CHECK (status IN ('building', 'ready', 'failed')),
    failure      text,
    folded       bigint      NOT NULL DEFAULT 0,
    events_per_second bigint NOT NULL DEFAULT 0,
    kept_seconds bigint      NOT NULL CHECK (kept_seconds > 0),
    expires_at   timestamptz NOT NULL,
    holder       uuid,
    lease_until  timestamptz
);
COMMENT ON TABLE audit.views IS 'Read models as of an earlier position, asked for by auditors. The rows of a view are in schema read_asof_<number>; a schema without a row is dropped.';
COMMENT ON COLUMN audit.views.number IS 'Never given twice: a reader of a view that is gone finds nothing, and never another view.';
COMMENT ON COLUMN audit.views.slot IS 'There are three, so there are three views at most.';
COMMENT ON COLUMN audit.views.moment IS 'When the event at position was recorded; for position 0, what was asked for.';
COMMENT ON COLUMN audit.views.folded IS 'How far the building has come, from 0 to position: the mean over the read models.';
COMMENT ON COLUMN audit.views.expires_at IS 'kept_seconds after it was last read, or built. What is being built does not expire.';
COMMENT ON COLUMN audit.views.holder IS 'The process that builds it; another one goes on once its lease has run out.';
COMMENT ON COLUMN audit.views.lease_until IS 'By the clock of this database, the only one that all processes share.';
GRANT SELECT, INSERT, DELETE ON audit.views TO iris_query;
GRANT UPDATE (expires_at) ON audit.views TO iris_query;
GRANT SELECT, DELETE ON audit.views TO iris_projection;
GRANT UPDATE (status, failure, folded, events_per_second, expires_at, holder, lease_until)
    ON audit.views TO iris_projection;

-- What a moment is in positions, for a role that may not read events: these two tell nothing else of them.
CREATE FUNCTION audit.position_as_of(moment timestamptz) RETURNS bigint
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = '' AS $$
DECLARE
    low      bigint := 0;
    high     bigint := (SELECT h.position FROM public.log_head h WHERE h.id = 1);
    middle   bigint;
    recorded timestamptz;
BEGIN
    -- All up to low was recorded by then, nothing after high was. Writers' clocks may differ by moments:
    -- around such a place the answer is one of the events of those moments.
    WHILE low < high LOOP
        middle := (low + high + 1) / 2;
        SELECT e.recorded_at INTO recorded FROM public.events e WHERE e.global_position = middle;
        IF recorded <= moment THEN low := middle; ELSE high := middle - 1; END IF;
    END LOOP;
    RETURN low;
END
$$;
COMMENT ON FUNCTION audit.position_as_of IS 'The position of the last event recorded at that moment or earlier; 0 where there is none.';
CREATE FUNCTION audit.moment_of(at_position bigint) RETURNS timestamptz
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = '' AS
$$ SELECT e.recorded_at FROM public.events e WHERE e.global_position = at_position $$;
COMMENT ON FUNCTION audit.moment_of IS 'When the event at that position was recorded.';
REVOKE EXECUTE ON FUNCTION audit.position_as_of, audit.moment_of FROM PUBLIC;
GRANT EXECUTE ON FUNCTION audit.position_as_of, audit.moment_of TO iris_query;
