//! The rows of the access log and of `read.privileged_actions`, as one list.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sqlx::{Postgres, QueryBuilder, Row, postgres::PgRow};
use utoipa::ToSchema;
use uuid::Uuid;

use super::access::AccessFilter;
use crate::{
    failure::ReadFailure,
    freshness::{ReadModel, Seen},
    listing::{Placed, count, open},
    sight::Sight,
};

/// The place of an access in the list, newest first; total: of one moment the requests come before the events.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct AccessKey {
    at: DateTime<Utc>,
    source: i16,
    number: i64,
    kind: String,
}

/// One access.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AccessResource {
    /// Unique over the list.
    #[schema(example = "access-4711")]
    id: String,
    /// When.
    at: DateTime<Utc>,
    /// What.
    #[schema(example = "personal_data_read")]
    kind: String,
    /// `account:<id>:<ROLE>`, `api_key:<id>:<ROLE>`, `system:<name>`, or `anonymous`. What a key changed stands under
    /// its account, with the key in `details`.
    actor: String,
    /// By which account.
    #[schema(required)]
    account_id: Option<Uuid>,
    /// In which role.
    #[schema(required, example = "ADMIN")]
    role: Option<String>,
    /// In whose name, where that is another account, or where a key did it.
    #[schema(required)]
    on_behalf_of: Option<Uuid>,
    /// Of what.
    #[schema(required, example = "restaurant")]
    subject_kind: Option<String>,
    /// Of which one.
    #[schema(required)]
    subject_id: Option<Uuid>,
    /// `allowed`, `refused` or `failed`.
    #[schema(example = "allowed")]
    outcome: String,
    /// Why it was refused or failed, as a code.
    #[schema(required)]
    reason: Option<String>,
    /// `X-Request-Id`; empty where the system did it.
    request_id: String,
    /// Of the W3C trace; empty where the system did it.
    trace_id: String,
    /// The other end of the connection.
    #[schema(required, example = "192.0.2.7")]
    address: Option<String>,
    /// As the caller said, cut to 200 characters.
    #[schema(required)]
    user_agent: Option<String>,
    /// What else is known of it.
    #[schema(value_type = Object)]
    details: Value,
    /// Of the event, where it is one.
    #[schema(required)]
    position: Option<i64>,
}

/// One of the two tables, under the names of the list.
struct Branch {
    /// Tells the two apart in keys.
    source: i16,
    columns: &'static str,
    from: &'static str,
    number: &'static str,
}

const BRANCHES: [Branch; 2] = [
    Branch {
        source: 1,
        columns: "a.at, 1::smallint AS source, a.id AS number, a.kind, a.actor, a.account_id, a.role, \
                  a.on_behalf_of, a.subject_kind, a.subject_id, a.outcome, a.reason, a.request_id, a.trace_id, \
                  host(a.address) AS address, a.user_agent, a.details",
        from: "audit.access_log a",
        number: "a.id",
    },
    Branch {
        source: 0,
        columns: "a.at, 0::smallint AS source, a.position AS number, a.kind, a.actor, a.account_id, a.role, \
                  NULL::uuid AS on_behalf_of, a.subject_kind, a.subject_id, 'allowed' AS outcome, \
                  NULL::text AS reason, a.request_id, a.trace_id, NULL::text AS address, \
                  NULL::text AS user_agent, a.details",
        from: "read.privileged_actions a",
        number: "a.position",
    },
];

