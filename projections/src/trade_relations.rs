//! `read.trade_relations`: what each restaurant and supplier that traded know of each other.

use std::sync::Arc;

use events::{RecordedEvent, StreamKind, trade_relation::TradeRelation};
use sqlx::PgConnection;

use crate::{
    keyed_fold::{fold_in_tx, ids, states_json},
    projection::{Identity, ProjectError, Projecting, Projection, ReadTable},
    schema::SchemaName,
};

const TABLE: ReadTable = ReadTable { name: "trade_relations", key: "relation_id" };

/// Folds trade relation streams.
#[derive(Debug)]
pub struct TradeRelations;

impl Projection for TradeRelations {
    fn identity(&self) -> &'static Identity {
        &Identity {
            name: "trade_relations",
            version: 1,
            kinds: &[StreamKind::TradeRelation],
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
    let relations = fold_in_tx::<TradeRelation>(tx, schema, TABLE, events).await?;
    let sql = format!(
        "INSERT INTO {schema}.trade_relations (relation_id, state) \
         SELECT r.relation_id, r.state::json FROM unnest($1::uuid[], $2::text[]) AS r(relation_id, state) \
         ON CONFLICT (relation_id) DO UPDATE SET state = EXCLUDED.state"
    );
    sqlx::query(&sql).bind(ids(&relations)).bind(states_json(&relations)).execute(tx).await?;
    Ok(())
}
