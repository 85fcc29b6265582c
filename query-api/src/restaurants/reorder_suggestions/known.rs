//! What suggestions are made from, in a fixed number of statements, each bounded and by a key.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Days, NaiveDate, Utc};
use events::{
    fold::Folded,
    order::Order,
    product::Product,
    supplier::Supplier,
    trade_relation::{TradeRelation, relation_id},
    values::swedish_day,
};
use sqlx::{FromRow, types::Json};
use uuid::Uuid;

use crate::{
    access::Viewer,
    failure::ReadFailure,
    freshness::{ReadModel, Seen, checkpoint, names},
    sight::Sight,
};

/// What the answer waits for. Demand and forecasts are a night old by their nature and say themselves how old.
pub(super) const MODELS: [ReadModel; 6] = [
    ReadModel::Restaurants,
    ReadModel::Suppliers,
    ReadModel::Catalogue,
    ReadModel::Orders,
    ReadModel::TradeRelations,
    ReadModel::Inventory,
];
/// So many orders make the standing items, and tell what came lately.
const ORDERS_RECENT: i64 = 60;
/// Orders under way beyond these are looked at by nobody; of each of two states.
const ORDERS_OPEN_MAX: usize = 200;
/// Products with a forecast at one restaurant.
const SERIES_MAX: usize = 2_000;
/// How far back it is looked whether something is still bought.
const DAYS_BACK: u64 = 200;

/// All that is known of a restaurant at one moment.
pub(super) struct Known {
    pub(super) run: Option<Run>,
    pub(super) series: Vec<Series>,
    /// There are more series, or more orders under way, than are looked at.
    pub(super) is_cut: bool,
    pub(super) products: BTreeMap<Uuid, Product>,
    pub(super) suppliers: BTreeMap<Uuid, Supplier>,
    /// Newest first: the latest, and whatever is under way.
    pub(super) orders: Vec<Order>,
    /// How many of `orders`, from the first, are the latest.
    pub(super) recent: usize,
    /// Days that a product was ordered for, rising.
    pub(super) ordered_on: BTreeMap<Uuid, Vec<NaiveDate>>,
    /// Thousandths, and when they were counted.
    pub(super) counts: BTreeMap<Uuid, (i64, DateTime<Utc>)>,
    /// By supplier.
    pub(super) relations: BTreeMap<Uuid, TradeRelation>,
}

impl Known {
    /// From when on all that came is known; `None` for from the beginning.
    pub(super) fn arrivals_since(&self) -> Option<DateTime<Utc>> {
        let is_cut = i64::try_from(self.recent).is_ok_and(|recent| recent >= ORDERS_RECENT);
        self.orders[..self.recent].last().filter(|_| is_cut).map(|order| order.placed_at)
    }
}

/// The run that is shown.
#[derive(FromRow)]
pub(super) struct Run {
    #[sqlx(rename = "run_id")]
    pub(super) id: Uuid,
    pub(super) slot: i16,
    pub(super) origin_day: NaiveDate,
    pub(super) finished_at: DateTime<Utc>,
    pub(super) input_position: i64,
    pub(super) engine_version: String,
}

/// A row of `forecast.series`; quantities in thousandths, as the table's comments have them.
#[derive(FromRow)]
pub(super) struct Series {
    pub(super) supplier_id: Uuid,
    pub(super) product_id: Uuid,
    pub(super) class: String,
    pub(super) mean: Vec<i64>,
    pub(super) cumulative: Vec<i64>,
}

/// `None` where the viewer may not see what the restaurant buys.
pub(super) async fn known(
    sight: &Sight,
    viewer: &Viewer,
    (restaurant_id, supplier_id): (Uuid, Option<Uuid>),
    now: DateTime<Utc>,
) -> Result<Seen<Option<Known>>, ReadFailure> {
    let Seen { position, value: exists } = exists(sight, restaurant_id).await?;
    if !exists || !viewer.sees_cart_of(restaurant_id) {
        return Ok(Seen { position, value: None });
    }
    let run = run(sight).await?;
    let mut series = match &run {
        Some(run) => series(sight, run.slot, restaurant_id, supplier_id).await?,
        None => Vec::new(),
    };
    let is_series_cut = series.len() > SERIES_MAX;
    series.truncate(SERIES_MAX);
    let Orders { newest_first: orders, recent, is_cut } = orders(sight, restaurant_id).await?;
    let ordered = orders.iter().flat_map(|order| &order.lines).map(|line| line.ordered.product_id.0);
    let product_ids: BTreeSet<Uuid> = series.iter().map(|series| series.product_id).chain(ordered).collect();
    let products = products(sight, product_ids.into_iter().collect()).await?;
    let supplier_ids: BTreeSet<Uuid> = products.values().map(|product| product.supplier_id.0).collect();
    let supplier_ids: Vec<Uuid> = supplier_ids.into_iter().collect();
    let known = Known {
        suppliers: suppliers(sight, &supplier_ids).await?,
        relations: relations(sight, restaurant_id, &supplier_ids).await?,
        ordered_on: ordered_on(sight, restaurant_id, swedish_day(now)).await?,
        counts: counts(sight, restaurant_id).await?,
        run,
        series,
        is_cut: is_series_cut || is_cut,
        products,
        orders,
        recent,
    };
    Ok(Seen { position, value: Some(known) })
}

