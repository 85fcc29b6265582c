use super::*;

fn limits(per_minute: u32) -> Arc<RequestLimits> {
    Arc::new(RequestLimits::new(NonZeroU32::new(per_minute).unwrap()))
}

fn from(limits: &Arc<RequestLimits>, last: u8) -> Allowance {
    limits.allowance(Some(IpAddr::from([192, 0, 2, last])))
}

#[test]
fn guesses_at_one_account_are_few_and_leave_others_alone() {
    let limits = limits(1_000);
    let guess = |email: &str, last| from(&limits, last).attempt_login(email).map(drop);
    for _ in 0..10 {
        guess("cook@iris.test", 1).unwrap();
    }
    let refusal = guess("cook@iris.test", 1).unwrap_err();
    assert_eq!((refusal.code(), refusal.retry_after_s()), ("rate_limited", Some(6)));
    guess("waiter@iris.test", 1).unwrap();
    guess("cook@iris.test", 2).expect("its owner, elsewhere, still can");
}

#[test]
fn guesses_at_many_accounts_are_few_as_well() {
    let limits = limits(1_000);
    let allowance = || from(&limits, 1);
    let passed = (0..100).filter(|n| allowance().attempt_login(&format!("{n}@iris.test")).is_ok()).count();
    assert_eq!(passed, 30);
    from(&limits, 2).attempt_login("1@iris.test").expect("another address").succeeded();
}

#[test]
fn logins_that_succeed_cost_nothing_and_wash_nothing_away() {
    let limits = limits(1_000);
    let attempt = |email: &str| from(&limits, 1).attempt_login(email);
    for _ in 0..200 {
        attempt("own@iris.test").unwrap().succeeded();
    }
    for _ in 0..10 {
        attempt("other@iris.test").map(drop).unwrap();
        attempt("own@iris.test").unwrap().succeeded();
    }
    assert!(attempt("other@iris.test").is_err());
}

#[test]
fn being_refused_for_one_account_does_not_use_up_the_address() {
    let limits = limits(1_000);
    let guess = |email: &str| from(&limits, 1).attempt_login(email).is_ok();
    let passed = (0..500).filter(|_| guess("cook@iris.test")).count();
    assert_eq!(passed, 10);
    assert!(guess("waiter@iris.test"), "colleagues behind the same address log in");
}

#[test]
fn refreshes_that_fail_are_few() {
    let limits = limits(1_000);
    let allowance = || from(&limits, 1);
    for _ in 0..100 {
        allowance().attempt_refresh().unwrap().succeeded();
    }
    let failed = (0..100).filter(|_| allowance().attempt_refresh().map(drop).is_ok()).count();
    assert_eq!(failed, 30);
}

#[test]
fn a_request_counts_once_for_its_account_and_an_address_has_room_for_five() {
    let limits = limits(3);
    let account_id = Uuid::from_u128(7);
    for _ in 0..3 {
        let request = from(&limits, 1);
        request.charge_address().unwrap();
        request.charge_account(account_id).unwrap();
        request.charge_account(account_id).unwrap();
    }
    let request = from(&limits, 2);
    assert!(request.charge_account(account_id).is_err(), "an account is one wherever it calls from");
    assert_eq!(request.standing().unwrap().remaining, 0);
    let more = (0..100).filter(|_| from(&limits, 1).charge_address().is_ok()).count();
    assert_eq!(more, 12);
    let unknown = (0..100).filter(|_| limits.allowance(None).charge_address().is_ok()).count();
    assert_eq!(unknown, 15, "from nowhere is an address, too");
}

#[test]
fn without_limits_everything_is_allowed() {
    let allowance = Allowance::default();
    for _ in 0..1_000 {
        allowance.charge_address().unwrap();
        allowance.charge_account(Uuid::nil()).unwrap();
        allowance.attempt_login("x").map(drop).unwrap();
    }
    assert!(allowance.standing().is_none());
}
