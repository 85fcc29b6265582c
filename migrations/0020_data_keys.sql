-- Data keys: what secrets in tables are sealed under. Each is wrapped by a key that is not in this database.

CREATE SCHEMA platform;

CREATE TABLE platform.data_keys (
    id           uuid        NOT NULL PRIMARY KEY,
    number       bigint      GENERATED ALWAYS AS IDENTITY UNIQUE,
    purpose      text        NOT NULL CHECK (purpose IN ('seal', 'root')),
    provider     text        NOT NULL,
    kek_id       text        NOT NULL,
    wrapped      bytea       NOT NULL CHECK (octet_length(wrapped) BETWEEN 32 AND 8192),
    created_at   timestamptz NOT NULL DEFAULT now(),
    rewrapped_at timestamptz,
    retired_at   timestamptz
);
COMMENT ON TABLE platform.data_keys IS 'A handful of rows, never deleted: sealed bytes name the key that opens them. Belongs into every backup that has webhooks.secrets or personal.keys.';
COMMENT ON COLUMN platform.data_keys.number IS 'The order in which they were made: the newest of purpose seal that is not retired is the one that seals.';
COMMENT ON COLUMN platform.data_keys.purpose IS 'seal: seals what is secret in other tables. root: what blind indexes, links and marks are derived from, which must never change; there is one.';
COMMENT ON COLUMN platform.data_keys.provider IS 'Who wrapped it: local, vault or aws-kms.';
COMMENT ON COLUMN platform.data_keys.kek_id IS 'The key-encryption key, and its version where it has one, as its provider names it.';
COMMENT ON COLUMN platform.data_keys.wrapped IS 'The key under the key-encryption key, for this id and purpose alone: opens nothing without the provider.';
COMMENT ON COLUMN platform.data_keys.retired_at IS 'When nothing was sealed under it any more. Kept: what a restored backup holds may still need it.';
-- One root, ever: who comes second takes the first one's.
CREATE UNIQUE INDEX data_keys_root ON platform.data_keys (purpose) WHERE purpose = 'root';

GRANT USAGE ON SCHEMA platform TO iris_command, iris_query, iris_handler;
GRANT SELECT ON platform.data_keys TO iris_command, iris_query, iris_handler;
-- Whoever gives commands may make the first ones. Wrapping anew, retiring and sealing anew are the owner's work.
GRANT INSERT ON platform.data_keys TO iris_command, iris_handler;

COMMENT ON TABLE webhooks.secrets IS 'Signing secrets, sealed under a data key (before there were any: under SECRETS_KEY) with endpoint and secret id as associated data. Which of them sign, and until when, is in the endpoint''s stream. Written before the command that names it: a secret that no stream names signs nothing.';
COMMENT ON COLUMN personal.keys.wrapped IS '32 random bytes, sealed under a data key (before there were any: under SECRETS_KEY) for this key_id and subject alone: a copy of this table by itself opens nothing.';
