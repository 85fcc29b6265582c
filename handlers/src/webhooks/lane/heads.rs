//! The statements that find what of a lane may go, at a cost that does not grow with what waits.
//!
//! A delivery waits for the earlier ones of its aggregate that came for the same reason: a replay does not hold
//! up what happens now, and neither does one that had been delivered and was asked for again. A ping waits for
//! nothing, and holds up nothing.
//!
//! Those that wait have been due for longest and stand in front. So where a look comes upon many, it marks
//! them `blocked`, and they are not looked at again before the mark is gone. Only the lane's holder marks and
//! unmarks, which is one task: it takes away the mark of the next one after it has learned that the one before
//! is committed. A mark too few costs a look; with one too many a delivery would wait for ever. So all marks
//! that nothing justifies are taken away by whoever follows a holder that died, and whenever the fan-out has
//! raised `revision`: it may have changed the order, or cancelled what others wait for.

use chrono::{DateTime, Utc};
use events::webhook_endpoint::DeliveryOrder;
use sqlx::{PgConnection, Row, postgres::PgRow};
use uuid::Uuid;

use super::HeldLane;
use crate::webhooks::request::DueDelivery;

/// Rows that one look reads at least, if so many are due: more than are passed over at every look.
const LOOK_MIN: usize = 32;
/// Rows that one look reads for each delivery that it may bring: some wait for others.
const LOOK_PER_DELIVERY: usize = 2;
/// So many that wait are passed over at every look; beyond that they are marked.
const UNMARKED_MAX: usize = 16;

/// An earlier one of the same aggregate that holds up `d` unless the order is best effort.
///
/// The first of them, and not `EXISTS`: where most rows are of one aggregate, Postgres expects to come upon one
/// at once and reads the table from its beginning, which for any other aggregate it then reads to the end. Ordered by
/// the replay as well, though it is the same for all: under row-level security Postgres draws no such conclusion from a
/// condition on an expression, would find no index in that order, and sort all that waits.
const EARLIER: &str = "COALESCE((SELECT true FROM webhooks.deliveries e \
     WHERE e.endpoint_id = d.endpoint_id AND e.aggregate_id = d.aggregate_id \
       AND COALESCE(e.replay_id, '00000000-0000-0000-0000-000000000000'::uuid) \
         = COALESCE(d.replay_id, '00000000-0000-0000-0000-000000000000'::uuid) \
       AND e.position < d.position AND e.origin = d.origin AND e.state = 'pending' AND NOT e.stepped_aside \
       AND NOT e.by_hand \
     ORDER BY COALESCE(e.replay_id, '00000000-0000-0000-0000-000000000000'::uuid), e.position LIMIT 1), false)";

/// One that holds up `d` where the order is strict.
const EARLIER_STRICT: &str = "COALESCE((SELECT true FROM webhooks.deliveries e \
     WHERE e.endpoint_id = d.endpoint_id AND e.aggregate_id = d.aggregate_id \
       AND COALESCE(e.replay_id, '00000000-0000-0000-0000-000000000000'::uuid) \
         = COALESCE(d.replay_id, '00000000-0000-0000-0000-000000000000'::uuid) \
       AND e.position < d.position AND e.origin = d.origin \
       AND (e.state = 'failed' OR e.state = 'pending' AND e.stepped_aside) AND NOT e.by_hand \
     ORDER BY COALESCE(e.replay_id, '00000000-0000-0000-0000-000000000000'::uuid), e.position LIMIT 1), false)";

/// What of a lane may be sent at all. A statement is made for each: what holds for all would fit no index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Heads {
    Pings,
    All(DeliveryOrder),
}

/// What a look has found.
pub(super) struct Found {
    /// What may go, and whether something may wait for it. The longest due first.
    pub(super) free: Vec<(DueDelivery, bool)>,
    /// What was passed over, where that was enough to be marked.
    pub(super) waiting: Vec<Uuid>,
    /// There may be more that is due.
    pub(super) has_more: bool,
    /// That of the lane when this was found; `None` where nothing was.
    pub(super) revision: Option<i64>,
}

