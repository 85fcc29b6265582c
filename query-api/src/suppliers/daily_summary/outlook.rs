//! What is expected of a supplier's products, against what there is of them.

use chrono::{DateTime, Days, NaiveDate, Utc};
use events::values::{ProductId, Quantity, decimal, swedish_day};
use forecasting::HORIZON_DAYS;
use serde::Serialize;
use sqlx::FromRow;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    failure::ReadFailure,
    forecasts::{ForecastRunResource, Run, place_of, sentence},
    sight::Sight,
};

/// Products that are told of.
pub(super) const PRODUCTS_MAX: usize = 200;
/// How far ahead demand is summed up.
const DAYS: usize = 7;
/// For suppliers that do not say how long they take: the day that it is ordered, and the next.
const LEAD_DAYS_DEFAULT: u8 = 2;

/// What is expected, and whether there is enough of it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Outlook {
    /// The run that it is of.
    run: ForecastRunResource,
    /// The run is older than 36 hours, or begins before yesterday: a night was missed.
    pub(super) stale: bool,
    /// First of the days that are summed up: today, unless the forecast begins later.
    pub(super) from: NaiveDate,
    /// Last of them.
    pub(super) to: NaiveDate,
    /// Days that stock has to last until more can come: the supplier's own lead time, else 2.
    pub(super) lead_days: usize,
    /// How many products fall short.
    pub(super) short_products: usize,
    /// Those that fall short first, then those that most is expected of; 200 at most.
    pub(super) products: Vec<ExpectedProduct>,
    /// How forecasts of the supplier's totals have done.
    pub(super) quality: ForecastQuality,
}

/// A product, what is expected of it and what there is.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ExpectedProduct {
    /// The product.
    pub(super) product_id: ProductId,
    /// What it is called.
    pub(super) name: String,
    /// UN/ECE code of the unit.
    #[schema(example = "KGM")]
    pub(super) unit: String,
    /// Wanted over those days with a probability of one half, at most.
    #[serde(with = "decimal")]
    #[schema(value_type = String, example = "120")]
    pub(super) expected_qty: Quantity,
    /// The same with a probability of 90 %.
    #[serde(with = "decimal")]
    #[schema(value_type = String, example = "164.5")]
    pub(super) high_qty: Quantity,
    /// In stock.
    #[serde(with = "decimal")]
    #[schema(value_type = String, example = "80")]
    pub(super) on_hand_qty: Quantity,
    /// Of that, promised to orders.
    #[serde(with = "decimal")]
    #[schema(value_type = String, example = "30")]
    pub(super) promised_qty: Quantity,
    /// What is left of it.
    #[serde(with = "decimal")]
    #[schema(value_type = String, example = "50")]
    pub(super) available_qty: Quantity,
    /// Wanted over the lead time with a probability of 90 %, at most.
    #[serde(with = "decimal")]
    #[schema(value_type = String, example = "62")]
    pub(super) lead_time_qty: Quantity,
    /// What stock lacks of it; 0 where there is enough. What is promised is part of what is expected, so it is held
    /// against all of the stock.
    #[serde(with = "decimal")]
    #[schema(value_type = String, example = "0")]
    pub(super) short_qty: Quantity,
    /// Demand of the last week against what was expected of it: 1 is as expected. Null where it is not known.
    #[schema(example = 1.08)]
    pub(super) demand_index: Option<f64>,
    /// What comes has left what is expected for some time.
    pub(super) drifting: bool,
}

/// How forecasts have done, over all products of the supplier.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ForecastQuality {
    /// Products with a forecast.
    products: i64,
    /// Of those, drifting.
    pub(super) drifting: i64,
    /// Days of all of them that forecasts were tried on.
    days: i64,
    /// Of those, inside of the band of 95 %.
    inside: i64,
    /// The same in words.
    #[schema(example = "of the last 560 days, 531 lay inside the band")]
    pub(super) sentence: String,
}

#[derive(FromRow)]
struct Row {
    product_id: Uuid,
    name: Option<String>,
    unit: Option<String>,
    expected: i64,
    high: i64,
    lead_time: i64,
    on_hand: i64,
    allocated: i64,
    index_bps: Option<i32>,
    is_drifting: bool,
}