/// Security: whose suggestions they are is asked of the database as well, by the caller that its transaction knows.
async fn exists(sight: &Sight, restaurant_id: Uuid) -> Result<Seen<bool>, ReadFailure> {
    let sql = concat!(
        "SELECT c.position, r.restaurant_id IS NOT NULL FROM ",
        checkpoint!(),
        " c LEFT JOIN read.restaurants r ON r.restaurant_id = $2
            AND ((SELECT sight.sees_all()) OR r.restaurant_id = ANY((SELECT sight.works_for())::uuid[]))"
    );
    let (position, value) = sqlx::query_as(sql)
        .bind(names(&MODELS))
        .bind(restaurant_id)
        .fetch_one(&mut *sight.connection().await)
        .await?;
    Ok(Seen { position, value })
}

async fn run(sight: &Sight) -> Result<Option<Run>, ReadFailure> {
    let sql = "SELECT r.run_id, c.slot, r.origin_day, r.finished_at, r.input_position, r.engine_version
               FROM forecast.current c JOIN forecast.runs r ON r.run_id = c.run_id
               WHERE r.finished_at IS NOT NULL";
    Ok(sqlx::query_as(sql).fetch_optional(&mut *sight.connection().await).await?)
}

/// By the index `series_of_restaurant`; one more than are looked at, to know that there is more.
async fn series(
    sight: &Sight,
    slot: i16,
    restaurant_id: Uuid,
    supplier_id: Option<Uuid>,
) -> Result<Vec<Series>, ReadFailure> {
    let sql = "SELECT supplier_id, product_id, class, mean, cumulative FROM forecast.series
               WHERE slot = $1 AND restaurant_id = $2 AND ($3::uuid IS NULL OR supplier_id = $3)
               ORDER BY product_id LIMIT $4";
    let query =
        sqlx::query_as(sql).bind(slot).bind(restaurant_id).bind(supplier_id).bind(one_more(SERIES_MAX));
    Ok(query.fetch_all(&mut *sight.connection().await).await?)
}

/// What [`Known`] says of orders.
struct Orders {
    newest_first: Vec<Order>,
    recent: usize,
    is_cut: bool,
}

fn one_more(rows: usize) -> i64 {
    i64::try_from(rows + 1).expect("a few thousand")
}

/// By the indexes `orders_restaurant_newest` and `orders_restaurant_status_newest`; of each state one more than are
/// looked at, to know that there is more.
async fn orders(sight: &Sight, restaurant_id: Uuid) -> Result<Orders, ReadFailure> {
    let sql = "(SELECT order_id, 'recent', state FROM read.orders WHERE restaurant_id = $1
                ORDER BY placed_at DESC, order_id DESC LIMIT $2)
               UNION ALL
               (SELECT order_id, 'placed', state FROM read.orders WHERE restaurant_id = $1 AND status = 'placed'
                ORDER BY placed_at DESC, order_id DESC LIMIT $3)
               UNION ALL
               (SELECT order_id, 'confirmed', state FROM read.orders WHERE restaurant_id = $1 AND status = 'confirmed'
                ORDER BY placed_at DESC, order_id DESC LIMIT $3)";
    let mut rows: Vec<(Uuid, String, Json<Folded<Order>>)> = sqlx::query_as(sql)
        .bind(restaurant_id)
        .bind(ORDERS_RECENT)
        .bind(one_more(ORDERS_OPEN_MAX))
        .fetch_all(&mut *sight.connection().await)
        .await?;
    let mut is_cut = false;
    for state in ["placed", "confirmed"] {
        let mut of_state = 0;
        rows.retain(|(_, found, _)| {
            of_state += usize::from(found == state);
            found != state || of_state <= ORDERS_OPEN_MAX
        });
        is_cut |= of_state > ORDERS_OPEN_MAX;
    }
    let recent = rows.iter().filter(|(_, found, _)| found == "recent").count();
    let mut met = BTreeSet::new();
    let fresh = rows.into_iter().filter(|(id, _, _)| met.insert(*id));
    Ok(Orders { newest_first: fresh.map(|(_, _, order)| order.0.state).collect(), recent, is_cut })
}

