//! Suggestions as clients see them.

use chrono::{DateTime, NaiveDate, Utc};
use events::values::{Currency, ProductId, Quantity, RestaurantId, SupplierId, decimal};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// What a restaurant may want to order now, and why. Nothing is ordered by it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct ReorderSuggestions {
    /// The restaurant.
    pub restaurant_id: RestaurantId,
    /// The moment that all of it is of.
    pub as_of: DateTime<Utc>,
    /// The run of forecasts that it rests on; null while there is none, and then nothing is suggested.
    pub forecast_run: Option<ForecastRun>,
    /// True where that run is older than 36 hours or begins before yesterday, or there is none.
    pub stale: bool,
    /// Suppliers of which something is suggested or could be advanced, by name.
    pub suppliers: Vec<SupplierSuggestions>,
    /// What the restaurant orders again and again, most frequent first; 50 at most.
    pub standing: Vec<StandingItem>,
    /// True where more than 500 products were suggested: those that are ordered most often are shown.
    pub truncated: bool,
}

/// A run of the forecasts.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct ForecastRun {
    /// The run.
    pub id: Uuid,
    /// The first day that it forecast.
    pub origin_day: NaiveDate,
    /// When it was done.
    pub computed_at: DateTime<Utc>,
    /// It knew the log up to here.
    pub input_position: i64,
    /// Forecasts of different versions are not comparable.
    pub engine_version: String,
}

/// What is suggested of one supplier.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct SupplierSuggestions {
    /// The supplier.
    pub supplier_id: SupplierId,
    /// Its name.
    pub name: String,
    /// Of all its amounts.
    pub currency: Currency,
    /// The next delivery that can still be ordered for; null where the supplier does not say when it delivers, and
    /// then a delivery tomorrow and one in a week are assumed.
    pub next_delivery: Option<NaiveDate>,
    /// Until when.
    pub order_by: Option<DateTime<Utc>>,
    /// The delivery after that one: what is ordered now has to last until then.
    pub following_delivery: Option<NaiveDate>,
    /// Days from today to that delivery, which itself is not one of them.
    pub covers_days: u32,
    /// What an order must come to without VAT; 0 where nothing is asked.
    pub minimum_order_cents: i64,
    /// What the lines come to without VAT.
    pub suggested_total_cents: i64,
    /// How much is missing to the minimum; 0 where nothing is.
    pub below_minimum_cents: i64,
    /// Most often ordered first.
    pub lines: Vec<SuggestedProduct>,
    /// What keeps and is needed a delivery later: a way to the minimum, where it is not reached. Never what spoils.
    pub could_be_advanced: Vec<Advanceable>,
}

/// So much of a product.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct SuggestedProduct {
    /// The product.
    pub product_id: ProductId,
    /// Its name.
    pub name: String,
    /// UN/ECE code of the unit.
    pub unit: String,
    /// How much to order: whole packs.
    #[serde(with = "decimal")]
    #[schema(value_type = String, example = "15")]
    pub suggested_qty: Quantity,
    /// The same in packs.
    pub packs: i64,
    /// Price of one unit without VAT: the restaurant's contract price where there is one, else the list price.
    pub unit_price_cents: i64,
    /// Price times quantity, without VAT.
    pub line_total_cents: i64,
    /// Every number that led there.
    pub why: Why,
}

