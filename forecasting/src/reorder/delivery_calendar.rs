//! When a supplier delivers next, and after that.

use chrono::{Datelike, Days, NaiveDate, NaiveDateTime, NaiveTime};
use serde::{Deserialize, Serialize};

use crate::calendar::holiday_on;

/// A supplier that is closed for longer has no next delivery that anybody orders for.
const DAYS_AHEAD: usize = 366;

/// When a supplier delivers, and until when it takes orders.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terms {
    /// Weekdays of delivery: bit 0 is Monday, bit 6 Sunday.
    pub weekdays: u8,
    /// Until when orders are taken, local time; the minute itself is in time.
    pub cut_off: NaiveTime,
    /// How many calendar days before the delivery that time is: 0 the same day, 1 the day before.
    pub lead_days: u16,
    /// Days without delivery, in any order.
    pub closed: Vec<NaiveDate>,
    /// Whether there is none on holidays either.
    pub closed_on_holidays: bool,
}

/// The next delivery that can be ordered for, and the one that ends what it has to last for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deliveries {
    /// The next that can still be ordered for.
    pub next: NaiveDate,
    /// Until when, local time.
    pub order_by: NaiveDateTime,
    /// The one after it.
    pub after: NaiveDate,
}

impl Deliveries {
    /// Days until the next delivery, that day not counted: what is there lasts at least so long.
    pub fn days_until_next(&self, today: NaiveDate) -> u32 {
        days_between(today, self.next)
    }

    /// Days that what is there and what is ordered now has to last for: today and each until the delivery after the
    /// next, that day not counted. From Friday, with deliveries on Saturday and Tuesday, it is four.
    pub fn protection_days(&self, today: NaiveDate) -> u32 {
        days_between(today, self.after)
    }
}

/// The two deliveries that an order placed `now`, local time, is about; `None` where there are none within a year.
pub fn next_deliveries(terms: &Terms, now: NaiveDateTime) -> Option<Deliveries> {
    let mut days = now.date().iter_days().take(DAYS_AHEAD).filter(|day| terms.deliver_on(*day));
    let (next, order_by) = days.find_map(|day| {
        let order_by = terms.order_by(day)?;
        (now <= order_by).then_some((day, order_by))
    })?;
    Some(Deliveries { next, order_by, after: days.next()? })
}

impl Terms {
    /// Whether there is a delivery on that day.
    pub fn deliver_on(&self, day: NaiveDate) -> bool {
        let of_week = self.weekdays >> day.weekday().num_days_from_monday() & 1 == 1;
        let on_holiday = self.closed_on_holidays && holiday_on(day).is_some();
        of_week && !on_holiday && !self.closed.contains(&day)
    }

    fn order_by(&self, delivery: NaiveDate) -> Option<NaiveDateTime> {
        let day = delivery.checked_sub_days(Days::new(self.lead_days.into()))?;
        Some(day.and_time(self.cut_off))
    }
}

fn days_between(from: NaiveDate, to: NaiveDate) -> u32 {
    u32::try_from((to - from).num_days()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const MON: u8 = 1;
    const TUE: u8 = 1 << 1;
    const WED: u8 = 1 << 2;
    const THU: u8 = 1 << 3;
    const SAT: u8 = 1 << 5;
    const WORKING: u8 = 0b1_1111;

    fn terms(weekdays: u8) -> Terms {
        let cut_off = NaiveTime::from_hms_opt(14, 0, 0).unwrap();
        Terms { weekdays, cut_off, lead_days: 1, closed: vec![], closed_on_holidays: true }
    }

    fn on(month: u32, day: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(2026, month, day).unwrap()
    }

    fn at(month: u32, day: u32, hour: u32, minute: u32) -> NaiveDateTime {
        on(month, day).and_hms_opt(hour, minute, 0).unwrap()
    }

    fn days(terms: &Terms, now: NaiveDateTime) -> (NaiveDate, NaiveDate) {
        let deliveries = next_deliveries(terms, now).unwrap();
        (deliveries.next, deliveries.after)
    }

    #[test]
    fn the_cut_off_itself_is_in_time_and_a_minute_later_is_not() {
        let terms = terms(TUE | THU);
        assert_eq!(days(&terms, at(3, 2, 14, 0)), (on(3, 3), on(3, 5)));
        assert_eq!(days(&terms, at(3, 2, 14, 1)), (on(3, 5), on(3, 10)));
    }

    #[test]
    fn an_order_of_friday_has_to_last_over_the_weekend() {
        let deliveries = next_deliveries(&terms(TUE | SAT), at(3, 6, 9, 0)).unwrap();
        assert_eq!((deliveries.next, deliveries.after), (on(3, 7), on(3, 10)));
        assert_eq!(deliveries.order_by, at(3, 6, 14, 0));
        assert_eq!(deliveries.days_until_next(on(3, 6)), 1);
        assert_eq!(deliveries.protection_days(on(3, 6)), 4);
    }

    #[test]
    fn the_same_day_can_be_ordered_for_where_the_terms_say_so() {
        let terms = Terms { lead_days: 0, ..terms(MON | WED) };
        assert_eq!(days(&terms, at(3, 2, 8, 0)), (on(3, 2), on(3, 4)));
        assert_eq!(days(&terms, at(3, 2, 15, 0)), (on(3, 4), on(3, 9)));
    }

    #[test]
    fn holidays_and_closed_days_are_passed_over() {
        let mut terms = terms(WORKING);
        assert_eq!(days(&terms, at(4, 1, 9, 0)), (on(4, 2), on(4, 7)), "Easter");
        terms.closed.push(on(4, 7));
        assert_eq!(days(&terms, at(4, 1, 9, 0)), (on(4, 2), on(4, 8)));
        terms.closed_on_holidays = false;
        assert_eq!(days(&terms, at(4, 1, 9, 0)), (on(4, 2), on(4, 3)));
    }

    #[test]
    fn who_never_delivers_has_no_next() {
        assert_eq!(next_deliveries(&terms(0), at(3, 2, 9, 0)), None);
    }

    proptest! {
        #[test]
        fn deliveries_are_deliverable_in_order_and_in_time(
            weekdays in 1_u8..128, lead_days in 0_u16..10, minutes in 0_i64..60 * 24 * 400, holidays: bool,
        ) {
            let terms = Terms { lead_days, closed_on_holidays: holidays, ..terms(weekdays) };
            let now = at(1, 1, 0, 0) + chrono::TimeDelta::minutes(minutes);
            let deliveries = next_deliveries(&terms, now).unwrap();
            prop_assert!(terms.deliver_on(deliveries.next) && terms.deliver_on(deliveries.after));
            prop_assert!(now <= deliveries.order_by && deliveries.next < deliveries.after);
            let between = deliveries.next.iter_days().skip(1).take_while(|day| *day < deliveries.after);
            prop_assert!(!between.into_iter().any(|day| terms.deliver_on(day)));
            let missed = now.date().iter_days().take_while(|day| *day < deliveries.next);
            for day in missed.filter(|day| terms.deliver_on(*day)) {
                prop_assert!(terms.order_by(day).unwrap() < now, "{day} could have been ordered for");
            }
        }
    }
}
