//! By which channel, and when, a person is told of something: decided once, when it happens.

use chrono::{DateTime, NaiveDate, Utc};
use events::values::{EmailChoice, NotificationKind, NotificationPreferences};

use super::{
    quiet_hours::{next_at, quiet_until},
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
}

impl Silence {
    /// As it stands in the table and in metrics.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::SwitchedOff => "switched_off",
            Self::ChannelNotConfigured => "channel_not_configured",
            Self::NoDevice => "no_device",
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
    if kind.is_critical() {
        return Decision::Now;
    }
    let until = preferences.quiet_hours.and_then(|quiet| quiet_until(quiet, zone(preferences), now));
    until.map_or(Decision::Now, Decision::Deferred)
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
