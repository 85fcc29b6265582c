//! Forecasting what was read. No I/O; the same of the same, on however many cores.

use std::panic::{AssertUnwindSafe, catch_unwind};

use chrono::NaiveDate;
use forecasting::{
    Backtest, Forecast, HORIZON_DAYS, Kind, LEVELS, Pool, Task,
    calendar::{Effects, Observed, learn_effects},
    class::{Class, classify},
    drift::Drift,
    forecast,
    pool::{OBSERVATIONS_MIN, Pooling, cold_start, observations},
};
use rayon::prelude::*;
use uuid::Uuid;

use super::{
    history::{Part, Product, Series},
    scores::{Scores, millionths},
};

/// Days until a series begins anew.
const WEEK: usize = 7;
/// Of so many restaurants that buy a product, those that are new to it are forecast from the others; of fewer, from
/// all that its supplier sells.
const POOL_SERIES_MIN: usize = 5;

/// Days that say how large errors usually are, and the last ones, which are held against them.
const USUAL_DAYS_MIN: usize = 14;

/// What was made of some parts.
#[derive(Debug, Default)]
pub(super) struct Made {
    pub(super) rows: Vec<SeriesRow>,
    /// By supplier; one may be there twice.
    pub(super) scores: Vec<(Uuid, Scores)>,
}

/// A row of `forecast.series`; quantities in thousandths.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct SeriesRow {
    pub(super) supplier_id: Uuid,
    pub(super) product_id: Uuid,
    pub(super) restaurant_id: Option<Uuid>,
    pub(super) class: &'static str,
    pub(super) method: &'static str,
    pub(super) lasts: Vec<i64>,
    pub(super) mean: Vec<i64>,
    pub(super) quantiles: Vec<i64>,
    pub(super) cumulative: Vec<i64>,
    pub(super) backtest_days: i16,
    pub(super) backtest_inside: i16,
    pub(super) backtest_band: Vec<i64>,
    pub(super) backtest_mean: Vec<i64>,
    pub(super) mase_millionths: Option<i64>,
    pub(super) spl_millionths: Option<i64>,
    pub(super) bias_millionths: Option<i64>,
    pub(super) is_drifting: bool,
}

impl Made {
    /// Series that were forecast or tried.
    pub(super) fn series(&self) -> u64 {
        let series: i64 = self.scores.iter().map(|(_, scores)| scores.series + scores.failed).sum();
        series.unsigned_abs()
    }
}

/// Forecasts every series of the parts; in their order.
pub(super) fn forecast_parts(parts: &[Part], origin: NaiveDate) -> Made {
    let made: Vec<Made> = parts.par_iter().map(|part| forecast_part(part, origin)).collect();
    let mut all = Made::default();
    for one in made {
        all.rows.extend(one.rows);
        all.scores.extend(one.scores);
    }
    all
}

/// What the series of a part learn from each other stays within it: one supplier's.
struct Learned {
    /// On what restaurants use.
    of_use: Effects,
    /// On what is delivered, where that is not the same.
    of_deliveries: Option<Effects>,
    pool: Option<Pool>,
}

fn forecast_part(part: &Part, origin: NaiveDate) -> Made {
    let learned = learn(part);
    let of_products: Vec<Vec<Option<Row>>> =
        part.products.par_iter().map(|product| forecast_product(part, product, &learned)).collect();
    let mut scores = Scores::default();
    let mut rows = Vec::new();
    for row in of_products.into_iter().flatten() {
        match row {
            Some(Row { row, backtest }) => {
                scores.add(&backtest, row.is_drifting);
                rows.push(row);
            }
            None => scores.failed += 1,
        }
    }
    tracing::debug!(supplier_id = %part.supplier_id, %origin, series = scores.series, "forecast");
    Made { rows, scores: vec![(part.supplier_id, scores)] }
}

struct Row {
    row: SeriesRow,
    backtest: Backtest,
}

fn learn(part: &Part) -> Learned {
    let of_restaurants: Vec<&Series> =
        part.products.iter().flat_map(|product| restaurants(&product.series)).collect();
    let observed: Vec<Observed<'_>> = of_restaurants.iter().map(|series| observed(series)).collect();
    // Only what is new is forecast from others.
    let pool = if of_restaurants.iter().any(|series| is_new(series)) {
        pool_of(of_restaurants.into_iter(), 1)
    } else {
        None
    };
    let is_spread =
        part.products.iter().flat_map(|product| &product.series).any(|one| one.delivered.is_some());
    let of_deliveries = is_spread.then(|| {
        let series = part.products.iter().flat_map(|product| restaurants(&product.series));
        learn_effects(&series.map(delivered).collect::<Vec<_>>())
    });
    Learned { of_use: learn_effects(&observed), of_deliveries, pool }
}

impl Learned {
    fn effects(&self, series: &Series) -> &Effects {
        match &self.of_deliveries {
            Some(effects) if series.restaurant_id.is_none() => effects,
            _ => &self.of_use,
        }
    }
}

fn restaurants(series: &[Series]) -> impl Iterator<Item = &Series> {
    series.iter().filter(|series| series.restaurant_id.is_some())
}

