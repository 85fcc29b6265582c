//! Times of day by the wall clock of a place where clocks are moved twice a year.

use chrono::{
    DateTime, Days, MappedLocalTime, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, TimeZone, Timelike, Utc,
};
use chrono_tz::Tz;
use events::values::{MinuteOfDay, QuietHours};

/// No zone has ever moved its clocks further in a day than Samoa did when it left out one.
const GAP_MINUTES_MAX: i64 = 25 * 60;

/// When the quiet hours end that `now` falls into; `None` where it falls into none.
///
/// The end is the first moment at which the wall clock no longer shows a quiet time: where clocks jump over
/// it, the moment of the jump; where it comes twice, the first of the two.
pub(crate) fn quiet_until(quiet: QuietHours, zone: Tz, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let local = now.with_timezone(&zone);
    let ends_today = ends_on_the_same_day(quiet, local.hour() * 60 + local.minute())?;
    let today = local.date_naive();
    let day = if ends_today { today } else { next_day(today) };
    let end = first_moment(zone, wall(day, quiet.to));
    // Between the two passes of a time that comes twice, the first is over already.
    Some(if end > now { end } else { last_moment(zone, wall(day, quiet.to)) })
}

/// True where that time of day is a quiet one.
pub(crate) fn is_quiet_time(quiet: QuietHours, at: MinuteOfDay) -> bool {
    ends_on_the_same_day(quiet, at.minutes().into()).is_some()
}

/// `None` for a time that is not quiet.
fn ends_on_the_same_day(quiet: QuietHours, minute: u32) -> Option<bool> {
    let (from, to) = (u32::from(quiet.from.minutes()), u32::from(quiet.to.minutes()));
    match () {
        () if from <= to && (from..to).contains(&minute) => Some(true),
        () if from > to && minute < to => Some(true),
        () if from > to && minute >= from => Some(false),
        () => None,
    }
}

/// The next time that a wall clock shows that time of day, after `now`, and the day that it is on.
pub(crate) fn next_at(at: MinuteOfDay, zone: Tz, now: DateTime<Utc>) -> (NaiveDate, DateTime<Utc>) {
    let today = now.with_timezone(&zone).date_naive();
    let due = first_moment(zone, wall(today, at));
    if due > now { (today, due) } else { at_on_the_day_after(at, zone, today) }
}

/// That time of day on the day after.
pub(crate) fn at_on_the_day_after(at: MinuteOfDay, zone: Tz, day: NaiveDate) -> (NaiveDate, DateTime<Utc>) {
    let day = next_day(day);
    (day, first_moment(zone, wall(day, at)))
}

fn next_day(day: NaiveDate) -> NaiveDate {
    day.checked_add_days(Days::new(1)).expect("calendars go on for a while")
}

fn wall(day: NaiveDate, at: MinuteOfDay) -> NaiveDateTime {
    let minutes = u32::from(at.minutes());
    let time = NaiveTime::from_hms_opt(minutes / 60, minutes % 60, 0).expect("a time of day");
    day.and_time(time)
}

fn first_moment(zone: Tz, wall: NaiveDateTime) -> DateTime<Utc> {
    match existing(zone, wall) {
        MappedLocalTime::Single(moment) | MappedLocalTime::Ambiguous(moment, _) => moment,
        MappedLocalTime::None => wall.and_utc(),
    }
}

fn last_moment(zone: Tz, wall: NaiveDateTime) -> DateTime<Utc> {
    match existing(zone, wall) {
        MappedLocalTime::Single(moment) | MappedLocalTime::Ambiguous(_, moment) => moment,
        MappedLocalTime::None => wall.and_utc(),
    }
}

/// That time, or where clocks jump over it, the one that they jump to.
fn existing(zone: Tz, wall: NaiveDateTime) -> MappedLocalTime<DateTime<Utc>> {
    (0..=GAP_MINUTES_MAX)
        .map(|minutes| zone.from_local_datetime(&(wall + TimeDelta::minutes(minutes))))
        .find(|mapped| !matches!(mapped, MappedLocalTime::None))
        .unwrap_or(MappedLocalTime::None)
        .map(|moment| moment.with_timezone(&Utc))
}

#[cfg(test)]
mod tests {
    use super::*;

