//! What bodies are made of: each value reads itself, checks its bounds, and tells its schema.
//!
//! All of them are `Serialize`, for the hash under which an `Idempotency-Key` remembers its request; no
//! answer is ever built from them.

mod account;
mod alternatives;
mod barcode;
mod between;
mod category;
mod change;
mod choice;
mod decimal;
mod delivery_prefs;
mod delivery_terms;
mod email;
mod exact;
mod line;
mod list;
mod nothing;
mod place;
mod quantity;
mod sku;
mod tax;
mod time_of_day;
mod time_zone;
mod unit;
mod whole;

pub(crate) use self::{
    account::{Bankgiro, Iban, Plusgiro},
    alternatives::{Alternatives, OneOf},
    barcode::{Barcode, Gln},
    between::Between,
    category::Category,
    change::{Change, Given},
    choice::Choice,
    delivery_prefs::DeliveryPrefs,
    delivery_terms::StatedDeliveryTerms,
    email::EmailAddress,
    exact::Exact,
    line::Line,
    list::{List, NonEmpty},
    nothing::Nothing,
    place::{Country, Latitude, Longitude},
    quantity::{PositiveQty, QtyChange, StockQty},
    sku::Sku,
    tax::TaxPercent,
    time_of_day::TimeOfDay,
    time_zone::TimeZone,
    unit::UnitCode,
    whole::{PriceCents, TotalCents},
};

use deserr::{DeserializeError, ErrorKind, IntoValue, Value, ValueKind, ValuePointerRef, take_cf_content};
use platform::body::{Faults, Text};

/// What somebody or something is called.
pub(crate) type Name = Line<1, 200>;
/// A phone number as people write it.
pub(crate) type Phone = Line<3, 32>;
/// Street and number.
pub(crate) type Street = Line<1, 200>;
/// Postal code.
pub(crate) type PostalCode = Line<1, 16>;
/// City.
pub(crate) type City = Line<1, 100>;
/// Days that goods keep.
pub(crate) type ShelfLifeDays = Between<1, SHELF_LIFE_DAYS_MAX>;
/// Ten years.
pub(crate) const SHELF_LIFE_DAYS_MAX: i64 = 3_650;
/// A number from a register: of companies, of VAT payers.
pub(crate) type RegisterNumber = Line<1, 32>;
/// Why.
pub(crate) type Reason = Text<1, 500>;
/// More about a product.
pub(crate) type Description = Text<1, 2000>;
/// A word to the other side; empty counts as none.
pub(crate) type Note = Text<0, 1000>;

/// The fault of a value of the wrong kind.
fn wrong_kind<V: IntoValue>(actual: Value<V>, accepted: &[ValueKind], at: ValuePointerRef<'_>) -> Faults {
    take_cf_content(Faults::error(None, ErrorKind::IncorrectValueKind { actual, accepted }, at))
}

/// In the document: whatever the text is judged by, NUL is refused before.
pub(crate) const NO_NUL: &str = r"^[^\x00]*$";

/// How a value stands in the OpenAPI document.
macro_rules! schema {
    ($type:ty, $name:literal, $schema:expr) => {
        impl utoipa::PartialSchema for $type {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
                $schema.into()
            }
        }

        impl utoipa::ToSchema for $type {
            fn name() -> std::borrow::Cow<'static, str> {
                $name.into()
            }
        }
    };
}
pub(crate) use schema;
