//! What came of trying to send a message, and what follows from it.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

/// How often a message is tried: with the waits below, for a day.
const ATTEMPTS_MAX: i32 = 19;
const FIRST_WAIT_S: i64 = 30;
const WAIT_MAX_S: i64 = 2 * 60 * 60;
/// How long an outcome may stay unknown. Resend knows a key again for 24 hours; what would be sent after that
/// might be sent twice, so it is given up before.
pub(crate) const UNCERTAIN_MAX: TimeDelta = TimeDelta::hours(23);
/// A channel is paused so long at most: a provider's calendar is not ours, and quotas are raised meanwhile.
const PAUSE_MAX: TimeDelta = TimeDelta::hours(1);
/// How long a channel is paused whose settings the provider refuses: somebody has to mend them first.
const OUR_FAULT_PAUSE: TimeDelta = TimeDelta::minutes(5);
/// A message that met such a refusal lets others go first after the pause: should it be the message's own
/// fault after all, it does not keep the channel for itself.
const OUR_FAULT_WAIT: TimeDelta = TimeDelta::minutes(6);
/// How long a message is put off whose way to the device is shut by a setting of ours.
const PUT_OFF_WAIT: TimeDelta = TimeDelta::minutes(15);

/// What a provider's answer, or its absence, means for a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It is in the provider's hands, under that id.
    Sent(Option<String>),
    /// Not now; perhaps later.
    Retry(Retry),
    /// Too fast: nothing on this channel for so long. Not the message's fault, and no attempt of its.
    TooFast(Duration),
    /// Nothing can be sent on this channel for a while. Not the message's fault either.
    Held(Hold),
    /// Not to this kind of device before a setting of ours is mended; no attempt of the message's.
    PutOff(String),
    /// Never.
    Refused(String),
    /// Never: there is nobody any more to send it to.
    Suppressed(&'static str),
    /// Never, to this device: it is forgotten.
    DeviceGone(String),
}

/// Why and when to try again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Retry {
    pub(crate) reason: String,
    /// True where the provider may have taken it nevertheless.
    pub(crate) uncertain: bool,
    /// What the provider asked for.
    pub(crate) after: Option<Duration>,
}

/// Why a provider takes nothing at all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Hold {
    /// The quota is used up.
    Quota(Quota),
    /// It refuses our key, sender or address, whatever the message; the reason that it gave.
    OurFault(String),
}

/// Which quota.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Quota {
    Daily,
    Monthly,
}

impl Outcome {
    pub(crate) fn retry_uncertain(reason: impl Into<String>) -> Self {
        Self::Retry(Retry { reason: reason.into(), uncertain: true, after: None })
    }

    pub(crate) fn retry_certain(reason: impl Into<String>) -> Self {
        Self::Retry(Retry { reason: reason.into(), uncertain: false, after: None })
    }

    /// When the message is tried again although it was not tried now: `None` leaves it due.
    pub(crate) fn put_off_until(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        match self {
            Self::Held(Hold::OurFault(_)) => Some(now + OUR_FAULT_WAIT),
            Self::PutOff(_) => Some(now + PUT_OFF_WAIT),
            _ => None,
        }
    }

    /// True where the provider takes what we send. A refusal says nothing of that: some are our own.
    pub(crate) const fn shows_that_the_channel_works(&self) -> bool {
        matches!(self, Self::Sent(_) | Self::DeviceGone(_))
    }

    /// As it stands in metrics.
    pub(crate) const fn name(&self) -> &'static str {
        match self {
            Self::Sent(_) => "sent",
            Self::Retry(_) => "retried",
            Self::TooFast(_) => "rate_limited",
            Self::Held(Hold::Quota(_)) => "quota_exceeded",
            Self::Held(Hold::OurFault(_)) | Self::PutOff(_) => "our_fault",
            Self::Refused(_) => "failed",
            Self::Suppressed(_) => "suppressed",
            Self::DeviceGone(_) => "device_gone",
        }
    }
}

impl Hold {
    /// As it stands in the table.
    pub(crate) fn reason(&self) -> &str {
        match self {
            Self::Quota(quota) => quota.name(),
            Self::OurFault(reason) => reason,
        }
    }

    /// When one message is tried again, to see whether it is over.
    pub(crate) fn until(&self, now: DateTime<Utc>) -> DateTime<Utc> {
        match self {
            Self::Quota(quota) => quota.renewed_at(now).min(now + PAUSE_MAX),
            Self::OurFault(_) => now + OUR_FAULT_PAUSE,
        }
    }
}

