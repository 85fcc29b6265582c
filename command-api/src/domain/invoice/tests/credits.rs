//! Credit notes, judged with the invoice that they credit.

use super::*;

#[test]
fn a_credit_note_cures_what_was_disputed_and_gives_back_what_it_credits() {
    let world = World::new();
    let short = LineReceipt { line_id: line_id(2), received: Quantity::units(2), reason: None };
    world.run(&buyer(), &ConfirmDelivery { order_id: ORDER, lines: vec![short] }).unwrap();
    world.receive(1, whole("1005"));
    stands(&world, 1, InvoiceStatus::Disputed);
    world.receive(2, credit_note("K-1", "1005", vec![line(2, 1, 2_000)]));
    let note = stands(&world, 2, InvoiceStatus::Matched);
    assert_eq!(note.trade.unwrap().order_id, ORDER);
    let cured = stands(&world, 1, InvoiceStatus::Matched);
    assert_eq!(cured.credit_notes, [invoice_id(2)]);
    let billed = world.get::<Billing>(ORDER).billed_without(&[])[&line_id(2)];
    assert_eq!((billed.invoiced, billed.credited), (Quantity::units(3), Quantity::units(1)));
}

#[test]
fn a_credit_note_makes_no_account_known_and_hides_nothing_worse() {
    let world = World::new();
    world.receipt();
    let mut cheat = document("1005", vec![line(1, 2, 1_000)]);
    cheat.payments[0].account = text("5050055");
    world.receive(1, cheat.clone());
    let mut note = credit_note("K-1", "1005", vec![line(1, 1, 1_000)]);
    note.payments = cheat.payments.clone();
    world.receive(2, note);
    stands(&world, 2, InvoiceStatus::Disputed);
    let relation = world.get::<TradeRelation>(relation_id(SUPPLIER, RESTAURANT));
    assert_eq!(relation.accounts.len(), 1);

    let dear = document("1006", vec![line(2, 3, 2_900)]);
    world.receive(3, dear);
    stands(&world, 3, InvoiceStatus::Disputed);
    world.receive(4, credit_note("K-2", "1006", vec![line(2, 3, 1)]));
    stands(&world, 4, InvoiceStatus::Disputed);
}

#[test]
fn a_credit_note_settles_nothing_that_a_person_disputed() {
    let world = World::new();
    world.receipt();
    world.receive(1, whole("1005"));
    let dispute = DisputeInvoice { invoice_id: invoice_id(1), reason: "rotten".to_owned(), lines: vec![] };
    world.run(&buyer(), &dispute).unwrap();
    world.receive(2, credit_note("K-1", "1005", vec![line(1, 1, 1_000)]));
    stands(&world, 1, InvoiceStatus::Disputed);
}

#[test]
fn a_cure_that_is_disputed_cures_no_more() {
    let world = World::new();
    let short = LineReceipt { line_id: line_id(2), received: Quantity::units(2), reason: None };
    world.run(&buyer(), &ConfirmDelivery { order_id: ORDER, lines: vec![short] }).unwrap();
    world.receive(1, whole("1005"));
    world.receive(2, credit_note("K-1", "1005", vec![line(2, 1, 2_000)]));
    stands(&world, 1, InvoiceStatus::Matched);
    let dispute =
        DisputeInvoice { invoice_id: invoice_id(2), reason: "too little".to_owned(), lines: vec![] };
    world.run(&buyer(), &dispute).unwrap();
    stands(&world, 1, InvoiceStatus::Disputed);
    assert!(world.get::<Billing>(ORDER).bills.is_empty());
}

#[test]
fn a_credit_note_to_what_is_disputed_gives_nothing_back() {
    let world = World::new();
    world.receipt();
    world.receive(1, document("1005", vec![line(1, 2, 1_000), line(2, 3, 2_900)]));
    stands(&world, 1, InvoiceStatus::Disputed);
    world.receive(2, credit_note("K-1", "1005", vec![line(1, 1, 1_000)]));
    stands(&world, 2, InvoiceStatus::MatchedWithVariance);
    stands(&world, 1, InvoiceStatus::Disputed);
    assert!(world.get::<Billing>(ORDER).bills.is_empty());

    let accept = AcceptInvoice { invoice_id: invoice_id(1), reason: "agreed".to_owned() };
    world.run(&buyer(), &accept).unwrap();
    let billed = world.get::<Billing>(ORDER).billed_without(&[])[&line_id(1)];
    assert_eq!((billed.invoiced, billed.credited), (Quantity::units(2), Quantity::units(1)));

    let dispute = DisputeInvoice { invoice_id: invoice_id(1), reason: "after all".to_owned(), lines: vec![] };
    world.run(&buyer(), &dispute).unwrap();
    assert!(world.get::<Billing>(ORDER).bills.is_empty());
}

#[test]
fn a_credit_note_without_its_invoice_waits() {
    let world = World::new();
    world.receive(1, credit_note("K-1", "1005", vec![line(2, 1, 2_000)]));
    let note = stands(&world, 1, InvoiceStatus::Unmatched);
    assert_eq!(note.held_for, [HoldReason::InvoiceNotFound]);
}
