//! By which channel, and when, a person is told of something: decided when it happens, and looked at again
//! before each attempt to send it.

use chrono::{DateTime, NaiveDate, Utc};
use events::values::{EmailChoice, NotificationKind, NotificationPreferences};

use super::{
    messages::Channel,
    quiet_hours::{is_quiet_time, next_at, quiet_until},
    wording::zone,
};

/// What is decided for one channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Decision {
    /// At once.
    Now,
    /// When the quiet hours are over.
    Deferred(DateTime<Utc>),
    /// With what else there is on that day, at that moment.
    Digest(NaiveDate, DateTime<Utc>),
    /// Not at all.
    Suppressed(Silence),
}

/// Why nothing is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Silence {
    /// The person does not want it.
    SwitchedOff,
    /// The operator has set up no provider.
    ChannelNotConfigured,
    /// The person has no device.
    NoDevice,
    /// The person does not work there any more.
    NoLongerMember,
    /// There is no such account any more.
    AccountUnknown,
}

impl Silence {
    /// As it stands in the table and in metrics.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::SwitchedOff => "switched_off",
            Self::ChannelNotConfigured => "channel_not_configured",
            Self::NoDevice => "no_device",
            Self::NoLongerMember => "no_longer_member",
            Self::AccountUnknown => "account_unknown",
        }
    }
}

/// What there is to send by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Configured {
    pub(crate) email: bool,
    pub(crate) push: bool,
}

/// Whether and when that person is sent mail of that kind.
pub(crate) fn email(
    kind: NotificationKind,
    preferences: &NotificationPreferences,
    configured: Configured,
    now: DateTime<Utc>,
) -> Decision {
    let choice = if kind.is_critical() { EmailChoice::Now } else { preferences.choice(kind).email };
    match choice {
        EmailChoice::Off => Decision::Suppressed(Silence::SwitchedOff),
        _ if !configured.email => Decision::Suppressed(Silence::ChannelNotConfigured),
        EmailChoice::Now => now_or_after_quiet_hours(kind, preferences, now),
        EmailChoice::Digest => {
            let (day, due) = next_at(preferences.digest_at, zone(preferences), now);
            Decision::Digest(day, due)
        }
    }
}

/// Whether and when that person's devices are sent pushes of that kind.
pub(crate) fn push(
    kind: NotificationKind,
    preferences: &NotificationPreferences,
    configured: Configured,
    devices: usize,
    now: DateTime<Utc>,
) -> Decision {
    match () {
        () if !preferences.choice(kind).push => Decision::Suppressed(Silence::SwitchedOff),
        () if !configured.push => Decision::Suppressed(Silence::ChannelNotConfigured),
        () if devices == 0 => Decision::Suppressed(Silence::NoDevice),
        () => now_or_after_quiet_hours(kind, preferences, now),
    }
}

fn now_or_after_quiet_hours(
    kind: NotificationKind,
    preferences: &NotificationPreferences,
    now: DateTime<Utc>,
) -> Decision {
    wait_for_quiet_hours(kind, preferences, now).map_or(Decision::Now, Decision::Deferred)
}

/// True where the person has switched that off; what is critical is then sent nevertheless.
pub(crate) fn refused(
    kind: NotificationKind,
    channel: Channel,
    preferences: &NotificationPreferences,
) -> bool {
    let choice = preferences.choice(kind);
    !kind.is_critical()
        && match channel {
            Channel::Email => choice.email == EmailChoice::Off,
            Channel::Push => !choice.push,
        }
}

/// Until when quiet hours keep that back; `None` where they do not.
pub(crate) fn wait_for_quiet_hours(
    kind: NotificationKind,
    preferences: &NotificationPreferences,
    now: DateTime<Utc>,
) -> Option<DateTime<Utc>> {
    if kind.is_critical() {
        return None;
    }
    quiet_until(preferences.quiet_hours?, zone(preferences), now)
}

/// Until when quiet hours keep back a digest that is late. One that is wanted within them is not: its time was
/// chosen, too.
pub(crate) fn digest_after_quiet_hours(
    preferences: &NotificationPreferences,
    now: DateTime<Utc>,
) -> Option<DateTime<Utc>> {
    let quiet = preferences.quiet_hours?;
    if is_quiet_time(quiet, preferences.digest_at) {
        return None;
    }
    quiet_until(quiet, zone(preferences), now)
}

#[cfg(test)]
mod tests {
    use events::values::{ChannelChoice, QuietHours};

    use super::*;

