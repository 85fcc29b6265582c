-- no-transaction
-- The log in partitions by position. The table as it is becomes the first one, without a copy: what takes time is
-- looking once at every position, and that is done while appends and reads go on. Each step is a transaction of its own
-- and finds what an earlier attempt has done, so a migration that was broken off is begun anew.

-- 1. How far the first partition reaches: half a partition ahead at least, so that no append meets the end meanwhile.
BEGIN;
CREATE SCHEMA IF NOT EXISTS log;
COMMENT ON SCHEMA log IS 'The partitions of public.events, named by their first position. No process may enter: rows are reached through public.events alone, under its grants and policies.';

-- The one place that says how large a partition is.
CREATE OR REPLACE FUNCTION public.events_per_partition() RETURNS bigint LANGUAGE sql IMMUTABLE AS $$ SELECT 16777216::bigint $$;
COMMENT ON FUNCTION public.events_per_partition IS 'Positions per partition made from now on: 2^24, some ten gigabytes. Those that exist stay as they are.';
REVOKE EXECUTE ON FUNCTION public.events_per_partition FROM PUBLIC;

DO $$
DECLARE
    size   bigint := public.events_per_partition();
    behind bigint;
BEGIN
    IF (SELECT relkind FROM pg_class WHERE oid = 'public.events'::regclass) = 'r'
       AND NOT EXISTS (SELECT FROM pg_constraint WHERE conrelid = 'public.events'::regclass AND conname = 'events_partition') THEN
        SELECT ((position + size / 2) / size + 1) * size + 1 INTO STRICT behind FROM public.log_head WHERE id = 1;
        EXECUTE format('ALTER TABLE public.events ADD CONSTRAINT events_partition
            CHECK (global_position >= 1 AND global_position < %s) NOT VALID', behind);
    END IF;
END
$$;
COMMIT;

-- 2. The look at every position; it keeps nobody waiting.
BEGIN;
DO $$
BEGIN
    IF (SELECT relkind FROM pg_class WHERE oid = 'public.events'::regclass) = 'r' THEN
        ALTER TABLE public.events VALIDATE CONSTRAINT events_partition;
    END IF;
END
$$;
COMMIT;

-- 3. The exchange: some milliseconds. ATTACH believes the constraint and reads nothing.
BEGIN;
DO $$
DECLARE
    behind text;
    found  record;
BEGIN
    IF (SELECT relkind FROM pg_class WHERE oid = 'public.events'::regclass) <> 'r' THEN
        RETURN;
    END IF;
    LOCK TABLE public.events IN ACCESS EXCLUSIVE MODE;
    SELECT substring(pg_get_constraintdef(oid) FROM 'global_position < ''?(\d+)') INTO STRICT behind
    FROM pg_constraint WHERE conrelid = 'public.events'::regclass AND conname = 'events_partition';
    -- Policies and grants are the parent's. A partition has none: nobody but the owner reaches its rows past them.
    FOR found IN SELECT policyname FROM pg_policies WHERE schemaname = 'public' AND tablename = 'events' LOOP
        EXECUTE format('DROP POLICY %I ON public.events', found.policyname);
    END LOOP;
    REVOKE ALL ON public.events FROM iris_command, iris_projection, iris_query, iris_handler, iris_relay;
    ALTER TABLE public.events RENAME TO events_1;
    ALTER TABLE public.events_1 SET SCHEMA log;
    ALTER INDEX log.events_pkey RENAME TO events_1_pkey;
    ALTER INDEX log.events_global_position RENAME TO events_1_global_position_idx;
    ALTER INDEX log.events_event_id RENAME TO events_1_event_id_idx;
    ALTER INDEX log.events_account_standing RENAME TO events_1_account_standing_idx;

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
        restaurant_id   uuid
    ) PARTITION BY RANGE (global_position);
    EXECUTE format('ALTER TABLE public.events ATTACH PARTITION log.events_1 FOR VALUES FROM (1) TO (%s)', behind);
    -- Each takes the index that the first partition has, and builds nothing.
    CREATE UNIQUE INDEX events_global_position ON public.events (global_position);
    CREATE INDEX events_event_id ON public.events USING brin (event_id) WITH (pages_per_range = 16, autosummarize = on);
    CREATE INDEX events_account_standing ON public.events (aggregate_id, sequence)
        WHERE aggregate_type = 'account'
          AND event_type IN ('AccountRegistered', 'AccountRoleChanged', 'LoginAddressChanged', 'AccountDisabled',
              'AccountEnabled', 'AccountErased');
    ALTER TABLE log.events_1 SET (
        -- Insert-only: dead rows never call for a vacuum, so what was inserted does, and it freezes at once.
        autovacuum_vacuum_insert_threshold = 1000000, autovacuum_vacuum_insert_scale_factor = 0,
        autovacuum_freeze_min_age = 0
    );
    CREATE TRIGGER events_append_only
        BEFORE UPDATE OR DELETE OR TRUNCATE ON public.events
        FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();

    GRANT SELECT, INSERT ON public.events TO iris_command;
    GRANT SELECT ON public.events TO iris_projection, iris_handler, iris_relay, iris_query;
    ALTER TABLE public.events ENABLE ROW LEVEL SECURITY;
    CREATE POLICY iris_command_acts_for_all ON public.events TO iris_command USING (true) WITH CHECK (true);
    CREATE POLICY iris_projection_acts_for_all ON public.events TO iris_projection USING (true) WITH CHECK (true);
    CREATE POLICY iris_handler_acts_for_all ON public.events TO iris_handler USING (true) WITH CHECK (true);
    CREATE POLICY iris_relay_acts_for_all ON public.events TO iris_relay USING (true) WITH CHECK (true);
    -- As in 0019.
    CREATE POLICY callers_see_theirs ON public.events FOR SELECT TO iris_query USING (
        (SELECT sight.sees_all())
        OR supplier_id = ANY((SELECT sight.trades_as())::uuid[])
        OR restaurant_id = ANY((SELECT sight.works_for())::uuid[])
        OR restaurant_id = ANY((SELECT sight.trades_as())::uuid[]) AND aggregate_type <> 'cart'
        OR CASE WHEN aggregate_type = 'invoice'
                THEN sight.sees_invoice(aggregate_id::uuid, (SELECT sight.trades_as())) ELSE false END
    );
    COMMENT ON TABLE public.events IS 'The log. Append-only, in partitions by position; the first seven columns are those of postgres-es, so that its reader works on it. Each partition has a primary key (aggregate_type, aggregate_id, sequence); that no two partitions have the same sequence of a stream follows from the append, which names the head that its decisions saw, and is checked before anything is sealed.';
    COMMENT ON COLUMN public.events.sequence IS 'Place in the stream, from 1, without holes.';
    COMMENT ON COLUMN public.events.payload IS 'json, not jsonb: the text is kept as it was hashed.';
    COMMENT ON COLUMN public.events.global_position IS 'Place in the log, from 1, dense and in commit order: whoever has seen N has seen all up to N.';
    COMMENT ON COLUMN public.events.command_id IS 'Shared by all events of one command.';
    COMMENT ON COLUMN public.events.actor IS 'account:<id>:<ROLE> or system:<name>.';
    COMMENT ON COLUMN public.events.content_hash IS 'SHA-256 over everything but the position, before it was stored.';
    COMMENT ON COLUMN public.events.supplier_id IS 'The seller concerned, for routing.';
    COMMENT ON COLUMN public.events.restaurant_id IS 'The buyer concerned, for routing.';
