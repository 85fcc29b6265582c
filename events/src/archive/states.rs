//! Stored states that stand for events which are archived.

use sqlx::{PgConnection, Row};
use uuid::Uuid;

use super::{file::ArchiveError, partition::Partition};
use crate::{
    Fold, Folded, StreamKind, StreamRef,
    account::Account,
    api_key::ApiKey,
    billing::Billing,
    cart::Cart,
    fold::UnreadableEvent,
    forecast::Forecast,
    inventory::Inventory,
    invoice::Invoice,
    log::{StreamHistory, load_streams},
    order::Order,
    price_rule::PriceRules,
    product::Product,
    restaurant::Restaurant,
    stock::Stock,
    supplier::Supplier,
    trade_relation::TradeRelation,
    webhook_endpoint::WebhookEndpoint,
};

/// Streams per round trip.
const STREAMS_AT_A_TIME: i64 = 500;

/// Stores the present state of every stream that has events in the partition; returns how many there are. `progress` is
/// told how many are done, and says whether to go on.
///
/// # Errors
/// [`ArchiveError`]: also where a stream cannot be folded, for then it could not be loaded afterwards.
pub async fn store_states(
    owner: &mut PgConnection,
    partition: &Partition,
    mut progress: impl FnMut(u64) -> bool + Send,
) -> Result<u64, ArchiveError> {
    let (mut after, mut done) = ((String::new(), String::new()), 0);
    loop {
        let streams = next_streams(owner, partition, &after).await?;
        let Some((last, _)) = streams.last() else { return Ok(done) };
        after = (last.kind.name().to_owned(), last.id.to_string());
        store(owner, &streams).await?;
        done += streams.len() as u64;
        if !progress(done) {
            return Err(ArchiveError::Interrupted);
        }
    }
}

/// The next streams in the order of the partition's primary key, each with its last sequence in it.
async fn next_streams(
    owner: &mut PgConnection,
    partition: &Partition,
    after: &(String, String),
) -> Result<Vec<(StreamRef, i64)>, ArchiveError> {
    // A partition's name is ours: letters, an underscore and a number.
    let sql = format!(
        "SELECT aggregate_type, aggregate_id, max(sequence) AS last FROM log.{} \
         WHERE (aggregate_type, aggregate_id) > ($1, $2) \
         GROUP BY aggregate_type, aggregate_id ORDER BY aggregate_type, aggregate_id LIMIT $3",
        partition.name
    );
    let rows =
        sqlx::query(&sql).bind(&after.0).bind(&after.1).bind(STREAMS_AT_A_TIME).fetch_all(owner).await?;
    let mut streams = Vec::with_capacity(rows.len());
    for row in &rows {
        let (name, id): (&str, &str) = (row.try_get("aggregate_type")?, row.try_get("aggregate_id")?);
        let kind = StreamKind::named(name).ok_or_else(|| ArchiveError::UnknownKind(name.to_owned()))?;
        let id: Uuid = id.parse().map_err(|error: uuid::Error| sqlx::Error::Decode(error.into()))?;
        streams.push((StreamRef { kind, id }, row.try_get("last")?));
    }
    Ok(streams)
}

