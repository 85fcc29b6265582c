-- Keys of people: names, e-mails and phones are ciphertext wherever they lie, and who destroys a key here
-- makes every copy of what it sealed unreadable at once.

CREATE SCHEMA personal;

CREATE TABLE personal.keys (
    key_id     uuid        NOT NULL PRIMARY KEY,
    subject    uuid        NOT NULL,
    wrapped    bytea       NOT NULL CHECK (octet_length(wrapped) BETWEEN 48 AND 256),
    created_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE personal.keys IS 'One row per account or organisation of which something personal is recorded. A row that is gone was destroyed: what it sealed counts as erased. In a schema of its own so that it can be backed up apart, and for a shorter time than everything else.';
COMMENT ON COLUMN personal.keys.key_id IS 'Sealed texts name it: after an erasure the same subject may get another key, which opens nothing of before.';
COMMENT ON COLUMN personal.keys.wrapped IS '32 random bytes, sealed under SECRETS_KEY for this key_id and subject alone: a copy of this table by itself opens nothing.';
-- The key to seal with: … WHERE subject = $1. At most one at a time.
CREATE UNIQUE INDEX keys_subject ON personal.keys (subject);

GRANT USAGE ON SCHEMA personal TO iris_command, iris_query, iris_handler;
-- Not UPDATE: a key is there or it is not. Projections and the relay need none.
GRANT SELECT, INSERT, DELETE ON personal.keys TO iris_command;
GRANT SELECT ON personal.keys TO iris_query, iris_handler;

-- Nothing is looked up by it: addresses are found by their blind index in public.claims. The rows' states
-- hold the address as the log has it.
ALTER TABLE read.accounts DROP COLUMN email;

COMMENT ON COLUMN notifications.messages.recipient IS 'The address as it was recorded: sealed under its person''s key, and opened when it is sent.';

-- An erasure looks for organisations that name the same address.
GRANT SELECT ON read.restaurants, read.checkpoints TO iris_command;
-- … and ends what the account has open; the export of what is held shows it.
GRANT SELECT ON read.accounts, read.memberships, read.partners TO iris_command;
