//! Which days are unlike others in Sweden, and what they do to demand. The days are computed; their effects are never
//! assumed but learned from what was ordered, since a staff canteen closes in July while a terrace peaks.

mod closed_weekdays;
mod effects;
mod holidays;
mod learning;
mod special_days;

pub use closed_weekdays::closed_weekdays;
pub use effects::{Effect, Effects, Observed};
pub use holidays::{Holiday, holiday_on, holidays};
pub use learning::{Learning, learn_effects};
pub use special_days::{Special, is_day_off, special_on};