async fn store(owner: &mut PgConnection, streams: &[(StreamRef, i64)]) -> Result<(), ArchiveError> {
    let wanted: Vec<(StreamRef, i32)> =
        streams.iter().map(|(stream, _)| (*stream, state_version(stream.kind))).collect();
    let mut histories = load_streams(owner, &wanted).await?;
    let (mut sequences, mut states) = (Vec::new(), Vec::new());
    for (stream, last) in streams {
        let (sequence, state) = state(stream.kind, histories.remove(stream).unwrap_or_default())?;
        if sequence < *last {
            return Err(ArchiveError::Broken { position: 0, reason: "a stream ends before its last event" });
        }
        sequences.push(sequence);
        states.push(state);
    }
    // Whoever appends may have stored a later state meanwhile: that stays.
    let stored = sqlx::query(
        "INSERT INTO public.snapshots AS held (aggregate_type, aggregate_id, sequence, state_version, state, archived_sequence) \
         SELECT s.kind, s.id, s.sequence, s.state_version, s.state::json, s.archived \
         FROM unnest($1::text[], $2::text[], $3::bigint[], $4::int[], $5::text[], $6::bigint[]) \
              AS s(kind, id, sequence, state_version, state, archived) \
         ON CONFLICT (aggregate_type, aggregate_id) DO UPDATE SET \
             archived_sequence = GREATEST(held.archived_sequence, EXCLUDED.archived_sequence), \
             sequence = CASE WHEN held.state_version = EXCLUDED.state_version THEN GREATEST(held.sequence, EXCLUDED.sequence) \
                             ELSE EXCLUDED.sequence END, \
             state = CASE WHEN held.state_version = EXCLUDED.state_version AND held.sequence >= EXCLUDED.sequence \
                          THEN held.state ELSE EXCLUDED.state END, \
             state_version = EXCLUDED.state_version",
    )
    .bind(streams.iter().map(|(stream, _)| stream.kind.name()).collect::<Vec<_>>())
    .bind(streams.iter().map(|(stream, _)| stream.id.to_string()).collect::<Vec<_>>())
    .bind(sequences)
    .bind(wanted.iter().map(|(_, version)| *version).collect::<Vec<_>>())
    .bind(states)
    .bind(streams.iter().map(|(_, last)| *last).collect::<Vec<_>>())
    .execute(owner)
    .await?
    .rows_affected();
    if stored != streams.len() as u64 {
        return Err(ArchiveError::Broken { position: 0, reason: "not every state was stored" });
    }
    Ok(())
}

/// With the fold of each kind of stream.
macro_rules! with_fold {
    ($kind:expr, $of:ident $(, $argument:expr)?) => {
        match $kind {
            StreamKind::Account => $of::<Account>($($argument)?),
            StreamKind::Supplier => $of::<Supplier>($($argument)?),
            StreamKind::Restaurant => $of::<Restaurant>($($argument)?),
            StreamKind::Product => $of::<Product>($($argument)?),
            StreamKind::Stock => $of::<Stock>($($argument)?),
            StreamKind::Cart => $of::<Cart>($($argument)?),
            StreamKind::Order => $of::<Order>($($argument)?),
            StreamKind::WebhookEndpoint => $of::<WebhookEndpoint>($($argument)?),
            StreamKind::Invoice => $of::<Invoice>($($argument)?),
            StreamKind::Billing => $of::<Billing>($($argument)?),
            StreamKind::TradeRelation => $of::<TradeRelation>($($argument)?),
            StreamKind::ApiKey => $of::<ApiKey>($($argument)?),
            StreamKind::Inventory => $of::<Inventory>($($argument)?),
            StreamKind::Forecast => $of::<Forecast>($($argument)?),
            StreamKind::PriceRules => $of::<PriceRules>($($argument)?),
        }
    };
}

fn state_version(kind: StreamKind) -> i32 {
    fn of<S: Fold>() -> i32 {
        S::STATE_VERSION
    }
    with_fold!(kind, of)
}

/// The state after all events of a stream, and how many these are.
fn state(kind: StreamKind, history: StreamHistory) -> Result<(i64, String), UnreadableEvent> {
    with_fold!(kind, folded, history)
}

fn folded<S: Fold>(history: StreamHistory) -> Result<(i64, String), UnreadableEvent> {
    let mut folded = match history.snapshot {
        Some((position, state)) => {
            serde_json::from_str(&state).map_err(|reason| UnreadableEvent::Payload {
                position,
                event_type: "snapshot".to_owned(),
                into: std::any::type_name::<S>(),
                reason,
            })?
        }
        None => Folded::<S>::default(),
    };
    for event in &history.events {
        folded.apply_recorded(event)?;
    }
    let state = serde_json::to_string(&folded).expect("states are JSON by their types");
    Ok((folded.revision, state))
}
