//! What hangs on which data key.

use std::collections::BTreeMap;

use sqlx::PgPool;
use uuid::Uuid;

use super::{all_rows, places::PLACES};

/// Rows by place and data key; without one where they are of the form before there were data keys.
#[derive(Debug, Default)]
pub struct Census(Vec<(&'static str, Option<Uuid>, i64)>);

impl Census {
    /// Counts.
    ///
    /// # Errors
    /// The database's.
    pub async fn take(pool: &PgPool) -> anyhow::Result<Self> {
        let mut tx = all_rows(pool).await?;
        let mut counts = Vec::new();
        for place in &PLACES {
            let rows: Vec<(Option<Vec<u8>>, i64)> = sqlx::query_as(place.census).fetch_all(&mut *tx).await?;
            for (id, count) in rows {
                let id = id.map(|id| Uuid::from_slice(&id)).transpose()?;
                counts.push((place.name, id, count));
            }
        }
        Ok(Self(counts))
    }

    /// Rows under that data key, by place; every place is named.
    pub fn under(&self, data_key: Option<Uuid>) -> BTreeMap<&'static str, i64> {
        let none = PLACES.iter().map(|place| (place.name, 0));
        let some =
            self.0.iter().filter(|(_, id, _)| *id == data_key).map(|(place, _, count)| (*place, *count));
        none.chain(some).collect()
    }

    /// Rows that are not under that data key.
    pub fn not_under(&self, data_key: Uuid) -> i64 {
        self.0.iter().filter(|(_, id, _)| *id != Some(data_key)).map(|(_, _, count)| count).sum()
    }

    /// Whether nothing hangs on it.
    pub fn is_free(&self, data_key: Uuid) -> bool {
        self.0.iter().all(|(_, id, _)| *id != Some(data_key))
    }
}