fn is_new(series: &Series) -> bool {
    observations(&series.values) < OBSERVATIONS_MIN
}

fn observed(series: &Series) -> Observed<'_> {
    Observed { first: series.first, values: &series.values }
}

fn delivered(series: &Series) -> Observed<'_> {
    Observed { first: series.first, values: series.delivered.as_deref().unwrap_or(&series.values) }
}

fn pool_of<'a>(series: impl Iterator<Item = &'a Series>, series_min: usize) -> Option<Pool> {
    let mut pooling = Pooling::new(WEEK, HORIZON_DAYS);
    for series in series {
        pooling.add(&series.values);
    }
    pooling.finish().filter(|pool| pool.series >= series_min)
}

fn forecast_product(part: &Part, product: &Product, learned: &Learned) -> Vec<Option<Row>> {
    let is_wanted = restaurants(&product.series).any(is_new);
    let of_product = if is_wanted { pool_of(restaurants(&product.series), POOL_SERIES_MIN) } else { None };
    let series: Vec<&Series> = product.series.iter().collect();
    let forecast_one = |series: &&Series| {
        // A product at all restaurants is no example of what one of them wants.
        let of_others = of_product.as_ref().or(learned.pool.as_ref());
        let pool = series.restaurant_id.and(of_others);
        let row = forecast_series(series, learned.effects(series), pool);
        if row.is_none() {
            let (supplier, restaurant) = (part.supplier_id, series.restaurant_id);
            tracing::error!(%supplier, product = %product.product_id, ?restaurant, "a series has no forecast");
        }
        row.map(|row| row.named(part.supplier_id, product.product_id))
    };
    series.par_iter().map(forecast_one).collect()
}

/// `None` where nothing that can be used comes of it: one odd series must not cost all others their forecasts.
fn forecast_series(series: &Series, effects: &Effects, pool: Option<&Pool>) -> Option<Row> {
    let calendar = effects.calendar(observed(series), HORIZON_DAYS);
    let task = Task {
        kind: Kind::Demand,
        history: &series.values,
        season: WEEK,
        horizon: HORIZON_DAYS,
        calendar: &calendar,
        pool,
    };
    let is_new = is_new(series);
    let made = catch_unwind(AssertUnwindSafe(|| match pool {
        Some(pool) if is_new => cold_start(&task, pool, &LEVELS),
        _ => forecast(&task, &LEVELS),
    }));
    let class = if is_new { None } else { classify(&series.values) };
    row(series, class, &calendar, &made.ok()?)
}

fn row(series: &Series, class: Option<Class>, calendar: &[f64], made: &Forecast) -> Option<Row> {
    let late = Late::of(series, calendar, &made.backtest);
    let row = SeriesRow {
        supplier_id: Uuid::nil(),
        product_id: Uuid::nil(),
        restaurant_id: series.restaurant_id,
        class: class_name(class),
        method: made.method,
        lasts: series.cycle.by_weekday().map(|days| i64::try_from(days).expect("a week at most")).to_vec(),
        mean: thousandths(&made.mean)?,
        quantiles: thousandths(&made.quantiles.concat())?,
        cumulative: thousandths(&made.cumulative.concat())?,
        backtest_days: i16::try_from(late.band.len()).ok()?,
        backtest_inside: i16::try_from(made.backtest.inside).ok()?,
        backtest_band: thousandths(late.by_day(late.band, calendar).as_flattened())?,
        backtest_mean: thousandths(&late.by_day(late.mean, calendar))?,
        mase_millionths: made.backtest.mase.and_then(millionths),
        spl_millionths: made.backtest.spl.and_then(millionths),
        bias_millionths: made.backtest.bias.and_then(millionths),
        is_drifting: is_drifting(&late, class),
    };
    let is_whole = row.mean.len() == HORIZON_DAYS
        && row.quantiles.len() == LEVELS.len() * HORIZON_DAYS
        && row.cumulative.len() == LEVELS.len() * HORIZON_DAYS;
    is_whole.then_some(Row { row, backtest: made.backtest })
}

impl Row {
    fn named(self, supplier_id: Uuid, product_id: Uuid) -> Self {
        Self { row: SeriesRow { supplier_id, product_id, ..self.row }, ..self }
    }
}

const fn class_name(class: Option<Class>) -> &'static str {
    match class {
        None => "new",
        Some(Class::Smooth) => "smooth",
        Some(Class::Erratic) => "erratic",
        Some(Class::Intermittent) => "intermittent",
        Some(Class::Lumpy) => "lumpy",
    }
}

/// The days that the backtest is of: the last that were open and known.
struct Late<'a> {
    /// Their places in the history, oldest first.
    places: Vec<usize>,
    /// Low, middle and high of each.
    band: &'a [[f64; 3]],
    /// What was expected of each.
    mean: &'a [f64],
    /// What came of each, less what was expected.
    errors: Vec<f64>,
    /// The end of the history.
    end: usize,
}

