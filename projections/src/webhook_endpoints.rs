//! `read.webhook_endpoints`: one row per endpoint, deleted ones included.

use std::sync::Arc;

use events::{RecordedEvent, StreamKind, webhook_endpoint::WebhookEndpoint};
use sqlx::PgConnection;

use crate::{
    keyed_fold::{column, fold_in_tx, ids, states_json},
    projection::{Identity, ProjectError, Projecting, Projection, ReadTable},
    schema::SchemaName,
};

const TABLE: ReadTable = ReadTable { name: "webhook_endpoints", key: "endpoint_id" };

/// Folds webhook endpoint streams.
#[derive(Debug)]
pub struct WebhookEndpoints;

impl Projection for WebhookEndpoints {
    fn identity(&self) -> &'static Identity {
        &Identity {
            name: "webhook_endpoints",
            version: 1,
            kinds: &[StreamKind::WebhookEndpoint],
            tables: &[TABLE],
        }
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
    let endpoints = fold_in_tx::<WebhookEndpoint>(tx, schema, TABLE, events).await?;
    let sql = format!(
        "INSERT INTO {schema}.webhook_endpoints (endpoint_id, owner_id, status, created_at, state) \
         SELECT r.endpoint_id, r.owner_id, r.status, r.created_at, r.state::jsonb \
         FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::timestamptz[], $5::text[]) \
              AS r(endpoint_id, owner_id, status, created_at, state) \
         ON CONFLICT (endpoint_id) DO UPDATE SET status = EXCLUDED.status, state = EXCLUDED.state"
    );
    sqlx::query(&sql)
        .bind(ids(&endpoints))
        .bind(column(&endpoints, |endpoint| endpoint.state.owner.id()))
        .bind(column(&endpoints, |endpoint| endpoint.state.status.name()))
        .bind(column(&endpoints, |endpoint| endpoint.created_at))
        .bind(states_json(&endpoints))
        .execute(tx)
        .await?;
    Ok(())
}
