//! Every command in every status that matters.

use cqrs_es::test::TestFramework;

use super::*;
use crate::domain::aggregate::AggregateOf;

type Scenario = TestFramework<AggregateOf<WebhookEndpoint>>;
use WebhookEndpointCommand as C;
use WebhookEndpointEvent as E;

fn details() -> EndpointDetails {
    EndpointDetails {
        url: "https://partner.example/iris".to_owned(),
        event_types: vec!["*".to_owned()],
        in_flight_max: 8,
        ..EndpointDetails::default()
    }
}

fn registered(handshake: bool) -> E {
    let secret_id = Uuid::from_u128(1);
    E::WebhookEndpointRegistered { owner: EndpointOwner::Platform, details: details(), secret_id, handshake }
}

fn disabled(reason: DisabledReason) -> E {
    E::WebhookEndpointDisabled { reason }
}

fn failing() -> C {
    let at = DateTime::UNIX_EPOCH;
    C::ReportFailing { url: details().url, since: at, warning: 1, failures: 20, disabled_at: at }
}

fn replay() -> C {
    C::Replay { replay_id: Uuid::from_u128(5), from_position: 1, upto_position: 9 }
}

#[test]
fn an_endpoint_is_registered_with_what_it_was_given() {
    let register = C::Register {
        owner: EndpointOwner::Platform,
        details: details(),
        secret_id: Uuid::from_u128(1),
        handshake: false,
    };
    Scenario::with(()).given_no_previous_events().when(register).then_expect_events(vec![registered(false)]);
}

#[test]
fn the_same_details_are_nothing_new() {
    let same = C::Revise { details: details() };
    Scenario::with(()).given(vec![registered(false)]).when(same).then_expect_events(vec![]);
    let other = EndpointDetails { description: Some("till".to_owned()), ..details() };
    Scenario::with(())
        .given(vec![registered(false)])
        .when(C::Revise { details: other.clone() })
        .then_expect_events(vec![E::WebhookEndpointRevised { details: other }]);
}

#[test]
fn it_is_disabled_once_for_the_first_reason() {
    let disable = C::GiveUp { url: details().url, reason: DisabledReason::Failing };
    Scenario::with(())
        .given(vec![registered(false)])
        .when(disable.clone())
        .then_expect_events(vec![disabled(DisabledReason::Failing)]);
    Scenario::with(())
        .given(vec![registered(false), disabled(DisabledReason::Owner)])
        .when(disable)
        .then_expect_events(vec![]);
}

#[test]
fn what_failed_at_another_url_is_not_held_against_this_one() {
    let moved = EndpointDetails { url: "https://elsewhere.example/".to_owned(), ..details() };
    let give_up = |reason| C::GiveUp { url: details().url, reason };
    for said in [give_up(DisabledReason::Gone), give_up(DisabledReason::Failing), failing()] {
        Scenario::with(())
            .given(vec![registered(false), E::WebhookEndpointRevised { details: moved.clone() }])
            .when(said)
            .then_expect_events(vec![]);
    }
}

#[test]
fn only_a_disabled_one_is_enabled() {
    Scenario::with(()).given(vec![registered(false)]).when(C::Enable).then_expect_events(vec![]);
    Scenario::with(())
        .given(vec![registered(false), disabled(DisabledReason::Gone)])
        .when(C::Enable)
        .then_expect_events(vec![E::WebhookEndpointEnabled {}]);
}

#[test]
fn the_receiver_agrees_once_and_only_where_it_was_asked() {
    let verify = C::Verify { url: details().url, rate_per_minute_max: Some(60) };
    let verified = E::WebhookEndpointVerified { rate_per_minute_max: Some(60) };
    Scenario::with(()).given(vec![registered(false)]).when(verify.clone()).then_expect_events(vec![]);
    Scenario::with(())
        .given(vec![registered(true)])
        .when(verify.clone())
        .then_expect_events(vec![verified.clone()]);
    Scenario::with(()).given(vec![registered(true), verified]).when(verify).then_expect_events(vec![]);
}

#[test]
fn who_agreed_speaks_for_no_other_url() {
    let elsewhere = EndpointDetails { url: "https://victim.example/".to_owned(), ..details() };
    Scenario::with(())
        .given(vec![registered(true), E::WebhookEndpointRevised { details: elsewhere }])
        .when(C::Verify { url: details().url, rate_per_minute_max: None })
        .then_expect_events(vec![]);
}

#[test]
fn what_is_not_active_replays_and_retries_nothing() {
    let retry = C::RetryDelivery { delivery_id: Uuid::from_u128(6) };
    for (given, status) in [
        (vec![registered(true)], EndpointStatus::Unverified),
        (vec![registered(false), disabled(DisabledReason::Owner)], EndpointStatus::Disabled),
    ] {
        let refused = not_active(status, "replay");
        Scenario::with(()).given(given.clone()).when(replay()).then_expect_error(refused);
        let refused = not_active(status, "retry");
        Scenario::with(()).given(given).when(retry.clone()).then_expect_error(refused);
    }
    Scenario::with(())
        .given(vec![registered(false)])
        .when(retry)
        .then_expect_events(vec![E::WebhookDeliveryRetryRequested { delivery_id: Uuid::from_u128(6) }]);
}

#[test]
fn an_active_one_replays_what_was_asked_for() {
    let (replay_id, from_position, upto_position) = (Uuid::from_u128(5), 1, 9);
    let requested = E::WebhookReplayRequested { replay_id, from_position, upto_position };
    Scenario::with(()).given(vec![registered(false)]).when(replay()).then_expect_events(vec![requested]);
}

#[test]
fn a_failing_one_is_told_of_while_it_is_active() {
    let disabled = vec![registered(false), disabled(DisabledReason::Failing)];
    Scenario::with(()).given(disabled).when(failing()).then_expect_events(vec![]);
    let said = E::WebhookEndpointFailing {
        since: DateTime::UNIX_EPOCH,
        warning: 1,
        failures: 20,
        disabled_at: DateTime::UNIX_EPOCH,
    };
    Scenario::with(()).given(vec![registered(false)]).when(failing()).then_expect_events(vec![said.clone()]);
    Scenario::with(()).given(vec![registered(false), said]).when(failing()).then_expect_events(vec![]);
}

#[test]
fn a_ping_goes_to_a_disabled_one_too() {
    let ping_id = Uuid::from_u128(8);
    Scenario::with(())
        .given(vec![registered(false), disabled(DisabledReason::Owner)])
        .when(C::Ping { ping_id })
        .then_expect_events(vec![E::WebhookPingRequested { ping_id }]);
}
