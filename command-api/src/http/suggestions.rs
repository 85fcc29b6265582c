//! What is suggested to a restaurant at this moment: reads know it, and `iris` connects them.

use std::pin::Pin;

use events::values::{AccountId, ProductId, Quantity, RestaurantId, Role, SupplierId};
use uuid::Uuid;

/// The way to the suggestions; `iris` connects it.
pub trait Suggestions: Send + Sync + 'static {
    /// What this account would be shown now, lasting that often, in basis points (by how each product keeps where none
    /// are given); nothing where it may not see the restaurant. Whether it may order for
    /// it is decided by the command.
    fn to(
        &self,
        account: (AccountId, Role),
        restaurant_id: RestaurantId,
        supplier_id: Option<SupplierId>,
        service_bps: Option<u16>,
    ) -> Suggesting<'_>;
}

/// Suggestions in the making.
pub type Suggesting<'a> = Pin<Box<dyn Future<Output = Result<SuggestedNow, SuggestionsAway>> + Send + 'a>>;

/// What is suggested.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SuggestedNow {
    /// The run of forecasts that it rests on.
    pub forecast_run_id: Option<Uuid>,
    /// Each product once, in the order shown.
    pub lines: Vec<(ProductId, Quantity)>,
}

/// They cannot be made at this moment; asking again may help.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("suggestions cannot be made at this moment")]
pub struct SuggestionsAway;
