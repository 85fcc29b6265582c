-- Tamper evidence: signed seals over stretches of the log, and the keys that sign them.

CREATE SCHEMA IF NOT EXISTS audit;

CREATE TABLE audit.seal_keys (
    number             bigint      NOT NULL PRIMARY KEY CHECK (number > 0),
    key_id             text        NOT NULL UNIQUE CHECK (key_id ~ '^[0-9a-f]{64}$'),
    public_key         bytea       NOT NULL CHECK (octet_length(public_key) = 32),
    introduced_at      timestamptz NOT NULL,
    signature          bytea       NOT NULL CHECK (octet_length(signature) = 64),
    previous_signature bytea       CHECK (octet_length(previous_signature) = 64),
    CHECK ((number = 1) = (previous_signature IS NULL))
);
COMMENT ON TABLE audit.seal_keys IS 'The public keys that seals are signed with, in the order in which they came into use. Insert-only.';
COMMENT ON COLUMN audit.seal_keys.key_id IS 'SHA-256 of the public key, in hex.';
COMMENT ON COLUMN audit.seal_keys.public_key IS 'Ed25519.';
COMMENT ON COLUMN audit.seal_keys.signature IS 'By this key over the statement that introduces it, which names the key before: whoever trusts this key knows that one.';
COMMENT ON COLUMN audit.seal_keys.previous_signature IS 'By the key before over the same statement: whoever trusts that one knows this key. None for the first.';

CREATE TABLE audit.seals (
    number         bigint      NOT NULL PRIMARY KEY CHECK (number > 0),
    first_position bigint      NOT NULL UNIQUE CHECK (first_position > 0),
    last_position  bigint      NOT NULL UNIQUE CHECK (last_position >= first_position),
    root           bytea       NOT NULL CHECK (octet_length(root) = 32),
    previous       bytea       NOT NULL CHECK (octet_length(previous) = 32),
    sealed_at      timestamptz NOT NULL,
    key_id         text        NOT NULL,
    signature      bytea       NOT NULL CHECK (octet_length(signature) = 64),
    leaves         bytea       NOT NULL,
    CHECK (octet_length(leaves) = 32 * (last_position - first_position + 1))
);
COMMENT ON TABLE audit.seals IS 'Signed statements about stretches of the log, each beginning where the one before ends. Insert-only.';
COMMENT ON COLUMN audit.seals.number IS 'From 1, without holes.';
COMMENT ON COLUMN audit.seals.root IS 'Merkle root (RFC 6962) over the content hashes from first_position to last_position.';
COMMENT ON COLUMN audit.seals.previous IS 'SHA-256 of the statement before; zeros for the first.';
COMMENT ON COLUMN audit.seals.signature IS 'Ed25519 over the statement that all columns but leaves make.';
COMMENT ON COLUMN audit.seals.leaves IS 'The content hashes themselves, 32 bytes each, in the order of positions: they name the event that was rewritten together with its hash, and proofs need no events. Vouched for by root.';
-- Hashes do not compress; trying costs time.
ALTER TABLE audit.seals ALTER COLUMN leaves SET STORAGE EXTERNAL;

CREATE TRIGGER seals_insert_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON audit.seals
    FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();
CREATE TRIGGER seal_keys_insert_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON audit.seal_keys
    FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();

-- GET /audit/proofs/{event_id}. Ids are UUIDv7 and so nearly in the order of rows: a summary per 16 pages finds
-- an event, and costs an append next to nothing.
CREATE INDEX events_event_id ON public.events USING brin (event_id) WITH (pages_per_range = 16, autosummarize = on);

GRANT USAGE ON SCHEMA audit TO iris_handler, iris_query;
GRANT SELECT, INSERT ON audit.seals, audit.seal_keys TO iris_handler;
GRANT SELECT ON audit.seals, audit.seal_keys TO iris_query;
-- GET /audit/verify reads the events themselves; who may ask is decided before.
GRANT SELECT ON public.events TO iris_query;
