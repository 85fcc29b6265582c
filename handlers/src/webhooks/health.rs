//! How an endpoint fares: whether to leave it alone for a while, to warn its owner, or to give it up. Pure.

use chrono::{DateTime, Utc};

use super::{WebhookSettings, outcome::Pulse};

/// What is remembered of an endpoint's answers; columns of `webhooks.lanes`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Health {
    /// Failures in a row that say that nobody is there.
    pub(super) breaker_failures: i32,
    /// How often the breaker opened since it was last closed.
    pub(super) breaker_opened: i32,
    /// Until when nothing is sent.
    pub(super) breaker_until: Option<DateTime<Utc>>,
    /// When the first attempt failed that no success has followed.
    pub(super) failing_since: Option<DateTime<Utc>>,
    /// Attempts that failed since then.
    pub(super) failures: i64,
    /// Warnings that the owner has had since then.
    pub(super) warnings: i32,
    /// When something was last delivered.
    pub(super) last_success_at: Option<DateTime<Utc>>,
}

/// Whether requests are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Breaker {
    /// Yes.
    Closed,
    /// One, to see whether somebody is there again.
    HalfOpen,
    /// None until then.
    Open(DateTime<Utc>),
}

impl Health {
    /// Whether requests are made at that moment.
    pub(super) fn breaker(&self, settings: &WebhookSettings, now: DateTime<Utc>) -> Breaker {
        if self.breaker_failures < settings.breaker_failures {
            return Breaker::Closed;
        }
        match self.breaker_until {
            Some(until) if now < until => Breaker::Open(until),
            _ => Breaker::HalfOpen,
        }
    }

    /// Takes one more attempt into account.
    pub(super) fn observe(&mut self, pulse: Pulse, settings: &WebhookSettings, now: DateTime<Utc>) {
        if pulse == Pulse::Takes {
            *self = Self { last_success_at: Some(now), ..Self::default() };
            return;
        }
        self.failing_since.get_or_insert(now);
        self.failures += 1;
        if pulse != Pulse::Absent {
            self.close();
            return;
        }
        // Those that were under way when it opened fail, too; they make it no longer.
        if matches!(self.breaker(settings, now), Breaker::Open(_)) {
            return;
        }
        self.breaker_failures = self.breaker_failures.saturating_add(1);
        if self.breaker_failures >= settings.breaker_failures {
            self.open(settings, now);
        }
    }

    fn close(&mut self) {
        (self.breaker_failures, self.breaker_opened, self.breaker_until) = (0, 0, None);
    }

    fn open(&mut self, settings: &WebhookSettings, now: DateTime<Utc>) {
        // Beyond that, the doubled wait is the longest anyway, and further doubling would overflow.
        let doublings = u32::try_from(self.breaker_opened.clamp(0, 20)).unwrap_or(0);
        let wait = settings.breaker_first * 2_i32.pow(doublings);
        self.breaker_opened = self.breaker_opened.saturating_add(1);
        self.breaker_until = Some(now + wait.min(settings.breaker_max));
    }

    /// The number of warnings that the owner should have had by then, if that is more than it had.
    pub(super) fn warning_due(&self, settings: &WebhookSettings, now: DateTime<Utc>) -> Option<i32> {
        let since = self.failing_since?;
        let due = settings.warnings.iter().filter(|after| now - since >= **after).count();
        i32::try_from(due).ok().filter(|due| *due > self.warnings)
    }

    /// True if nobody is there any more, asked after a failure.
    pub(super) fn is_lost(&self, settings: &WebhookSettings, now: DateTime<Utc>) -> bool {
        let Some(since) = self.failing_since else { return false };
        now - since >= settings.disable_after.max(settings.disable_span_min)
            && self.failures >= settings.disable_failures_min
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000 + seconds, 0).unwrap()
    }

    fn observed(pulses: &[(i64, Pulse)]) -> Health {
        let mut health = Health::default();
        for (second, pulse) in pulses {
            health.observe(*pulse, &WebhookSettings::default(), at(*second));
        }
        health
    }

    #[test]
    fn five_failures_in_a_row_open_it_for_half_a_minute_then_one_is_let_through() {
        let settings = WebhookSettings::default();
        let health = observed(&[(0, Pulse::Absent); 4]);
        assert_eq!(health.breaker(&settings, at(0)), Breaker::Closed);
        let health = observed(&[(0, Pulse::Absent); 5]);
        assert_eq!(health.breaker(&settings, at(0)), Breaker::Open(at(30)));
        assert_eq!(health.breaker(&settings, at(30)), Breaker::HalfOpen);
    }

    #[test]
    fn each_failed_probe_doubles_the_wait_up_to_a_quarter_of_an_hour() {
        let settings = WebhookSettings::default();
        let mut health = observed(&[(0, Pulse::Absent); 5]);
        let mut waits = Vec::new();
        for _ in 0..7 {
            let now = health.breaker_until.unwrap();
            health.observe(Pulse::Absent, &settings, now);
            waits.push((health.breaker_until.unwrap() - now).num_seconds());
        }
        assert_eq!(waits, [60, 120, 240, 480, 900, 900, 900]);
    }

    #[test]
    fn failures_that_were_under_way_when_it_opened_do_not_prolong_it() {
        let health = observed(&[(0, Pulse::Absent); 13]);
        assert_eq!((health.breaker_until, health.breaker_opened), (Some(at(30)), 1));
        assert_eq!(health.failures, 13);
    }

    #[test]
    fn an_answer_closes_it_but_only_a_success_ends_the_failing() {
        let mut pulses = vec![(0, Pulse::Absent); 5];
        pulses.push((40, Pulse::Answers));
        let health = observed(&pulses);
        assert_eq!((health.breaker_failures, health.breaker_until), (0, None));
        assert_eq!((health.failing_since, health.failures), (Some(at(0)), 6));
        pulses.push((50, Pulse::Takes));
        assert_eq!(observed(&pulses), Health { last_success_at: Some(at(50)), ..Health::default() });
    }

    #[test]
    fn being_too_fast_never_opens_it() {
        let health = observed(&[(0, Pulse::Overrun); 50]);
        assert_eq!(health.breaker(&WebhookSettings::default(), at(0)), Breaker::Closed);
    }

    #[test]
    fn the_owner_is_warned_thrice_and_each_warning_once() {
        let settings = WebhookSettings::default();
        let mut health = Health { failing_since: Some(at(0)), ..Health::default() };
        let hours = |hours: i64| at(0) + TimeDelta::hours(hours);
        assert_eq!(health.warning_due(&settings, at(3_599)), None);
        assert_eq!(health.warning_due(&settings, hours(1)), Some(1));
        health.warnings = 1;
        assert_eq!(health.warning_due(&settings, hours(23)), None);
        assert_eq!(health.warning_due(&settings, hours(80)), Some(3));
        health.warnings = 3;
        assert_eq!(health.warning_due(&settings, hours(119)), None);
        assert_eq!(Health::default().warning_due(&settings, hours(80)), None);
    }

    #[test]
    fn it_is_given_up_after_five_days_and_twenty_failures_and_not_before() {
        let settings = WebhookSettings::default();
        let health = |failures| Health { failing_since: Some(at(0)), failures, ..Health::default() };
        let days = |days: i64| at(0) + TimeDelta::days(days);
        assert!(health(20).is_lost(&settings, days(5)));
        assert!(!health(19).is_lost(&settings, days(5)));
        assert!(!health(500).is_lost(&settings, days(5) - TimeDelta::seconds(1)));
        assert!(!Health::default().is_lost(&settings, days(9)));
    }
}
