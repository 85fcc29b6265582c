//! Which document is which.

use super::*;

#[test]
fn nobody_takes_a_suppliers_number_but_the_supplier() {
    let world = World::new();
    world.receipt();
    let squatter = caller(9, Role::Restaurant);
    let other = RestaurantId(Uuid::from_u128(22));
    let members = vec![Member { account_id: account(9), role: MemberRole::Owner }];
    world.set(other, Restaurant { members, ..Restaurant::default() });
    let mut junk = whole("1005");
    junk.references.order = None;
    let stated = Stated { supplier_id: Some(SUPPLIER), restaurant_id: Some(other), order_id: None };
    let reading = Reading { document: junk.clone(), ..Reading::default() };
    world.run(&squatter, &ReceiveInvoice { stated, ..received(1, reading, &[]) }).unwrap();
    stands(&world, 1, InvoiceStatus::Unmatched);
    world.receive(2, whole("1005"));
    stands(&world, 2, InvoiceStatus::Matched);

    // Nor is it told which numbers there are.
    let again = Reading { document: junk, ..Reading::default() };
    let answer = world.run(&squatter, &ReceiveInvoice { stated, ..received(3, again, &[]) }).unwrap();
    stands(&world, 3, InvoiceStatus::Unmatched);
    assert!(!answer.body.contains(&invoice_id(2).to_string()));
}

#[test]
fn a_number_that_was_corrected_is_free() {
    let world = World::new();
    world.receipt();
    world.receive(1, document("1O07", vec![line(1, 1, 1_900)]));
    stands(&world, 1, InvoiceStatus::Disputed);
    let document_as_it_is = document("1008", vec![line(1, 1, 1_900)]);
    let correct = CorrectInvoice {
        invoice_id: invoice_id(1),
        document: Box::new(document_as_it_is),
        aliases: vec![],
        candidates: vec![],
    };
    world.run(&buyer(), &correct).unwrap();
    assert_eq!(world.receive(2, document("1007", vec![line(1, 1, 1_900)])).status, 201);
}

#[test]
fn the_same_file_and_the_same_number_are_the_same_invoice() {
    let world = World::new();
    world.receipt();
    world.receive(1, whole("1005"));
    let again = received(2, Reading { document: whole("1005"), ..Reading::default() }, &[]);
    let same_file = ReceiveInvoice { file: world.invoice(1).file, ..again.clone() };
    for (again, notice) in [(same_file, "duplicate_file"), (again, "duplicate_number")] {
        let answer = world.run(&seller(), &again).unwrap();
        assert_eq!(answer.status, 200);
        assert!(answer.body.contains(notice) && answer.body.contains(&invoice_id(1).to_string()));
        assert!(!world.states.borrow().contains_key(&Invoice::stream(invoice_id(2))), "nothing happened");
    }
}

#[test]
fn the_same_number_on_another_sum_waits_for_a_person() {
    let world = World::new();
    world.receipt();
    world.receive(1, document("1005", vec![line(1, 2, 1_000)]));
    world.receive(2, document("1005", vec![line(2, 3, 2_000)]));
    let second = stands(&world, 2, InvoiceStatus::Extracted);
    assert_eq!(second.held_for, [HoldReason::PossibleDuplicate]);
}

#[test]
fn a_document_that_breaks_the_rules_is_rejected_and_its_number_stays_free() {
    let world = World::new();
    world.receipt();
    let finding = Finding {
        rule: "BR-CO-14".to_owned(),
        level: Level::Fatal,
        place: "BT-110".to_owned(),
        message: "VAT".to_owned(),
    };
    let broken = Reading { document: whole("1005"), findings: vec![finding], ..Reading::default() };
    world.run(&seller(), &received(1, broken, &[])).unwrap();
    let rejected = stands(&world, 1, InvoiceStatus::Rejected);
    assert!(rejected.rejection.unwrap().1.contains("BR-CO-14"));
    world.receive(2, whole("1005"));
    stands(&world, 2, InvoiceStatus::Matched);
}
