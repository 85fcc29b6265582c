use events::{
    invoice::HoldReason,
    order::{DeliveredLine, OrderLine, OrderedLine},
    public::{Audience, catalogue, invoice, party},
    values::{
        Currency, InvoiceId, LineId, ProductId, Quantity, RestaurantId, SupplierId, Tax, TaxRate,
        WebhookEndpointId,
    },
};

use super::*;

const RESTAURANT: RestaurantId = RestaurantId(Uuid::from_u128(1));
const SUPPLIER: SupplierId = SupplierId(Uuid::from_u128(2));
const ORDER: OrderId = OrderId(Uuid::from_u128(3));
const LINE: LineId = LineId(Uuid::from_u128(4));
const PARTNER: AccountId = AccountId(Uuid::from_u128(5));

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn event(audience: Audience, data: PublicData) -> PublicEvent {
    PublicEvent {
        event_id: Uuid::from_u128(9),
        position: 1,
        subject: Uuid::from_u128(8),
        time: at("2026-11-20T09:00:00Z"),
        traceparent: None,
        audience,
        data,
    }
}

fn cancelled(by: Party) -> PublicData {
    PublicData::OrderCancelled(order::OrderCancelled {
        order_id: ORDER,
        restaurant_id: RESTAURANT,
        supplier_id: SUPPLIER,
        by,
        reason: "closed".to_owned(),
        cancelled_at: at("2026-11-20T09:00:00Z"),
    })
}

fn marked(delivered: i64) -> PublicData {
    PublicData::DeliveryMarked(order::DeliveryMarked {
        order_id: ORDER,
        restaurant_id: RESTAURANT,
        supplier_id: SUPPLIER,
        lines: vec![order::DeliveredLine {
            line_id: LINE,
            product_id: ProductId(Uuid::from_u128(6)),
            sku: "A".to_owned(),
            qty: Quantity::units(3),
            delivered_qty: Quantity(delivered),
            tax_rate_basis_points: 600,
            line_net_cents: 1,
            line_tax_cents: 0,
        }],
        currency: Currency::SEK,
        invoice: None,
        delivered_at: at("2026-11-20T09:00:00Z"),
    })
}

fn received(quantity: i64) -> PublicData {
    PublicData::DeliveryConfirmed(order::DeliveryConfirmed {
        order_id: ORDER,
        restaurant_id: RESTAURANT,
        supplier_id: SUPPLIER,
        lines: vec![order::ReceivedLine { line_id: LINE, received_qty: Quantity(quantity), reason: None }],
        received_at: at("2026-11-20T09:00:00Z"),
    })
}

/// Three ordered, two delivered.
fn delivered_order() -> Order {
    let tax_rate = TaxRate::try_new(600).unwrap();
    let ordered = OrderedLine {
        line_id: LINE,
        product_id: ProductId(Uuid::from_u128(6)),
        sku: "A".to_owned(),
        name: "Potatis".to_owned(),
        unit: "KGM".to_owned(),
        quantity: Quantity::units(3),
        unit_price_minor: 100,
        tax: Tax::default(),
        tax_rate,
        net_minor: 300,
        tax_minor: 18,
    };
    let delivered = DeliveredLine {
        line_id: LINE,
        quantity: Quantity::units(2),
        tax_rate,
        net_minor: 200,
        tax_minor: 12,
    };
    let line = OrderLine { ordered, delivered: Some(delivered), received: None };
    Order { lines: vec![line], ..Order::default() }
}

fn told(event: &PublicEvent) -> Vec<(NotificationKind, To)> {
    let order = delivered_order();
    let told = tellings(event, |_| Some(&order)).unwrap();
    told.into_iter().map(|telling| (telling.kind, telling.to)).collect()
}

#[test]
fn every_event_is_told_to_those_whom_it_concerns() {
    use NotificationKind as Kind;
    let to_supplier = To::Members(SUPPLIER.0);
    let to_restaurant = To::Members(RESTAURANT.0);
    let low = PublicData::StockLow(catalogue::StockLow {
        product_id: ProductId(Uuid::from_u128(6)),
        supplier_id: SUPPLIER,
        available: Quantity::ZERO,
        low_stock_qty: Quantity::units(1),
    });
    let gone = catalogue::ProductDeactivated { product_id: ProductId::default(), supplier_id: SUPPLIER };
    let table = [
        (cancelled(Party::Restaurant), vec![(Kind::OrderCancelled, to_supplier)]),
        (cancelled(Party::Supplier), vec![(Kind::OrderCancelled, to_restaurant)]),
        (
            cancelled(Party::Admin),
            vec![(Kind::OrderCancelled, to_restaurant), (Kind::OrderCancelled, to_supplier)],
        ),
        (marked(3000), vec![(Kind::OrderDelivered, to_restaurant)]),
        (marked(2999), vec![(Kind::DeliveryShort, to_restaurant)]),
        (marked(0), vec![(Kind::DeliveryShort, to_restaurant)]),
        (received(2000), vec![]),
        (received(1999), vec![(Kind::DeliveryClaimed, to_supplier)]),
        (low, vec![(Kind::StockLow, to_supplier)]),
        (PublicData::ProductDeactivated(gone), vec![]),
    ];
    for (data, expected) in table {
        let event = event(Audience::default(), data);
        assert_eq!(told(&event), expected, "{:?}", event.data);
    }
}

