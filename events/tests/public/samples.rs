//! One inner event for each public type, as the log would give it, and what the outside hears of it.

use cqrs_es::DomainEvent as _;
use events::{
    Fold, RecordedEvent,
    canonical::canonical_json,
    order::{
        DeliveredLine, InvoiceParty, Order, OrderEvent, OrderInvoice, OrderedLine, Party, PaymentMethod,
        ReceivedLine,
    },
    product::{Product, ProductDetails, ProductEvent},
    public::{PublicEvent, ping, publish},
    restaurant::{Restaurant, RestaurantEvent},
    stock::{Stock, StockEvent},
    supplier::{Supplier, SupplierEvent},
    values::{
        AccountId, CartId, CheckoutId, Currency, LineId, PostalAddress, ProductId, Quantity, RestaurantId,
        SupplierId, Tax, TaxCategory, TaxRate,
    },
    webhook_endpoint::{
        DisabledReason, EndpointDetails, EndpointOwner, WebhookEndpoint, WebhookEndpointEvent,
    },
};
use uuid::Uuid;

pub const TRACEPARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

pub const ORDER: u128 = 0x10;
pub const PRODUCT: u128 = 0x20;
pub const RESTAURANT: u128 = 0x30;
pub const SUPPLIER: u128 = 0x40;
pub const ENDPOINT: u128 = 0x50;

/// What stands in the inner events and must not be found outside: addresses, registrations, where somebody listens,
/// what signs, and who clicked.
pub const KEPT_IN: [&str; 5] =
    ["Storgatan", "5560000001", "partner.example", "8000-000000000051", "8000-000000000099"];

pub fn id(number: u128) -> Uuid {
    Uuid::from_u128(0x0193_0000_0000_7000_8000_0000_0000_0000 | number)
}