impl Quota {
    /// As it stands in the table and in metrics.
    const fn name(self) -> &'static str {
        match self {
            Self::Daily => "daily_quota_exceeded",
            Self::Monthly => "monthly_quota_exceeded",
        }
    }

    /// When there is a new one: the next day, or month, in UTC.
    fn renewed_at(self, now: DateTime<Utc>) -> DateTime<Utc> {
        use chrono::{Datelike, Days, Months, NaiveTime};
        let today = now.date_naive();
        let day = match self {
            Self::Daily => today.checked_add_days(Days::new(1)),
            Self::Monthly => today.with_day(1).and_then(|first| first.checked_add_months(Months::new(1))),
        };
        day.expect("calendars go on for a while").and_time(NaiveTime::MIN).and_utc()
    }
}

/// When the message is tried again after so many attempts; `None` once it has been tried often enough.
///
/// Doubles from 30 s to 2 h, with up to a fifth less: what failed together does not come back together.
pub(crate) fn next_attempt(
    message_id: Uuid,
    attempts: i32,
    after: Option<Duration>,
    now: DateTime<Utc>,
) -> Option<DateTime<Utc>> {
    if attempts >= ATTEMPTS_MAX {
        return None;
    }
    let doubled = FIRST_WAIT_S << attempts.clamp(1, 20).saturating_sub(1);
    let wait_ms = doubled.min(WAIT_MAX_S) * 1000;
    // The tail of the id is random, and another part of it is taken each time.
    let dice = (message_id.as_u128() >> (attempts.clamp(0, 19) * 2)) % 200;
    let less = wait_ms * i64::try_from(dice).expect("below 200") / 1000;
    let asked = after.map_or(0, |after| i64::try_from(after.as_millis()).unwrap_or(i64::MAX));
    let wait_ms = (wait_ms - less).max(asked.min(WAIT_MAX_S * 1000));
    Some(now + TimeDelta::milliseconds(wait_ms))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_with_jitter_and_end_after_a_day() {
        let now = DateTime::UNIX_EPOCH;
        let mut tried_at = now;
        for attempts in 1..ATTEMPTS_MAX {
            let message = Uuid::from_u128(u128::MAX / u128::from(attempts.unsigned_abs()));
            let next = next_attempt(message, attempts, None, tried_at).unwrap();
            let full = (FIRST_WAIT_S << (attempts - 1).min(10)).min(WAIT_MAX_S);
            let waited = (next - tried_at).num_milliseconds();
            assert!(waited <= full * 1000 && waited > full * 800, "{attempts}: {waited}");
            tried_at = next;
        }
        let hours = (tried_at - now).num_hours();
        assert!((18..=24).contains(&hours), "{hours}");
        assert_eq!(next_attempt(Uuid::nil(), ATTEMPTS_MAX, None, now), None);
    }

    #[test]
    fn a_provider_that_asks_for_more_time_gets_it_within_reason() {
        let now = DateTime::UNIX_EPOCH;
        let asked = |seconds| next_attempt(Uuid::nil(), 1, Some(Duration::from_secs(seconds)), now).unwrap();
        assert_eq!(asked(90), now + TimeDelta::seconds(90));
        assert_eq!(asked(5), now + TimeDelta::seconds(30));
        assert_eq!(asked(1_000_000), now + TimeDelta::hours(2));
    }

    #[test]
    fn no_pause_is_longer_than_an_hour() {
        let now = "2026-12-01T13:00:00Z".parse().unwrap();
        for hold in [Hold::Quota(Quota::Daily), Hold::Quota(Quota::Monthly)] {
            assert_eq!(hold.until(now), now + TimeDelta::hours(1), "{hold:?}");
        }
        let midnight: DateTime<Utc> = "2026-12-02T00:00:00Z".parse().unwrap();
        assert_eq!(Hold::Quota(Quota::Daily).until(midnight - TimeDelta::minutes(3)), midnight);
        assert!(Hold::OurFault(String::new()).until(now) <= now + TimeDelta::hours(1));
    }

    #[test]
    fn quotas_are_renewed_with_the_day_and_the_month() {
        let now = "2026-12-31T13:00:00Z".parse().unwrap();
        let new_year: DateTime<Utc> = "2027-01-01T00:00:00Z".parse().unwrap();
        assert_eq!((Quota::Daily.renewed_at(now), Quota::Monthly.renewed_at(now)), (new_year, new_year));
        let earlier = "2026-11-20T13:00:00Z".parse().unwrap();
        assert_eq!(Quota::Daily.renewed_at(earlier).to_rfc3339(), "2026-11-21T00:00:00+00:00");
        assert_eq!(Quota::Monthly.renewed_at(earlier).to_rfc3339(), "2026-12-01T00:00:00+00:00");
    }
}
