//! `read.api_keys`: one row per API key, revoked ones included.

use std::sync::Arc;

use events::{RecordedEvent, StreamKind, api_key::ApiKey};
use sqlx::PgConnection;

use crate::{
    keyed_fold::{column, fold_in_tx, ids, states_json},
    projection::{Identity, ProjectError, Projecting, Projection, ReadTable},
    schema::SchemaName,
};

const TABLE: ReadTable = ReadTable { name: "api_keys", key: "key_id" };

/// Folds streams of API keys.
#[derive(Debug)]
pub struct ApiKeys;

impl Projection for ApiKeys {
    fn identity(&self) -> &'static Identity {
        &Identity { name: "api_keys", version: 1, kinds: &[StreamKind::ApiKey], tables: &[TABLE] }
    }

    fn project_in_tx<'a>(
        &'a self,
        tx: &'a mut PgConnection,
        schema: &'a SchemaName,
        events: &'a [Arc<RecordedEvent>],
    ) -> Projecting<'a> {
        Box::pin(write_in_tx(tx, schema, events))
    }
}

async fn write_in_tx(
    tx: &mut PgConnection,
    schema: &SchemaName,
    events: &[Arc<RecordedEvent>],
) -> Result<(), ProjectError> {
    let keys = fold_in_tx::<ApiKey>(tx, schema, TABLE, events).await?;
    let sql = format!(
        "INSERT INTO {schema}.api_keys (key_id, account_id, revoked, expires_at, created_at, state) \
         SELECT r.key_id, r.account_id, r.revoked, r.expires_at, r.created_at, r.state::jsonb \
         FROM unnest($1::uuid[], $2::uuid[], $3::boolean[], $4::timestamptz[], $5::timestamptz[], $6::text[]) \
              AS r(key_id, account_id, revoked, expires_at, created_at, state) \
         ON CONFLICT (key_id) DO UPDATE SET revoked = EXCLUDED.revoked, state = EXCLUDED.state"
    );
    sqlx::query(&sql)
        .bind(ids(&keys))
        .bind(column(&keys, |key| key.state.account_id.0))
        .bind(column(&keys, |key| key.state.revoked))
        .bind(column(&keys, |key| key.state.expires_at))
        .bind(column(&keys, |key| key.created_at))
        .bind(states_json(&keys))
        .execute(tx)
        .await?;
    Ok(())
}
