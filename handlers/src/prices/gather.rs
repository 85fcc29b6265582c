//! What the prices of a supplier's products go by: its own products, stock, orders and forecasts.
//!
//! Every statement names the supplier: no row of another's can come into a price.

use std::collections::{BTreeSet, HashMap};

use chrono::{DateTime, Days, NaiveDate, Utc};
use events::{
    Folded, StreamKind,
    price_rule::{PriceRules, RuleScope},
    product::Product,
    stock::{Lot, Stock},
    values::{Quantity, swedish_day},
};
use pricing::{DemandIndex, Expected, Inputs};
use sqlx::{PgPool, Row, postgres::PgRow, types::Json};
use uuid::Uuid;

use crate::demand;

/// Products at a time.
pub(super) const CHUNK: i64 = 1_000;
/// Days that are forecast.
const HORIZON: usize = 14;
/// Beyond this, how long nobody ordered makes no difference.
const LOOK_BACK: Days = Days::new(400);

/// A place among a supplier's products, newest first.
pub(super) type Place = (DateTime<Utc>, Uuid);

/// The run that is shown, as far as prices go by it.
#[derive(Clone, Copy, Debug)]
pub(super) struct CurrentRun {
    run_id: Uuid,
    slot: i16,
    origin_day: NaiveDate,
    age_hours: i64,
}

/// What all products' prices go by.
#[derive(Clone, Copy, Debug)]
pub(super) struct Known {
    run: Option<CurrentRun>,
    /// How old the oldest event is that orders were not yet counted from; nothing where none ever were.
    orders_behind_hours: Option<i64>,
}

/// What is known at that moment, read before any product.
pub(super) async fn known(pool: &PgPool, at: DateTime<Utc>) -> Result<Known, sqlx::Error> {
    Ok(Known { run: current_run(pool, at).await?, orders_behind_hours: orders_behind(pool, at).await? })
}

async fn orders_behind(pool: &PgPool, at: DateTime<Utc>) -> Result<Option<i64>, sqlx::Error> {
    // By the primary key of the followers and the log's index by position, from where the consumer is.
    let sql = "SELECT (SELECT e.recorded_at FROM public.events e WHERE e.global_position > f.position \
                           AND e.aggregate_type = $2 \
                       ORDER BY e.global_position LIMIT 1) \
               FROM fanout.followers f WHERE f.name = $1";
    let unread: Option<Option<DateTime<Utc>>> = sqlx::query_scalar(sql)
        .bind(demand::CONSUMER)
        .bind(StreamKind::Order.name())
        .fetch_optional(pool)
        .await?;
    Ok(unread.map(|unread| unread.map_or(0, |since| age_hours(since, at))))
}

/// A product, and what its price goes by.
#[derive(Debug)]
pub(super) struct Candidate {
    pub(super) id: Uuid,
    pub(super) product: Folded<Product>,
    pub(super) inputs: Inputs,
}

async fn current_run(pool: &PgPool, at: DateTime<Utc>) -> Result<Option<CurrentRun>, sqlx::Error> {
    let sql = "SELECT c.run_id, c.slot, r.origin_day, r.finished_at \
               FROM forecast.current c JOIN forecast.runs r ON r.run_id = c.run_id";
    let Some(row) = sqlx::query(sql).fetch_optional(pool).await? else { return Ok(None) };
    let finished_at: Option<DateTime<Utc>> = row.try_get("finished_at")?;
    Ok(Some(CurrentRun {
        run_id: row.try_get("run_id")?,
        slot: row.try_get("slot")?,
        origin_day: row.try_get("origin_day")?,
        age_hours: age_hours(finished_at.unwrap_or_default(), at),
    }))
}

