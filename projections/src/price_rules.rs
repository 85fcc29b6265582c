//! `read.price_rules`: what each supplier lets move its prices.

use std::sync::Arc;

use events::{RecordedEvent, StreamKind, price_rule::PriceRules as Rules};
use sqlx::{PgConnection, types::Json};

use crate::{
    keyed_fold::{column, fold_in_tx, ids, states_json},
    projection::{Identity, ProjectError, Projecting, Projection, ReadTable},
    schema::SchemaName,
};

const TABLE: ReadTable = ReadTable { name: "price_rules", key: "supplier_id" };

/// Folds streams of price rules.
#[derive(Debug)]
pub struct PriceRules;

impl Projection for PriceRules {
    fn identity(&self) -> &'static Identity {
        &Identity { name: "price_rules", version: 1, kinds: &[StreamKind::PriceRules], tables: &[TABLE] }
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
    let rules = fold_in_tx::<Rules>(tx, schema, TABLE, events).await?;
    // An array of arrays must be even, so each supplier's ids travel as JSON.
    let sql = format!(
        "INSERT INTO {schema}.price_rules (supplier_id, revision, rule_ids, state) \
         SELECT r.supplier_id, r.revision, \
                ARRAY(SELECT i::uuid FROM jsonb_array_elements_text(r.rule_ids) AS i), r.state::jsonb \
         FROM unnest($1::uuid[], $2::bigint[], $3::jsonb[], $4::text[]) \
              AS r(supplier_id, revision, rule_ids, state) \
         ON CONFLICT (supplier_id) DO UPDATE \
         SET revision = EXCLUDED.revision, rule_ids = EXCLUDED.rule_ids, state = EXCLUDED.state"
    );
    sqlx::query(&sql)
        .bind(ids(&rules))
        .bind(column(&rules, |rules| rules.revision))
        .bind(column(&rules, |rules| Json(rules.state.rules.keys().copied().collect::<Vec<_>>())))
        .bind(states_json(&rules))
        .execute(tx)
        .await?;
    Ok(())
}