/// An event in the log, its place in its stream at `sequence`.
pub fn recorded<S: Fold>(stream: u128, sequence: i64, event: &S::Event) -> RecordedEvent {
    RecordedEvent {
        global_position: 4_700 + sequence,
        event_id: id(0xe000 + u128::try_from(sequence).unwrap()),
        stream_kind: S::KIND.name().to_owned(),
        stream_id: id(stream),
        sequence,
        event_type: event.event_type(),
        event_version: event.event_version(),
        payload: canonical_json(event),
        metadata: format!(r#"{{"request_id":"r-1","traceparent":"{TRACEPARENT}"}}"#),
        recorded_at: "2026-11-20T09:00:00.123456Z".parse().unwrap(),
        command_id: id(3),
        actor: format!("account:{}", id(0x99)),
        content_hash: vec![0; 32],
    }
}

/// What the outside hears of `event` in a stream that began with `first`.
pub fn told<S: Fold>(stream: u128, first: &S::Event, event: &S::Event) -> Option<PublicEvent> {
    publish(&recorded::<S>(stream, 2, event), Some(&recorded::<S>(stream, 1, first))).unwrap()
}

pub fn all() -> Vec<PublicEvent> {
    let mut all = orders();
    all.extend(products());
    all.extend(parties());
    all.extend(endpoints());
    all
}

pub fn placed() -> OrderEvent {
    OrderEvent::OrderPlaced {
        checkout_id: CheckoutId(id(0x11)),
        cart_id: CartId(id(0x12)),
        restaurant_id: RestaurantId(id(RESTAURANT)),
        supplier_id: SupplierId(id(SUPPLIER)),
        lines: vec![OrderedLine {
            line_id: LineId(id(0x13)),
            product_id: ProductId(id(PRODUCT)),
            sku: "T-1".to_owned(),
            name: "Tomater".to_owned(),
            unit: "KGM".to_owned(),
            quantity: Quantity(2_500),
            unit_price_minor: 2_850,
            tax: Tax::Category(TaxCategory::Food),
            tax_rate: TaxRate::try_new(600).unwrap(),
            net_minor: 7_125,
            tax_minor: 428,
        }],
        currency: Currency::SEK,
        total_minor: 7_553,
        tax_minor: 428,
        payment_method: PaymentMethod::Invoice,
        requested_delivery_date: Some("2026-11-21".parse().unwrap()),
        note: Some("bakdörren".to_owned()),
        placed_by: Some(AccountId(id(0x99))),
        placed_at: "2026-11-20T09:00:00.123456Z".parse().unwrap(),
    }
}

pub fn confirmed() -> OrderEvent {
    OrderEvent::OrderConfirmed { confirmed_at: "2026-11-20T10:00:00Z".parse().unwrap() }
}

fn orders() -> Vec<PublicEvent> {
    let at = "2026-11-20T10:00:00Z".parse().unwrap();
    let line_id = LineId(id(0x13));
    let party = |name: &str| InvoiceParty {
        name: name.to_owned(),
        address: PostalAddress { street: Some("Storgatan 1".to_owned()), ..Default::default() },
        org_number: Some("5560000001".to_owned()),
        ..Default::default()
    };
    let later = [
        confirmed(),
        OrderEvent::OrderRejected { reason: "no lorry".to_owned(), rejected_at: at },
        OrderEvent::OrderCancelled { by: Party::Restaurant, reason: "closed".to_owned(), cancelled_at: at },
        OrderEvent::DeliveryMarked {
            lines: vec![DeliveredLine {
                line_id,
                quantity: Quantity::units(2),
                tax_rate: TaxRate::try_new(600).unwrap(),
                net_minor: 5_700,
                tax_minor: 342,
            }],
            delivered_at: at,
            invoice: Some(Box::new(OrderInvoice {
                number: 1,
                issued_on: "2026-11-20".parse().unwrap(),
                total_minor: 6_042,
                tax_minor: 342,
                seller: party("Grönt AB"),
                buyer: party("Krogen"),
            })),
        },
        OrderEvent::DeliveryConfirmed {
            lines: vec![ReceivedLine {
                line_id,
                quantity: Quantity::units(1),
                reason: Some("mould".to_owned()),
            }],
            received_at: at,
        },
    ];
    let first = publish(&recorded::<Order>(ORDER, 1, &placed()), None).unwrap();
    let later = later.iter().map(|event| told::<Order>(ORDER, &placed(), event));
    std::iter::once(first).chain(later).map(Option::unwrap).collect()
}

pub fn created() -> ProductEvent {
    ProductEvent::ProductCreated {
        supplier_id: SupplierId(id(SUPPLIER)),
        details: details(),
        unit_price_minor: 2_850,
        currency: Currency::SEK,
    }
}

fn details() -> ProductDetails {
    ProductDetails {
        name: "Tomater".to_owned(),
        sku: "T-1".to_owned(),
        unit: "KGM".to_owned(),
        gtin: Some("7310865004703".parse().unwrap()),
        description: Some("not told: it may be long".to_owned()),
        tax: Tax::Category(TaxCategory::Food),
        low_stock_at: Quantity::units(5),
    }
}

fn products() -> Vec<PublicEvent> {
    let later = [
        ProductEvent::ProductDetailsRevised { details: ProductDetails { gtin: None, ..details() } },
        ProductEvent::PriceChanged { previous_minor: 2_850, unit_price_minor: 2_990 },
        ProductEvent::ProductDeactivated {},
        ProductEvent::ProductReactivated {},
    ];
    let low = StockEvent::StockFellLow {
        supplier_id: SupplierId(id(SUPPLIER)),
        available: Quantity(4_500),
        low_stock_at: Quantity::units(5),
    };
    let first = publish(&recorded::<Product>(PRODUCT, 1, &created()), None).unwrap();
    let later = later.iter().map(|event| told::<Product>(PRODUCT, &created(), event));
    let low = publish(&recorded::<Stock>(PRODUCT, 7, &low), None).unwrap();
    std::iter::once(first).chain(later).chain([low]).map(Option::unwrap).collect()
}

fn parties() -> Vec<PublicEvent> {
    let restaurant = [
        RestaurantEvent::RestaurantApproved { trial_ends_at: "2026-11-27T09:00:00Z".parse().unwrap() },
        RestaurantEvent::RestaurantSuspended { reason: None },
        RestaurantEvent::RestaurantReinstated {},
    ];
    let supplier = [
        SupplierEvent::SupplierSuspended { reason: Some("unpaid".to_owned()) },
        SupplierEvent::SupplierReinstated {},
    ];
    let restaurant = restaurant.iter().map(|event| recorded::<Restaurant>(RESTAURANT, 2, event));
    let supplier = supplier.iter().map(|event| recorded::<Supplier>(SUPPLIER, 2, event));
    restaurant.chain(supplier).map(|event| publish(&event, None).unwrap().unwrap()).collect()
}

pub fn registered(owner: EndpointOwner) -> WebhookEndpointEvent {
    WebhookEndpointEvent::WebhookEndpointRegistered {
        owner,
        details: EndpointDetails { url: "https://partner.example/iris".to_owned(), ..Default::default() },
        secret_id: id(0x51),
        handshake: false,
    }
}

pub fn failing() -> WebhookEndpointEvent {
    WebhookEndpointEvent::WebhookEndpointFailing {
        since: "2026-11-20T09:00:00Z".parse().unwrap(),
        warning: 2,
        failures: 21,
        disabled_at: "2026-11-25T09:00:00Z".parse().unwrap(),
    }
}

fn endpoints() -> Vec<PublicEvent> {
    let first = registered(EndpointOwner::Partner(AccountId(id(0x52))));
    let disabled = WebhookEndpointEvent::WebhookEndpointDisabled { reason: DisabledReason::Failing };
    let ping_id = id(0x53);
    let asked = WebhookEndpointEvent::WebhookPingRequested { ping_id };
    vec![
        told::<WebhookEndpoint>(ENDPOINT, &first, &failing()).unwrap(),
        told::<WebhookEndpoint>(ENDPOINT, &first, &disabled).unwrap(),
        ping(&recorded::<WebhookEndpoint>(ENDPOINT, 3, &asked), ping_id),
    ]
}
