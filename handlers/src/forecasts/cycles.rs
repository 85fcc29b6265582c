//! On which days each restaurant usually has deliveries from a supplier, of whatever it sells.

use std::collections::HashMap;

use chrono::{Days, NaiveDate};
use forecasting::cycle::Cycle;
use sqlx::{PgConnection, Row};
use uuid::Uuid;

/// What is usual is what was so in these weeks.
const WEEKS: u64 = 12;

/// Of one supplier.
#[derive(Debug, Default)]
pub(super) struct Cycles {
    pub(super) supplier_id: Uuid,
    of_restaurants: HashMap<Uuid, Cycle>,
}

impl Cycles {
    /// Who had nothing lately has no cycle: what it once had stays on its day.
    pub(super) fn of(&self, restaurant_id: Uuid) -> Cycle {
        self.of_restaurants.get(&restaurant_id).copied().unwrap_or(Cycle::Daily)
    }
}

/// As of the origin. By the index `months_of_supplier`, the months of this supplier alone.
pub(super) async fn read_cycles(
    snapshot: &mut PgConnection,
    supplier_id: Uuid,
    origin: NaiveDate,
) -> Result<Cycles, sqlx::Error> {
    let from = origin - Days::new(WEEKS * 7);
    let rows = sqlx::query(
        "SELECT restaurant_id, array_agg(day ORDER BY day) AS days FROM ( \
             SELECT DISTINCT m.restaurant_id, m.month + (w.number::integer - 1) AS day \
             FROM demand.months m CROSS JOIN LATERAL unnest(m.wanted) WITH ORDINALITY AS w(wanted, number) \
             WHERE m.supplier_id = $1 AND m.month > $2::date - 31 AND m.month < $3 AND w.wanted > 0) d \
         WHERE day >= $2 AND day < $3 GROUP BY restaurant_id",
    )
    .bind(supplier_id)
    .bind(from)
    .bind(origin)
    .fetch_all(snapshot)
    .await?;
    let mut of_restaurants = HashMap::with_capacity(rows.len());
    for row in &rows {
        let days: Vec<NaiveDate> = row.try_get("days")?;
        of_restaurants.insert(row.try_get("restaurant_id")?, Cycle::usual(&days));
    }
    Ok(Cycles { supplier_id, of_restaurants })
}
