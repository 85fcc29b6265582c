//! `read.restaurants` and the restaurants' rows of `read.memberships` and `read.partners`.

use std::sync::Arc;

use events::{RecordedEvent, StreamKind, restaurant::Restaurant};
use sqlx::PgConnection;

use crate::{
    keyed_fold::{self, column, ids, load_in_tx, states_json},
    memberships::{self, OrganisationKind, members_of},
    partners::{self, partners_of},
    projection::{Identity, ProjectError, Projecting, Projection, ReadTable},
    schema::SchemaName,
};

const TABLE: ReadTable = ReadTable { name: "restaurants", key: "restaurant_id" };

/// Folds restaurant streams.
#[derive(Debug)]
pub struct Restaurants;

impl Projection for Restaurants {
    fn identity(&self) -> &'static Identity {
        &Identity {
            name: "restaurants",
            version: 1,
            kinds: &[StreamKind::Restaurant],
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
    let mut restaurants = load_in_tx::<Restaurant>(tx, schema, TABLE, events).await?;
    let members_before = members_of(&restaurants, |restaurant| &restaurant.members);
    let partners_before = partners_of(&restaurants, |restaurant| &restaurant.partners);
    keyed_fold::apply(&mut restaurants, events)?;

    let sql = format!(
        "INSERT INTO {schema}.restaurants (restaurant_id, created_at, state) \
         SELECT r.restaurant_id, r.created_at, r.state::jsonb \
         FROM unnest($1::uuid[], $2::timestamptz[], $3::text[]) AS r(restaurant_id, created_at, state) \
         ON CONFLICT (restaurant_id) DO UPDATE SET state = EXCLUDED.state"
    );
    sqlx::query(&sql)
        .bind(ids(&restaurants))
        .bind(column(&restaurants, |restaurant| restaurant.created_at))
        .bind(states_json(&restaurants))
        .execute(&mut *tx)
        .await?;
    let (kind, members) =
        (OrganisationKind::Restaurant, members_of(&restaurants, |restaurant| &restaurant.members));
    memberships::replace_changed_in_tx(tx, schema, kind, &members_before, &members).await?;
    let partners = partners_of(&restaurants, |restaurant| &restaurant.partners);
    partners::replace_changed_in_tx(tx, schema, kind, &partners_before, &partners).await
}
