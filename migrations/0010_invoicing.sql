-- Invoices on their way in: pages that wait to be read, and batches of files.

CREATE SCHEMA invoicing;

CREATE TABLE invoicing.jobs (
    invoice_id  uuid        NOT NULL PRIMARY KEY,
    sha256      text        NOT NULL CHECK (sha256 ~ '^[0-9a-f]{64}$'),
    media_type  text        NOT NULL,
    kind        text        NOT NULL,
    lane        text        NOT NULL CHECK (lane IN ('text', 'ocr')),
    stage       text        NOT NULL DEFAULT 'waiting',
    percent     int         NOT NULL DEFAULT 0 CHECK (percent BETWEEN 0 AND 100),
    account_id  uuid        NOT NULL,
    role        text        NOT NULL,
    metadata    text        NOT NULL,
    stated      json        NOT NULL,
    attempts    int         NOT NULL DEFAULT 0 CHECK (attempts >= 0),
    lease_owner uuid,
    lease_until timestamptz NOT NULL,
    created_at  timestamptz NOT NULL,
    finished_at timestamptz,
    status      text,
    CHECK ((finished_at IS NULL) = (status IS NULL))
);
COMMENT ON TABLE invoicing.jobs IS 'One row per invoice that came as pages: what is to be read, how far that is, and what it came to. Written before the invoice is, so that none waits without one; a row whose invoice never came to be is deleted after a while.';
COMMENT ON COLUMN invoicing.jobs.sha256 IS 'What the file is kept under.';
COMMENT ON COLUMN invoicing.jobs.lane IS 'text: poppler reads it in milliseconds. ocr: tesseract does in seconds a page.';
COMMENT ON COLUMN invoicing.jobs.stage IS 'With percent, what GET /invoices/{id} shows as progress: waiting, text, drawing, reading.';
COMMENT ON COLUMN invoicing.jobs.account_id IS 'Who sent it: the actor of what reading it leads to, in the role beside.';
COMMENT ON COLUMN invoicing.jobs.stated IS 'What the sender said of it: supplier, restaurant, order.';
COMMENT ON COLUMN invoicing.jobs.attempts IS 'Turns that began and did not end in order. A file that ended its reader three times is not given to a fourth.';
COMMENT ON COLUMN invoicing.jobs.lease_owner IS 'Whose turn it is; a worker that finds another here writes nothing more.';
COMMENT ON COLUMN invoicing.jobs.lease_until IS 'From then on anyone may take the next turn; the longest waiting job first.';
COMMENT ON COLUMN invoicing.jobs.status IS 'Where the invoice stood when it had been read.';
-- The next turn: … WHERE lane = $1 AND finished_at IS NULL AND lease_until <= $2 ORDER BY lease_until, invoice_id; and how many wait.
CREATE INDEX jobs_waiting ON invoicing.jobs (lane, lease_until, invoice_id) WHERE finished_at IS NULL;

CREATE TABLE invoicing.batches (
    batch_id        uuid        NOT NULL PRIMARY KEY,
    account_id      uuid        NOT NULL,
    role            text        NOT NULL,
    metadata        text        NOT NULL,
    stated          json        NOT NULL,
    idempotency_key text,
    request_hash    bytea       NOT NULL CHECK (octet_length(request_hash) = 32),
    files_total     int         NOT NULL CHECK (files_total > 0),
    files_done      int         NOT NULL DEFAULT 0 CHECK (files_done >= 0),
    position        bigint      NOT NULL DEFAULT 0 CHECK (position >= 0),
    created_at      timestamptz NOT NULL,
    taken_in_at     timestamptz,
    lease_owner     uuid,
    lease_until     timestamptz NOT NULL,
    CHECK (files_done <= files_total),
    CHECK ((taken_in_at IS NULL) = (files_done < files_total))
);
COMMENT ON TABLE invoicing.batches IS 'One row per upload of several files, which are taken in a few at a time; results and counter commit together.';
COMMENT ON COLUMN invoicing.batches.request_hash IS 'SHA-256 over all files and what was said of them: the same key with another upload is refused.';
COMMENT ON COLUMN invoicing.batches.position IS 'The log''s position as the last file left it.';
COMMENT ON COLUMN invoicing.batches.taken_in_at IS 'When the last file was taken in or refused; some may still be read then.';
-- An upload with an Idempotency-Key: SELECT … WHERE account_id = $1 AND idempotency_key = $2.
CREATE UNIQUE INDEX batches_key ON invoicing.batches (account_id, idempotency_key) WHERE idempotency_key IS NOT NULL;
-- The next turn: … WHERE taken_in_at IS NULL AND lease_until <= $1 ORDER BY lease_until, batch_id.
CREATE INDEX batches_unfinished ON invoicing.batches (lease_until, batch_id) WHERE taken_in_at IS NULL;

CREATE TABLE invoicing.batch_files (
    batch_id   uuid NOT NULL REFERENCES invoicing.batches,
    number     int  NOT NULL CHECK (number > 0),
    name       text NOT NULL,
    source     text NOT NULL CHECK (source ~ '^[0-9a-f]{64}$'),
    entry      int  CHECK (entry >= 0),
    is_done    boolean NOT NULL DEFAULT false,
    invoice_id uuid,
    status     text,
    code       text,
    message    text,
    PRIMARY KEY (batch_id, number),
    CHECK ((invoice_id IS NULL) = (status IS NULL)),
    CHECK (is_done = (invoice_id IS NOT NULL OR code IS NOT NULL))
);
COMMENT ON TABLE invoicing.batch_files IS 'The files of a batch, in the order sent, and what became of each.';
COMMENT ON COLUMN invoicing.batch_files.name IS 'What the sender called it; shown, and never used as a path.';
COMMENT ON COLUMN invoicing.batch_files.source IS 'What the part of the upload is kept under until the batch is taken in: with the batch''s id in front, so that nothing else is kept under the same hash.';
COMMENT ON COLUMN invoicing.batch_files.entry IS 'Which entry of a ZIP; NULL where the part is the file.';
COMMENT ON COLUMN invoicing.batch_files.status IS 'Where its invoice stood when it was taken in; invoicing.jobs says where it stood once it was read.';
COMMENT ON COLUMN invoicing.batch_files.code IS 'With message: why it was refused, or, beside an invoice, what the sender should know.';

GRANT USAGE ON SCHEMA invoicing TO iris_command, iris_query;
GRANT SELECT, INSERT, UPDATE, DELETE ON invoicing.jobs TO iris_command;
GRANT SELECT, INSERT, UPDATE ON invoicing.batches, invoicing.batch_files TO iris_command;
GRANT SELECT ON invoicing.jobs TO iris_query;
-- Which orders an invoice could be for; deciding itself reads their streams.
GRANT USAGE ON SCHEMA read TO iris_command;
GRANT SELECT ON read.orders, read.suppliers TO iris_command;