/// How a suggestion came about: `need_qty` is `target_qty − on_hand_qty − on_order_qty`, at most `shelf_life_cap_qty`
/// of it is made whole packs.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct Why {
    /// How often what is there is to last, of 1.
    #[schema(example = 0.95)]
    pub service_level: f64,
    /// For how many days.
    pub protection_days: u32,
    /// What is used over those days stays within this, that often: the quantile of the sum.
    #[serde(with = "decimal")]
    #[schema(value_type = String, example = "17.5")]
    pub target_qty: Quantity,
    /// What is used over those days is as likely to be above this as below.
    #[serde(with = "decimal")]
    #[schema(value_type = String, example = "12")]
    pub expected_qty: Quantity,
    /// What is there.
    #[serde(with = "decimal")]
    #[schema(value_type = String, example = "3")]
    pub on_hand_qty: Quantity,
    /// How that is known.
    pub on_hand: OnHandKnown,
    /// When it was last counted.
    pub counted_at: Option<DateTime<Utc>>,
    /// What is ordered, not yet delivered, and due before those days are over.
    #[serde(with = "decimal")]
    #[schema(value_type = String, example = "0")]
    pub on_order_qty: Quantity,
    /// What is missing; below zero where there is more than enough.
    #[serde(with = "decimal")]
    #[schema(value_type = String, example = "14.5")]
    pub need_qty: Quantity,
    /// Days that it keeps; null where the supplier does not say.
    pub shelf_life_days: Option<u16>,
    /// The most that is expected to be used before it is too old; null for what keeps.
    #[serde(serialize_with = "optional")]
    #[schema(value_type = Option<String>)]
    pub shelf_life_cap_qty: Option<Quantity>,
    /// Whether the need was above that.
    pub capped_by_shelf_life: bool,
    /// What is in a pack; 1 where the supplier does not say.
    #[serde(with = "decimal")]
    #[schema(value_type = String, example = "5")]
    pub pack_qty: Quantity,
    /// How whole packs were made of it: `exact`, `up` (half of the last pack or more is needed), `up_to_expected` (less
    /// than half, but without it even the expected use would run out), `down`.
    #[schema(value_type = String, example = "up")]
    pub rounding: forecasting::reorder::Rounding,
    /// How it keeps: `staple`, `fresh`, `expiry_bound`; the service level follows from it unless it is asked for.
    #[schema(value_type = String, example = "fresh")]
    pub keeps: forecasting::reorder::ServiceClass,
    /// How it is ordered: `smooth`, `erratic`, `intermittent`, `lumpy`, `new`.
    #[schema(example = "smooth")]
    pub class: String,
    /// Share of the restaurant's latest orders that it was in, late ones counting for more; 1 is in each.
    #[schema(example = 0.82)]
    pub frequency: f64,
    /// All of it in words.
    pub sentence: String,
}

/// How it is known what is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum OnHandKnown {
    /// Somebody counted it, and nothing happened since.
    Counted,
    /// Counted, then what came was added and what is usually used since taken off.
    Estimated,
    /// Never counted, or too long ago: what came last is taken, less what is usually used since.
    Unknown,
}

/// What could be ordered a delivery earlier.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct Advanceable {
    /// The product.
    pub product_id: ProductId,
    /// Its name.
    pub name: String,
    /// UN/ECE code of the unit.
    pub unit: String,
    /// So many packs more than its line has, if it has one.
    pub packs: i64,
    /// The same in units.
    #[serde(with = "decimal")]
    #[schema(value_type = String, example = "10")]
    pub qty: Quantity,
    /// What that costs without VAT.
    pub value_cents: i64,
}

/// What a restaurant orders again and again.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct StandingItem {
    /// The product.
    pub product_id: ProductId,
    /// Who sells it.
    pub supplier_id: SupplierId,
    /// Its name.
    pub name: String,
    /// UN/ECE code of the unit.
    pub unit: String,
    /// Share of the last 60 orders that it was in, each counting for nine tenths of the one after it; 1 is in each.
    #[schema(example = 0.82)]
    pub frequency: f64,
    /// What was ordered of it the last time.
    #[serde(with = "decimal")]
    #[schema(value_type = String, example = "10")]
    pub last_qty: Quantity,
    /// When that was.
    pub last_ordered_at: DateTime<Utc>,
}

#[expect(clippy::ref_option, reason = "the shape that serde asks for")]
fn optional<S: serde::Serializer>(quantity: &Option<Quantity>, to: S) -> Result<S::Ok, S::Error> {
    match quantity {
        Some(quantity) => decimal::serialize(quantity, to),
        None => to.serialize_none(),
    }
}