impl Heads {
    /// The rows to choose from; in the words of the index that has them.
    const fn rows(self) -> &'static str {
        match self {
            Self::Pings => "d.endpoint_id = $1 AND d.state = 'pending' AND d.origin = 'ping'",
            Self::All(_) => "d.endpoint_id = $1 AND d.state = 'pending' AND NOT d.blocked",
        }
    }

    /// Whether `d` need not wait.
    fn is_free(self) -> String {
        match self {
            Self::Pings | Self::All(DeliveryOrder::BestEffort) => "true".to_owned(),
            Self::All(DeliveryOrder::Ordered) => format!("(d.origin = 'ping' OR NOT {EARLIER})"),
            Self::All(DeliveryOrder::Strict) => {
                format!("(d.origin = 'ping' OR NOT {EARLIER} AND NOT {EARLIER_STRICT})")
            }
        }
    }

    /// When the next one may go, for the statement that lets the lane go: `$7` is when all that was due had been
    /// looked at, and NULL where it was not. What comes after it is taken for free: a lane that is taken up for
    /// one that still waits costs one look.
    pub(super) fn next_due(self) -> String {
        format!(
            "(SELECT GREATEST(d.due, l.breaker_until) FROM webhooks.deliveries d \
              WHERE {rows} AND ($7::timestamptz IS NULL OR d.due > $7 OR {is_free}) ORDER BY d.due LIMIT 1)",
            rows = self.rows(),
            is_free = self.is_free(),
        )
    }

    /// Looks for up to `limit` that are due and may go, without those that are taken already.
    pub(super) async fn find(
        self,
        connection: &mut PgConnection,
        endpoint_id: Uuid,
        now: DateTime<Utc>,
        taken: Vec<Uuid>,
        limit: usize,
    ) -> Result<Found, sqlx::Error> {
        let look = i64::try_from(limit.saturating_mul(LOOK_PER_DELIVERY).max(LOOK_MIN)).unwrap_or(i64::MAX);
        let sql = format!(
            "WITH front AS MATERIALIZED ( \
                 SELECT d.delivery_id, d.endpoint_id, d.event_id, d.payload_style, d.aggregate_id, d.replay_id, \
                     d.origin, d.position, d.attempts, d.due, {is_free} AS is_free \
                 FROM webhooks.deliveries d \
                 WHERE {rows} AND d.due <= $2 AND d.delivery_id <> ALL($3) \
                 ORDER BY d.due, d.position LIMIT $4 \
             ), counted AS MATERIALIZED ( \
                 SELECT front.*, row_number() OVER seen AS nth, \
                     is_free AND count(*) FILTER (WHERE is_free) OVER seen <= $5 AS is_wanted \
                 FROM front WINDOW seen AS (ORDER BY due, position, delivery_id ROWS UNBOUNDED PRECEDING) \
             ) \
             SELECT d.delivery_id, d.event_id, d.position, d.attempts, d.is_free, d.is_wanted, m.body, \
                 d.is_wanted AND {has_follower} AS has_follower, \
                 (SELECT l.revision FROM webhooks.lanes l WHERE l.endpoint_id = $1) AS revision \
             FROM counted d LEFT JOIN webhooks.messages m \
                 ON d.is_wanted AND m.event_id = d.event_id AND m.payload_style = d.payload_style \
             ORDER BY d.nth",
            rows = self.rows(),
            is_free = self.is_free(),
            has_follower = self.has_follower(),
        );
        let rows = sqlx::query(&sql)
            .bind(endpoint_id)
            .bind(now)
            .bind(taken)
            .bind(look)
            .bind(i64::try_from(limit).unwrap_or(i64::MAX))
            .fetch_all(connection)
            .await?;
        let is_full = i64::try_from(rows.len()).unwrap_or(i64::MAX) >= look;
        Found::of(&rows, is_full)
    }

    /// Whether a later one of its aggregate is there to wait for `d`.
    fn has_follower(self) -> String {
        match self {
            Self::Pings | Self::All(DeliveryOrder::BestEffort) => "false".to_owned(),
            Self::All(DeliveryOrder::Ordered | DeliveryOrder::Strict) => {
                // One that was asked for again by hand holds up nothing, but waits like any other.
                let later = |earlier: &str| {
                    earlier
                        .replace("e.position < d.position", "e.position > d.position")
                        .replace("AND NOT e.by_hand", "")
                };
                format!("({} OR {})", later(EARLIER), later(EARLIER_STRICT))
            }
        }
    }

    /// Takes away all marks that nothing justifies.
    pub(super) async fn review_marks(
        self,
        connection: &mut PgConnection,
        endpoint_id: Uuid,
    ) -> Result<(), sqlx::Error> {
        let sql = format!(
            "UPDATE webhooks.deliveries d SET blocked = false \
             WHERE d.endpoint_id = $1 AND d.state = 'pending' AND d.blocked AND {}",
            self.is_free()
        );
        sqlx::query(&sql).bind(endpoint_id).execute(connection).await?;
        Ok(())
    }
}

