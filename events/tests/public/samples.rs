//! One inner event for each public type, as the log would give it, and what the outside hears of it.

use cqrs_es::DomainEvent as _;
use events::{
    Fold, RecordedEvent,
    canonical::canonical_json,
    forecast::{Forecast, ForecastEvent, ForecastScores},
    invoice::{
        Acceptance, ChargeFacts, HoldReason, Invoice, InvoiceAnswer, InvoiceEvent, InvoiceFacts, InvoiceFile,
        LineFacts, PaymentFacts, Stated, Trade, VatFacts,
    },
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
        AccountId, CartId, CheckoutId, Currency, ForecastRunId, LineId, OrderId, PostalAddress, ProductId,
        Quantity, RestaurantId, SupplierId, Tax, TaxCategory, TaxRate,
    },
    webhook_endpoint::{
        DisabledReason, EndpointDetails, EndpointOwner, WebhookEndpoint, WebhookEndpointEvent,
    },
};
use invoicing::{
    invoice::Kind,
    matching::{Class, Effect, Link, Method, Outcome, Variance, Verdict},
};
use uuid::Uuid;

pub const TRACEPARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

pub const ORDER: u128 = 0x10;
pub const PRODUCT: u128 = 0x20;
pub const RESTAURANT: u128 = 0x30;
pub const SUPPLIER: u128 = 0x40;
pub const ENDPOINT: u128 = 0x50;
pub const INVOICE: u128 = 0x60;

/// What stands in the inner events and must not be found outside: addresses, registrations, where somebody listens,
/// what signs, who clicked, and what a file was called.
pub const KEPT_IN: [&str; 6] =
    ["Storgatan", "5560000001", "partner.example", "8000-000000000051", "8000-000000000099", "annas faktura"];

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
    all.extend(invoices());
    all.extend(products());
    all.extend(parties());
    all.extend(endpoints());
    all.push(forecast());
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

pub fn received(stated: Stated) -> InvoiceEvent {
    InvoiceEvent::InvoiceReceived {
        file: InvoiceFile {
            sha256: "ab".repeat(32),
            bytes: 10_240,
            media_type: "application/pdf".to_owned(),
            name: Some("annas faktura.pdf".to_owned()),
        },
        stated,
        received_by: Some(AccountId(id(0x99))),
        received_at: "2026-11-20T09:00:00.123456Z".parse().unwrap(),
    }
}

/// What the sender knew.
pub fn stated() -> Stated {
    Stated {
        supplier_id: Some(SupplierId(id(SUPPLIER))),
        restaurant_id: Some(RestaurantId(id(RESTAURANT))),
        order_id: Some(OrderId(id(ORDER))),
    }
}

pub fn trade() -> Trade {
    Trade {
        supplier_id: SupplierId(id(SUPPLIER)),
        restaurant_id: RestaurantId(id(RESTAURANT)),
        order_id: OrderId(id(ORDER)),
    }
}

pub fn held(trade: Option<Trade>) -> InvoiceEvent {
    InvoiceEvent::InvoiceHeld {
        reasons: vec![HoldReason::AwaitsReceipt, HoldReason::NeedsReview],
        trade,
        outcome: Some(Box::new(outcome(Effect::Doubts))),
        held_at: "2026-11-20T10:00:00Z".parse().unwrap(),
    }
}

/// Dearer than agreed; the second line, a crate, answers to nothing.
fn facts() -> InvoiceFacts {
    let date = |text: &str| Some(text.parse().unwrap());
    let text = |text: &str| Some(text.to_owned());
    let line = LineFacts {
        id: "1".to_owned(),
        name: text("Tomater"),
        sku: text("T-1"),
        quantity: "2.5".to_owned(),
        unit: text("KGM"),
        net_price: "29.9".to_owned(),
        base_quantity: None,
        net_minor: 7_475,
        vat_category: text("S"),
        vat_basis_points: Some(600),
    };
    let vat = |rate, taxable_minor, tax_minor| VatFacts {
        category: text("S"),
        basis_points: Some(rate),
        taxable_minor,
        tax_minor,
    };
    InvoiceFacts {
        kind: Kind::Invoice,
        number: text("2026-1187"),
        issue_date: date("2026-11-21"),
        due_date: date("2026-12-21"),
        tax_point: date("2026-11-20"),
        currency: text("SEK"),
        preceding: vec!["2026-1100".to_owned()],
        lines: vec![
            line.clone(),
            LineFacts {
                id: "2".to_owned(),
                name: text("Låda"),
                sku: None,
                quantity: "1".to_owned(),
                unit: text("H87"),
                net_price: "250".to_owned(),
                base_quantity: text("100"),
                net_minor: 250,
                vat_category: None,
                vat_basis_points: None,
            },
        ],
        charges: vec![ChargeFacts {
            reason: text("Frakt"),
            amount_minor: 5_000,
            vat_category: text("S"),
            vat_basis_points: Some(2_500),
        }],
        net_minor: 12_725,
        vat: vec![vat(600, 7_475, 449), vat(2_500, 5_250, 1_313)],
        vat_minor: 1_762,
        prepaid_minor: 0,
        rounding_minor: 13,
        payable_minor: 14_500,
        payments: vec![PaymentFacts {
            means_code: text("30"),
            account: text("5050-1055"),
            branch: text("SE:BANKGIRO"),
            reference: text("20261187"),
        }],
    }
}

