-- A tenth of the usual sample for tables that are read by key or position alone, where what a column mostly holds decides
-- no plan. Under load they are analysed again and again: of the log that took 576 ms of a core at 900,000 events and takes 31,
-- of demand 305 and 18, of carts 196 and 15, of keys 193 and 15. The worst moments of a steady load got shorter by it.
CREATE FUNCTION log.sample_little(name regclass) RETURNS void
LANGUAGE plpgsql SET search_path = '' AS $$
DECLARE
    every_column text;
BEGIN
    SELECT string_agg(format('ALTER COLUMN %I SET STATISTICS 10', a.attname), ', ') INTO STRICT every_column
    FROM pg_attribute a WHERE a.attrelid = name AND a.attnum > 0 AND NOT a.attisdropped;
    EXECUTE format('ALTER TABLE %s %s', name, every_column);
END
$$;
COMMENT ON FUNCTION log.sample_little IS 'The owner''s alone: ALTER TABLE is.';
REVOKE EXECUTE ON FUNCTION log.sample_little FROM PUBLIC;
SELECT log.sample_little(t) FROM unnest(ARRAY['public.events', 'public.idempotency', 'demand.months', 'demand.months_anew',
    'read.carts']::regclass[]) AS t;

-- As in 0031, with the small samples, and with all indexes of the log: a table that is filled before it is attached would
-- have those it lacks built under the lock of the whole log.
CREATE OR REPLACE FUNCTION log.make_table(name text, first bigint, behind bigint) RETURNS void
LANGUAGE plpgsql SET search_path = '' AS $$
BEGIN
    EXECUTE format('CREATE TABLE log.%I (LIKE public.events INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING COMMENTS
                INCLUDING INDEXES,
            CONSTRAINT events_partition CHECK (global_position >= %s AND global_position < %s),
            CONSTRAINT %I PRIMARY KEY (aggregate_type, aggregate_id, sequence))
        WITH (
            -- Rows of a few kilobytes stay in the page as they are: compressing each costs more than it saves.
            toast_tuple_target = 8160,
            -- Insert-only: dead rows never call for a vacuum, so what was inserted does, and it freezes at once.
            autovacuum_vacuum_insert_threshold = 1000000, autovacuum_vacuum_insert_scale_factor = 0,
            autovacuum_freeze_min_age = 0)', name, first, behind, name || '_pkey');
    EXECUTE format('ALTER INDEX log.%I SET (autosummarize = off)', name || '_event_id_idx');
    PERFORM log.sample_little(format('log.%I', name));
    EXECUTE format('ALTER TABLE log.%I ENABLE ROW LEVEL SECURITY', name);
    EXECUTE format('CREATE TRIGGER events_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON log.%I
        FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change()', name);
END
$$;
