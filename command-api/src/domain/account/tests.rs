//! Every command in every state.

use cqrs_es::test::TestFramework;
use events::values::{ChannelChoice, Locale, MinuteOfDay, QuietHours};

use super::*;
use crate::domain::aggregate::AggregateOf;

type Scenario = TestFramework<AggregateOf<Account>>;

fn registered() -> AccountEvent {
    AccountEvent::AccountRegistered {
        email: Personal::new(events::values::AccountId::default(), "asa@iris.test"),
        role: Role::Restaurant,
        invited: false,
    }
}

fn set(preferences: NotificationPreferences) -> AccountCommand {
    AccountCommand::SetNotificationPreferences { preferences }
}

fn was_set(preferences: NotificationPreferences) -> AccountEvent {
    AccountEvent::NotificationPreferencesSet { preferences }
}

fn choosing(kind: NotificationKind, choice: ChannelChoice) -> NotificationPreferences {
    NotificationPreferences { choices: [(kind, choice)].into(), ..NotificationPreferences::default() }
}

fn quiet_in_english() -> NotificationPreferences {
    let at = |hour| MinuteOfDay::try_new(hour, 30).unwrap();
    NotificationPreferences {
        locale: Locale::En,
        quiet_hours: Some(QuietHours { from: at(22), to: at(6) }),
        ..choosing(
            NotificationKind::StockLow,
            ChannelChoice { in_app: false, email: EmailChoice::Off, push: true },
        )
    }
}

#[test]
fn preferences_are_set_as_a_whole() {
    Scenario::with(())
        .given(vec![registered()])
        .when(set(quiet_in_english()))
        .then_expect_events(vec![was_set(quiet_in_english())]);
    Scenario::with(())
        .given(vec![registered(), was_set(quiet_in_english())])
        .when(set(NotificationPreferences::default()))
        .then_expect_events(vec![was_set(NotificationPreferences::default())]);
}

#[test]
fn what_is_so_already_is_not_set_again() {
    Scenario::with(())
        .given(vec![registered()])
        .when(set(NotificationPreferences::default()))
        .then_expect_events(vec![]);
    Scenario::with(())
        .given(vec![registered(), was_set(quiet_in_english())])
        .when(set(quiet_in_english()))
        .then_expect_events(vec![]);
}

#[test]
fn naming_the_default_is_choosing_nothing() {
    let kind = NotificationKind::OrderPlaced;
    Scenario::with(())
        .given(vec![registered()])
        .when(set(choosing(kind, kind.default_choice())))
        .then_expect_events(vec![]);
}

#[test]
fn mail_of_a_critical_kind_can_neither_be_refused_nor_put_off() {
    let kind = NotificationKind::WebhookEndpointFailing;
    for email in [EmailChoice::Off, EmailChoice::Digest] {
        let choice = ChannelChoice { email, ..kind.default_choice() };
        Scenario::with(())
            .given(vec![registered()])
            .when(set(choosing(kind, choice)))
            .then_expect_error(Refusal::Invalid(vec![cannot_be_refused(kind)]));
    }
    let without_inbox = choosing(kind, ChannelChoice { in_app: false, ..kind.default_choice() });
    Scenario::with(())
        .given(vec![registered()])
        .when(set(without_inbox.clone()))
        .then_expect_events(vec![was_set(without_inbox)]);
}

#[test]
fn an_account_is_erased_once_and_says_nothing_any_more() {
    let erased = AccountEvent::AccountErased { reason: Some("asked for it".to_owned()) };
    let erase = AccountCommand::Erase { reason: Some("asked for it".to_owned()) };
    Scenario::with(()).given(vec![registered()]).when(erase.clone()).then_expect_events(vec![erased.clone()]);
    Scenario::with(()).given(vec![registered(), erased.clone()]).when(erase).then_expect_events(vec![]);
    Scenario::with(()).given(vec![registered(), erased]).when(set(quiet_in_english())).then_expect_error(
        Refusal::InvalidTransition {
            what: "account",
            state: "erased",
            attempted: "set notification preferences",
        },
    );
}