impl Found {
    fn of(rows: &[PgRow], is_full: bool) -> Result<Self, sqlx::Error> {
        let (mut free, mut waiting, mut has_more) = (Vec::new(), Vec::new(), is_full);
        for row in rows {
            if row.try_get("is_wanted")? {
                free.push((due_delivery(row)?, row.try_get("has_follower")?));
            } else if row.try_get("is_free")? {
                has_more = true;
            } else {
                waiting.push(row.try_get("delivery_id")?);
            }
        }
        if waiting.len() <= UNMARKED_MAX && !is_full {
            waiting.clear();
        }
        let revision = rows.first().map(|row| row.try_get("revision")).transpose()?;
        Ok(Self { free, waiting, has_more, revision })
    }
}

/// Marks deliveries that wait.
///
/// That they do was true when it was looked for. Were the lane in other hands by now or changed, what they waited
/// for may be gone, and nobody would take the mark away: hence fence and revision, under the lane's lock. Each is found
/// by its primary key: no index of what waits fits what is said here.
pub(super) async fn mark(
    connection: &mut PgConnection,
    held: &HeldLane,
    waiting: &[Uuid],
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "WITH held AS MATERIALIZED ( \
             SELECT endpoint_id FROM webhooks.lanes \
             WHERE endpoint_id = $1 AND fence = $2 AND revision = $3 FOR UPDATE) \
         UPDATE webhooks.deliveries d SET blocked = true FROM held \
         WHERE d.delivery_id = ANY($4) AND d.endpoint_id = held.endpoint_id AND d.finished_at IS NULL",
    )
    .bind(held.endpoint_id)
    .bind(held.fence)
    .bind(held.revision)
    .bind(waiting)
    .execute(connection)
    .await?;
    Ok(())
}

/// Takes away the mark of the next one after each of these, and of those that stepped aside before it: one that
/// did holds up nobody, so what comes after it may be next as well.
pub(super) async fn unmark_next(connection: &mut PgConnection, after: &[Uuid]) -> Result<(), sqlx::Error> {
    sqlx::query(
        "WITH chains AS MATERIALIZED ( \
             SELECT DISTINCT endpoint_id, aggregate_id, \
                 COALESCE(replay_id, '00000000-0000-0000-0000-000000000000'::uuid) AS replay_id \
             FROM webhooks.deliveries WHERE delivery_id = ANY($1) \
         ), nexts AS MATERIALIZED ( \
             SELECT c.endpoint_id, c.aggregate_id, c.replay_id, ( \
                 SELECT n.position FROM webhooks.deliveries n \
                 WHERE n.endpoint_id = c.endpoint_id AND n.aggregate_id = c.aggregate_id \
                   AND COALESCE(n.replay_id, '00000000-0000-0000-0000-000000000000'::uuid) = c.replay_id \
                   AND n.state = 'pending' AND n.blocked AND NOT n.stepped_aside \
                 ORDER BY COALESCE(n.replay_id, '00000000-0000-0000-0000-000000000000'::uuid), n.position \
                 LIMIT 1) AS upto \
             FROM chains c \
         ) \
         UPDATE webhooks.deliveries d SET blocked = false FROM nexts n \
         WHERE d.endpoint_id = n.endpoint_id AND d.aggregate_id = n.aggregate_id \
           AND COALESCE(d.replay_id, '00000000-0000-0000-0000-000000000000'::uuid) = n.replay_id \
           AND d.state = 'pending' AND d.blocked AND d.position <= COALESCE(n.upto, 9223372036854775807)",
    )
    .bind(after)
    .execute(connection)
    .await?;
    Ok(())
}

fn due_delivery(row: &PgRow) -> Result<DueDelivery, sqlx::Error> {
    Ok(DueDelivery {
        delivery_id: row.try_get("delivery_id")?,
        event_id: row.try_get("event_id")?,
        position: row.try_get("position")?,
        attempts: row.try_get("attempts")?,
        body: row.try_get("body")?,
    })
}