END
$$;

-- A table like a partition, in schema log, for positions from first up to and without behind; not attached yet.
CREATE OR REPLACE FUNCTION log.make_table(name text, first bigint, behind bigint) RETURNS void
LANGUAGE plpgsql SET search_path = '' AS $$
BEGIN
    EXECUTE format('CREATE TABLE log.%I (LIKE public.events INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING COMMENTS,
            CONSTRAINT events_partition CHECK (global_position >= %s AND global_position < %s),
            CONSTRAINT %I PRIMARY KEY (aggregate_type, aggregate_id, sequence))
        WITH (
            -- Rows of a few kilobytes stay in the page as they are: compressing each costs more than it saves.
            toast_tuple_target = 8160,
            -- Insert-only: dead rows never call for a vacuum, so what was inserted does, and it freezes at once.
            autovacuum_vacuum_insert_threshold = 1000000, autovacuum_vacuum_insert_scale_factor = 0,
            autovacuum_freeze_min_age = 0)', name, first, behind, name || '_pkey');
    EXECUTE format('ALTER TABLE log.%I ENABLE ROW LEVEL SECURITY', name);
    EXECUTE format('CREATE TRIGGER events_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON log.%I
        FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change()', name);
END
$$;
COMMENT ON FUNCTION log.make_table IS 'The owner''s alone. Row-level security without a policy and no grant: its rows are reached through public.events.';
REVOKE EXECUTE ON FUNCTION log.make_table FROM PUBLIC;

-- The partitions, with the position behind each.
CREATE OR REPLACE VIEW log.partitions AS
    SELECT c.oid AS relation, c.relname::text AS name, c.reloptions,
           substring(pg_get_expr(c.relpartbound, c.oid) FROM 'FROM \(''?(\d+)')::bigint AS first_position,
           substring(pg_get_expr(c.relpartbound, c.oid) FROM 'TO \(''?(\d+)')::bigint AS behind
    FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
    WHERE i.inhparent = 'public.events'::regclass AND c.relpartbound IS NOT NULL;
COMMENT ON VIEW log.partitions IS 'The partitions of the log: positions from first_position up to and without behind.';

CREATE OR REPLACE FUNCTION public.make_event_partitions(ahead bigint) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
DECLARE
    size  bigint  := public.events_per_partition();
    made  integer := 0;
    upto  bigint;
    first bigint;
    found text;
BEGIN
    -- One at a time: who comes second finds them made.
    PERFORM pg_advisory_xact_lock(303178401);
    SELECT h.position + GREATEST(ahead, size) INTO STRICT upto FROM public.log_head h WHERE h.id = 1;
    SELECT COALESCE(max(p.behind), 1) INTO STRICT first FROM log.partitions p;
    WHILE first <= upto LOOP
        PERFORM log.make_table('events_' || first, first, first + size);
        -- Takes SHARE UPDATE EXCLUSIVE on the log: appends and reads go on.
        EXECUTE format('ALTER TABLE public.events ATTACH PARTITION log.%I FOR VALUES FROM (%s) TO (%s)',
                       'events_' || first, first, first + size);
        first := first + size;
        made := made + 1;
    END LOOP;
    -- A partition behind which the log went on gets no more rows: one more vacuum freezes what is left, and no other
    -- ever has anything to do there.
    FOR found IN
        SELECT p.name FROM log.partitions p CROSS JOIN public.log_head h
        WHERE h.id = 1 AND p.behind <= h.position + 1
          AND NOT 'autovacuum_vacuum_insert_threshold=0' = ANY(p.reloptions)
    LOOP
        EXECUTE format('ALTER TABLE log.%I SET (autovacuum_vacuum_insert_threshold = 0)', found);
    END LOOP;
    RETURN made;
END
$$;
COMMENT ON FUNCTION public.make_event_partitions IS 'Makes the partitions of the next positions: so many as are named, and a whole partition at least. Idempotent; returns how many were made. Has closed ones frozen.';
REVOKE EXECUTE ON FUNCTION public.make_event_partitions FROM PUBLIC;
-- Whoever appends, should nobody have come before; the nightly job, which comes long before.
GRANT EXECUTE ON FUNCTION public.make_event_partitions TO iris_command, iris_handler;
SELECT public.make_event_partitions(0);

-- Archives: partitions whose events are in a file, and no longer here but for what is still asked for by its key.
CREATE TABLE IF NOT EXISTS audit.archives (
    first_position bigint      NOT NULL PRIMARY KEY CHECK (first_position > 0),
    last_position  bigint      NOT NULL UNIQUE CHECK (last_position >= first_position),
    file           text        NOT NULL,
    sha256         bytea       NOT NULL CHECK (octet_length(sha256) = 32),
    root           bytea       NOT NULL CHECK (octet_length(root) = 32),
    first_recorded_at timestamptz NOT NULL,
    last_recorded_at  timestamptz NOT NULL,
    written_at     timestamptz NOT NULL,
    written_by     text        NOT NULL,
    is_away        boolean     NOT NULL DEFAULT false,
    archived_at    timestamptz,
    restored_at    timestamptz,
    restored_by    text
);
COMMENT ON TABLE audit.archives IS 'What was written to a file out of the log, when and by whom. Rows stay when the events are brought back.';
COMMENT ON COLUMN audit.archives.file IS 'Its name, without where it is kept.';
COMMENT ON COLUMN audit.archives.root IS 'Merkle root (RFC 6962) over the content hashes from first_position to last_position, as the file''s last line has it.';
COMMENT ON COLUMN audit.archives.is_away IS 'Whoever reads this range is refused and told the file. Set before the events go, and unset once they are back.';
COMMENT ON COLUMN audit.archives.archived_at IS 'When the events left the table.';
ALTER TABLE audit.archives ENABLE ROW LEVEL SECURITY;
CREATE OR REPLACE TRIGGER archives_stay
    BEFORE DELETE OR TRUNCATE ON audit.archives
    FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();

CREATE OR REPLACE FUNCTION public.archived_events(after bigint, upto bigint)
RETURNS TABLE (first_position bigint, last_position bigint, file text, sha256 bytea)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = '' AS $$
BEGIN
    RETURN QUERY
        SELECT a.first_position, a.last_position, a.file, a.sha256 FROM audit.archives a
        WHERE a.is_away AND a.first_position <= upto AND a.last_position > after ORDER BY a.first_position;
END
$$;
COMMENT ON FUNCTION public.archived_events IS 'The archived ranges that reach into after < position <= upto, by position.';

CREATE OR REPLACE FUNCTION public.expect_events(after bigint, upto bigint) RETURNS boolean
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = '' AS $$
DECLARE
    gone record;
BEGIN
    SELECT * INTO gone FROM public.archived_events(after, upto) LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'events % to % are archived in %: `iris events restore %` brings them back',
            gone.first_position, gone.last_position, gone.file, gone.file USING ERRCODE = 'IRA01';
    END IF;
    RETURN true;
END
$$;
COMMENT ON FUNCTION public.expect_events IS 'True where all events with after < position <= upto are in the table; else an error with SQLSTATE IRA01. Asked by the statement that reads them, so that nobody is ever given a shorter history.';

CREATE OR REPLACE FUNCTION public.expect_moment(moment timestamptz) RETURNS bigint
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = '' AS $$
DECLARE
    away bigint;
BEGIN
    PERFORM public.expect_events(a.first_position - 1, a.last_position)
    FROM audit.archives a WHERE a.is_away AND a.last_recorded_at >= moment;
    SELECT COALESCE(max(a.last_position), 0) INTO STRICT away FROM audit.archives a WHERE a.is_away;
    RETURN away;
END
$$;
COMMENT ON FUNCTION public.expect_moment IS 'The last archived position, all of it recorded before that moment; 0 where nothing is archived. An error as expect_events where the moment lies among archived events.';

-- The stored states of streams become part of the log where events are archived.
ALTER TABLE public.snapshots ADD COLUMN IF NOT EXISTS archived_sequence bigint NOT NULL DEFAULT 0;
COMMENT ON TABLE public.snapshots IS 'States of streams, so that loading one costs its tail. A convenience that may be deleted at any time where archived_sequence is 0; else what stands for events that are in files.';
COMMENT ON COLUMN public.snapshots.archived_sequence IS 'All events of the stream up to here have been written to archives; the state is one of at least as many. While they are away, a stored state of an older state_version cannot be folded anew: restore first.';
CREATE OR REPLACE FUNCTION public.keep_archived_state() RETURNS trigger LANGUAGE plpgsql SET search_path = '' AS $$
BEGIN
    IF TG_OP = 'DELETE' OR NEW.archived_sequence < OLD.archived_sequence OR NEW.sequence < OLD.archived_sequence THEN
        RAISE EXCEPTION 'the state of % % stands for events that are archived', OLD.aggregate_type, OLD.aggregate_id
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END
$$;
CREATE OR REPLACE TRIGGER snapshots_stand_for_archives
    BEFORE UPDATE OR DELETE ON public.snapshots
    FOR EACH ROW WHEN (OLD.archived_sequence > 0) EXECUTE FUNCTION public.keep_archived_state();

CREATE OR REPLACE FUNCTION public.expect_whole_stream(kind text, id text, after_sequence bigint, upto bigint) RETURNS boolean
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = '' AS $$
DECLARE
    archived bigint;
    present  bigint;
    before   bigint;
BEGIN
    SELECT s.archived_sequence INTO archived FROM public.snapshots s
    WHERE s.aggregate_type = kind AND s.aggregate_id = id AND s.archived_sequence > after_sequence;
    IF NOT FOUND THEN
        RETURN true;
    END IF;
    -- Sequences have no holes: what is missing is away. The last one before the first hole says from where on.
    SELECT count(*) INTO present FROM public.events e
    WHERE e.aggregate_type = kind AND e.aggregate_id = id AND e.sequence > after_sequence AND e.sequence <= archived;
    IF present = archived - after_sequence THEN
        RETURN true;
    END IF;
    SELECT COALESCE(max(h.global_position), 0) INTO before FROM (
        SELECT e.global_position, e.sequence - row_number() OVER (ORDER BY e.sequence) AS shift FROM public.events e
        WHERE e.aggregate_type = kind AND e.aggregate_id = id AND e.sequence > after_sequence
    ) h WHERE h.shift = after_sequence;
    RETURN public.expect_events(before, upto);
END
$$;
COMMENT ON FUNCTION public.expect_whole_stream IS 'True where all events of the stream behind after_sequence and up to position upto are in the table; else an error as expect_events.';

CREATE OR REPLACE FUNCTION public.expect_stream(kind text, id text, after_sequence bigint, upto bigint) RETURNS boolean
LANGUAGE plpgsql STABLE SET search_path = '' AS $$
BEGIN
    -- Security: a caller who sees nothing of the stream is not told that there is one. What is archived of a stream that
    -- somebody may see leaves its first event, or later ones, in their sight.
    -- One question inside the other: of the roles, that one alone may ask what a caller sees.
    IF current_user = 'iris_query' THEN
        IF NOT sight.sees_all() AND NOT EXISTS (
            SELECT FROM public.events e WHERE e.aggregate_type = kind AND e.aggregate_id = id
        ) THEN
            RETURN true;
        END IF;
    END IF;
    RETURN public.expect_whole_stream(kind, id, after_sequence, upto);
END
$$;
COMMENT ON FUNCTION public.expect_stream IS 'As expect_whole_stream, for those who see any of the stream.';

REVOKE EXECUTE ON FUNCTION public.archived_events, public.expect_events, public.expect_whole_stream, public.expect_moment, public.expect_stream,
    public.keep_archived_state FROM PUBLIC;
GRANT EXECUTE ON FUNCTION public.archived_events, public.expect_events, public.expect_whole_stream, public.expect_moment, public.expect_stream
    TO iris_command, iris_projection, iris_handler, iris_relay, iris_query;

-- Moments and positions, as 0014 has them, where events may be away.
CREATE OR REPLACE FUNCTION audit.position_as_of(moment timestamptz) RETURNS bigint
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = '' AS $$
DECLARE
    low      bigint := public.expect_moment(moment);
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
CREATE OR REPLACE FUNCTION audit.moment_of(at_position bigint) RETURNS timestamptz
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = '' AS
$$ SELECT e.recorded_at FROM public.events e
   WHERE e.global_position = at_position AND (SELECT public.expect_events(at_position - 1, at_position)) $$;

-- Vacuum by what each table goes through, and not by its size alone. Room in each page lets a new version of a row stay
-- in it (HOT), so that indexes do not grow.
ALTER TABLE public.log_head SET (
    -- One row, rewritten by every append: a hundred dead ones are a page or two, and cleaned while they are in memory.
    autovacuum_vacuum_threshold = 100, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_cost_delay = 0);
ALTER TABLE read.checkpoints SET (
    -- A row per projection, rewritten by every batch.
    fillfactor = 10, autovacuum_vacuum_threshold = 100, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_cost_delay = 0);
ALTER TABLE fanout.followers SET (
    -- A row per consumer, rewritten by every batch and every renewal of a lease.
    fillfactor = 10, autovacuum_vacuum_threshold = 100, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_cost_delay = 0);
ALTER TABLE jobs.leader SET (
    -- One row, rewritten every few seconds.
    fillfactor = 10, autovacuum_vacuum_threshold = 100, autovacuum_vacuum_scale_factor = 0);
ALTER TABLE public.idempotency SET (
    -- Inserted by every order, deleted once a night: by count, for a share of a week's rows comes too late.
    autovacuum_vacuum_threshold = 50000, autovacuum_vacuum_scale_factor = 0,
    autovacuum_vacuum_insert_threshold = 200000, autovacuum_vacuum_insert_scale_factor = 0);
ALTER TABLE public.snapshots SET (
    -- Rewritten every 200 events of a stream.
    fillfactor = 80, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_scale_factor = 0.02);
ALTER TABLE read.carts SET (
    -- Rewritten with every item.
    fillfactor = 80, autovacuum_vacuum_threshold = 5000, autovacuum_vacuum_scale_factor = 0.02);
ALTER TABLE read.orders SET (
    -- Rewritten three or four times while an order is young; by share, old ones would put off the vacuum for weeks.
    fillfactor = 80, autovacuum_vacuum_threshold = 20000, autovacuum_vacuum_scale_factor = 0.005);
ALTER TABLE read.products SET (
    -- Rewritten with every change of stock.
    fillfactor = 80, autovacuum_vacuum_threshold = 5000, autovacuum_vacuum_scale_factor = 0.01);
ALTER TABLE webhooks.lanes SET (
    -- Rewritten by every claim of a lane.
    fillfactor = 50, autovacuum_vacuum_threshold = 500, autovacuum_vacuum_scale_factor = 0.02);
ALTER TABLE webhooks.deliveries SET (
    -- Inserted, rewritten when sent, deleted when old: a queue among what was sent.
    fillfactor = 80, autovacuum_vacuum_threshold = 5000, autovacuum_vacuum_scale_factor = 0.01);
ALTER TABLE jobs.runs SET (
    -- Rewritten with every save of a job's progress.
    fillfactor = 50, autovacuum_vacuum_threshold = 500, autovacuum_vacuum_scale_factor = 0.02);
COMMIT;
