//! When a supplier delivers, and from how much on.

use std::collections::BTreeSet;

use deserr::{Deserr, IntoValue, Value, ValuePointerRef};
use events::{supplier::DeliveryTerms, values::Weekday};
use platform::body::{Faults, Invalid};
use serde::Serialize;
use utoipa::ToSchema;

use super::{Between, Choice, NonEmpty, PriceCents, TimeOfDay};

/// The longest time that goods are on their way, in days.
const LEAD_DAYS_MAX: i64 = 60;

/// When a supplier delivers, and from how much on; all of it.
#[derive(Debug, Clone, Deserr, Serialize, ToSchema)]
#[deserr(error = Faults, deny_unknown_fields)]
#[schema(as = DeliveryTerms, example = json!({
    "weekdays": ["tuesday", "friday"], "order_by": "14:00", "lead_days": 1, "minimum_order_cents": 150_000,
    "delivers_on_holidays": false
}))]
pub(crate) struct StatedDeliveryTerms {
    /// The days of the week that it delivers on; each once, at least one.
    #[schema(value_type = BTreeSet<Weekday>, min_items = 1, max_items = 7)]
    weekdays: Weekdays,
    /// What is ordered by then, in Sweden, counts as ordered that day.
    order_by: TimeOfDay,
    /// Days from the day that counts to the first day of delivery; 1 is tomorrow.
    #[schema(value_type = i32, minimum = 0, maximum = 60)]
    lead_days: Between<0, LEAD_DAYS_MAX>,
    /// What an order must come to, without VAT; 0 unless stated.
    #[deserr(default)]
    minimum_order_cents: Option<PriceCents>,
    /// Whether it delivers on public holidays; not, unless stated.
    #[deserr(default)]
    #[schema(required = false, default = false)]
    delivers_on_holidays: bool,
}

impl StatedDeliveryTerms {
    pub(crate) fn terms(self) -> DeliveryTerms {
        DeliveryTerms {
            weekdays: self.weekdays.0,
            cutoff_minute: self.order_by.0.minutes(),
            lead_days: u8::try_from(self.lead_days.get()).expect("at most 60"),
            minimum_order_minor: self.minimum_order_cents.map_or(0, PriceCents::minor),
            delivers_on_holidays: self.delivers_on_holidays,
        }
    }
}

/// The numbers of some days, 1 for Monday.
#[derive(Debug, Clone, Serialize)]
#[serde(transparent)]
struct Weekdays(BTreeSet<u8>);

impl Deserr<Faults> for Weekdays {
    fn deserialize_from_value<V: IntoValue>(
        value: Value<V>,
        at: ValuePointerRef<'_>,
    ) -> Result<Self, Faults> {
        let days = NonEmpty::<Choice<Weekday>, 7>::deserialize_from_value(value, at)?.0;
        let numbers: BTreeSet<u8> = days.iter().map(|day| day.0.number()).collect();
        if numbers.len() < days.len() {
            return Err(Faults::one(Invalid::new("duplicate", "Must name each day once."), at));
        }
        Ok(Self(numbers))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(body: serde_json::Value) -> Result<DeliveryTerms, Vec<String>> {
        let read: Result<StatedDeliveryTerms, Faults> = deserr::deserialize(body);
        let said = |faults: Faults| {
            faults.as_slice().iter().map(|fault| format!("{} {}", fault.field, fault.code)).collect()
        };
        read.map(StatedDeliveryTerms::terms).map_err(said)
    }

    #[test]
    fn days_and_times_become_numbers() {
        let terms =
            read(json!({"weekdays": ["friday", "monday"], "order_by": "14:30", "lead_days": 2})).unwrap();
        assert_eq!(terms.weekdays, BTreeSet::from([1, 5]));
        assert_eq!((terms.cutoff_minute, terms.lead_days), (870, 2));
        assert_eq!((terms.minimum_order_minor, terms.delivers_on_holidays), (0, false));
    }

    #[test]
    fn all_faults_are_told_at_once() {
        let faults = read(json!({
            "weekdays": ["monday", "someday"], "order_by": "24:00", "lead_days": 61, "minimum_order_cents": -1,
            "fridays": true
        }));
        let mut faults = faults.unwrap_err();
        faults.sort_unstable();
        assert_eq!(
            faults,
            [
                "fridays unknown_field",
                "lead_days out_of_range",
                "minimum_order_cents out_of_range",
                "order_by invalid_time_of_day",
                "weekdays[1] unknown_value",
            ]
        );
    }

    #[test]
    fn some_day_is_named_and_none_twice() {
        let days = |days| read(json!({"weekdays": days, "order_by": "14:00", "lead_days": 1}));
        assert_eq!(days(json!([])), Err(vec!["weekdays too_few".to_owned()]));
        assert_eq!(days(json!(["monday", "monday"])), Err(vec!["weekdays duplicate".to_owned()]));
    }
}
