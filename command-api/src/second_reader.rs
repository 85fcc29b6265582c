//! A second reader of the log: postgres-es over the same table.
//!
//! Two programs that read the same bytes to the same states are worth more than one that agrees with
//! itself. Used by `iris doctor` and the tests; slow, for it reads stream by stream.

use cqrs_es::{AggregateContext, EventStore, persist::PersistedEventStore};
use events::{
    Folded, StreamKind, StreamRef,
    account::Account,
    api_key::ApiKey,
    billing::Billing,
    cart::Cart,
    forecast::Forecast,
    inventory::Inventory,
    invoice::Invoice,
    log::{archived, read_stream},
    order::Order,
    price_rule::PriceRules,
    product::Product,
    restaurant::Restaurant,
    stock::Stock,
    supplier::Supplier,
    trade_relation::TradeRelation,
    upcast::upcasters,
    webhook_endpoint::WebhookEndpoint,
};
use postgres_es::PostgresEventRepository;
use sqlx::{PgPool, Row};
use uuid::Uuid;

use crate::domain::{Decide, aggregate::AggregateOf};

/// How many streams are listed at a time.
const PAGE: i64 = 1_000;

/// Why the two could not be compared.
#[derive(Debug, thiserror::Error)]
pub enum SecondReaderError {
    /// Our reader failed.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
    /// Our reader cannot fold the stream.
    #[error(transparent)]
    Unreadable(#[from] events::fold::UnreadableEvent),
    /// postgres-es failed.
    #[error("postgres-es: {0}")]
    Foreign(String),
}

/// The streams that the two readers read to different states, without those of which part is archived; `progress` is told how many are done.
pub async fn compare_all(
    pool: &PgPool,
    mut progress: impl FnMut(usize),
) -> Result<Vec<StreamRef>, SecondReaderError> {
    let mut different = Vec::new();
    let mut after = (String::new(), String::new());
    let mut done = 0;
    loop {
        let rows = sqlx::query(
            "SELECT aggregate_type, aggregate_id FROM public.events \
             WHERE sequence = 1 AND (aggregate_type, aggregate_id) > ($1, $2) \
             ORDER BY aggregate_type, aggregate_id LIMIT $3",
        )
        .bind(&after.0)
        .bind(&after.1)
        .bind(PAGE)
        .fetch_all(pool)
        .await?;
        for row in &rows {
            after = (row.try_get("aggregate_type")?, row.try_get("aggregate_id")?);
            let kind = StreamKind::named(&after.0);
            let id = after.1.parse::<Uuid>().map_err(|error| sqlx::Error::Decode(error.into()))?;
            // A kind that only a newer program knows is that program's to check.
            let Some(kind) = kind else { continue };
            let stream = StreamRef { kind, id };
            match is_same(pool, stream).await {
                Ok(true) => {}
                Ok(false) => different.push(stream),
                // Part of it is in a file: neither of the two can read it.
                Err(SecondReaderError::Database(error)) if archived(&error).is_some() => continue,
                Err(error) => return Err(error),
            }
            done += 1;
        }
        progress(done);
        if rows.is_empty() {
            return Ok(different);
        }
    }
}

/// Whether both readers read that stream to the same state.
pub async fn is_same(pool: &PgPool, stream: StreamRef) -> Result<bool, SecondReaderError> {
    match stream.kind {
        StreamKind::Account => compare::<Account>(pool, stream).await,
        StreamKind::Supplier => compare::<Supplier>(pool, stream).await,
        StreamKind::Restaurant => compare::<Restaurant>(pool, stream).await,
        StreamKind::Product => compare::<Product>(pool, stream).await,
        StreamKind::Stock => compare::<Stock>(pool, stream).await,
        StreamKind::Cart => compare::<Cart>(pool, stream).await,
        StreamKind::Order => compare::<Order>(pool, stream).await,
        StreamKind::WebhookEndpoint => compare::<WebhookEndpoint>(pool, stream).await,
        StreamKind::Invoice => compare::<Invoice>(pool, stream).await,
        StreamKind::Billing => compare::<Billing>(pool, stream).await,
        StreamKind::TradeRelation => compare::<TradeRelation>(pool, stream).await,
        StreamKind::ApiKey => compare::<ApiKey>(pool, stream).await,
        StreamKind::Inventory => compare::<Inventory>(pool, stream).await,
        StreamKind::Forecast => compare::<Forecast>(pool, stream).await,
        StreamKind::PriceRules => compare::<PriceRules>(pool, stream).await,
    }
}

async fn compare<S: Decide + PartialEq>(pool: &PgPool, stream: StreamRef) -> Result<bool, SecondReaderError>
where
    S::Command: Send,
{
    let mut ours = Folded::<S>::default();
    for event in read_stream(&mut *pool.acquire().await?, stream).await? {
        ours.apply_recorded(&event)?;
    }
    let store = PersistedEventStore::<PostgresEventRepository, AggregateOf<S>>::new_event_store(
        PostgresEventRepository::new(pool.clone()),
    )
    .with_upcasters(upcasters());
    let mut theirs = store
        .load_aggregate(&stream.id.to_string())
        .await
        .map_err(|error| SecondReaderError::Foreign(error.to_string()))?;
    let same_revision =
        i64::try_from(theirs.current_sequence).is_ok_and(|revision| revision == ours.revision);
    Ok(same_revision && theirs.aggregate().0 == ours.state)
}