#[derive(FromRow)]
struct Sums {
    products: i64,
    drifting: i64,
    days: i64,
    inside: i64,
    short: i64,
}

/// Of the run that is shown, and whether there are more products; `None` before the first one.
pub(super) async fn outlook(
    sight: &Sight,
    supplier_id: Uuid,
    lead_days: Option<u8>,
    now: DateTime<Utc>,
) -> Result<Option<(Outlook, bool)>, ReadFailure> {
    let Some(Shown { run, slot }) = shown_run(sight).await? else { return Ok(None) };
    let passed = passed(run.origin_day, swedish_day(now));
    let lasting = HORIZON_DAYS - passed;
    let lead_days = usize::from(lead_days.unwrap_or(LEAD_DAYS_DEFAULT)).clamp(1, lasting);
    let days = DAYS.min(lasting);
    let window = Window { slot, passed, days, lead_days };
    let sums = sums(sight, supplier_id, window).await?;
    let mut rows = rows(sight, supplier_id, window).await?;
    let is_cut = rows.len() > PRODUCTS_MAX;
    rows.truncate(PRODUCTS_MAX);
    let outlook = Outlook {
        stale: run.is_stale(now),
        from: run.origin_day + Days::new(passed as u64),
        to: run.origin_day + Days::new((passed + days) as u64 - 1),
        run: ForecastRunResource::of(&run),
        lead_days,
        short_products: usize::try_from(sums.short).unwrap_or(0),
        products: rows.into_iter().map(ExpectedProduct::of).collect(),
        quality: ForecastQuality {
            products: sums.products,
            drifting: sums.drifting,
            days: sums.days,
            inside: sums.inside,
            sentence: sentence(sums.days, sums.inside),
        },
    };
    Ok(Some((outlook, is_cut)))
}

/// The run that is shown, and its half of `forecast.series`: read once, for the next one may be shown meanwhile.
#[derive(FromRow)]
struct Shown {
    #[sqlx(flatten)]
    run: Run,
    slot: i16,
}

/// Which days of a run are summed up.
#[derive(Clone, Copy)]
struct Window {
    slot: i16,
    /// Days of the run that are over.
    passed: usize,
    /// Days from today on.
    days: usize,
    /// The same for the lead time.
    lead_days: usize,
}

impl Window {
    /// Where the sum up to that many days from today stands.
    fn place(self, level: f64, days: usize) -> i32 {
        place_of(level, self.passed + days)
    }

    fn passed(self) -> i32 {
        i32::try_from(self.passed).expect("two weeks at most")
    }
}

/// Days of the run that are over; one day is always left to speak of, stale as it is.
fn passed(origin_day: NaiveDate, today: NaiveDate) -> usize {
    usize::try_from((today - origin_day).num_days()).unwrap_or(0).min(HORIZON_DAYS - 1)
}

async fn shown_run(sight: &Sight) -> Result<Option<Shown>, ReadFailure> {
    let sql = "SELECT f.slot, r.run_id, r.origin_day, r.input_position, r.engine_version,
                      COALESCE(r.finished_at, r.started_at) AS computed_at
               FROM forecast.current f JOIN forecast.runs r ON r.run_id = f.run_id";
    Ok(sqlx::query_as(sql).fetch_optional(&mut *sight.connection().await).await?)
}

