//! Queueing deliveries: many rows, few statements.

use std::{collections::BTreeMap, ops::Range};

use chrono::{DateTime, Utc};
use events::{public::Audience, webhook_endpoint::PayloadStyle};
use sqlx::PgConnection;
use uuid::Uuid;

use super::plan::WantedEvent;

/// Deliveries per statement. A batch is up to hundreds of events, each for any number of endpoints: in one
/// statement, its arrays would take as much memory, here and in the database, as all of them together.
const ROWS_MAX: usize = 5_000;

/// Why an event is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::webhooks) enum Origin {
    /// It happened.
    Live,
    /// Somebody asked whether the endpoint answers.
    Ping,
    /// Somebody asked for the past.
    Replay(Uuid),
}

impl Origin {
    const fn name(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Ping => "ping",
            Self::Replay(_) => "replay",
        }
    }
}

/// Deliveries that are about to be queued, column by column as the statement takes them.
#[derive(Default)]
pub(in crate::webhooks) struct Queue {
    messages: BTreeMap<(Uuid, &'static str), String>,
    delivery_ids: Vec<Uuid>,
    endpoint_ids: Vec<Uuid>,
    event_ids: Vec<Uuid>,
    event_types: Vec<&'static str>,
    styles: Vec<&'static str>,
    aggregate_ids: Vec<Uuid>,
    positions: Vec<i64>,
    origins: Vec<&'static str>,
    replay_ids: Vec<Option<Uuid>>,
    supplier_ids: Vec<Option<Uuid>>,
    restaurant_ids: Vec<Option<Uuid>>,
    dues: Vec<DateTime<Utc>>,
}

impl Queue {
    pub(in crate::webhooks) fn push(
        &mut self,
        event: &mut WantedEvent<'_>,
        endpoint_id: Uuid,
        style: PayloadStyle,
        origin: Origin,
        delivery_id: Uuid,
        due: DateTime<Utc>,
    ) {
        let public = event.public;
        let style_name = match style {
            PayloadStyle::Full => "full",
            PayloadStyle::Thin => "thin",
        };
        self.messages.entry((public.event_id, style_name)).or_insert_with(|| public.to_cloud_event(style));
        self.delivery_ids.push(delivery_id);
        self.endpoint_ids.push(endpoint_id);
        self.event_ids.push(public.event_id);
        self.event_types.push(public.public_type().name);
        self.styles.push(style_name);
        self.aggregate_ids.push(public.subject);
        self.positions.push(public.position);
        self.origins.push(origin.name());
        self.replay_ids.push(match origin {
            Origin::Replay(replay_id) => Some(replay_id),
            Origin::Live | Origin::Ping => None,
        });
        // What is public needs nobody's grant, so nobody can take it back.
        let audience = if public.audience.everyone { Audience::default() } else { public.audience };
        self.supplier_ids.push(audience.supplier_id.map(Uuid::from));
        self.restaurant_ids.push(audience.restaurant_id.map(Uuid::from));
        self.dues.push(due);
    }

    /// Whom they are for; with repeats.
    pub(in crate::webhooks) fn endpoint_ids(&self) -> impl Iterator<Item = Uuid> {
        self.endpoint_ids.iter().copied()
    }

    pub(in crate::webhooks) fn len(&self) -> usize {
        self.delivery_ids.len()
    }

    /// Writes messages and deliveries that are not there yet.
    ///
    /// No lane needs to be locked for it: nobody looks for these rows before they are committed, and they are
    /// committed together with what [`Queued::tell_lanes_in_tx`] says of them.
    ///
    /// They are due by the database's clock at the latest: a process whose own is ahead, if only for a moment, would have
    /// all others wait until theirs have come as far.
    pub(in crate::webhooks) async fn write_in_tx(
        &self,
        tx: &mut PgConnection,
        now: DateTime<Utc>,
    ) -> Result<Queued, sqlx::Error> {
        let mut queued = Queued::default();
        if self.delivery_ids.is_empty() {
            return Ok(queued);
        }
        let (event_ids, styles): (Vec<Uuid>, Vec<&str>) = self.messages.keys().copied().unzip();
        sqlx::query(
            "INSERT INTO webhooks.messages (event_id, payload_style, body) \
             SELECT m.event_id, m.payload_style, m.body \
             FROM unnest($1::uuid[], $2::text[], $3::text[]) AS m(event_id, payload_style, body) \
             ON CONFLICT (event_id, payload_style) DO NOTHING",
        )
        .bind(event_ids)
        .bind(styles)
        .bind(self.messages.values().map(String::as_str).collect::<Vec<_>>())
        .execute(&mut *tx)
        .await?;
        let mut begin = 0;
        while begin < self.len() {
            let end = self.len().min(begin + ROWS_MAX);
            self.write_rows_in_tx(&mut *tx, begin..end, now, &mut queued).await?;
            begin = end;
        }
        Ok(queued)
    }

