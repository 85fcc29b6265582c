//! When a job is due: a cron expression, in the time of Stockholm.

use chrono::{DateTime, Utc};
use chrono_tz::{Europe::Stockholm, Tz};
use croner::{
    Cron,
    errors::CronError,
    parser::{CronParser, Seconds, Year},
};

/// The times of a job.
///
/// A time of the day that the clock jumps over in spring happens at the first moment after; one that comes twice in
/// autumn happens the first time. What happens every hour happens every hour that passes, on those days as well.
#[derive(Clone, Debug)]
pub struct Calendar {
    cron: Cron,
}

/// What has come due since a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Due {
    /// The latest time, which is done.
    pub(super) latest: DateTime<Utc>,
    /// The earlier ones, which are not.
    pub(super) missed: Option<Missed>,
}

/// Times that passed while nobody led.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Missed {
    pub(super) first: DateTime<Utc>,
    pub(super) last: DateTime<Utc>,
    pub(super) count: u64,
}

impl Calendar {
    /// Of five fields: minute, hour, day of the month, month, day of the week.
    ///
    /// # Errors
    /// It is no such expression.
    pub fn parse(cron: &str) -> Result<Self, CronError> {
        let parser = CronParser::builder().seconds(Seconds::Disallowed).year(Year::Disallowed).build();
        Ok(Self { cron: parser.parse(cron)? })
    }

    /// The first time after `moment`; `None` where there never is one, such as on a 30th of February.
    pub fn next_after(&self, moment: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let local: DateTime<Tz> = moment.with_timezone(&Stockholm);
        let next = self.cron.find_next_occurrence(&local, false).ok()?;
        Some(next.with_timezone(&Utc))
    }

    /// When, in English.
    pub fn in_words(&self) -> String {
        self.cron.describe()
    }

    /// What came due after `through`, up to and with `now`.
    pub(super) fn due(&self, through: DateTime<Utc>, now: DateTime<Utc>) -> Option<Due> {
        let mut times = std::iter::successors(self.next_after(through), |time| self.next_after(*time))
            .take_while(|time| *time <= now);
        let first = times.next()?;
        let mut due = Due { latest: first, missed: None };
        for time in times {
            let count = due.missed.map_or(0, |missed| missed.count) + 1;
            due = Due { latest: time, missed: Some(Missed { first, last: due.latest, count }) };
        }
        Some(due)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    /// All times of the day in Stockholm that begins at `from`, in UTC.
    fn times(cron: &str, from: &str, until: &str) -> Vec<String> {
        let calendar = Calendar::parse(cron).unwrap();
        std::iter::successors(calendar.next_after(at(from)), |time| calendar.next_after(*time))
            .take_while(|time| *time < at(until))
            .map(|time| time.format("%d %H:%M").to_string())
            .collect()
    }

    #[test]
    fn six_in_the_morning_is_swedish_in_winter_and_in_summer() {
        assert_eq!(times("0 6 * * *", "2026-01-10T00:00:00Z", "2026-01-11T00:00:00Z"), ["10 05:00"]);
        assert_eq!(times("0 6 * * *", "2026-07-10T00:00:00Z", "2026-07-11T00:00:00Z"), ["10 04:00"]);
    }

    #[test]
    fn a_time_that_the_clock_jumps_over_happens_once_right_after() {
        // 2026-03-29: 01:59 is followed by 03:00, at 01:00 UTC.
        let found = times("30 2 * * *", "2026-03-27T23:00:00Z", "2026-03-30T22:00:00Z");
        assert_eq!(found, ["28 01:30", "29 01:00", "30 00:30"]);
    }

    #[test]
    fn a_time_that_comes_twice_happens_the_first_time() {
        // 2026-10-25: 02:59 is followed by 02:00, at 01:00 UTC.
        let found = times("30 2 * * *", "2026-10-23T22:00:00Z", "2026-10-26T23:00:00Z");
        assert_eq!(found, ["24 00:30", "25 00:30", "26 01:30"]);
        // Also for a process that looks for it only in between, or during the second time.
        for moment in ["2026-10-25T00:30:00Z", "2026-10-25T01:10:00Z", "2026-10-25T01:30:00Z"] {
            let next = Calendar::parse("30 2 * * *").unwrap().next_after(at(moment));
            assert_eq!(next, Some(at("2026-10-26T01:30:00Z")), "after {moment}");
        }
    }

    #[test]
    fn hours_are_hours_on_either_day() {
        assert_eq!(times("5 * * * *", "2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z").len(), 23);
        assert_eq!(times("5 * * * *", "2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z").len(), 25);
    }

    #[test]
    fn the_latest_time_is_due_and_those_before_were_missed() {
        let calendar = Calendar::parse("0 * * * *").unwrap();
        let through = at("2026-11-20T08:30:00Z");
        assert_eq!(calendar.due(through, at("2026-11-20T08:59:59Z")), None);
        let one = Due { latest: at("2026-11-20T09:00:00Z"), missed: None };
        assert_eq!(calendar.due(through, at("2026-11-20T09:00:00Z")), Some(one));
        let missed = Missed { first: at("2026-11-20T09:00:00Z"), last: at("2026-11-20T11:00:00Z"), count: 3 };
        let several = Due { latest: at("2026-11-20T12:00:00Z"), missed: Some(missed) };
        assert_eq!(calendar.due(through, at("2026-11-20T12:40:00Z")), Some(several));
        assert_eq!(calendar.due(at("2026-11-20T12:00:00Z"), at("2026-11-20T12:40:00Z")), None);
    }

    #[test]
    fn what_is_no_expression_of_five_fields_is_refused() {
        assert!(Calendar::parse("every day").is_err());
        assert!(Calendar::parse("0 0 6 * * *").is_err());
        assert_eq!(Calendar::parse("0 0 30 2 *").unwrap().next_after(at("2026-01-01T00:00:00Z")), None);
    }

    #[test]
    fn it_says_when_in_words() {
        assert_eq!(Calendar::parse("0 6 * * *").unwrap().in_words(), "At 06:00.");
    }
}
