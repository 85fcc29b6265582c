-- Ranges of pages are summarised by vacuum, and not as they fill: that is a work item of another autovacuum worker, whose
-- lock on the table calls off the vacuum that is under way there. In 43 minutes of orders that was so 19 times at least, and
-- a partition of ten million events was never vacuumed nor analysed. Where more items came than the 256 that are kept, the
-- appends wrote themselves into the server's log: 300 MB of it.
-- What no vacuum has come to yet is looked through: a million events for a proof, 200,000 answers for the nightly deletion.
ALTER INDEX public.idempotency_age SET (autosummarize = off);
DO $$
DECLARE
    found regclass;
BEGIN
    FOR found IN
        SELECT c.oid FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
        WHERE i.inhparent = 'public.events_event_id'::regclass
    LOOP
        EXECUTE format('ALTER INDEX %s SET (autosummarize = off)', found);
    END LOOP;
END
$$;

-- As in 0027, and with that index: the log's own still has the setting, which a partitioned index cannot be told to give up.
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
    -- Attaching takes it for the log's own index of that column.
    EXECUTE format('CREATE INDEX %I ON log.%I USING brin (event_id) WITH (pages_per_range = 16)',
        name || '_event_id_idx', name);
    EXECUTE format('ALTER TABLE log.%I ENABLE ROW LEVEL SECURITY', name);
    EXECUTE format('CREATE TRIGGER events_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON log.%I
        FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change()', name);
END
$$;