    async fn write_rows_in_tx(
        &self,
        tx: &mut PgConnection,
        rows: Range<usize>,
        now: DateTime<Utc>,
        queued: &mut Queued,
    ) -> Result<(), sqlx::Error> {
        let counted: Vec<(Uuid, i64)> = sqlx::query_as(
            "WITH queued AS ( \
                 INSERT INTO webhooks.deliveries (delivery_id, endpoint_id, event_id, event_type, \
                     payload_style, aggregate_id, position, origin, replay_id, supplier_id, restaurant_id, state, \
                     due, created_at) \
                 SELECT d.delivery_id, d.endpoint_id, d.event_id, d.event_type, d.payload_style, \
                     d.aggregate_id, d.position, d.origin, d.replay_id, d.supplier_id, d.restaurant_id, 'pending', \
                     LEAST(d.due, statement_timestamp()), $11 \
                 FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::uuid[], \
                     $7::bigint[], $8::text[], $9::uuid[], $10::timestamptz[], $12::uuid[], $13::uuid[]) \
                     AS d(delivery_id, endpoint_id, event_id, event_type, payload_style, aggregate_id, \
                          position, origin, replay_id, due, supplier_id, restaurant_id) \
                 ON CONFLICT DO NOTHING \
                 RETURNING endpoint_id \
             ) \
             SELECT endpoint_id, count(*) FROM queued GROUP BY endpoint_id",
        )
        .bind(&self.delivery_ids[rows.clone()])
        .bind(&self.endpoint_ids[rows.clone()])
        .bind(&self.event_ids[rows.clone()])
        .bind(&self.event_types[rows.clone()])
        .bind(&self.styles[rows.clone()])
        .bind(&self.aggregate_ids[rows.clone()])
        .bind(&self.positions[rows.clone()])
        .bind(&self.origins[rows.clone()])
        .bind(&self.replay_ids[rows.clone()])
        .bind(&self.dues[rows.clone()])
        .bind(now)
        .bind(&self.supplier_ids[rows.clone()])
        .bind(&self.restaurant_ids[rows.clone()])
        .fetch_all(tx)
        .await?;
        for (endpoint_id, more) in counted {
            *queued.0.entry(endpoint_id).or_default() += more;
        }
        Ok(())
    }
}

/// How many deliveries were queued for whom.
#[derive(Default)]
pub(in crate::webhooks) struct Queued(BTreeMap<Uuid, i64>);

impl Queued {
    /// Makes the lanes due, which the caller has locked.
    pub(in crate::webhooks) async fn tell_lanes_in_tx(
        &self,
        tx: &mut PgConnection,
        now: DateTime<Utc>,
    ) -> Result<(), sqlx::Error> {
        if self.0.is_empty() {
            return Ok(());
        }
        let (endpoint_ids, counts): (Vec<Uuid>, Vec<i64>) = self.0.iter().unzip();
        sqlx::query(
            "UPDATE webhooks.lanes l \
             SET queued = l.queued + c.more, \
                 due = LEAST(l.due, GREATEST(LEAST($3, statement_timestamp()), l.breaker_until)) \
             FROM unnest($1::uuid[], $2::bigint[]) AS c(endpoint_id, more) WHERE l.endpoint_id = c.endpoint_id",
        )
        .bind(endpoint_ids)
        .bind(counts)
        .bind(now)
        .execute(tx)
        .await?;
        Ok(())
    }
}