fn outcome(effect: Effect) -> Outcome {
    let line_id = id(0x13).to_string();
    let link = |order_line: &str, invoice_line: &str| Link {
        invoice_line: invoice_line.to_owned(),
        order_line: order_line.to_owned(),
        method: Method::SellerItem,
    };
    let price = Variance {
        invoice_line: Some("1".to_owned()),
        order_line: Some(line_id.clone()),
        class: Class::PriceOver,
        effect,
        expected: Some("28.5".to_owned()),
        actual: Some("29.9".to_owned()),
        value_minor: 350,
        counts_in_net: true,
        reason: None,
    };
    let loose = Variance {
        invoice_line: Some("2".to_owned()),
        order_line: None,
        class: Class::UnmatchedLine,
        expected: None,
        actual: Some("Låda".to_owned()),
        value_minor: 250,
        ..price.clone()
    };
    Outcome {
        verdict: if effect == Effect::Noted { Verdict::MatchedWithVariance } else { Verdict::Mismatch },
        // The second is of a credit note that was compared together with the invoice.
        links: vec![link(&line_id, "1"), link(&line_id, "2")],
        variances: vec![price, loose],
        expected_net_minor: 12_125,
        policy_version: 3,
    }
}

pub fn matched() -> InvoiceEvent {
    InvoiceEvent::InvoiceMatched {
        trade: trade(),
        facts: Box::new(facts()),
        credits: None,
        outcome: Box::new(outcome(Effect::Noted)),
        answer: InvoiceAnswer { status_code: "AP".to_owned(), reason_codes: vec![] },
        accepted: Some(Acceptance {
            by: Some(AccountId(id(0x99))),
            party: Party::Restaurant,
            reason: "agreed by telephone".to_owned(),
        }),
        matched_at: "2026-11-20T10:00:00Z".parse().unwrap(),
    }
}

pub fn disputed() -> InvoiceEvent {
    InvoiceEvent::InvoiceDisputed {
        trade: trade(),
        facts: Box::new(facts()),
        outcome: Some(Box::new(outcome(Effect::Blocks))),
        answer: InvoiceAnswer {
            status_code: "UQ".to_owned(),
            reason_codes: vec!["ITM".to_owned(), "PRI".to_owned()],
        },
        by: Some(Party::Restaurant),
        reason: Some("the price was agreed".to_owned()),
        lines: vec!["1".to_owned()],
        disputed_at: "2026-11-20T10:00:00Z".parse().unwrap(),
    }
}

fn invoices() -> Vec<PublicEvent> {
    let first = publish(&recorded::<Invoice>(INVOICE, 1, &received(stated())), None).unwrap();
    let later = [held(Some(trade())), matched(), disputed()];
    let later = later.iter().map(|event| told::<Invoice>(INVOICE, &received(Stated::default()), event));
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
        category: None,
        shelf_life_days: None,
        pack: None,
    }
}

fn products() -> Vec<PublicEvent> {
    let later = [
        ProductEvent::ProductDetailsRevised { details: ProductDetails { gtin: None, ..details() } },
        ProductEvent::PriceChanged { previous_minor: 2_850, unit_price_minor: 2_990, reason: None },
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
        RestaurantEvent::TrialEnded { ended_at: "2026-11-27T09:00:00Z".parse().unwrap() },
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

fn forecast() -> PublicEvent {
    let published = ForecastEvent::ForecastPublished {
        run_id: ForecastRunId(id(0x70)),
        supplier_id: SupplierId(id(SUPPLIER)),
        origin_day: "2026-11-21".parse().unwrap(),
        horizon_days: 14,
        input_position: 4_711,
        engine_version: "1".to_owned(),
        series: 1_200,
        failed: 0,
        scores: ForecastScores {
            mase_millionths: Some(812_500),
            spl_millionths: Some(141_000),
            coverage_millionths: Some(948_000),
            bias_millionths: Some(-12_000),
            drifting_series: 3,
        },
    };
    publish(&recorded::<Forecast>(SUPPLIER, 3, &published), None).unwrap().unwrap()
}
