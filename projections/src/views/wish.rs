//! A view that is to be built, held by a lease.

use std::{sync::Arc, time::Duration};

use chrono::{DateTime, Utc};
use sqlx::{PgPool, Row};
use uuid::Uuid;

use crate::{
    catalogue::Catalogue, invoices::Invoices, orders::Orders, projection::Projection,
    restaurants::Restaurants, schema::SchemaName, suppliers::Suppliers,
};

/// How long a builder that says nothing is believed to be at work.
const LEASE: Duration = Duration::from_secs(15);

/// What is to be built, as this process holds it.
#[derive(Debug)]
pub(super) struct Wish {
    pub(super) view_id: Uuid,
    pub(super) schema: SchemaName,
    pub(super) position: i64,
    models: Vec<String>,
    holder: Uuid,
}

impl Wish {
    /// Takes the oldest view that nobody builds.
    pub(super) async fn claim(pool: &PgPool, holder: Uuid) -> Result<Option<Self>, sqlx::Error> {
        let row = sqlx::query(
            "UPDATE audit.views SET holder = $1, lease_until = clock_timestamp() + $2 \
             WHERE view_id = ( \
                 SELECT view_id FROM audit.views \
                 WHERE status = 'building' AND (lease_until IS NULL OR lease_until < clock_timestamp()) \
                 ORDER BY number LIMIT 1 FOR UPDATE SKIP LOCKED \
             ) \
             RETURNING view_id, number, position, models",
        )
        .bind(holder)
        .bind(LEASE)
        .fetch_optional(pool)
        .await?;
        let Some(row) = row else { return Ok(None) };
        Ok(Some(Self {
            view_id: row.try_get("view_id")?,
            schema: schema_of(row.try_get("number")?),
            position: row.try_get("position")?,
            models: row.try_get("models")?,
            holder,
        }))
    }

    /// The projections that the lists of these models read; each once.
    pub(super) fn projections(&self) -> Vec<Arc<dyn Projection>> {
        let mut all: Vec<Arc<dyn Projection>> = Vec::new();
        for projection in self.models.iter().flat_map(|model| projections_of(model)) {
            let name = projection.identity().name;
            if all.iter().all(|known| known.identity().name != name) {
                all.push(projection);
            }
        }
        all
    }

    /// Holds on, and tells how far it is; false once it is somebody else's, or nobody's.
    pub(super) async fn renew(
        &self,
        pool: &PgPool,
        folded: i64,
        events_per_second: i64,
    ) -> Result<bool, sqlx::Error> {
        let held = sqlx::query(
            "UPDATE audit.views SET lease_until = clock_timestamp() + $3, folded = $4, events_per_second = $5 \
             WHERE view_id = $1 AND holder = $2 AND status = 'building'",
        )
        .bind(self.view_id)
        .bind(self.holder)
        .bind(LEASE)
        .bind(folded)
        .bind(events_per_second)
        .execute(pool)
        .await?;
        Ok(held.rows_affected() == 1)
    }

    /// It can be read from now on, by those who serve reads; nothing happens where it is no longer held.
    pub(super) async fn finish(&self, pool: &PgPool, now: DateTime<Utc>) -> Result<(), sqlx::Error> {
        let schema = &self.schema;
        let mut tx = platform::db::begin(pool).await?;
        let finished = sqlx::query(
            "UPDATE audit.views SET status = 'ready', folded = position, holder = NULL, lease_until = NULL, \
                    expires_at = $3 + make_interval(secs => kept_seconds) \
             WHERE view_id = $1 AND holder = $2 AND status = 'building'",
        )
        .bind(self.view_id)
        .bind(self.holder)
        .bind(now)
        .execute(&mut *tx)
        .await?;
        if finished.rows_affected() == 0 {
            return Ok(());
        }
        // A schema's name cannot be bound; on why it can be formatted, see SchemaName.
        for sql in [
            format!("GRANT USAGE ON SCHEMA {schema} TO iris_query"),
            format!("GRANT SELECT ON ALL TABLES IN SCHEMA {schema} TO iris_query"),
        ] {
            sqlx::query(&sql).execute(&mut *tx).await?;
        }
        tx.commit().await
    }

    /// It cannot be built: says why, for whoever asked.
    pub(super) async fn fail(
        &self,
        pool: &PgPool,
        now: DateTime<Utc>,
        failure: &str,
    ) -> Result<(), sqlx::Error> {
        sqlx::query(
            "UPDATE audit.views SET status = 'failed', failure = $3, holder = NULL, lease_until = NULL, \
                    expires_at = $4 + make_interval(secs => kept_seconds) \
             WHERE view_id = $1 AND holder = $2 AND status = 'building'",
        )
        .bind(self.view_id)
        .bind(self.holder)
        .bind(failure)
        .bind(now)
        .execute(pool)
        .await?;
        Ok(())
    }

    /// Gives it back, so that another process need not wait for the lease to run out.
    pub(super) async fn release(&self, pool: &PgPool) -> Result<(), sqlx::Error> {
        sqlx::query(
            "UPDATE audit.views SET holder = NULL, lease_until = NULL WHERE view_id = $1 AND holder = $2",
        )
        .bind(self.view_id)
        .bind(self.holder)
        .execute(pool)
        .await?;
        Ok(())
    }
}

/// The schema of that view's rows.
pub(super) fn schema_of(number: i64) -> SchemaName {
    format!("read_asof_{number}")
        .parse()
        .expect("a prefix of letters and a positive number is a schema's name")
}

/// A list also asks whether the organisations that it is filtered by are there, and these list by each other.
fn projections_of(model: &str) -> Vec<Arc<dyn Projection>> {
    match model {
        "suppliers" => vec![Arc::new(Suppliers)],
        "products" => vec![Arc::new(Catalogue)],
        "restaurants" | "orders" => vec![Arc::new(Restaurants), Arc::new(Orders)],
        "invoices" => vec![Arc::new(Restaurants), Arc::new(Orders), Arc::new(Invoices)],
        _ => Vec::new(),
    }
}
