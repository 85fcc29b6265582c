//! Forecasts in words.

use events::forecast::ForecastEvent;

use super::Told;

pub(super) fn tell(event: &ForecastEvent) -> Told {
    let ForecastEvent::ForecastPublished { origin_day, horizon_days, series, failed, .. } = event;
    let left_out = if *failed == 0 { String::new() } else { format!("; {failed} could not be") };
    Told::plain(format!(
        "Published demand forecasts of {series} series for {horizon_days} days from {origin_day}{left_out}."
    ))
}
