//! Every command in every status that matters.

use chrono::TimeDelta;
use cqrs_es::test::TestFramework;

use super::*;
use crate::domain::aggregate::AggregateOf;

type Scenario = TestFramework<AggregateOf<ApiKey>>;
use ApiKeyCommand as C;
use ApiKeyEvent as E;

const EXPIRES: DateTime<Utc> = DateTime::from_timestamp(1_800_000_000, 0).expect("a time");

fn issued() -> E {
    E::ApiKeyIssued {
        account_id: AccountId::default(),
        name: "the till".to_owned(),
        scopes: vec!["orders:read".to_owned()],
        expires_at: EXPIRES,
        place: 1,
    }
}

fn rotate_at(now: DateTime<Utc>) -> C {
    C::Rotate { former_valid_until: now + TimeDelta::hours(1), now }
}

#[test]
fn a_key_is_issued_with_what_it_was_given() {
    let issue = C::Issue {
        account_id: AccountId::default(),
        name: "the till".to_owned(),
        scopes: vec!["orders:read".to_owned()],
        expires_at: EXPIRES,
        place: 1,
    };
    Scenario::with(()).given_no_previous_events().when(issue).then_expect_events(vec![issued()]);
}

#[test]
fn only_a_key_that_can_be_called_with_gets_another_secret() {
    let before = EXPIRES - TimeDelta::seconds(1);
    let rotated = E::ApiKeyRotated { former_valid_until: before + TimeDelta::hours(1) };
    Scenario::with(()).given(vec![issued()]).when(rotate_at(before)).then_expect_events(vec![rotated]);
    let refused = |state| Refusal::InvalidTransition { what: "api key", state, attempted: "rotate" };
    Scenario::with(()).given(vec![issued()]).when(rotate_at(EXPIRES)).then_expect_error(refused("expired"));
    Scenario::with(())
        .given(vec![issued(), E::ApiKeyRevoked {}])
        .when(rotate_at(before))
        .then_expect_error(refused("revoked"));
}

#[test]
fn a_key_is_revoked_once_also_after_its_time() {
    Scenario::with(()).given(vec![issued()]).when(C::Revoke).then_expect_events(vec![E::ApiKeyRevoked {}]);
    Scenario::with(()).given(vec![issued(), E::ApiKeyRevoked {}]).when(C::Revoke).then_expect_events(vec![]);
}
