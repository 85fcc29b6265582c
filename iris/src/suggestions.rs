//! The way from commands to what reads suggest.

use command_api::{SuggestedNow, Suggesting, Suggestions, SuggestionsAway};
use events::values::{AccountId, RestaurantId, Role, SupplierId};
use query_api::{QueryState, Suggester};

/// Suggestions as the read side makes them: the same rows, for the same caller, by the same code.
pub struct ReadSuggestions(Suggester);

impl ReadSuggestions {
    /// From what reads are answered from.
    pub fn new(state: QueryState) -> Self {
        Self(Suggester::new(state))
    }
}

impl Suggestions for ReadSuggestions {
    fn to(
        &self,
        (account_id, role): (AccountId, Role),
        restaurant_id: RestaurantId,
        supplier_id: Option<SupplierId>,
        service_bps: Option<u16>,
    ) -> Suggesting<'_> {
        Box::pin(async move {
            let of = (restaurant_id.0, supplier_id.map(|id| id.0));
            let asked = self.0.suggested((account_id.0, role), of, service_bps);
            match asked.await {
                Ok(now) => Ok(SuggestedNow { forecast_run_id: now.forecast_run_id, lines: now.lines }),
                Err(reason) => {
                    tracing::warn!(%reason, "what is suggested is not known");
                    Err(SuggestionsAway)
                }
            }
        })
    }
}
