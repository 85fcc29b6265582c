//! Every place where something is sealed under a data key. One that is missing here is not rotated.

use events::webhook_endpoint::seal_about;
use platform::personal::about as personal_key_about;
use uuid::Uuid;

/// A column of sealed bytes. Its statements are fixed texts.
#[derive(Debug)]
pub struct Place {
    /// Schema, table and column.
    pub name: &'static str,
    /// How many rows hang on which data key; `NULL` for the form before there were any.
    pub census: &'static str,
    /// The next rows after the id `$1` that do not begin with the header `$2`, `$3` at most: id, whose, bytes.
    pub batch: &'static str,
    /// Exchanges bytes, where they are still those that were read: what was deleted meanwhile stays so.
    pub exchange: &'static str,
    /// What a row's bytes are sealed for.
    pub about: fn(Uuid, Uuid) -> Vec<u8>,
}

/// All of them.
pub const PLACES: [Place; 2] = [
    Place {
        name: "personal.keys.wrapped",
        census: "SELECT CASE WHEN get_byte(wrapped, 0) = 2 THEN substring(wrapped FROM 2 FOR 16) END, count(*) \
                 FROM personal.keys GROUP BY 1",
        batch: "SELECT key_id, subject, wrapped FROM personal.keys \
                WHERE key_id > $1 AND substring(wrapped FROM 1 FOR 17) <> $2 ORDER BY key_id LIMIT $3",
        exchange: "UPDATE personal.keys AS t SET wrapped = n.fresh \
                   FROM unnest($1::uuid[], $2::bytea[], $3::bytea[]) AS n(id, was, fresh) \
                   WHERE t.key_id = n.id AND t.wrapped = n.was",
        about: personal_key_about,
    },
    Place {
        name: "webhooks.secrets.sealed",
        census: "SELECT CASE WHEN get_byte(sealed, 0) = 2 THEN substring(sealed FROM 2 FOR 16) END, count(*) \
                 FROM webhooks.secrets GROUP BY 1",
        batch: "SELECT secret_id, endpoint_id, sealed FROM webhooks.secrets \
                WHERE secret_id > $1 AND substring(sealed FROM 1 FOR 17) <> $2 ORDER BY secret_id LIMIT $3",
        exchange: "UPDATE webhooks.secrets AS t SET sealed = n.fresh \
                   FROM unnest($1::uuid[], $2::bytea[], $3::bytea[]) AS n(id, was, fresh) \
                   WHERE t.secret_id = n.id AND t.sealed = n.was",
        about: |secret_id, endpoint_id| seal_about(endpoint_id, secret_id).to_vec(),
    },
];
