-- API keys: what a machine calls with in an account's name. Who issued which key, and what became of it, is in the
-- log (streams of kind api_key); here is only what a key is recognised by.

CREATE TABLE auth.api_keys (
    key_id             uuid        NOT NULL PRIMARY KEY,
    account_id         uuid        NOT NULL,
    hash               bytea       NOT NULL CHECK (octet_length(hash) = 32),
    former_hash        bytea       CHECK (octet_length(former_hash) = 32),
    former_valid_until timestamptz,
    scopes             text        NOT NULL,
    expires_at         timestamptz NOT NULL,
    revoked_at         timestamptz,
    created_at         timestamptz NOT NULL,
    last_used_at       timestamptz
-- Every use of a key updates its row once a minute: in the page itself, as no index has what changes.
) WITH (fillfactor = 80);
COMMENT ON TABLE auth.api_keys IS 'One row per API key, written by the append of the events about it: what it says holds from the commit of that append, in every process. Restored without this table, a log has keys that open nothing until they are rotated.';
COMMENT ON COLUMN auth.api_keys.hash IS 'SHA-256 of the secret, which is 32 random bytes and in no table: a copy of this one opens nothing.';
COMMENT ON COLUMN auth.api_keys.former_hash IS 'Of the secret before the last rotation, which is right until former_valid_until.';
COMMENT ON COLUMN auth.api_keys.scopes IS 'What the key may do, separated by spaces: orders:read invoices:write.';
COMMENT ON COLUMN auth.api_keys.revoked_at IS 'Revoked keys stay: whoever still calls with one is told from whoever guesses.';
COMMENT ON COLUMN auth.api_keys.last_used_at IS 'To the minute, and a moment late: no request waits for it.';

-- The one way to look at a key's hash: one key at a time, by its id. No process but the one that takes commands can
-- read the table itself, so none can be made to pour it out.
CREATE FUNCTION auth.find_api_key(wanted uuid)
RETURNS TABLE (account_id uuid, hash bytea, former_hash bytea, former_valid_until timestamptz, scopes text,
    expires_at timestamptz, revoked_at timestamptz, last_used_at timestamptz, role text, email text, is_open boolean)
-- plpgsql keeps its plans for as long as the connection lives; a function in SQL would be planned for every request.
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = '' AS $$
BEGIN
    RETURN QUERY
        SELECT k.account_id, k.hash, k.former_hash, k.former_valid_until, k.scopes, k.expires_at, k.revoked_at,
            k.last_used_at, s.role, s.email, s.is_open
        FROM auth.api_keys k CROSS JOIN LATERAL auth.account_standing(k.account_id) s
        WHERE k.key_id = wanted;
END
$$;
COMMENT ON FUNCTION auth.find_api_key IS 'What a key is recognised by, and how its account stands.';
REVOKE EXECUTE ON FUNCTION auth.find_api_key FROM PUBLIC;
GRANT EXECUTE ON FUNCTION auth.find_api_key TO iris_command, iris_query;

CREATE FUNCTION auth.note_api_key_uses(used uuid[], at timestamptz) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = '' AS $$
    UPDATE auth.api_keys k SET last_used_at = at
    FROM (
        -- Who finds a row locked leaves it out: no two processes wait for each other here, and no append waits long.
        SELECT key_id FROM auth.api_keys
        WHERE key_id = ANY (used) AND (last_used_at IS NULL OR last_used_at <= at - interval '1 minute')
        FOR NO KEY UPDATE SKIP LOCKED
    ) due
    WHERE k.key_id = due.key_id
$$;
COMMENT ON FUNCTION auth.note_api_key_uses IS 'Notes that these keys were used; of keys that were within the last minute, nothing.';
REVOKE EXECUTE ON FUNCTION auth.note_api_key_uses FROM PUBLIC;
GRANT EXECUTE ON FUNCTION auth.note_api_key_uses TO iris_command, iris_query;

-- Not DELETE: keys are revoked and stay.
GRANT SELECT, INSERT, UPDATE ON auth.api_keys TO iris_command;
-- GET /api-keys tells when a key was last used, and no more of this table.
GRANT SELECT (key_id, last_used_at) ON auth.api_keys TO iris_query;

CREATE TABLE read.api_keys (
    key_id     uuid        NOT NULL PRIMARY KEY,
    account_id uuid        NOT NULL,
    revoked    boolean     NOT NULL,
    expires_at timestamptz NOT NULL,
    created_at timestamptz NOT NULL,
    state      jsonb       NOT NULL
);
COMMENT ON TABLE read.api_keys IS 'API keys as their events leave them, revoked ones included; written by a projection alone.';
-- GET /api-keys: newest first; all, and of one account. Accounts have few: a status is found among them.
CREATE INDEX api_keys_newest ON read.api_keys (created_at DESC, key_id DESC);
CREATE INDEX api_keys_account_newest ON read.api_keys (account_id, created_at DESC, key_id DESC);
GRANT SELECT, INSERT, UPDATE, DELETE, TRUNCATE ON read.api_keys TO iris_projection;
GRANT SELECT ON read.api_keys TO iris_query, iris_handler;

-- GET /audit/access tells of keys that were issued, rotated and revoked, too.
ALTER TABLE read.privileged_actions DROP CONSTRAINT privileged_actions_kind_check;
ALTER TABLE read.privileged_actions ADD CONSTRAINT privileged_actions_kind_check
    CHECK (kind IN ('role_changed', 'membership_changed', 'login_changed', 'admin_action', 'api_key_changed'));
COMMENT ON COLUMN audit.access_log.actor IS 'account:<id>:<ROLE>, api_key:<id>:<ROLE>, system:<name>, or anonymous.';
COMMENT ON COLUMN audit.access_log.on_behalf_of IS 'The account in whose name it was done, where that is another one, or where a key did it.';