impl<'a> Late<'a> {
    fn of(series: &Series, calendar: &[f64], backtest: &'a Backtest) -> Self {
        let end = series.values.len();
        let is_open = |place: &usize| series.values[*place].is_finite() && calendar[*place] > 0.0;
        let mut places: Vec<usize> = (0..end).rev().filter(is_open).take(backtest.steps as usize).collect();
        places.reverse();
        let band = &backtest.band[..places.len().min(backtest.band.len())];
        let mean = &backtest.mean[..band.len()];
        let errors = places.iter().zip(mean).map(|(place, mean)| series.values[*place] - mean);
        Self { errors: errors.collect(), places, band, mean, end }
    }

    /// What there is of each of them for every day from the first to the end, for whoever draws it: nothing on a day
    /// that is closed, and that of the day before where it is not known what came.
    fn by_day<T: Copy + Default>(&self, of_steps: &[T], calendar: &[f64]) -> Vec<T> {
        let Some(first) = self.places.first() else { return Vec::new() };
        let mut steps = self.places.iter().zip(of_steps).peekable();
        let mut last = T::default();
        (*first..self.end)
            .map(|place| match steps.next_if(|(at, _)| **at == place) {
                Some((_, step)) => {
                    last = *step;
                    last
                }
                None if calendar[place] > 0.0 => last,
                None => T::default(),
            })
            .collect()
    }
}

/// Whether what came has been off to one side of what was expected. Of what is ordered now and then four weeks hold too
/// few orders to tell: of those it is not asked.
fn is_drifting(late: &Late<'_>, class: Option<Class>) -> bool {
    if late.errors.is_empty() || !matches!(class, Some(Class::Smooth | Class::Erratic)) {
        return false;
    }
    Drift::default().after_all(&late.errors, usual_error(&late.errors)).is_drifting()
}

/// How large errors were before the last two weeks, which a drift would have made larger; of all where those are few.
fn usual_error(errors: &[f64]) -> f64 {
    let before = &errors[..errors.len().saturating_sub(USUAL_DAYS_MIN)];
    let usual = if before.len() >= USUAL_DAYS_MIN { before } else { errors };
    #[expect(clippy::cast_precision_loss, reason = "28 at most")]
    let days = usual.len().max(1) as f64;
    usual.iter().map(|error| error.abs()).sum::<f64>() / days
}

/// `None` where any is no number.
fn thousandths(values: &[f64]) -> Option<Vec<i64>> {
    #[expect(clippy::cast_possible_truncation, reason = "what is beyond the type is cut off at its end")]
    values.iter().map(|value| value.is_finite().then(|| value.max(0.0).round() as i64)).collect()
}

#[cfg(test)]
mod tests {
    use forecasting::cycle::Cycle;

    use super::*;

    fn series(values: Vec<f64>) -> Series {
        Series {
            restaurant_id: None,
            first: "2026-11-02".parse().unwrap(),
            values,
            delivered: None,
            cycle: Cycle::Daily,
        }
    }

    #[test]
    fn a_band_is_told_day_by_day_over_closed_and_unknown_days() {
        let series = series(vec![1.0, 2.0, f64::NAN, 0.0, 5.0]);
        let calendar = [1.0, 1.0, 1.0, 0.0, 1.0];
        let mut backtest = Backtest { steps: 2, ..Backtest::default() };
        backtest.band[..2].copy_from_slice(&[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]);
        backtest.mean[..2].copy_from_slice(&[7.0, 8.0]);
        let late = Late::of(&series, &calendar, &backtest);
        assert_eq!(late.places, [1, 4]);
        let by_day = thousandths(late.by_day(late.band, &calendar).as_flattened());
        assert_eq!(by_day.unwrap(), [1, 2, 3, 1, 2, 3, 0, 0, 0, 4, 5, 6]);
        assert_eq!(thousandths(&late.by_day(late.mean, &calendar)).unwrap(), [7, 7, 0, 8]);
        assert_eq!(late.errors, [-5.0, -3.0], "from the mean");
    }

    #[test]
    fn the_last_two_weeks_do_not_say_what_is_usual_where_there_are_days_before() {
        let errors: Vec<f64> = [1.0; 14].into_iter().chain([9.0; 14]).collect();
        assert_eq!(usual_error(&errors).to_bits(), 1.0_f64.to_bits());
        assert_eq!(usual_error(&errors[7..]).to_bits(), (133.0_f64 / 21.0).to_bits());
    }

    #[test]
    fn what_is_no_number_is_no_forecast() {
        assert_eq!(thousandths(&[1.4, -0.2, 2.5]), Some(vec![1, 0, 3]));
        assert_eq!(thousandths(&[1.0, f64::NAN]), None);
        assert_eq!(thousandths(&[f64::INFINITY]), None);
    }

    #[test]
    fn too_few_days_for_a_class_are_new() {
        let sparse = series(vec![1.0; OBSERVATIONS_MIN - 1]);
        assert!(is_new(&sparse));
        let row = forecast_series(&sparse, &Effects::default(), None).expect("a forecast").row;
        assert_eq!((row.class, row.mean.len()), ("new", HORIZON_DAYS));
        assert_eq!(row.quantiles.len(), LEVELS.len() * HORIZON_DAYS);
    }
}
