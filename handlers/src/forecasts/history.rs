//! What was wanted, read in the order of its key: supplier by supplier, product by product.

use std::collections::VecDeque;

use chrono::{Datelike as _, Days, NaiveDate};
use forecasting::cycle::Cycle;
use sqlx::{PgConnection, Row, postgres::PgRow};
use uuid::Uuid;

use super::cycles::{Cycles, read_cycles};

/// How far back days are taken into account: two years, in whole weeks.
const DAYS: usize = 104 * 7;
/// What nobody wanted for this long is no longer forecast.
const FORGOTTEN_AFTER_DAYS: i64 = 52 * 7;
/// A supplier's series that learn from each other, about. Cut at products, and anew at each supplier: what is forecast
/// for one depends on nothing of another, not even on how much there is of it.
const PART_SERIES: usize = 2_000;
/// Rows of a page.
const PAGE_ROWS: i64 = 20_000;
/// Of a day on which this share of what was wanted came short at some restaurants, all that was wanted is not known.
const CENSORED_SHARE: f64 = 0.2;

/// Days of one product, at one restaurant or at all.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Series {
    /// `None`: all restaurants together.
    pub(super) restaurant_id: Option<Uuid>,
    /// The first day that anything was wanted on.
    pub(super) first: NaiveDate,
    /// Thousandths, from then to the day before the origin; NaN where it is not known. At a restaurant what was used,
    /// at all of them what was delivered.
    pub(super) values: Vec<f64>,
    /// What was delivered, where that is not the same.
    pub(super) delivered: Option<Vec<f64>>,
    /// For how many days what comes on a Monday, Tuesday … is.
    pub(super) cycle: Cycle,
}

/// A product.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Product {
    pub(super) product_id: Uuid,
    /// By restaurant; the last is of all of them.
    pub(super) series: Vec<Series>,
}

/// Products of one supplier.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Part {
    pub(super) supplier_id: Uuid,
    pub(super) products: Vec<Product>,
    /// The last product that was looked at, forecast or not.
    last: Uuid,
}

/// A row of `demand.months`.
struct Month {
    supplier_id: Uuid,
    product_id: Uuid,
    restaurant_id: Uuid,
    first_day: NaiveDate,
    wanted: Vec<i64>,
    censored: i32,
}

/// Reads on through one snapshot.
pub(super) struct Reader {
    origin: NaiveDate,
    /// The first day that counts.
    from: NaiveDate,
    /// The key of the last row read: supplier, product, restaurant, month.
    after: (Uuid, Uuid, Uuid, NaiveDate),
    page: VecDeque<Month>,
    is_read: bool,
    /// Of the supplier that is read.
    cycles: Cycles,
}

impl Part {
    pub(super) fn series(&self) -> usize {
        self.products.iter().map(|product| product.series.len()).sum()
    }

    /// Where it ends: all up to here has been looked at.
    pub(super) fn end(&self) -> (Uuid, Uuid) {
        (self.supplier_id, self.last)
    }
}

impl Reader {
    /// Begins after that supplier's product.
    pub(super) fn new(origin: NaiveDate, after: Option<(Uuid, Uuid)>) -> Self {
        // No id is larger than this one, so it stands behind all restaurants of the product.
        let (supplier, product, restaurant) = match after {
            Some((supplier, product)) => (supplier, product, Uuid::max()),
            None => (Uuid::nil(), Uuid::nil(), Uuid::nil()),
        };
        let from = origin - Days::new(DAYS as u64);
        Self {
            origin,
            from,
            after: (supplier, product, restaurant, NaiveDate::MAX.with_day(1).expect("a first")),
            page: VecDeque::new(),
            is_read: false,
            cycles: Cycles::default(),
        }
    }

    /// The next products of one supplier; `None` at the end.
    pub(super) async fn next_part(
        &mut self,
        snapshot: &mut PgConnection,
    ) -> Result<Option<Part>, sqlx::Error> {
        let mut part: Option<Part> = None;
        let mut series = 0;
        while series < PART_SERIES {
            let Some((supplier_id, product_id)) = self.upcoming(snapshot).await? else { break };
            if part.as_ref().is_some_and(|part| part.supplier_id != supplier_id) {
                break;
            }
            if self.cycles.supplier_id != supplier_id {
                self.cycles = read_cycles(snapshot, supplier_id, self.origin).await?;
            }
            let months = self.months_of(product_id, snapshot).await?;
            let part =
                part.get_or_insert_with(|| Part { supplier_id, products: Vec::new(), last: product_id });
            part.last = product_id;
            if let Some(product) = self.product(product_id, &months) {
                series += product.series.len();
                part.products.push(product);
            }
        }
        Ok(part)
    }

    async fn upcoming(&mut self, snapshot: &mut PgConnection) -> Result<Option<(Uuid, Uuid)>, sqlx::Error> {
        if self.page.is_empty() && !self.is_read {
            self.read_page(snapshot).await?;
        }
        Ok(self.page.front().map(|month| (month.supplier_id, month.product_id)))
    }

    /// All rows of the product that is upcoming.
    async fn months_of(
        &mut self,
        product_id: Uuid,
        snapshot: &mut PgConnection,
    ) -> Result<Vec<Month>, sqlx::Error> {
        let mut months = Vec::new();
        while self.upcoming(snapshot).await?.is_some_and(|(_, upcoming)| upcoming == product_id) {
            months.extend(self.page.pop_front());
        }
        Ok(months)
    }

