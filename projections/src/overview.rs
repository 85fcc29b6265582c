//! What there is of each projection: the live rows, and what is built or kept beside them.

use std::sync::Arc;

use events::log::read_head;
use sqlx::{PgConnection, PgPool};

use crate::{
    checkpoint::sight,
    family::Family,
    projection::{Identity, Projection},
    schema::SchemaName,
    twin,
};

/// A projection's rows, wherever they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rows {
    /// The version of the program that folded them.
    pub version: i32,
    /// The last position that they contain.
    pub position: i64,
    /// Streams that they leave out.
    pub parked: i64,
    /// Bytes of its tables on disk, with their indexes; shared tables count for each that shares them.
    pub bytes: i64,
    /// True if its tables are like the live ones, indexes included: they may be exchanged.
    pub is_complete: bool,
}

/// All that there is of a projection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Overview {
    /// Its name.
    pub name: &'static str,
    /// The family that it is rebuilt and exchanged with.
    pub family: &'static str,
    /// The version that this program folds.
    pub version: i32,
    /// Where the log ends.
    pub head: i64,
    /// What is served; `None` where it was never started.
    pub live: Option<Rows>,
    /// What was built to take its place.
    pub next: Option<Rows>,
    /// What was served before.
    pub old: Option<Rows>,
}

/// All that there is of each of these projections, in their families' order.
pub async fn overview(
    pool: &PgPool,
    projections: &[Arc<dyn Projection>],
) -> Result<Vec<Overview>, sqlx::Error> {
    let mut connection = pool.acquire().await?;
    let head = read_head(&mut connection).await?.position;
    let mut found = Vec::new();
    for family in Family::all_of(projections) {
        for projection in family.projections() {
            let identity = projection.identity();
            found.push(Overview {
                name: identity.name,
                family: family.name(),
                version: identity.version,
                head,
                live: rows(&mut connection, &SchemaName::live(), identity).await?,
                next: rows(&mut connection, &family.next_schema(), identity).await?,
                old: rows(&mut connection, &family.old_schema(), identity).await?,
            });
        }
    }
    Ok(found)
}

async fn rows(
    connection: &mut PgConnection,
    schema: &SchemaName,
    identity: &'static Identity,
) -> Result<Option<Rows>, sqlx::Error> {
    if !twin::exists(connection, schema).await? {
        return Ok(None);
    }
    let Some(seen) = sight(connection, schema, identity.name).await? else { return Ok(None) };
    let parked = format!("SELECT count(*) FROM {schema}.parked WHERE name = $1");
    let parked: i64 = sqlx::query_scalar(&parked).bind(identity.name).fetch_one(&mut *connection).await?;
    let (mut bytes, mut is_complete) = (0, true);
    for table in identity.tables {
        let size: i64 = sqlx::query_scalar("SELECT COALESCE(pg_total_relation_size(to_regclass($1)), 0)")
            .bind(format!("{schema}.{}", table.name))
            .fetch_one(&mut *connection)
            .await?;
        bytes += size;
        let live = twin::shape(connection, &SchemaName::live(), table.name).await?;
        is_complete &= live == twin::shape(connection, schema, table.name).await?;
    }
    let (version, position) = (seen.version, seen.hold.position);
    Ok(Some(Rows { version, position, parked, bytes, is_complete }))
}