/// Reads the supplier's totals once, by index `series_of_supplier`, and each product by its key: what falls short is
/// known of all of them before any is left out.
///
/// Of a sum that begins today, the run knows the one that began on its first day: what was expected of the days that
/// passed is taken off, as it is where suggestions are made.
async fn rows(sight: &Sight, supplier_id: Uuid, window: Window) -> Result<Vec<Row>, ReadFailure> {
    let sql = "SELECT s.product_id, n.state #>> '{state,details,name}' AS name,
                n.state #>> '{state,details,unit}' AS unit,
                GREATEST(COALESCE(s.cumulative[$2], 0) - o.over, 0) AS expected,
                GREATEST(COALESCE(s.cumulative[$3], 0) - o.over, 0) AS high,
                GREATEST(COALESCE(s.cumulative[$4], 0) - o.over, 0) AS lead_time, n.on_hand, n.allocated,
                i.index_bps, s.is_drifting
         FROM forecast.series s
         CROSS JOIN LATERAL (SELECT COALESCE(sum(mean), 0)::bigint AS over FROM unnest(s.mean[1:$6]) AS mean) o
         JOIN read.products n ON n.product_id = s.product_id
         LEFT JOIN forecast.demand_index i ON i.product_id = s.product_id
         WHERE s.slot = $7 AND s.supplier_id = $1 AND s.restaurant_id IS NULL
         -- What is promised is part of what is expected: held against all of the stock.
         ORDER BY COALESCE(s.cumulative[$4], 0) - o.over > n.on_hand DESC, expected DESC, s.product_id
         LIMIT $5";
    // One more than is told, to know that there is more.
    let rows_max = i64::try_from(PRODUCTS_MAX + 1).expect("a few hundred");
    let query = sqlx::query_as(sql).bind(supplier_id).bind(window.place(0.5, window.days));
    let query = query.bind(window.place(0.9, window.days)).bind(window.place(0.9, window.lead_days));
    let query = query.bind(rows_max).bind(window.passed()).bind(window.slot);
    Ok(query.fetch_all(&mut *sight.connection().await).await?)
}

async fn sums(sight: &Sight, supplier_id: Uuid, window: Window) -> Result<Sums, ReadFailure> {
    let sql = "SELECT count(*) AS products, count(*) FILTER (WHERE s.is_drifting) AS drifting,
                COALESCE(sum(s.backtest_days), 0)::bigint AS days,
                COALESCE(sum(s.backtest_inside), 0)::bigint AS inside,
                count(*) FILTER (WHERE GREATEST(s.cumulative[$2] - o.over, 0) > n.on_hand) AS short
         FROM forecast.series s
         CROSS JOIN LATERAL (SELECT COALESCE(sum(mean), 0)::bigint AS over FROM unnest(s.mean[1:$3]) AS mean) o
         JOIN read.products n ON n.product_id = s.product_id
         WHERE s.slot = $4 AND s.supplier_id = $1 AND s.restaurant_id IS NULL";
    let query = sqlx::query_as(sql).bind(supplier_id).bind(window.place(0.9, window.lead_days));
    let query = query.bind(window.passed()).bind(window.slot);
    Ok(query.fetch_one(&mut *sight.connection().await).await?)
}

impl ExpectedProduct {
    fn of(row: Row) -> Self {
        let available = row.on_hand - row.allocated;
        Self {
            product_id: row.product_id.into(),
            name: row.name.unwrap_or_default(),
            unit: row.unit.unwrap_or_default(),
            expected_qty: Quantity(row.expected),
            high_qty: Quantity(row.high),
            on_hand_qty: Quantity(row.on_hand),
            promised_qty: Quantity(row.allocated),
            available_qty: Quantity(available),
            lead_time_qty: Quantity(row.lead_time),
            short_qty: Quantity((row.lead_time - row.on_hand).max(0)),
            demand_index: row.index_bps.map(|bps| f64::from(bps) / 10_000.0),
            drifting: row.is_drifting,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(on_hand: i64, allocated: i64) -> Row {
        Row {
            product_id: Uuid::nil(),
            name: None,
            unit: None,
            expected: 120_000,
            high: 164_500,
            lead_time: 62_000,
            on_hand,
            allocated,
            index_bps: None,
            is_drifting: false,
        }
    }

    #[test]
    fn what_is_promised_is_part_of_what_is_expected() {
        let product = ExpectedProduct::of(row(80_000, 30_000));
        assert_eq!((product.available_qty, product.short_qty), (Quantity::units(50), Quantity::units(0)));
        assert_eq!(ExpectedProduct::of(row(50_000, 30_000)).short_qty, Quantity::units(12));
    }

    #[test]
    fn days_that_are_over_are_taken_off_and_one_is_left() {
        let day = |text: &str| text.parse::<NaiveDate>().unwrap();
        assert_eq!(passed(day("2026-11-20"), day("2026-11-20")), 0);
        assert_eq!(passed(day("2026-11-20"), day("2026-11-22")), 2);
        assert_eq!(passed(day("2026-11-20"), day("2026-11-19")), 0);
        assert_eq!(passed(day("2026-11-20"), day("2027-01-01")), HORIZON_DAYS - 1);
    }
}
