-- Sessions of the local identity provider: rotating refresh tokens.

CREATE SCHEMA auth;

CREATE TABLE auth.families (
    family_id  uuid        NOT NULL PRIMARY KEY,
    account_id uuid        NOT NULL,
    began_at   timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    revoked_at timestamptz
);
COMMENT ON TABLE auth.families IS 'One row per login: the refresh tokens that descend from it stand and fall together.';
COMMENT ON COLUMN auth.families.expires_at IS 'When the login ends, however often it was refreshed.';
COMMENT ON COLUMN auth.families.revoked_at IS 'Here and not on the tokens: a token that is being issued at the same moment is revoked with the rest.';
-- Purging: DELETE … WHERE expires_at <= $1.
CREATE INDEX families_expiry ON auth.families (expires_at);

CREATE TABLE auth.refresh_tokens (
    token_hash bytea       NOT NULL PRIMARY KEY CHECK (octet_length(token_hash) = 32),
    family_id  uuid        NOT NULL REFERENCES auth.families ON DELETE CASCADE,
    issued_at  timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    used_at    timestamptz
);
COMMENT ON TABLE auth.refresh_tokens IS 'One row per refresh token of a family. A token is used once; using it again revokes its family.';
COMMENT ON COLUMN auth.refresh_tokens.token_hash IS 'SHA-256 of the token: a copy of this table logs nobody in.';
COMMENT ON COLUMN auth.refresh_tokens.expires_at IS 'When it lapses unused; never after its family.';
-- Purging a family deletes its tokens.
CREATE INDEX refresh_tokens_family ON auth.refresh_tokens (family_id);

GRANT USAGE ON SCHEMA auth TO iris_command;
GRANT SELECT, INSERT, UPDATE, DELETE ON auth.families, auth.refresh_tokens TO iris_command;
