//! `read.suppliers` and the suppliers' rows of `read.memberships` and `read.partners`.

use std::sync::Arc;

use events::{RecordedEvent, StreamKind, supplier::Supplier};
use sqlx::PgConnection;

use crate::{
    keyed_fold::{self, column, ids, load_in_tx, states_json},
    memberships::{self, OrganisationKind, members_of},
    partners::{self, partners_of},
    projection::{Identity, ProjectError, Projecting, Projection, ReadTable},
    schema::SchemaName,
};

const TABLE: ReadTable = ReadTable { name: "suppliers", key: "supplier_id" };

/// Folds supplier streams.
#[derive(Debug)]
pub struct Suppliers;

impl Projection for Suppliers {
    fn identity(&self) -> &'static Identity {
        &Identity {
            name: "suppliers",
            version: 1,
            kinds: &[StreamKind::Supplier],
            tables: &[TABLE, memberships::TABLE, partners::TABLE],
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
    let mut suppliers = load_in_tx::<Supplier>(tx, schema, TABLE, events).await?;
    let members_before = members_of(&suppliers, |supplier| &supplier.members);
    let partners_before = partners_of(&suppliers, |supplier| &supplier.partners);
    keyed_fold::apply(&mut suppliers, events)?;

    let sql = format!(
        "INSERT INTO {schema}.suppliers (supplier_id, created_at, state) \
         SELECT r.supplier_id, r.created_at, r.state::jsonb \
         FROM unnest($1::uuid[], $2::timestamptz[], $3::text[]) AS r(supplier_id, created_at, state) \
         ON CONFLICT (supplier_id) DO UPDATE SET state = EXCLUDED.state"
    );
    sqlx::query(&sql)
        .bind(ids(&suppliers))
        .bind(column(&suppliers, |supplier| supplier.created_at))
        .bind(states_json(&suppliers))
        .execute(&mut *tx)
        .await?;
    let (kind, members) = (OrganisationKind::Supplier, members_of(&suppliers, |supplier| &supplier.members));
    memberships::replace_changed_in_tx(tx, schema, kind, &members_before, &members).await?;
    let partners = partners_of(&suppliers, |supplier| &supplier.partners);
    partners::replace_changed_in_tx(tx, schema, kind, &partners_before, &partners).await
}
