//! Every command in every state.

use cqrs_es::test::TestFramework;
use events::values::{ChannelChoice, DisabledBy, Locale, LoginProvider, MinuteOfDay, QuietHours};

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

const USER: &str = "user_29w83sxmDNGwOuEthce5gg56FcC";

fn at(second: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(second, 0).unwrap()
}

fn linked(as_of: i64) -> AccountEvent {
    AccountEvent::LoginLinked { provider: LoginProvider::Clerk, subject: USER.to_owned(), as_of: at(as_of) }
}

fn disabled(by: DisabledBy) -> AccountEvent {
    AccountEvent::AccountDisabled { by, reason: None }
}

#[test]
fn an_account_has_one_user_of_a_provider() {
    let provider = LoginProvider::Clerk;
    let link =
        |subject: &str| AccountCommand::LinkLogin { provider, subject: subject.to_owned(), as_of: at(1) };
    Scenario::with(()).given(vec![registered()]).when(link(USER)).then_expect_events(vec![linked(1)]);
    let ended = AccountEvent::LoginEnded { provider, subject: USER.to_owned() };
    for given in [vec![registered(), linked(1)], vec![registered(), linked(1), ended]] {
        Scenario::with(()).given(given).when(link("user_other")).then_expect_error(Refusal::EmailTaken);
    }
}

#[test]
fn only_what_is_newer_is_remembered() {
    let provider = LoginProvider::Clerk;
    let confirm = |second| AccountCommand::ConfirmLogin { provider, as_of: at(second) };
    let confirmed = AccountEvent::LoginConfirmed { provider, subject: USER.to_owned(), as_of: at(3) };
    let given = || vec![registered(), linked(1), confirmed.clone()];
    for old in [1, 2, 3] {
        Scenario::with(()).given(given()).when(confirm(old)).then_expect_events(vec![]);
    }
    let newer = AccountEvent::LoginConfirmed { provider, subject: USER.to_owned(), as_of: at(4) };
    Scenario::with(()).given(given()).when(confirm(4)).then_expect_events(vec![newer]);
}

#[test]
fn each_lifts_its_own_and_an_admin_everything() {
    use DisabledBy::{Admin, Provider};
    let enabled = |by| AccountEvent::AccountEnabled { by };
    for (given, by, then) in [
        (vec![], Admin, vec![]),
        (vec![], Provider, vec![]),
        (vec![disabled(Admin)], Provider, vec![]),
        (vec![disabled(Admin)], Admin, vec![enabled(Admin)]),
        (vec![disabled(Provider)], Provider, vec![enabled(Provider)]),
        (vec![disabled(Provider)], Admin, vec![enabled(Admin)]),
        (vec![disabled(Provider), disabled(Admin), enabled(Provider)], Admin, vec![enabled(Admin)]),
        (vec![disabled(Provider), disabled(Admin), enabled(Admin)], Provider, vec![]),
    ] {
        let given = [vec![registered()], given].concat();
        Scenario::with(()).given(given).when(AccountCommand::Enable { by }).then_expect_events(then);
    }
    let disable = AccountCommand::Disable { by: Admin, reason: None };
    Scenario::with(())
        .given(vec![registered(), disabled(Provider)])
        .when(disable.clone())
        .then_expect_events(vec![disabled(Admin)]);
    Scenario::with(()).given(vec![registered(), disabled(Admin)]).when(disable).then_expect_events(vec![]);
}

#[test]
fn who_is_erased_is_neither_linked_nor_enabled_nor_found_at_an_address() {
    let gone = || vec![registered(), AccountEvent::AccountErased { reason: None }];
    let (provider, email) =
        (LoginProvider::Clerk, Personal::new(events::values::AccountId::default(), "b@iris.test"));
    let by = DisabledBy::Admin;
    for (command, attempted) in [
        (AccountCommand::LinkLogin { provider, subject: USER.to_owned(), as_of: at(1) }, "link a login"),
        (AccountCommand::ChangeAddress { email }, "change the address"),
        (AccountCommand::Disable { by, reason: None }, "disable"),
        (AccountCommand::Enable { by }, "enable"),
    ] {
        Scenario::with(()).given(gone()).when(command).then_expect_error(erased(attempted));
    }
}
