//! Reasons in words, for whoever reads a proposal.

use crate::proposal::{Adjustment, Because, Guardrail, Proposal};

impl Proposal {
    /// A sentence for everything that moved the price or held it back; one where nothing did.
    pub fn sentences(&self) -> Vec<String> {
        let moved = self.adjustments.iter().map(Adjustment::sentence);
        let mut all: Vec<String> =
            moved.chain(self.guardrails.iter().map(|guardrail| guardrail.sentence().to_owned())).collect();
        if all.is_empty() {
            all.push("No rule has cause to move the price.".to_owned());
        }
        all
    }
}

impl Adjustment {
    /// Why, with its numbers.
    pub fn sentence(&self) -> String {
        let by = signed_per_cent(self.bps);
        match &self.because {
            Because::Expiring { by: day, quantity, expected } => format!(
                "{by}: {} expire by {day}, and {} are expected to sell until then.",
                amount(*quantity),
                amount(*expected)
            ),
            Because::WantedMore { index_bps, orders } => format!(
                "{by}: {orders} orders of the last days came to {} of what was expected, and stock does not last.",
                per_cent(*index_bps)
            ),
            Because::WantedLess { index_bps, orders } => {
                format!(
                    "{by}: {orders} orders of the last days came to {} of what was expected.",
                    per_cent(*index_bps)
                )
            }
            Because::NoOrders { days } => format!("{by}: nobody has ordered it for {days} days."),
        }
    }
}

impl Guardrail {
    /// What it means.
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::Held => "The last change by rule was undone: rules leave the price alone for a day.",
            Self::ChangedRecently => "A rule changed the price less than six hours ago.",
            Self::ForecastStale => "The forecast is more than 36 hours old: nothing moves.",
            Self::SeriesDrifts => "The forecast has been wrong in one direction: nothing moves.",
            Self::NoForecast => "There is no forecast of the product yet.",
            Self::OrdersNotCounted => {
                "The last orders are not counted yet: whether anybody ordered it is not known."
            }
            Self::LimitsConflict => "The floor of one rule lies above the ceiling of another: nothing moves.",
            Self::DoesNotPay => "A lower price would sell too little more to pay.",
            Self::StockLasts => "Stock lasts: the price does not rise.",
            Self::Floor => "The price stays at or above its floor.",
            Self::Ceiling => "The price stays at or below its ceiling.",
            Self::DayUp => "The price rises no further today.",
            Self::DayDown => "The price falls no further today.",
            Self::Hysteresis => "The change would be too small to be one.",
        }
    }
}

fn amount(thousandths: i64) -> String {
    let (whole, rest) = (thousandths / 1_000, (thousandths % 1_000).abs());
    if rest == 0 { whole.to_string() } else { format!("{whole}.{rest:03}").trim_end_matches('0').to_owned() }
}

fn per_cent(bps: i64) -> String {
    let (whole, rest) = (bps / 100, (bps % 100).abs());
    if rest == 0 { format!("{whole} %") } else { format!("{whole}.{rest:02} %") }
}

fn signed_per_cent(bps: i64) -> String {
    format!("{}{}", if bps < 0 { "−" } else { "+" }, per_cent(bps.abs()))
}