/// The next products of a supplier that are offered and that a rule is about; at most [`CHUNK`].
pub(super) async fn candidates(
    pool: &PgPool,
    supplier_id: Uuid,
    rules: &PriceRules,
    after: Option<Place>,
    known: Known,
    at: DateTime<Utc>,
) -> Result<Vec<Candidate>, sqlx::Error> {
    // Products by products_supplier_category_newest and by their key; then the others, each by a look at its key
    // (LIMIT 1): where Postgres may choose, it reads all of a run for each product while tables have no statistics.
    let sql = "SELECT p.product_id, p.state, p.on_hand, p.allocated, p.stock_lots, p.reoffered_at, \
                      i.index_bps, i.orders, i.computed_at, f.cumulative, f.is_drifting \
               FROM (SELECT * FROM ( \
                         SELECT o.* \
                         FROM unnest($6::text[]) AS c(category) CROSS JOIN LATERAL ( \
                             SELECT product_id, created_at, state, on_hand, allocated, stock_lots, reoffered_at \
                             FROM read.products \
                             WHERE supplier_id = $1 AND category = c.category AND active \
                                 AND (created_at, product_id) < ($2, $3) \
                             ORDER BY created_at DESC, product_id DESC LIMIT $4) o \
                         UNION ALL \
                         SELECT product_id, created_at, state, on_hand, allocated, stock_lots, reoffered_at \
                         FROM read.products \
                         WHERE product_id = ANY($7) AND supplier_id = $1 AND active \
                             AND (created_at, product_id) < ($2, $3) \
                             AND (category = ANY($6)) IS NOT TRUE) ruled \
                     ORDER BY created_at DESC, product_id DESC LIMIT $4) p \
               LEFT JOIN LATERAL ( \
                   SELECT index_bps, orders, computed_at FROM forecast.demand_index \
                   WHERE product_id = p.product_id AND supplier_id = $1 LIMIT 1) i ON true \
               LEFT JOIN LATERAL ( \
                   SELECT cumulative, is_drifting FROM forecast.series \
                   WHERE slot = $5 AND product_id = p.product_id AND restaurant_id IS NULL AND supplier_id = $1 \
                   LIMIT 1) f ON true \
               ORDER BY p.created_at DESC, p.product_id DESC";
    let (before, id) = after.unwrap_or((DateTime::<Utc>::MAX_UTC, Uuid::max()));
    let before = before.min(FAR_AWAY);
    let (categories, own) = scopes(rules);
    let rows = sqlx::query(sql)
        .bind(supplier_id)
        .bind(before)
        .bind(id)
        .bind(CHUNK)
        .bind(known.run.map(|run| run.slot))
        .bind(categories)
        .bind(own)
        .fetch_all(pool)
        .await?;
    rows.iter().map(|row| candidate(row, known, at)).collect()
}

/// The categories and the products that rules are about, each once.
fn scopes(rules: &PriceRules) -> (Vec<&str>, Vec<Uuid>) {
    let (mut categories, mut products) = (BTreeSet::new(), BTreeSet::new());
    for rule in rules.rules.values() {
        match &rule.scope {
            RuleScope::Category(category) => _ = categories.insert(category.as_str()),
            RuleScope::ProductId(product_id) => _ = products.insert(product_id.0),
        }
    }
    (categories.into_iter().collect(), products.into_iter().collect())
}

/// The last time that Postgres and `chrono` agree on: 9999-12-31.
const FAR_AWAY: DateTime<Utc> =
    DateTime::from_timestamp(253_402_214_400, 0).expect("the year 9999 can be written");

fn candidate(row: &PgRow, known: Known, at: DateTime<Utc>) -> Result<Candidate, sqlx::Error> {
    let Json(product): Json<Folded<Product>> = row.try_get("state")?;
    let today = swedish_day(at);
    let reoffered_at: Option<DateTime<Utc>> = row.try_get("reoffered_at")?;
    let offered = swedish_day(reoffered_at.unwrap_or(product.created_at));
    let inputs = Inputs {
        at,
        today,
        standing: product.state.standing(today),
        stock: stock(row)?.sellable(today),
        days_without_order: (today - offered).num_days().max(0),
        orders_behind_hours: known.orders_behind_hours,
        demand: demand_index(row, at)?,
        expected: known.run.map(|run| expected(row, run, today)).transpose()?.flatten(),
    };
    Ok(Candidate { id: row.try_get("product_id")?, product, inputs })
}

