//! What to order: up to what demand may be until the delivery after the next, less what is there and on its way.
//!
//! Integers in and out: thousandths of the unit ordered in, minor units of money, basis points. Nothing is ordered by
//! itself; every number that led to an answer is in it.

pub mod delivery_calendar;
pub mod on_hand;
pub mod standing;
pub mod suggest;
pub mod supplier_minimum;

pub use delivery_calendar::{Deliveries, Terms, next_deliveries};
pub use on_hand::{OnHand, estimate_on_hand};
pub use standing::{Standing, decayed_frequency, has_stopped};
pub use suggest::{Line, Rounding, ServiceClass, Suggestion, Unusable, suggest};
pub use supplier_minimum::{Advance, CartLine, SupplierMinimum, reach_minimum};
