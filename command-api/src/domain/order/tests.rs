//! Every command in every state.

use cqrs_es::test::TestFramework;

use super::*;
use crate::domain::aggregate::AggregateOf;
use events::{
    order::{OrderedLine, PaymentMethod},
    values::{
        CartId, CheckoutId, Currency, LineId, ProductId, Quantity, RestaurantId, SupplierId, Tax, TaxRate,
    },
};

type Scenario = TestFramework<AggregateOf<Order>>;

fn now() -> DateTime<Utc> {
    "2026-11-20T09:00:00Z".parse().unwrap()
}

fn placed() -> OrderEvent {
    OrderEvent::OrderPlaced {
        checkout_id: CheckoutId::default(),
        cart_id: CartId::default(),
        restaurant_id: RestaurantId::default(),
        supplier_id: SupplierId::default(),
        lines: vec![OrderedLine {
            line_id: LineId::default(),
            product_id: ProductId::default(),
            sku: "T-1".to_owned(),
            name: "Tomater".to_owned(),
            unit: "KGM".to_owned(),
            quantity: Quantity::units(2),
            unit_price_minor: 2_500,
            tax: Tax::default(),
            tax_rate: TaxRate::try_new(2_500).unwrap(),
            net_minor: 5_000,
            tax_minor: 1_250,
        }],
        currency: Currency::SEK,
        total_minor: 6_250,
        tax_minor: 1_250,
        payment_method: PaymentMethod::Invoice,
        requested_delivery_date: None,
        note: None,
        placed_by: None,
        placed_at: now(),
    }
}

fn confirmed() -> OrderEvent {
    OrderEvent::OrderConfirmed { confirmed_at: now() }
}

fn delivered() -> OrderEvent {
    OrderEvent::DeliveryMarked { lines: vec![], delivered_at: now(), invoice: None }
}

fn received() -> OrderEvent {
    OrderEvent::DeliveryConfirmed { lines: vec![], received_at: now() }
}

fn cancelled(by: Party) -> OrderEvent {
    OrderEvent::OrderCancelled { by, reason: "closed".to_owned(), cancelled_at: now() }
}

fn rejected() -> OrderEvent {
    OrderEvent::OrderRejected { reason: "no lorry".to_owned(), rejected_at: now() }
}

fn confirm() -> OrderCommand {
    OrderCommand::Confirm { now: now() }
}

fn reject() -> OrderCommand {
    OrderCommand::Reject { reason: "no lorry".to_owned(), now: now() }
}

fn cancel(by: Party) -> OrderCommand {
    OrderCommand::Cancel { by, reason: "closed".to_owned(), now: now() }
}

fn deliver() -> OrderCommand {
    OrderCommand::MarkDelivered { lines: vec![], invoice: None, now: now() }
}

fn receive() -> OrderCommand {
    OrderCommand::ConfirmDelivery { lines: vec![], now: now() }
}

/// The states that an order can be in, by the events that led there.
fn states() -> [(&'static str, Vec<OrderEvent>); 6] {
    [
        ("placed", vec![placed()]),
        ("confirmed", vec![placed(), confirmed()]),
        ("delivered", vec![placed(), confirmed(), delivered()]),
        ("received", vec![placed(), confirmed(), delivered(), received()]),
        ("cancelled", vec![placed(), cancelled(Party::Restaurant)]),
        ("cancelled", vec![placed(), rejected()]),
    ]
}

/// `event` follows from `command` in the states named, and in no other.
fn only_in(allowed: &[&str], command: &OrderCommand, attempted: &'static str, event: &OrderEvent) {
    for (state, given) in states() {
        let scenario = Scenario::with(()).given(given).when(command.clone());
        if allowed.contains(&state) {
            scenario.then_expect_events(vec![event.clone()]);
        } else {
            scenario.then_expect_error(Refusal::InvalidTransition { what: "order", state, attempted });
        }
    }
}

#[test]
fn an_order_is_confirmed_only_while_placed() {
    only_in(&["placed"], &confirm(), "confirm", &confirmed());
}

#[test]
fn an_order_is_rejected_only_while_placed() {
    only_in(&["placed"], &reject(), "reject", &rejected());
}

#[test]
fn an_order_is_delivered_only_once_confirmed() {
    only_in(&["confirmed"], &deliver(), "deliver", &delivered());
}

#[test]
fn a_delivery_is_confirmed_once() {
    only_in(&["delivered"], &receive(), "confirm delivery of", &received());
}

#[test]
fn the_restaurant_cancels_only_while_placed() {
    only_in(&["placed"], &cancel(Party::Restaurant), "cancel", &cancelled(Party::Restaurant));
}

#[test]
fn supplier_and_admin_cancel_until_delivered() {
    for party in [Party::Supplier, Party::Admin] {
        only_in(&["placed", "confirmed"], &cancel(party), "cancel", &cancelled(party));
    }
}

#[test]
fn an_order_is_placed_once() {
    Scenario::with(())
        .given(vec![placed()])
        .when(OrderCommand::Place(Box::new(placed())))
        .then_expect_error(Refusal::InvalidTransition { what: "order", state: "placed", attempted: "place" });
}