fn stock(row: &PgRow) -> Result<Stock, sqlx::Error> {
    let lots: Option<Json<Vec<Lot>>> = row.try_get("stock_lots")?;
    Ok(Stock {
        on_hand: Quantity(row.try_get("on_hand")?),
        allocated: Quantity(row.try_get("allocated")?),
        lots: lots.map(|lots| lots.0).unwrap_or_default(),
    })
}

fn demand_index(row: &PgRow, at: DateTime<Utc>) -> Result<Option<DemandIndex>, sqlx::Error> {
    let (index_bps, orders): (Option<i32>, Option<i32>) = (row.try_get("index_bps")?, row.try_get("orders")?);
    let computed_at: Option<DateTime<Utc>> = row.try_get("computed_at")?;
    let known = index_bps.zip(orders).zip(computed_at);
    Ok(known.map(|((index_bps, orders), computed_at)| DemandIndex {
        index_bps: index_bps.into(),
        orders: orders.into(),
        age_hours: age_hours(computed_at, at),
    }))
}

/// The median's sums from today on: those from the first day forecast, less what lies before today.
fn expected(row: &PgRow, run: CurrentRun, today: NaiveDate) -> Result<Option<Expected>, sqlx::Error> {
    let cumulative: Option<Vec<i64>> = row.try_get("cumulative")?;
    let is_drifting: Option<bool> = row.try_get("is_drifting")?;
    let Some((cumulative, is_drifting)) = cumulative.zip(is_drifting) else { return Ok(None) };
    let gone = usize::try_from((today - run.origin_day).num_days()).unwrap_or(0);
    let place = forecasting::LEVELS.iter().position(|level| (level - 0.5).abs() < f64::EPSILON);
    let median = place.and_then(|place| cumulative.get(place * HORIZON..(place + 1) * HORIZON));
    let Some(median) = median else { return Ok(None) };
    let before = gone.checked_sub(1).map_or(Some(0), |last| median.get(last).copied());
    let Some(before) = before else { return Ok(None) };
    let sums = median.iter().skip(gone).map(|sum| (sum - before).max(0)).collect();
    Ok(Some(Expected { run_id: run.run_id, age_hours: run.age_hours, is_drifting, sums }))
}

/// Puts in since when nobody ordered, for products that a rule asks it of.
pub(super) async fn note_last_orders(
    pool: &PgPool,
    supplier_id: Uuid,
    candidates: &mut [&mut Candidate],
) -> Result<(), sqlx::Error> {
    let Some(today) = candidates.first().map(|candidate| candidate.inputs.today) else { return Ok(()) };
    let ids: Vec<Uuid> = candidates.iter().map(|candidate| candidate.id).collect();
    // By months_of_supplier, a look for each product: as a join, Postgres read every month of every product while the
    // table had no statistics, 0.3 s for a thousand of a hundred thousand.
    let sql = "SELECT p.product_id, ( \
                   SELECT max(m.month + (d.place - 1)::integer) \
                   FROM demand.months m CROSS JOIN LATERAL unnest(m.wanted) WITH ORDINALITY AS d(wanted, place) \
                   WHERE m.supplier_id = $1 AND m.product_id = p.product_id AND m.month >= $3 AND d.wanted > 0) \
               FROM unnest($2::uuid[]) AS p(product_id)";
    let since = today.checked_sub_days(LOOK_BACK).unwrap_or(today);
    let rows: Vec<(Uuid, Option<NaiveDate>)> =
        sqlx::query_as(sql).bind(supplier_id).bind(ids).bind(since).fetch_all(pool).await?;
    let last: HashMap<Uuid, NaiveDate> = rows.into_iter().filter_map(|(id, day)| Some((id, day?))).collect();
    for candidate in candidates {
        if let Some(day) = last.get(&candidate.id) {
            // What is wanted for a day to come is wanted now. What nobody could order in between does not count.
            let days = (today - *day).num_days().max(0);
            candidate.inputs.days_without_order = candidate.inputs.days_without_order.min(days);
        }
    }
    Ok(())
}

fn age_hours(then: DateTime<Utc>, at: DateTime<Utc>) -> i64 {
    (at - then).num_hours().max(0)
}
