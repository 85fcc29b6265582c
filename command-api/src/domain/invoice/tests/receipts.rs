//! What was received decides what may be invoiced.

use super::*;

#[test]
fn what_was_ordered_and_received_matches_and_claims_it() {
    let world = World::new();
    world.receipt();
    assert_eq!(world.receive(1, whole("1005")).status, 201);
    let invoice = stands(&world, 1, InvoiceStatus::Matched);
    assert_eq!(invoice.answer.unwrap().status_code, "AP");
    let billed = world.get::<Billing>(ORDER).billed_without(&[]);
    assert_eq!(billed[&line_id(2)].invoiced, Quantity::units(3));
}

#[test]
fn two_invoices_never_claim_one_receipt() {
    let world = World::new();
    world.receipt();
    world.receive(1, whole("1005"));
    world.receive(2, whole("1006"));
    stands(&world, 1, InvoiceStatus::Matched);
    let second = stands(&world, 2, InvoiceStatus::Disputed);
    assert!(classes(&second).contains(&Class::QuantityOverReceived), "{:?}", classes(&second));
    assert_eq!(second.answer.unwrap().reason_codes, ["QTY"]);
}

#[test]
fn an_invoice_that_comes_before_the_receipt_is_judged_when_it_comes() {
    let world = World::new();
    world.receive(1, whole("1005"));
    let waiting = stands(&world, 1, InvoiceStatus::Unmatched);
    assert_eq!(waiting.held_for, [HoldReason::AwaitsReceipt]);
    world.receipt();
    stands(&world, 1, InvoiceStatus::Matched);
    assert!(world.get::<Billing>(ORDER).waiting.is_empty());
}

#[test]
fn a_first_invoice_waits_for_the_receipt_before_a_person_looks_at_its_account() {
    let world = World::new();
    world.set(relation_id(SUPPLIER, RESTAURANT), TradeRelation::default());
    world.receive(1, whole("1005"));
    assert_eq!(stands(&world, 1, InvoiceStatus::Unmatched).held_for, [HoldReason::AwaitsReceipt]);
    world.receipt();
    assert_eq!(stands(&world, 1, InvoiceStatus::Extracted).held_for, [HoldReason::NeedsReview]);
}

#[test]
fn what_is_wrong_whatever_comes_does_not_wait() {
    let world = World::new();
    world.receive(1, document("1005", vec![line(1, 2, 1_900)]));
    stands(&world, 1, InvoiceStatus::Disputed);
    assert!(world.get::<Billing>(ORDER).waiting.is_empty());
}

#[test]
fn what_is_accepted_before_the_receipt_waits_no_more() {
    let world = World::new();
    world.receive(1, whole("1005"));
    let accept = AcceptInvoice { invoice_id: invoice_id(1), reason: "seen".to_owned() };
    world.run(&buyer(), &accept).unwrap();
    assert!(world.get::<Billing>(ORDER).waiting.is_empty());
    world.receipt();
    stands(&world, 1, InvoiceStatus::MatchedWithVariance);
}

#[test]
fn a_receipt_is_taken_though_an_invoice_that_waits_cannot_be_read() {
    let world = World::new();
    world.receive(1, whole("1005"));
    world.unreadable.borrow_mut().push(Invoice::stream(invoice_id(1)));
    world.receipt();
    assert!(world.get::<Order>(ORDER).received_at.is_some());
}

#[test]
fn a_short_receipt_disputes_what_waited_for_it() {
    let world = World::new();
    world.receive(1, whole("1005"));
    let short = LineReceipt { line_id: line_id(1), received: Quantity::units(1), reason: None };
    world.run(&buyer(), &ConfirmDelivery { order_id: ORDER, lines: vec![short] }).unwrap();
    let invoice = stands(&world, 1, InvoiceStatus::Disputed);
    assert!(classes(&invoice).contains(&Class::QuantityOverReceived));
    assert!(world.get::<Billing>(ORDER).bills.is_empty(), "what is disputed claims nothing");
}

#[test]
fn a_receipt_is_never_refused_for_an_invoice_that_waited_and_went_elsewhere() {
    let world = World::new();
    world.receive(1, whole("1005"));
    stands(&world, 1, InvoiceStatus::Unmatched);
    let other = OrderId(Uuid::from_u128(33));
    let mut twin = world.get::<Order>(ORDER);
    twin.received_at = Some(now());
    for line in &mut twin.lines {
        let (line_id, quantity) = (line.ordered.line_id, line.ordered.quantity);
        line.received = Some(events::order::ReceivedLine { line_id, quantity, reason: None });
    }
    world.set(other, twin);
    let mut named = whole("1005");
    named.references.order = text("PO-1");
    let correct = CorrectInvoice {
        invoice_id: invoice_id(1),
        document: Box::new(named),
        aliases: vec![],
        candidates: vec![],
    };
    world.run(&buyer(), &correct).unwrap();
    let elsewhere = MatchInvoice { invoice_id: invoice_id(1), order_id: Some(other), candidates: vec![] };
    world.run(&buyer(), &elsewhere).unwrap();
    stands(&world, 1, InvoiceStatus::Matched);
    world.receipt();
    assert!(world.get::<Billing>(ORDER).waiting.is_empty());
    stands(&world, 1, InvoiceStatus::Matched);
}
