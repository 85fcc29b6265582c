//! Where money goes, and since when that is known.

use super::*;

#[test]
fn a_new_account_of_a_known_supplier_never_passes() {
    let world = World::new();
    world.receipt();
    let mut cheat = whole("1005");
    cheat.payments[0].account = text("5050055");
    world.receive(1, cheat);
    let disputed = stands(&world, 1, InvoiceStatus::Disputed);
    assert_eq!(disputed.answer.unwrap().reason_codes, ["PAY"]);
}

#[test]
fn the_first_account_of_a_supplier_is_confirmed_by_who_accepts() {
    let world = World::new();
    world.receipt();
    world.set(relation_id(SUPPLIER, RESTAURANT), TradeRelation::default());
    world.receive(1, document("1005", vec![line(1, 2, 1_000)]));
    assert_eq!(stands(&world, 1, InvoiceStatus::Extracted).held_for, [HoldReason::NeedsReview]);
    let accept = AcceptInvoice { invoice_id: invoice_id(1), reason: "ours".to_owned() };
    world.run(&buyer(), &accept).unwrap();
    world.receive(2, document("1006", vec![line(2, 3, 2_000)]));
    stands(&world, 2, InvoiceStatus::Matched);
}

#[test]
fn an_account_that_a_supplier_registers_counts_until_the_first_invoice_was_paid() {
    let world = World::new();
    world.receipt();
    world.set(relation_id(SUPPLIER, RESTAURANT), TradeRelation::default());
    let mut supplier = world.get::<Supplier>(SUPPLIER);
    supplier.details.bankgiro = Some(ACCOUNT.to_owned());
    world.set(SUPPLIER, supplier.clone());
    world.receive(1, document("1005", vec![line(1, 2, 1_000)]));
    stands(&world, 1, InvoiceStatus::Matched);

    let other = "5050055";
    supplier.details.bankgiro = Some(other.to_owned());
    world.set(SUPPLIER, supplier);
    let mut hijacked = document("1006", vec![line(2, 3, 2_000)]);
    hijacked.payments[0].account = text(other);
    world.receive(2, hijacked);
    stands(&world, 2, InvoiceStatus::Disputed);
}
