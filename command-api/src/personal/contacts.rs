//! Whom organisations name as their contact: all of them, as of one position of the log.

use std::collections::BTreeMap;

use events::{StreamKind, log::read_head, values::Personal};
use sqlx::{PgConnection, types::Json};
use uuid::Uuid;

use super::ErasureFault;

/// The types of events in which an organisation says whom to contact.
pub const SAY_CONTACT: [&str; 4] =
    ["SupplierRegistered", "SupplierDetailsRevised", "RestaurantRegistered", "RestaurantDetailsRevised"];

/// How much of the log is looked through where read models have not folded it yet.
const UNFOLDED_MAX: i64 = 20_000;

/// Every organisation's contact.
pub struct Contacts {
    /// The position as of which they are.
    pub position: i64,
    /// By kind of organisation and id.
    pub by_organisation: BTreeMap<(&'static str, Uuid), Personal>,
}

/// What the read models hold, and over it what the log says that they have not folded yet.
///
/// # Errors
/// [`ErasureFault::ReadModelBehind`], [`ErasureFault::Database`].
pub async fn contacts(connection: &mut PgConnection) -> Result<Contacts, ErasureFault> {
    // Asked before the rows are read: these may be newer, and then only say the same as the log below.
    let folded: i64 = sqlx::query_scalar(
        "SELECT CASE WHEN count(*) = 2 THEN min(position) ELSE 0 END FROM read.checkpoints \
         WHERE name IN ('suppliers', 'restaurants')",
    )
    .fetch_one(&mut *connection)
    .await?;
    let rows: Vec<(String, Uuid, Json<Personal>)> = sqlx::query_as(
        "SELECT 'supplier', supplier_id, state #> '{state,details,contact_email}' FROM read.suppliers \
         UNION ALL \
         SELECT 'restaurant', restaurant_id, state #> '{state,details,contact_email}' FROM read.restaurants",
    )
    .fetch_all(&mut *connection)
    .await?;
    let position = read_head(&mut *connection).await?.position;
    if position - folded > UNFOLDED_MAX {
        return Err(ErasureFault::ReadModelBehind);
    }
    let said: Vec<(String, Uuid, Json<Personal>)> = sqlx::query_as(
        "SELECT aggregate_type, aggregate_id::uuid, \
                (payload -> event_type -> 'details' -> 'contact_email')::jsonb \
         FROM public.events \
         WHERE global_position > $1 AND global_position <= $2 AND event_type = ANY($3) \
           AND (SELECT public.expect_events($1, $2)) \
         ORDER BY global_position",
    )
    .bind(folded)
    .bind(position)
    .bind(&SAY_CONTACT[..])
    .fetch_all(connection)
    .await?;
    let named = |(kind, id, contact): (String, Uuid, Json<Personal>)| {
        Some(((StreamKind::named(&kind)?.name(), id), contact.0))
    };
    let by_organisation = rows.into_iter().chain(said).filter_map(named).collect();
    Ok(Contacts { position, by_organisation })
}

/// The last position behind `position` at which an organisation said whom to contact.
///
/// # Errors
/// The database's.
pub async fn contact_said_after(
    connection: &mut PgConnection,
    position: i64,
) -> Result<Option<i64>, sqlx::Error> {
    sqlx::query_scalar(
        "SELECT max(global_position) FROM public.events WHERE global_position > $1 AND event_type = ANY($2)",
    )
    .bind(position)
    .bind(&SAY_CONTACT[..])
    .fetch_one(connection)
    .await
}