/// So many accesses from an offset on, behind a place.
pub(super) async fn accesses(
    sight: &Sight,
    filter: &AccessFilter,
    after: Option<&AccessKey>,
    (limit, offset): (i64, i64),
) -> Result<Seen<Vec<Placed<AccessKey, AccessResource>>>, ReadFailure> {
    let mut sql = open(&[ReadModel::PrivilegedActions]);
    sql.push("SELECT * FROM (");
    for (index, branch) in BRANCHES.iter().enumerate() {
        let Branch { source, columns, from, number } = branch;
        sql.push(if index == 0 { "(" } else { " UNION ALL (" });
        sql.push(format_args!("SELECT {columns} FROM {from} WHERE true"));
        filter.push(&mut sql);
        if let Some(after) = after {
            // The first comparison is what lets the index start at the place itself.
            sql.push(" AND a.at <= ").push_bind(after.at);
            sql.push(format_args!(" AND (a.at, {source}::smallint, {number}, a.kind) < ("));
            sql.push_bind(after.at).push(", ").push_bind(after.source).push(", ");
            sql.push_bind(after.number).push(", ").push_bind(after.kind.clone()).push(")");
        }
        // Each branch no longer than what can come into the page from it.
        sql.push(format_args!(" ORDER BY a.at DESC, {number} DESC, a.kind DESC LIMIT "));
        sql.push_bind(limit.saturating_add(offset)).push(")");
    }
    sql.push(") u ORDER BY at DESC, source DESC, number DESC, kind DESC LIMIT ").push_bind(limit);
    sql.push(" OFFSET ").push_bind(offset);
    sql.push(") p ON true ORDER BY p.at DESC, p.source DESC, p.number DESC, p.kind DESC");
    let rows = sql.build().fetch_all(&mut *sight.connection().await).await?;
    let position = rows.first().map(|row| row.try_get("position")).transpose()?.unwrap_or(0);
    // The one row of an empty list holds the position and nothing else.
    let found = rows.iter().filter(|row| !matches!(row.try_get::<Option<i64>, _>("number"), Ok(None)));
    Ok(Seen { position, value: found.map(placed).collect::<Result<_, _>>()? })
}

/// How many there are in all.
pub(super) async fn count_accesses(sight: &Sight, filter: &AccessFilter) -> Result<u64, ReadFailure> {
    let mut total = 0;
    for Branch { from, .. } in BRANCHES {
        let mut sql = QueryBuilder::new(format!("SELECT count(*) FROM {from} WHERE true"));
        filter.push(&mut sql);
        total += count(sight, sql).await?;
    }
    Ok(total)
}

impl AccessFilter {
    /// Pushes ` AND …` for each filter given; each has its index.
    fn push(&self, sql: &mut QueryBuilder<'static, Postgres>) {
        if let Some(kind) = &self.kind {
            sql.push(" AND a.kind = ").push_bind(kind.0.0.clone());
        }
        if let Some(id) = self.account_id {
            sql.push(" AND a.account_id = ").push_bind(id);
        }
        if let Some(id) = self.subject_id {
            sql.push(" AND a.subject_id = ").push_bind(id);
        }
        if let Some(from) = self.from {
            sql.push(" AND a.at >= ").push_bind(from);
        }
        if let Some(to) = self.to {
            sql.push(" AND a.at < ").push_bind(to);
        }
    }
}

fn placed(row: &PgRow) -> sqlx::Result<Placed<AccessKey, AccessResource>> {
    let (source, number): (i16, i64) = (row.try_get("source")?, row.try_get("number")?);
    let (at, kind): (DateTime<Utc>, String) = (row.try_get("at")?, row.try_get("kind")?);
    let is_event = source == 0;
    let id = if is_event { format!("event-{number}-{kind}") } else { format!("access-{number}") };
    let item = AccessResource {
        id,
        at,
        kind: kind.clone(),
        actor: row.try_get("actor")?,
        account_id: row.try_get("account_id")?,
        role: row.try_get("role")?,
        on_behalf_of: row.try_get("on_behalf_of")?,
        subject_kind: row.try_get("subject_kind")?,
        subject_id: row.try_get("subject_id")?,
        outcome: row.try_get("outcome")?,
        reason: row.try_get("reason")?,
        request_id: row.try_get("request_id")?,
        trace_id: row.try_get("trace_id")?,
        address: row.try_get("address")?,
        user_agent: row.try_get("user_agent")?,
        details: row.try_get("details")?,
        position: is_event.then_some(number),
    };
    Ok(Placed { key: AccessKey { at, source, number, kind }, item })
}
