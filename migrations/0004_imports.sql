-- Product imports: files on their way into the log, a row at a time, and what became of each row.

CREATE SCHEMA import;

CREATE TABLE import.jobs (
    import_id       uuid        NOT NULL PRIMARY KEY,
    supplier_id     uuid        NOT NULL,
    account_id      uuid        NOT NULL,
    role            text        NOT NULL,
    metadata        text        NOT NULL,
    dry_run         boolean     NOT NULL,
    idempotency_key text,
    request_hash    bytea       NOT NULL CHECK (octet_length(request_hash) = 32),
    rows_total      int         NOT NULL CHECK (rows_total >= 0),
    created         int         NOT NULL DEFAULT 0 CHECK (created >= 0),
    revised         int         NOT NULL DEFAULT 0 CHECK (revised >= 0),
    unchanged       int         NOT NULL DEFAULT 0 CHECK (unchanged >= 0),
    failed          int         NOT NULL DEFAULT 0 CHECK (failed >= 0),
    position        bigint      NOT NULL CHECK (position >= 0),
    created_at      timestamptz NOT NULL,
    finished_at     timestamptz,
    lease_owner     uuid,
    lease_until     timestamptz NOT NULL,
    CHECK (created + revised + unchanged + failed <= rows_total),
    CHECK (finished_at IS NULL OR created + revised + unchanged + failed = rows_total)
);
COMMENT ON TABLE import.jobs IS 'One row per uploaded file. Its rows are decided chunk by chunk; counters, results and the chunk''s removal commit together.';
COMMENT ON COLUMN import.jobs.account_id IS 'Who uploaded it: the actor of every event that it leads to, in the role beside.';
COMMENT ON COLUMN import.jobs.metadata IS 'Of the upload''s request; every event that it leads to carries it.';
COMMENT ON COLUMN import.jobs.request_hash IS 'SHA-256 over supplier, kind of run and file: the same key with another upload is refused.';
COMMENT ON COLUMN import.jobs.position IS 'The log''s position as the last decided row left it.';
COMMENT ON COLUMN import.jobs.lease_owner IS 'Whose turn it is; a worker that finds another here writes nothing more.';
COMMENT ON COLUMN import.jobs.lease_until IS 'From then on anyone may take the next turn; the longest waiting job first.';
-- An upload with an Idempotency-Key: SELECT … WHERE account_id = $1 AND idempotency_key = $2.
CREATE UNIQUE INDEX jobs_key ON import.jobs (account_id, idempotency_key) WHERE idempotency_key IS NOT NULL;
-- The next turn: SELECT … WHERE finished_at IS NULL AND lease_until <= $1 ORDER BY lease_until, import_id.
CREATE INDEX jobs_unfinished ON import.jobs (lease_until, import_id) WHERE finished_at IS NULL;

CREATE TABLE import.chunks (
    import_id uuid NOT NULL REFERENCES import.jobs,
    first_row int  NOT NULL CHECK (first_row > 0),
    rows      json NOT NULL,
    PRIMARY KEY (import_id, first_row)
);
COMMENT ON TABLE import.chunks IS 'Rows that wait to be decided, as they were read from the file. A chunk is deleted as it is done, so nothing of a file outlives its import.';

CREATE TABLE import.rows (
    import_id  uuid NOT NULL REFERENCES import.jobs,
    row        int  NOT NULL CHECK (row > 0),
    sku        text,
    result     text NOT NULL CHECK (result IN ('created', 'revised', 'unchanged', 'failed')),
    product_id uuid,
    faults     json NOT NULL,
    PRIMARY KEY (import_id, row)
);
COMMENT ON TABLE import.rows IS 'What became of each row.';
COMMENT ON COLUMN import.rows.row IS 'Where the row stands in its file, the header being the first.';

GRANT USAGE ON SCHEMA import TO iris_command;
GRANT SELECT, INSERT, UPDATE ON import.jobs TO iris_command;
GRANT SELECT, INSERT, DELETE ON import.chunks TO iris_command;
GRANT SELECT, INSERT ON import.rows TO iris_command;