    async fn read_page(&mut self, snapshot: &mut PgConnection) -> Result<(), sqlx::Error> {
        let (supplier, product, restaurant, month) = self.after;
        // The index months_of_supplier gives them in this order, from that key on.
        // A page's length in the text: not knowing it, the planner might sort all there is.
        let sql = format!(
            "SELECT supplier_id, product_id, restaurant_id, month, wanted, censored FROM demand.months \
             WHERE (supplier_id, product_id, restaurant_id, month) > ($1, $2, $3, $4) \
               AND month >= $5 AND month < $6 \
             ORDER BY supplier_id, product_id, restaurant_id, month LIMIT {PAGE_ROWS}"
        );
        let key = sqlx::query(&sql).bind(supplier).bind(product).bind(restaurant).bind(month.min(LAST_MONTH));
        let rows = key.bind(first_of_month(self.from)).bind(self.origin).fetch_all(snapshot).await?;
        self.is_read = i64::try_from(rows.len()).unwrap_or(i64::MAX) < PAGE_ROWS;
        for row in &rows {
            self.page.push_back(Month::of(row)?);
        }
        if let Some(last) = self.page.back() {
            self.after = (last.supplier_id, last.product_id, last.restaurant_id, last.first_day);
        }
        Ok(())
    }

    /// `None` where nobody wants it any more.
    fn product(&self, product_id: Uuid, months: &[Month]) -> Option<Product> {
        let mut total = Total::new(DAYS);
        let mut series = Vec::new();
        for of_restaurant in months.chunk_by(|one, next| one.restaurant_id == next.restaurant_id) {
            let mut values = vec![0.0; DAYS];
            for month in of_restaurant {
                self.place(month, &mut values, &mut total);
            }
            let restaurant_id = of_restaurant[0].restaurant_id;
            let cycle = self.cycles.of(restaurant_id);
            series.extend(self.series(Some(restaurant_id), values).map(|delivered| used(delivered, cycle)));
        }
        // What a supplier has to deliver, it has to deliver on the day.
        series.extend(self.series(None, total.into_values()));
        (!series.is_empty()).then_some(Product { product_id, series })
    }

    fn place(&self, month: &Month, values: &mut [f64], total: &mut Total) {
        for (day, wanted) in (0_u32..).zip(&month.wanted) {
            let date = month.first_day + Days::new(day.into());
            if date < self.from || date >= self.origin || date.month() != month.first_day.month() {
                continue;
            }
            let Ok(place) = usize::try_from((date - self.from).num_days()) else { continue };
            let is_censored = month.censored & (1 << day) != 0;
            #[expect(clippy::cast_precision_loss, reason = "nobody orders 2^53 thousandths a day")]
            let wanted = (*wanted).max(0) as f64;
            values[place] = if is_censored { f64::NAN } else { wanted };
            total.add(place, wanted, is_censored);
        }
    }

    /// From the first day with demand; `None` where there is none, or none any more.
    fn series(&self, restaurant_id: Option<Uuid>, mut values: Vec<f64>) -> Option<Series> {
        let is_wanted = |value: &f64| value.is_nan() || *value > 0.0;
        let first = values.iter().position(is_wanted)?;
        let last = values.iter().rposition(is_wanted)?;
        let still = i64::try_from(values.len() - last).unwrap_or(i64::MAX);
        if still > FORGOTTEN_AFTER_DAYS {
            return None;
        }
        values.drain(..first);
        Some(Series {
            restaurant_id,
            first: self.from + Days::new(first as u64),
            values,
            delivered: None,
            cycle: Cycle::Daily,
        })
    }
}

/// What is forecast for a restaurant is what it uses: what came, over the days that it is for.
fn used(delivered: Series, cycle: Cycle) -> Series {
    if cycle == Cycle::Daily {
        return delivered;
    }
    let values = cycle.spread(delivered.first, &delivered.values);
    Series { values, delivered: Some(delivered.values), cycle, ..delivered }
}

/// Nothing is later; a date that the database has as well.
const LAST_MONTH: NaiveDate = NaiveDate::from_ymd_opt(9999, 12, 1).expect("a date");

fn first_of_month(day: NaiveDate) -> NaiveDate {
    day.with_day(1).expect("every month has a first")
}

impl Month {
    fn of(row: &PgRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            supplier_id: row.try_get("supplier_id")?,
            product_id: row.try_get("product_id")?,
            restaurant_id: row.try_get("restaurant_id")?,
            first_day: row.try_get("month")?,
            wanted: row.try_get("wanted")?,
            censored: row.try_get("censored")?,
        })
    }
}

/// All restaurants together, day by day.
struct Total {
    wanted: Vec<f64>,
    of_censored: Vec<f64>,
}

impl Total {
    fn new(days: usize) -> Self {
        Self { wanted: vec![0.0; days], of_censored: vec![0.0; days] }
    }

    fn add(&mut self, day: usize, wanted: f64, is_censored: bool) {
        self.wanted[day] += wanted;
        if is_censored {
            self.of_censored[day] += wanted;
        }
    }

    /// With many restaurants something comes short somewhere every day: only where it was much is the sum not known.
    fn into_values(self) -> Vec<f64> {
        let days = self.wanted.iter().zip(&self.of_censored);
        days.map(|(&wanted, &short)| if short > wanted * CENSORED_SHARE { f64::NAN } else { wanted })
            .collect()
    }
}
