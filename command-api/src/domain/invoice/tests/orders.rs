//! Which order an invoice is for.

use super::*;

#[test]
fn an_order_that_nobody_names_is_found_if_it_is_the_only_one_that_fits() {
    let world = World::new();
    world.receipt();
    let other = OrderId(Uuid::from_u128(33));
    let mut dearer = world.get::<Order>(ORDER);
    dearer.lines[0].ordered.unit_price_minor = 500;
    world.set(other, dearer);
    let mut unnamed = whole("1005");
    unnamed.references.order = None;
    world.receive_of(&seller(), 1, unnamed.clone(), &[other, ORDER]).unwrap();
    let found = stands(&world, 1, InvoiceStatus::Matched);
    assert_eq!(found.trade.unwrap().order_id, ORDER);

    let twin = OrderId(Uuid::from_u128(34));
    let another = OrderId(Uuid::from_u128(35));
    world.set(twin, world.get::<Order>(ORDER));
    world.set(another, world.get::<Order>(ORDER));
    unnamed.number = text("1006");
    world.receive_of(&seller(), 2, unnamed, &[twin, another]).unwrap();
    assert_eq!(stands(&world, 2, InvoiceStatus::Unmatched).held_for, [HoldReason::SeveralOrders]);
}

#[test]
fn an_order_by_a_number_of_the_restaurants_own_is_the_one_that_a_person_names() {
    let world = World::new();
    world.receipt();
    let mut own = whole("1005");
    own.references.order = text("PO-77");
    world.receive_of(&seller(), 1, own.clone(), &[ORDER]).unwrap();
    stands(&world, 1, InvoiceStatus::Unmatched);
    let named = MatchInvoice { invoice_id: invoice_id(1), order_id: Some(ORDER), candidates: vec![] };
    world.run(&seller(), &named).unwrap();
    stands(&world, 1, InvoiceStatus::Matched);

    let world = World::new();
    world.receipt();
    own.references.order = text(&Uuid::from_u128(77).to_string());
    let stated = Stated { order_id: Some(ORDER), ..Stated::default() };
    let reading = Reading { document: own, ..Reading::default() };
    world.run(&seller(), &ReceiveInvoice { stated, ..received(1, reading, &[]) }).unwrap();
    let other = stands(&world, 1, InvoiceStatus::Extracted);
    assert_eq!(classes(&other), [Class::OrderReference]);
}

#[test]
fn an_invoice_is_never_held_against_a_strangers_order() {
    let world = World::new();
    world.receipt();
    world.receive_of(&stranger(), 1, whole("1005"), &[ORDER]).unwrap();
    let invoice = stands(&world, 1, InvoiceStatus::Unmatched);
    assert_eq!((invoice.held_for.as_slice(), invoice.trade), (&[HoldReason::OrderNotFound][..], None));
    let stated = Stated { order_id: Some(ORDER), ..Stated::default() };
    let of_order = ReceiveInvoice { stated, ..received(2, Reading::default(), &[]) };
    assert!(matches!(world.run(&stranger(), &of_order), Err(Refusal::NotFound { .. })));
    let stated = Stated { restaurant_id: Some(RESTAURANT), ..Stated::default() };
    let to_restaurant = ReceiveInvoice { stated, ..received(3, Reading::default(), &[]) };
    assert!(matches!(world.run(&stranger(), &to_restaurant), Err(Refusal::NotFound { .. })));
}
