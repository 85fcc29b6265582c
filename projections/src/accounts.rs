//! `read.accounts`: one row per account.

use std::sync::Arc;

use events::{RecordedEvent, StreamKind, account::Account};
use sqlx::PgConnection;

use crate::{
    keyed_fold::{column, fold_in_tx, ids, states_json},
    projection::{Identity, ProjectError, Projecting, Projection, ReadTable},
    schema::SchemaName,
};

const TABLE: ReadTable = ReadTable { name: "accounts", key: "account_id" };

/// Folds account streams.
#[derive(Debug)]
pub struct Accounts;

impl Projection for Accounts {
    fn identity(&self) -> &'static Identity {
        &Identity { name: "accounts", version: 1, kinds: &[StreamKind::Account], tables: &[TABLE] }
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
    let accounts = fold_in_tx::<Account>(tx, schema, TABLE, events).await?;
    let sql = format!(
        "INSERT INTO {schema}.accounts (account_id, created_at, state) \
         SELECT r.account_id, r.created_at, r.state::jsonb \
         FROM unnest($1::uuid[], $2::timestamptz[], $3::text[]) \
              AS r(account_id, created_at, state) \
         ON CONFLICT (account_id) DO UPDATE SET state = EXCLUDED.state"
    );
    sqlx::query(&sql)
        .bind(ids(&accounts))
        .bind(column(&accounts, |account| account.created_at))
        .bind(states_json(&accounts))
        .execute(tx)
        .await?;
    Ok(())
}
