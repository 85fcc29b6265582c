//! What only a person can say.

use super::*;

#[test]
fn a_price_above_the_order_is_disputed_until_a_person_accepts_it() {
    let world = World::new();
    world.receipt();
    let dear = document("1005", vec![line(1, 2, 1_000), line(2, 3, 2_900)]);
    world.receive(1, dear);
    let disputed = stands(&world, 1, InvoiceStatus::Disputed);
    assert_eq!(classes(&disputed), [Class::PriceOver]);

    let accept = AcceptInvoice { invoice_id: invoice_id(1), reason: "agreed by phone".to_owned() };
    assert!(matches!(world.run(&seller(), &accept), Err(Refusal::Forbidden { .. })));
    assert!(matches!(world.run(&stranger(), &accept), Err(Refusal::NotFound { .. })));
    world.run(&buyer(), &accept).unwrap();
    let accepted = stands(&world, 1, InvoiceStatus::MatchedWithVariance);
    let acceptance = accepted.accepted.unwrap();
    assert_eq!((acceptance.by, acceptance.party), (Some(account(1)), Party::Restaurant));
    assert!(world.get::<Billing>(ORDER).has_billed(invoice_id(1)));
}

#[test]
fn a_dispute_gives_back_what_was_claimed() {
    let world = World::new();
    world.receipt();
    world.receive(1, whole("1005"));
    let dispute = |lines: &[&str]| DisputeInvoice {
        invoice_id: invoice_id(1),
        reason: "not what we tasted".to_owned(),
        lines: lines.iter().map(|line| (*line).to_owned()).collect(),
    };
    assert!(matches!(world.run(&buyer(), &dispute(&["9"])), Err(Refusal::Invalid(_))));
    world.run(&buyer(), &dispute(&["2"])).unwrap();
    let disputed = stands(&world, 1, InvoiceStatus::Disputed);
    assert_eq!(disputed.disputed_lines, ["2"]);
    assert!(!world.get::<Billing>(ORDER).has_billed(invoice_id(1)));
    let rematch = MatchInvoice { invoice_id: invoice_id(1), order_id: None, candidates: vec![] };
    world.run(&buyer(), &rematch).unwrap();
    stands(&world, 1, InvoiceStatus::Matched);
    assert!(matches!(world.run(&buyer(), &rematch), Err(Refusal::InvalidTransition { .. })));
}
#[test]
fn what_a_page_does_not_say_surely_waits_until_a_person_has_said_it() {
    let world = World::new();
    world.receipt();
    let mut misread = whole("1005");
    misread.lines[0].seller_item_id = text("X-77");
    misread.lines[0].name = text("?");
    let doubts = vec![invoicing::page::gate::Doubt::Unsure("line 1".to_owned())];
    let reading = Reading { document: misread.clone(), doubts, ..Reading::default() };
    world.run(&seller(), &received(1, reading, &[])).unwrap();
    assert_eq!(stands(&world, 1, InvoiceStatus::Extracted).held_for, [HoldReason::ReadingUnsure]);

    let correct = CorrectInvoice {
        invoice_id: invoice_id(1),
        document: Box::new(misread),
        aliases: vec![("1".to_owned(), product_id(1))],
        candidates: vec![],
    };
    world.run(&buyer(), &correct).unwrap();
    let corrected = stands(&world, 1, InvoiceStatus::Matched);
    assert_eq!(corrected.outcome.unwrap().links[0].method, invoicing::matching::Method::Alias);
    let relation = world.get::<TradeRelation>(relation_id(SUPPLIER, RESTAURANT));
    assert_eq!(relation.aliases.get("X-77"), Some(&product_id(1)));
}