#[test]
fn an_invoice_that_waits_is_told_to_who_can_look_at_it() {
    let held = |restaurant_id, reasons: &[HoldReason]| {
        PublicData::InvoiceHeld(invoice::InvoiceHeld {
            invoice_id: InvoiceId::default(),
            supplier_id: None,
            restaurant_id,
            order_id: None,
            status: InvoiceStatus::of_hold(reasons),
            reasons: reasons.to_vec(),
            held_at: at("2026-11-20T09:00:00Z"),
        })
    };
    let kind = NotificationKind::InvoiceHeld;
    let (unsure, awaits) = (HoldReason::ReadingUnsure, HoldReason::AwaitsReceipt);
    let of_buyer = Audience { restaurant_id: Some(RESTAURANT), ..Audience::default() };
    let of_sender = Audience { account_id: Some(PARTNER), ..Audience::default() };
    for (audience, data, expected) in [
        (of_buyer, held(Some(RESTAURANT), &[awaits, unsure]), vec![(kind, To::Members(RESTAURANT.0))]),
        (of_buyer, held(Some(RESTAURANT), &[awaits]), vec![]),
        (of_sender, held(None, &[unsure]), vec![(kind, To::Account(PARTNER))]),
        (Audience::default(), held(None, &[unsure]), vec![]),
    ] {
        assert_eq!(told(&event(audience, data)), expected);
    }
}

#[test]
fn an_approval_is_told_at_once_and_the_trials_end_two_days_before_it() {
    let approved =
        party::RestaurantApproved { restaurant_id: RESTAURANT, trial_ends_at: at("2026-11-27T09:00:00Z") };
    let event = event(Audience::default(), PublicData::RestaurantApproved(approved));
    let expected = [
        Telling {
            kind: NotificationKind::RestaurantApproved,
            to: To::Members(RESTAURANT.0),
            not_before: None,
        },
        Telling {
            kind: NotificationKind::TrialEnding,
            to: To::Owners(RESTAURANT.0),
            not_before: Some(at("2026-11-25T09:00:00Z")),
        },
    ];
    assert_eq!(tellings(&event, |_| None).unwrap(), expected);
}

#[test]
fn a_failing_endpoint_is_told_to_who_answers_for_it_and_not_to_who_switched_it_off() {
    let failing = || {
        PublicData::WebhookEndpointFailing(party::WebhookEndpointFailing {
            webhook_endpoint_id: WebhookEndpointId::default(),
            since: at("2026-11-20T09:00:00Z"),
            failures: 4,
            disabled_at: at("2026-11-25T09:00:00Z"),
        })
    };
    let disabled = |reason| {
        PublicData::WebhookEndpointDisabled(party::WebhookEndpointDisabled {
            webhook_endpoint_id: WebhookEndpointId::default(),
            reason,
        })
    };
    let kind = NotificationKind::WebhookEndpointFailing;
    let of_supplier = Audience { supplier_id: Some(SUPPLIER), ..Audience::default() };
    let of_restaurant = Audience { restaurant_id: Some(RESTAURANT), ..Audience::default() };
    let of_partner = Audience { account_id: Some(PARTNER), ..Audience::default() };
    for (audience, data, expected) in [
        (of_supplier, failing(), vec![(kind, To::Owners(SUPPLIER.0))]),
        (of_restaurant, disabled(DisabledReason::Gone), vec![(kind, To::Owners(RESTAURANT.0))]),
        (of_partner, disabled(DisabledReason::Failing), vec![(kind, To::Account(PARTNER))]),
        (of_partner, disabled(DisabledReason::Owner), vec![]),
        (Audience::default(), failing(), vec![]),
    ] {
        assert_eq!(told(&event(audience, data)), expected);
    }
}

#[test]
fn a_receipt_of_an_unknown_order_is_said_to_be_one() {
    let event = event(Audience::default(), received(1));
    assert_eq!(tellings(&event, |_| None), Err(Missing("the order")));
}