async fn products(sight: &Sight, ids: Vec<Uuid>) -> Result<BTreeMap<Uuid, Product>, ReadFailure> {
    let sql = "SELECT product_id, state FROM read.products WHERE product_id = ANY($1)";
    let rows: Vec<(Uuid, Json<Folded<Product>>)> =
        sqlx::query_as(sql).bind(ids).fetch_all(&mut *sight.connection().await).await?;
    Ok(rows.into_iter().map(|(id, product)| (id, product.0.state)).collect())
}

async fn suppliers(sight: &Sight, ids: &[Uuid]) -> Result<BTreeMap<Uuid, Supplier>, ReadFailure> {
    let sql = "SELECT supplier_id, state FROM read.suppliers WHERE supplier_id = ANY($1)";
    let rows: Vec<(Uuid, Json<Folded<Supplier>>)> =
        sqlx::query_as(sql).bind(ids).fetch_all(&mut *sight.connection().await).await?;
    Ok(rows.into_iter().map(|(id, supplier)| (id, supplier.0.state)).collect())
}

async fn relations(
    sight: &Sight,
    restaurant_id: Uuid,
    supplier_ids: &[Uuid],
) -> Result<BTreeMap<Uuid, TradeRelation>, ReadFailure> {
    let by_relation: BTreeMap<Uuid, Uuid> =
        supplier_ids.iter().map(|id| (relation_id((*id).into(), restaurant_id.into()), *id)).collect();
    let sql = "SELECT relation_id, state FROM read.trade_relations WHERE relation_id = ANY($1)";
    let ids: Vec<Uuid> = by_relation.keys().copied().collect();
    let rows: Vec<(Uuid, Json<Folded<TradeRelation>>)> =
        sqlx::query_as(sql).bind(ids).fetch_all(&mut *sight.connection().await).await?;
    let by_supplier = |(id, relation): (Uuid, Json<Folded<TradeRelation>>)| {
        Some((*by_relation.get(&id)?, relation.0.state))
    };
    Ok(rows.into_iter().filter_map(by_supplier).collect())
}

/// By the table's key.
async fn counts(
    sight: &Sight,
    restaurant_id: Uuid,
) -> Result<BTreeMap<Uuid, (i64, DateTime<Utc>)>, ReadFailure> {
    let sql = "SELECT product_id, quantity, counted_at FROM read.inventory WHERE restaurant_id = $1";
    let rows: Vec<(Uuid, i64, DateTime<Utc>)> =
        sqlx::query_as(sql).bind(restaurant_id).fetch_all(&mut *sight.connection().await).await?;
    Ok(rows.into_iter().map(|(id, quantity, counted_at)| (id, (quantity, counted_at))).collect())
}

/// By the index `months_of_restaurant`.
async fn ordered_on(
    sight: &Sight,
    restaurant_id: Uuid,
    today: NaiveDate,
) -> Result<BTreeMap<Uuid, Vec<NaiveDate>>, ReadFailure> {
    let sql = "SELECT product_id, month, wanted FROM demand.months
               WHERE restaurant_id = $1 AND month >= $2 ORDER BY product_id, month";
    let since = today.checked_sub_days(Days::new(DAYS_BACK)).unwrap_or(today);
    let rows: Vec<(Uuid, NaiveDate, Vec<i64>)> =
        sqlx::query_as(sql).bind(restaurant_id).bind(since).fetch_all(&mut *sight.connection().await).await?;
    let mut days = BTreeMap::<Uuid, Vec<NaiveDate>>::new();
    for (product_id, month, wanted) in rows {
        let of_month = month.iter_days().zip(&wanted).filter(|(_, wanted)| **wanted > 0);
        days.entry(product_id).or_default().extend(of_month.map(|(day, _)| day));
    }
    Ok(days)
}
