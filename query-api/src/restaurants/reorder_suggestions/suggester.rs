//! What is suggested, for the rest of the program: by the same rows, for the same caller, through the same code.

use events::values::{ProductId, Quantity, Role};
use uuid::Uuid;

use super::{
    advise::{Wish, advise},
    known::known,
};
use crate::{
    access::Viewer,
    failure::ReadFailure,
    sight::{Caller, Planning},
    state::QueryState,
};

/// Makes suggestions for whoever asks.
#[derive(Clone)]
pub struct Suggester(QueryState);

/// What is suggested.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Suggested {
    /// The run of forecasts that it rests on.
    pub forecast_run_id: Option<Uuid>,
    /// Each product once, supplier by supplier, in the order shown.
    pub lines: Vec<(ProductId, Quantity)>,
}

/// The read tables cannot be read.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct SuggestFailed(#[from] ReadFailure);

impl Suggester {
    /// From what reads are answered from.
    pub fn new(state: QueryState) -> Self {
        Self(state)
    }

    /// What that account would be shown now, lasting that often, as `service` of the GET says it; nothing where it may not see what the restaurant buys.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn suggested(
        &self,
        (account_id, role): (Uuid, Role),
        (restaurant_id, supplier_id): (Uuid, Option<Uuid>),
        service_bps: Option<u16>,
    ) -> Result<Suggested, SuggestFailed> {
        let now = self.0.clock.now();
        let looked = Caller { account_id, role }.look_around(&self.0.pool, Planning::ForValues).await;
        let (sight, places) = looked.map_err(ReadFailure::from)?;
        let viewer = Viewer::of(account_id, role, &places);
        let seen = known(&sight, &viewer, (restaurant_id, supplier_id), now).await?;
        let Some(known) = seen.value else { return Ok(Suggested::default()) };
        let advice = advise(&known, Wish { restaurant_id, supplier_id, service_bps }, now);
        let lines = advice.suppliers.into_iter().flat_map(|supplier| supplier.lines);
        Ok(Suggested {
            forecast_run_id: advice.forecast_run.map(|run| run.id),
            lines: lines.map(|line| (line.product_id, line.suggested_qty)).collect(),
        })
    }
}