    const ALL: Configured = Configured { email: true, push: true };

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    fn at_night() -> DateTime<Utc> {
        at("2026-11-20T23:00:00Z")
    }

    fn preferences(kind: NotificationKind, email: EmailChoice, push: bool) -> NotificationPreferences {
        let quiet = QuietHours { from: "22:00".parse().unwrap(), to: "07:00".parse().unwrap() };
        NotificationPreferences {
            quiet_hours: Some(quiet),
            digest_at: "08:30".parse().unwrap(),
            choices: [(kind, ChannelChoice { in_app: true, email, push })].into(),
            ..NotificationPreferences::default()
        }
    }

    #[test]
    fn a_choice_is_honoured_and_waits_for_the_morning() {
        use NotificationKind::OrderPlaced as Kind;
        let asked = |choice| email(Kind, &preferences(Kind, choice, true), ALL, at_night());
        let morning = at("2026-11-21T06:00:00Z");
        assert_eq!(asked(EmailChoice::Now), Decision::Deferred(morning));
        assert_eq!(asked(EmailChoice::Off), Decision::Suppressed(Silence::SwitchedOff));
        let day = NaiveDate::from_ymd_opt(2026, 11, 21).unwrap();
        assert_eq!(asked(EmailChoice::Digest), Decision::Digest(day, at("2026-11-21T07:30:00Z")));

        let by_day = at("2026-11-20T12:00:00Z");
        assert_eq!(email(Kind, &preferences(Kind, EmailChoice::Now, true), ALL, by_day), Decision::Now);
    }

    #[test]
    fn pushes_want_a_choice_a_provider_and_a_device() {
        use NotificationKind::OrderPlaced as Kind;
        let (on, off) =
            (preferences(Kind, EmailChoice::Off, true), preferences(Kind, EmailChoice::Off, false));
        let none = Configured { email: true, push: false };
        let morning = at("2026-11-21T06:00:00Z");
        assert_eq!(push(Kind, &on, ALL, 1, at_night()), Decision::Deferred(morning));
        assert_eq!(push(Kind, &off, ALL, 1, at_night()), Decision::Suppressed(Silence::SwitchedOff));
        assert_eq!(push(Kind, &on, ALL, 0, at_night()), Decision::Suppressed(Silence::NoDevice));
        let suppressed = Decision::Suppressed(Silence::ChannelNotConfigured);
        assert_eq!(push(Kind, &on, none, 1, at_night()), suppressed);
    }

    #[test]
    fn a_late_digest_waits_for_the_morning_unless_it_is_wanted_at_night() {
        let mut chosen = preferences(NotificationKind::StockLow, EmailChoice::Digest, false);
        assert_eq!(digest_after_quiet_hours(&chosen, at_night()), Some(at("2026-11-21T06:00:00Z")));
        assert_eq!(digest_after_quiet_hours(&chosen, at("2026-11-20T12:00:00Z")), None);
        chosen.digest_at = "06:30".parse().unwrap();
        assert_eq!(digest_after_quiet_hours(&chosen, at_night()), None);
    }

    #[test]
    fn what_was_switched_off_since_is_refused_unless_it_is_critical() {
        for (kind, expected) in
            [(NotificationKind::OrderPlaced, true), (NotificationKind::WebhookEndpointFailing, false)]
        {
            let off = preferences(kind, EmailChoice::Off, false);
            assert_eq!(refused(kind, Channel::Email, &off), expected, "{kind}");
            assert_eq!(refused(kind, Channel::Push, &off), expected, "{kind}");
            let on = preferences(kind, EmailChoice::Digest, true);
            assert!(!refused(kind, Channel::Email, &on) && !refused(kind, Channel::Push, &on), "{kind}");
        }
    }

    #[test]
    fn what_is_critical_is_mailed_at_once_whatever_was_chosen() {
        let critical = NotificationKind::WebhookEndpointFailing;
        for choice in [EmailChoice::Now, EmailChoice::Digest, EmailChoice::Off] {
            let chosen = preferences(critical, choice, true);
            assert_eq!(email(critical, &chosen, ALL, at_night()), Decision::Now, "{choice:?}");
            assert_eq!(push(critical, &chosen, ALL, 1, at_night()), Decision::Now, "{choice:?}");
        }
        let none = Configured { email: false, push: false };
        let suppressed = Decision::Suppressed(Silence::ChannelNotConfigured);
        assert_eq!(email(critical, &NotificationPreferences::default(), none, at_night()), suppressed);
    }
}
