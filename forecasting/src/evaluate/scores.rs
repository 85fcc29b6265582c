//! One panel: forecast, timed, scored.

use anyhow::Context as _;
use forecasting::metrics::{M5_LEVELS, Scale, Score, score};
use forecasting::{Forecast, Task, forecast_all, naive};
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike as _;

use super::panel::{Panel, Series};
use super::report::Row;

/// Levels of what orders are made from, at which sums over the whole horizon are held against what came.
pub const SUM_LEVELS: [f64; 2] = [0.9, 0.95];

/// How far two sums of the same numbers may lie apart, over their size.
const ROUNDING: f64 = 1e-9;

/// Forecasts every series and fold on the threads of the current pool, and scores what comes out.
pub fn evaluate(panel: &Panel) -> anyhow::Result<Row> {
    let pairs: Vec<(&Series, usize)> =
        panel.series.iter().flat_map(|series| series.folds.iter().map(move |fold| (series, *fold))).collect();
    let tasks: Vec<Task<'_>> = pairs.iter().map(|(series, fold)| task(panel, series, *fold)).collect();
    let before = cpu_seconds()?;
    let mut forecasts = forecast_all(&tasks, &levels());
    let cpu_seconds = cpu_seconds()? - before;
    let sums = SUM_LEVELS.map(|level| share_below(level, &pairs, &forecasts));
    for forecast in &mut forecasts {
        let mut asked = levels().into_iter();
        forecast.quantiles.retain(|_| asked.next().is_some_and(|level| M5_LEVELS.contains(&level)));
    }
    let scores: Vec<Score> = pairs
        .iter()
        .zip(&forecasts)
        .map(|((series, fold), made)| scored(panel, series, *fold, made))
        .collect();
    let owa = panel.kind.is_m4.then(|| owa(panel, &pairs, &scores));
    Ok(Row {
        panel: panel.kind.name,
        mase: mean_known(scores.iter().map(|score| score.mase)),
        rmsse: mean_known(scores.iter().map(|score| score.rmsse)),
        spl: mean_known(scores.iter().filter_map(|score| score.spl)),
        cov95: mean_known(scores.iter().filter_map(|score| score.coverage)),
        owa,
        sums,
        series: pairs.len(),
        cpu_seconds,
    })
}

/// All that is asked for, rising.
fn levels() -> Vec<f64> {
    let mut levels = [&M5_LEVELS[..], &SUM_LEVELS[..]].concat();
    levels.sort_unstable_by(f64::total_cmp);
    levels
}

/// In what share of cases the sum of all that came was no more than its quantile at that level.
fn share_below(level: f64, pairs: &[(&Series, usize)], forecasts: &[Forecast]) -> f64 {
    let at = levels().iter().position(|asked| *asked >= level).expect("it is one of them");
    mean_known(pairs.iter().zip(forecasts).map(|((series, fold), forecast)| {
        let came: f64 = series.split(*fold).1.iter().sum();
        let reached = forecast.cumulative[at].last().copied().unwrap_or(0.0);
        f64::from(u8::from(came <= reached + ROUNDING * came.abs()))
    }))
}

fn task<'a>(panel: &Panel, series: &'a Series, fold: usize) -> Task<'a> {
    let history = series.split(fold).0;
    let (season, horizon) = (series.season, series.horizon);
    Task { kind: panel.kind.kind, history, season, horizon, calendar: &[], pool: None }
}

fn scored(panel: &Panel, series: &Series, fold: usize, forecast: &Forecast) -> Score {
    let (known, came) = series.split(fold);
    let demand = panel.kind.kind == forecasting::Kind::Demand;
    score(came, &forecast.mean, &forecast.quantiles, &Scale::of(known, panel.kind.scale_lag, demand))
}

/// Overall weighted average: half of sMAPE and MASE each, over what Naive2 reaches on the same series.
fn owa(panel: &Panel, pairs: &[(&Series, usize)], scores: &[Score]) -> f64 {
    let naive: Vec<Score> = pairs
        .iter()
        .map(|(series, fold)| {
            let (known, came) = series.split(*fold);
            let point = naive::naive2(known, series.season, series.horizon);
            score(came, &point, &[], &Scale::of(known, panel.kind.scale_lag, false))
        })
        .collect();
    let smape = |scores: &[Score]| mean_known(scores.iter().map(|score| score.smape));
    let mase = |scores: &[Score]| mean_known(scores.iter().map(|score| score.mase));
    f64::midpoint(smape(scores) / smape(&naive), mase(scores) / mase(&naive))
}

/// Mean of what is a number: a series whose scale is zero has no scaled error.
#[expect(clippy::cast_precision_loss, reason = "counts of series, far below 2^52")]
fn mean_known(values: impl Iterator<Item = f64>) -> f64 {
    let (sum, count) = values
        .filter(|value| !value.is_nan())
        .fold((0.0, 0_u64), |(sum, count), value| (sum + value, count + 1));
    sum / count as f64
}

/// CPU time of all threads of this process so far.
#[expect(clippy::cast_precision_loss, reason = "microseconds of a process, far below 2^52")]
fn cpu_seconds() -> anyhow::Result<f64> {
    let usage = getrusage(UsageWho::RUSAGE_SELF).context("asking for the CPU time")?;
    Ok((usage.user_time() + usage.system_time()).num_microseconds() as f64 / 1e6)
}