    const STOCKHOLM: Tz = Tz::Europe__Stockholm;

    fn quiet(from: &str, to: &str) -> QuietHours {
        QuietHours { from: from.parse().unwrap(), to: to.parse().unwrap() }
    }

    fn until(quiet: QuietHours, now: &str) -> Option<String> {
        let until = quiet_until(quiet, STOCKHOLM, now.parse().unwrap());
        until.map(|until| until.to_rfc3339_opts(chrono::SecondsFormat::Secs, true))
    }

    #[test]
    fn quiet_hours_may_go_over_midnight_and_are_none_where_both_ends_are_one() {
        let night = quiet("22:00", "07:00");
        for (now, expected) in [
            ("2026-11-20T20:59:59Z", None),
            ("2026-11-20T21:00:00Z", Some("2026-11-21T06:00:00Z")),
            ("2026-11-21T05:59:59Z", Some("2026-11-21T06:00:00Z")),
            ("2026-11-21T06:00:00Z", None),
        ] {
            assert_eq!(until(night, now).as_deref(), expected, "{now}");
        }
        let siesta = quiet("13:00", "15:00");
        assert_eq!(until(siesta, "2026-11-20T12:30:00Z").as_deref(), Some("2026-11-20T14:00:00Z"));
        assert_eq!(until(siesta, "2026-11-20T14:00:00Z"), None);
        assert_eq!(until(quiet("08:00", "08:00"), "2026-11-20T07:00:00Z"), None);
    }

    #[test]
    fn when_clocks_go_forward_a_night_is_an_hour_shorter() {
        // 2027-03-28: 02:00 becomes 03:00, at 01:00 UTC.
        let night = quiet("22:00", "07:00");
        assert_eq!(until(night, "2027-03-27T21:30:00Z").as_deref(), Some("2027-03-28T05:00:00Z"));
        // An end that is jumped over is the moment of the jump.
        let to_the_gap = quiet("22:00", "02:30");
        assert_eq!(until(to_the_gap, "2027-03-28T00:59:00Z").as_deref(), Some("2027-03-28T01:00:00Z"));
        assert_eq!(until(to_the_gap, "2027-03-28T01:00:00Z"), None);
    }

    #[test]
    fn when_clocks_go_back_a_night_is_an_hour_longer() {
        // 2027-10-31: 03:00 becomes 02:00, at 01:00 UTC.
        let night = quiet("22:00", "07:00");
        assert_eq!(until(night, "2027-10-30T21:00:00Z").as_deref(), Some("2027-10-31T06:00:00Z"));
        // 02:30 comes twice, at 00:30 and at 01:30 UTC.
        let to_the_fold = quiet("22:00", "02:30");
        assert_eq!(until(to_the_fold, "2027-10-30T22:00:00Z").as_deref(), Some("2027-10-31T00:30:00Z"));
        assert_eq!(until(to_the_fold, "2027-10-31T00:30:00Z"), None);
        assert_eq!(until(to_the_fold, "2027-10-31T01:10:00Z").as_deref(), Some("2027-10-31T01:30:00Z"));
    }

    #[test]
    fn a_daily_time_comes_once_a_day_also_when_clocks_are_moved() {
        let at = |time: &str, now: &str| {
            let (day, due) = next_at(time.parse().unwrap(), STOCKHOLM, now.parse().unwrap());
            format!("{day} {}", due.to_rfc3339_opts(chrono::SecondsFormat::Secs, true))
        };
        assert_eq!(at("07:00", "2026-11-20T05:59:59Z"), "2026-11-20 2026-11-20T06:00:00Z");
        assert_eq!(at("07:00", "2026-11-20T06:00:00Z"), "2026-11-21 2026-11-21T06:00:00Z");
        assert_eq!(at("02:30", "2027-03-27T23:30:00Z"), "2027-03-28 2027-03-28T01:00:00Z");
        assert_eq!(at("02:30", "2027-03-28T01:00:00Z"), "2027-03-29 2027-03-29T00:30:00Z");
        assert_eq!(at("02:30", "2027-10-30T23:30:00Z"), "2027-10-31 2027-10-31T00:30:00Z");
        assert_eq!(at("02:30", "2027-10-31T00:30:00Z"), "2027-11-01 2027-11-01T01:30:00Z");
    }
}
