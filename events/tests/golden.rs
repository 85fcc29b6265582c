//! Released events stay readable: a sample of each type and version is kept forever.
//!
//! `golden/<kind>/<EventType>.<version>.json` holds the canonical payload. A new event or version gets a
//! new file (`GOLDEN=write cargo test -p events --test golden` writes those that are missing); an existing
//! file never changes.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::{collections::BTreeSet, fs, path::PathBuf};

use cqrs_es::DomainEvent;
use events::{
    Fold, RecordedEvent,
    account::{Account, AccountEvent},
    api_key::{ApiKey, ApiKeyEvent},
    billing::{BilledLine, Billing, BillingEvent},
    canonical::canonical_json,
    cart::{Cart, CartEvent, CartItem, PriceSource, SuggestedLine},
    fold::decode,
    forecast::{Forecast, ForecastEvent, ForecastScores},
    inventory::{CountedItem, Inventory, InventoryEvent},
    invoice::{
        Acceptance, HoldReason, Invoice, InvoiceAnswer, InvoiceEvent, InvoiceFacts, InvoiceFile, InvoicePage,
        Reading, Stated, Trade,
    },
    order::{
        DeliveredLine, InvoiceParty, Order, OrderEvent, OrderInvoice, OrderedLine, Party, PaymentMethod,
        ReceivedLine,
    },
    price_rule::{PriceRuleEvent, PriceRules, RuleMode, RuleScope},
    product::{Product, ProductDetails, ProductEvent},
    restaurant::{Restaurant, RestaurantDetails, RestaurantEvent},
    stock::{Stock, StockEvent},
    supplier::{Supplier, SupplierDetails, SupplierEvent},
    trade_relation::{MatchingTerms, TradeRelation, TradeRelationEvent},
    values::{
        AccountId, CartId, ChannelChoice, CheckoutId, Currency, DisabledBy, EmailChoice, ForecastRunId,
        InvoiceId, LineId, Locale, LoginProvider, MemberRole, MinuteOfDay, NotificationKind,
        NotificationPreferences, OrderId, Personal, PostalAddress, PriceRuleId, ProductId, Quantity,
        QuietHours, RestaurantId, Role, SupplierId, Tax, TaxCategory, TaxRate,
    },
    webhook_endpoint::{
        Condition, ConditionTest, DeliveryOrder, DisabledReason, EndpointDetails, EndpointOwner,
        PayloadStyle, WebhookEndpoint, WebhookEndpointEvent,
    },
};
use invoicing::{
    hybrid::Difference,
    invoice::{
        AllowanceCharge, Area, Effect as Way, Evidence, Field, Kind, Line, Payment, Source, Totals, VatRow,
    },
    matching::{Class, Effect, Link, Method, Outcome, Variance, Verdict},
    page::gate::Doubt,
    rules::{Finding, Level},
};
use uuid::Uuid;

fn id(number: u128) -> Uuid {
    Uuid::from_u128(0x0193_0000_0000_7000_8000_0000_0000_0000 | number)
}

fn golden() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden")
}

/// Each sample is what its file says, and the file is read back to the same event.
fn check<S: Fold>(samples: &[S::Event]) {
    let folder = golden().join(S::KIND.name());
    for sample in samples {
        let (event_type, event_version) = (sample.event_type(), sample.event_version());
        let path = folder.join(format!("{event_type}.{event_version}.json"));
        let payload = canonical_json(sample);
        if std::env::var("GOLDEN").is_ok_and(|mode| mode == "write") && !path.exists() {
            fs::create_dir_all(&folder).unwrap();
            fs::write(&path, format!("{payload}\n")).unwrap();
        }
        let kept = fs::read_to_string(&path).unwrap_or_else(|_| panic!("{} is missing", path.display()));
        assert_eq!(payload, kept.trim_end(), "a released event never changes: {event_type}");
    }
    // Every file, older versions too, is still an event of this kind.
    let mut kept_types = BTreeSet::new();
    for file in fs::read_dir(&folder).unwrap().flatten() {
        let name = file.file_name().into_string().unwrap();
        let (event_type, version) = name.trim_end_matches(".json").rsplit_once('.').unwrap();
        let recorded = recorded::<S>(event_type, version, fs::read_to_string(file.path()).unwrap());
        let event = decode::<S>(&recorded).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(event.event_type(), event_type);
        kept_types.insert(event_type.to_owned());
    }
    assert_eq!(kept_types, types_in_source(S::KIND.name()), "every event type has its sample");
}

/// The names that `event_type` gives, from the source: a variant without a sample is not overlooked.
fn types_in_source(kind: &str) -> BTreeSet<String> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("src").join(kind).with_extension("rs");
    let source = fs::read_to_string(path).unwrap();
    let (_, naming) = source.split_once("fn event_type(&self)").unwrap();
    let (naming, _) = naming.split_once("fn event_version").unwrap();
    naming.lines().filter_map(|line| line.split('"').nth(1)).map(str::to_owned).collect()
}

fn recorded<S: Fold>(event_type: &str, version: &str, payload: String) -> RecordedEvent {
    RecordedEvent {
        global_position: 1,
        event_id: id(1),
        stream_kind: S::KIND.name().to_owned(),
        stream_id: id(2),
        sequence: 1,
        event_type: event_type.to_owned(),
        event_version: version.to_owned(),
        payload,
        metadata: "{}".to_owned(),
        recorded_at: chrono::DateTime::UNIX_EPOCH,
        command_id: id(3),
        actor: "system:test".to_owned(),
        content_hash: vec![0; 32],
    }
}

#[test]
fn accounts() {
    check::<Account>(&[
        AccountEvent::AccountRegistered {
            email: Personal::new(id(1), "anna@example.se"),
            role: Role::Restaurant,
            invited: true,
        },
        AccountEvent::AccountRoleChanged { role: Role::Admin },
        AccountEvent::NotificationPreferencesSet {
            preferences: NotificationPreferences {
                locale: Locale::En,
                time_zone: "Europe/Helsinki".to_owned(),
                quiet_hours: Some(QuietHours { from: clock("22:00"), to: clock("06:30") }),
                digest_at: clock("07:15"),
                choices: [(
                    NotificationKind::StockLow,
                    ChannelChoice { in_app: true, email: EmailChoice::Digest, push: false },
                )]
                .into(),
            },
        },
        AccountEvent::LoginLinked {
            provider: LoginProvider::Clerk,
            subject: "user_29w83sxmDNGwOuEthce5gg56FcC".to_owned(),
            as_of: chrono::DateTime::from_timestamp_millis(1_654_012_591_835).unwrap(),
        },
        AccountEvent::LoginConfirmed {
            provider: LoginProvider::Clerk,
            subject: "user_29w83sxmDNGwOuEthce5gg56FcC".to_owned(),
            as_of: chrono::DateTime::from_timestamp_millis(1_654_012_824_306).unwrap(),
        },
        AccountEvent::LoginEnded {
            provider: LoginProvider::Clerk,
            subject: "user_29w83sxmDNGwOuEthce5gg56FcC".to_owned(),
        },
        AccountEvent::LoginAddressChanged { email: Personal::new(id(1), "anna@krog.example") },
        AccountEvent::AccountDisabled { by: DisabledBy::Provider, reason: Some("banned".to_owned()) },
        AccountEvent::AccountEnabled { by: DisabledBy::Admin },
        AccountEvent::AccountErased { reason: Some("asked for it".to_owned()) },
    ]);
}

fn clock(text: &str) -> MinuteOfDay {
    text.parse().unwrap()
}

fn address() -> PostalAddress {
    PostalAddress { city: Some("Malmö".to_owned()), country: Some("SE".to_owned()), ..Default::default() }
}

#[test]
fn suppliers() {
    let details = SupplierDetails {
        name: "Grönt AB".to_owned(),
        contact_email: Personal::new(id(1), "order@example.se"),
        phone: Some(Personal::new(id(1), "+46 40 000 00")),
        address: address(),
        lat_e7: Some(556_050_000),
        lon_e7: None,
        org_number: Some("5560000001".to_owned()),
        vat_number: None,
        gln: None,
        bankgiro: None,
        plusgiro: None,
        iban: None,
        delivery_terms: None,
    };
    let account_id = AccountId(id(2));
    check::<Supplier>(&[
        SupplierEvent::SupplierRegistered { details: details.clone(), currency: Currency::SEK },
        SupplierEvent::SupplierDetailsRevised { details },
        SupplierEvent::SupplierSuspended { reason: Some("unpaid".to_owned()) },
        SupplierEvent::SupplierReinstated {},
        SupplierEvent::SupplierContactErased {},
        SupplierEvent::SupplierMemberAdded { account_id, role: MemberRole::Owner },
        SupplierEvent::SupplierMemberRoleChanged { account_id, role: MemberRole::Staff },
        SupplierEvent::SupplierMemberRemoved { account_id },
        SupplierEvent::SupplierPartnerGranted { account_id },
        SupplierEvent::SupplierPartnerRevoked { account_id },
        SupplierEvent::SupplierInvoiceNumbered { number: 1, order_id: OrderId(id(3)) },
    ]);
}

#[test]
fn restaurants() {
    let details = RestaurantDetails {
        name: "Krogen".to_owned(),
        contact_email: Personal::new(id(1), "kok@example.se"),
        phone: None,
        address: address(),
        delivery_prefs: Some(serde_json::json!({"before": "10:00"})),
        org_number: None,
        vat_number: None,
        gln: Some("7300009000036".to_owned()),
    };
    let account_id = AccountId(id(2));
    check::<Restaurant>(&[
        RestaurantEvent::RestaurantRegistered { details: details.clone(), currency: Currency::SEK },
        RestaurantEvent::RestaurantDetailsRevised { details },
        RestaurantEvent::RestaurantApproved { trial_ends_at: "2026-11-27T09:00:00.123456Z".parse().unwrap() },
        RestaurantEvent::RestaurantSuspended { reason: None },
        RestaurantEvent::RestaurantReinstated {},
        RestaurantEvent::TrialEnded { ended_at: "2026-11-27T09:00:00.123456Z".parse().unwrap() },
        RestaurantEvent::RestaurantContactErased {},
        RestaurantEvent::RestaurantMemberAdded { account_id, role: MemberRole::Owner },
        RestaurantEvent::RestaurantMemberRoleChanged { account_id, role: MemberRole::Staff },
        RestaurantEvent::RestaurantMemberRemoved { account_id },
        RestaurantEvent::RestaurantPartnerGranted { account_id },
        RestaurantEvent::RestaurantPartnerRevoked { account_id },
    ]);
}

#[test]
fn products() {
    let details = ProductDetails {
        name: "Tomater".to_owned(),
        sku: "T-1".to_owned(),
        unit: "KGM".to_owned(),
        gtin: Some("7310865004703".parse().unwrap()),
        description: None,
        tax: Tax::Category(TaxCategory::Food),
        low_stock_at: Quantity::units(5),
        category: None,
        shelf_life_days: None,
        pack: None,
    };
    let revised = ProductDetails { tax: Tax::Rate(TaxRate::try_new(1_250).unwrap()), ..details.clone() };
    check::<Product>(&[
        ProductEvent::ProductCreated {
            supplier_id: SupplierId(id(1)),
            details,
            unit_price_minor: 2_850,
            currency: Currency::SEK,
        },
        ProductEvent::ProductDetailsRevised { details: revised },
        ProductEvent::PriceChanged { previous_minor: 2_850, unit_price_minor: 2_990, reason: None },
        ProductEvent::PriceChangeUndone {
            previous_minor: 2_990,
            unit_price_minor: 2_850,
            held_until: chrono::DateTime::from_timestamp(1_800_000_000, 0).unwrap(),
        },
        ProductEvent::ProductDeactivated {},
        ProductEvent::ProductReactivated {},
    ]);
}

#[test]
fn stock() {
    let (supplier_id, order_id, line_id) = (SupplierId(id(1)), OrderId(id(2)), LineId(id(3)));
    let quantity = Quantity(2_500);
    check::<Stock>(&[
        StockEvent::StockAdjusted {
            supplier_id,
            change: Quantity(-1_000),
            reason: "broken".to_owned(),
            expires_on: None,
        },
        StockEvent::StockCounted { supplier_id, counted: Quantity::units(40), reason: "count".to_owned() },
        StockEvent::StockAllocated { order_id, line_id, quantity },
        StockEvent::StockReleased { order_id, line_id, quantity },
        StockEvent::StockShipped { order_id, line_id, quantity },
        StockEvent::StockFellLow { supplier_id, available: quantity, low_stock_at: Quantity::units(5) },
    ]);
}

#[test]
fn carts() {
    let tax_rate = TaxRate::try_new(600).unwrap();
    let item = CartItem {
        item_id: LineId(id(1)),
        product_id: ProductId(id(2)),
        supplier_id: SupplierId(id(3)),
        name: "Tomater".to_owned(),
        sku: "T-1".to_owned(),
        unit: "KGM".to_owned(),
        quantity: Quantity(2_500),
        unit_price_minor: 2_850,
        price_source: PriceSource::List,
        tax: Tax::Category(TaxCategory::Food),
        tax_rate,
    };
    let (item_id, quantity) = (item.item_id, Quantity::units(3));
    check::<Cart>(&[
        CartEvent::CartOpened { restaurant_id: RestaurantId(id(4)), currency: Currency::SEK },
        CartEvent::CartItemAdded { item },
        CartEvent::CartItemQuantityChanged {
            item_id,
            quantity,
            unit_price_minor: 2_990,
            price_source: PriceSource::List,
            tax_rate,
        },
        CartEvent::CartItemRemoved { item_id },
        CartEvent::CartConverted { checkout_id: CheckoutId(id(5)), order_ids: vec![OrderId(id(6))] },
        CartEvent::CartFilledFromSuggestions {
            forecast_run_id: Some(id(7)),
            lines: vec![
                SuggestedLine {
                    product_id: ProductId(id(2)),
                    suggested: Some(Quantity(2_500)),
                    taken: quantity,
                },
                SuggestedLine { product_id: ProductId(id(8)), suggested: None, taken: Quantity::ZERO },
            ],
        },
    ]);
}

fn party(name: &str) -> InvoiceParty {
    InvoiceParty { name: name.to_owned(), address: address(), ..Default::default() }
}

#[test]
fn orders() {
    let at = "2026-11-20T09:00:00.123456Z".parse().unwrap();
    let tax_rate = TaxRate::try_new(600).unwrap();
    let line_id = LineId(id(1));
    let line = OrderedLine {
        line_id,
        product_id: ProductId(id(2)),
        sku: "T-1".to_owned(),
        name: "Tomater".to_owned(),
        unit: "KGM".to_owned(),
        quantity: Quantity(2_500),
        unit_price_minor: 2_850,
        tax: Tax::Category(TaxCategory::Food),
        tax_rate,
        net_minor: 7_125,
        tax_minor: 428,
    };
    let delivered =
        DeliveredLine { line_id, quantity: Quantity::units(2), tax_rate, net_minor: 5_700, tax_minor: 342 };
    let issued_on = "2026-11-21".parse().unwrap();
    check::<Order>(&[
        OrderEvent::OrderPlaced {
            checkout_id: CheckoutId(id(3)),
            cart_id: CartId(id(4)),
            restaurant_id: RestaurantId(id(5)),
            supplier_id: SupplierId(id(6)),
            lines: vec![line],
            currency: Currency::SEK,
            total_minor: 7_553,
            tax_minor: 428,
            payment_method: PaymentMethod::Invoice,
            requested_delivery_date: Some(issued_on),
            note: Some("bakdörren".to_owned()),
            placed_by: Some(AccountId(id(7))),
            placed_at: at,
        },
        OrderEvent::OrderConfirmed { confirmed_at: at },
        OrderEvent::OrderRejected { reason: "no lorry".to_owned(), rejected_at: at },
        OrderEvent::OrderCancelled { by: Party::Restaurant, reason: "closed".to_owned(), cancelled_at: at },
        OrderEvent::DeliveryMarked {
            lines: vec![delivered],
            delivered_at: at,
            invoice: Some(Box::new(OrderInvoice {
                number: 1,
                issued_on,
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
    ]);
}

#[test]
fn an_invoice_keeps_the_accounts_of_its_day_and_a_released_one_has_none() {
    let seller: InvoiceParty = SupplierDetails {
        bankgiro: Some("9991233".to_owned()),
        plusgiro: Some("9000001".to_owned()),
        iban: Some("SE3550000000054910000003".to_owned()),
        ..SupplierDetails::default()
    }
    .into();
    let payload = canonical_json(&seller);
    assert_eq!(serde_json::from_str::<InvoiceParty>(&payload).unwrap(), seller);
    assert!(payload.contains("9991233") && payload.contains("9000001") && payload.contains("SE355"));
    let released = r#"{"name":"Grönt AB","address":{},"org_number":null,"vat_number":null,"gln":null}"#;
    let released: InvoiceParty = serde_json::from_str(released).unwrap();
    assert_eq!((released.bankgiro, released.plusgiro, released.iban), (None, None, None));
}

#[test]
fn webhook_endpoints() {
    use WebhookEndpointEvent as E;
    let at = |text: &str| text.parse().unwrap();
    let details = EndpointDetails {
        url: "https://partner.example/iris".to_owned(),
        description: Some("Ekonomi".to_owned()),
        event_types: vec!["iris.order.placed.v1".to_owned()],
        conditions: vec![
            Condition { field: "currency".to_owned(), test: ConditionTest::OneOf(vec!["SEK".to_owned()]) },
            Condition { field: "total_cents".to_owned(), test: ConditionTest::AtLeast(100_000) },
            Condition { field: "total_cents".to_owned(), test: ConditionTest::AtMost(900_000) },
        ],
        payload_style: PayloadStyle::Thin,
        delivery_order: DeliveryOrder::Strict,
        in_flight_max: 8,
        rate_per_second_max: Some(50),
    };
    check::<WebhookEndpoint>(&[
        E::WebhookEndpointRegistered {
            owner: EndpointOwner::Supplier(SupplierId(id(1))),
            details: details.clone(),
            secret_id: id(2),
            handshake: true,
        },
        E::WebhookEndpointRevised { details },
        E::WebhookSecretRotated { secret_id: id(3), former_valid_until: at("2026-11-21T09:00:00.123456Z") },
        E::WebhookEndpointVerified { rate_per_minute_max: Some(120) },
        E::WebhookEndpointDisabled { reason: DisabledReason::Gone },
        E::WebhookEndpointEnabled {},
        E::WebhookEndpointDeleted {},
        E::WebhookPingRequested { ping_id: id(4) },
        E::WebhookReplayRequested { replay_id: id(5), from_position: 1, upto_position: 900 },
        E::WebhookDeliveryRetryRequested { delivery_id: id(6) },
        E::WebhookEndpointFailing {
            since: at("2026-11-20T09:00:00.123456Z"),
            warning: 2,
            failures: 21,
            disabled_at: at("2026-11-25T09:00:00.123456Z"),
        },
    ]);
}

/// Tomatoes and freight, the tomatoes dearer than agreed.
fn document() -> invoicing::Invoice {
    let decimal = |text: &str| text.parse().unwrap();
    let text = |text: &str| Some(Field::xml(text.to_owned()));
    let evidence =
        Evidence { page: 1, area: Area { left: 7_200, top: 14_400, right: 10_800, bottom: 15_600 } };
    invoicing::Invoice {
        number: text("2026-1187"),
        type_code: text("380"),
        issue_date: Some(Field::xml("2026-11-21".parse().unwrap())),
        due_date: Some(Field::xml("2026-12-21".parse().unwrap())),
        delivery_date: Some(Field::xml("2026-11-20".parse().unwrap())),
        currency: text("SEK"),
        payments: vec![Payment {
            means_code: text("30"),
            reference: text("20261187"),
            account: text("5050-1055"),
            branch: text("SE:BANKGIRO"),
        }],
        allowances_charges: vec![AllowanceCharge {
            effect: Way::Charge,
            amount_minor: Field::xml(5_000),
            base_minor: None,
            percent: None,
            reason: text("Frakt"),
            reason_code: Some("FC".to_owned()),
            vat_category: Some("S".to_owned()),
            vat_rate: Some(decimal("25")),
        }],
        vat: vec![
            VatRow {
                category: Some("S".to_owned()),
                rate: Some(Field::xml(decimal("6"))),
                taxable_minor: Field::xml(7_475),
                tax_minor: Field::xml(449),
            },
            VatRow {
                category: Some("S".to_owned()),
                rate: Some(Field::xml(decimal("25.00"))),
                taxable_minor: Field::xml(5_000),
                tax_minor: Field::xml(1_250),
            },
        ],
        lines: vec![Line {
            id: "1".to_owned(),
            name: Some(Field {
                value: "Tomater".to_owned(),
                source: Source::Text,
                confidence: 970,
                evidence: Some(evidence),
            }),
            description: None,
            seller_item_id: text("T-1"),
            buyer_item_id: None,
            standard_item_id: None,
            standard_item_scheme: None,
            quantity: Field::xml(decimal("2.500")),
            unit: text("KGM"),
            net_price: Field::xml(decimal("29.90")),
            base_quantity: None,
            allowances_charges: vec![],
            net_minor: Field::xml(7_475),
            vat_category: text("S"),
            vat_rate: Some(Field::xml(decimal("6"))),
            order_line_reference: None,
        }],
        totals: Totals {
            net_minor: Some(Field::xml(12_475)),
            vat_minor: Some(Field::xml(1_699)),
            rounding_minor: Some(Field::xml(26)),
            payable_minor: Some(Field::xml(14_200)),
            ..Totals::default()
        },
        ..invoicing::Invoice::default()
    }
}

fn dearer(effect: Effect) -> Outcome {
    Outcome {
        verdict: if effect == Effect::Noted { Verdict::MatchedWithVariance } else { Verdict::Mismatch },
        links: vec![Link {
            invoice_line: "1".to_owned(),
            order_line: id(1).to_string(),
            method: Method::SellerItem,
        }],
        variances: vec![Variance {
            invoice_line: Some("1".to_owned()),
            order_line: Some(id(1).to_string()),
            class: Class::PriceOver,
            effect,
            expected: Some("28.5".to_owned()),
            actual: Some("29.9".to_owned()),
            value_minor: 350,
            counts_in_net: true,
            reason: None,
        }],
        expected_net_minor: 12_125,
        policy_version: 1,
    }
}

#[test]
fn invoices() {
    use InvoiceEvent as E;
    let at = "2026-11-21T09:00:00.123456Z".parse().unwrap();
    let (supplier_id, restaurant_id) = (SupplierId(id(6)), RestaurantId(id(5)));
    let trade = Trade { supplier_id, restaurant_id, order_id: OrderId(id(4)) };
    let facts = Box::new(InvoiceFacts::of(&document()));
    let answer =
        |code: &str| InvoiceAnswer { status_code: code.to_owned(), reason_codes: vec!["PRI".to_owned()] };
    check::<Invoice>(&[
        E::InvoiceReceived {
            file: InvoiceFile {
                sha256: "ab".repeat(32),
                bytes: 10_240,
                media_type: "application/pdf".to_owned(),
                name: Some("faktura.pdf".to_owned()),
            },
            stated: Stated { supplier_id: Some(supplier_id), ..Stated::default() },
            received_by: Some(AccountId(id(7))),
            received_at: at,
        },
        E::InvoiceExtracted {
            reading: Box::new(Reading {
                document: document(),
                extractor: 1,
                pages: vec![InvoicePage {
                    number: 1,
                    sha256: "cd".repeat(32),
                    width: 1_240,
                    height: 1_754,
                    dpi: 150,
                }],
                findings: vec![Finding {
                    rule: "SE-R-006".to_owned(),
                    level: Level::Warning,
                    place: "BG-25[1]/BT-152".to_owned(),
                    message: "not a Swedish rate".to_owned(),
                }],
                doubts: vec![Doubt::UnknownSeller, Doubt::Unsure("number".to_owned())],
                differences: vec![Difference::Payable],
                note: Some("two attachments were not read".to_owned()),
                attachment: Some("factur-x.xml".to_owned()),
            }),
            extracted_at: at,
        },
        E::InvoiceCorrected {
            document: Box::new(document()),
            changed: vec!["lines[0].quantity".to_owned()],
            corrected_by: Some(AccountId(id(7))),
            corrected_at: at,
        },
        E::InvoiceHeld {
            reasons: vec![HoldReason::AwaitsReceipt, HoldReason::NeedsReview],
            trade: Some(trade),
            outcome: Some(Box::new(dearer(Effect::Doubts))),
            held_at: at,
        },
        E::InvoiceMatched {
            trade,
            facts: facts.clone(),
            credits: Some(InvoiceId(id(8))),
            outcome: Box::new(dearer(Effect::Noted)),
            answer: answer("AP"),
            accepted: Some(Acceptance {
                by: Some(AccountId(id(7))),
                party: Party::Restaurant,
                reason: "agreed by telephone".to_owned(),
            }),
            matched_at: at,
        },
        E::InvoiceDisputed {
            trade,
            facts,
            outcome: Some(Box::new(dearer(Effect::Blocks))),
            answer: answer("UQ"),
            by: Some(Party::Restaurant),
            reason: Some("the price was agreed".to_owned()),
            lines: vec!["1".to_owned()],
            disputed_at: at,
        },
        E::InvoiceRejected {
            code: "duplicate".to_owned(),
            message: "It came before.".to_owned(),
            duplicate_of: Some(InvoiceId(id(8))),
            rejected_at: at,
        },
        E::InvoiceCredited { credit_note_id: InvoiceId(id(9)), credited_at: at },
    ]);
}

#[test]
fn billings() {
    let invoice_id = InvoiceId(id(1));
    let lines = vec![BilledLine { line_id: LineId(id(2)), quantity: Quantity(2_500) }];
    check::<Billing>(&[
        BillingEvent::OrderBilled { invoice_id, kind: Kind::Invoice, lines },
        BillingEvent::BillingReleased { invoice_id },
        BillingEvent::ReceiptAwaited { invoice_id },
        BillingEvent::ReceiptNoLongerAwaited { invoice_id },
    ]);
}

#[test]
fn trade_relations() {
    let (supplier_id, restaurant_id) = (SupplierId(id(1)), RestaurantId(id(2)));
    check::<TradeRelation>(&[
        TradeRelationEvent::MatchingTermsSet { supplier_id, restaurant_id, terms: MatchingTerms::default() },
        TradeRelationEvent::ItemAliasLearned {
            supplier_id,
            restaurant_id,
            alias: "4711".to_owned(),
            product_id: ProductId(id(3)),
        },
        TradeRelationEvent::PaymentAccountConfirmed {
            supplier_id,
            restaurant_id,
            account: "5050-1055".to_owned(),
            confirmed_by: Some(AccountId(id(4))),
        },
        TradeRelationEvent::ContractPriceAgreed {
            supplier_id,
            restaurant_id,
            product_id: ProductId(id(3)),
            unit_price_minor: 2_490,
            currency: Currency::SEK,
            valid_from: chrono::NaiveDate::from_ymd_opt(2026, 12, 1).unwrap(),
            valid_until: chrono::NaiveDate::from_ymd_opt(2026, 12, 31),
            agreed_on: chrono::NaiveDate::from_ymd_opt(2026, 11, 20).unwrap(),
        },
        TradeRelationEvent::ContractPriceEnded { supplier_id, restaurant_id, product_id: ProductId(id(3)) },
    ]);
}

#[test]
fn inventories() {
    let item = |number, thousandths| CountedItem {
        product_id: ProductId(id(number)),
        quantity: Quantity(thousandths),
    };
    check::<Inventory>(&[InventoryEvent::InventoryCounted {
        restaurant_id: RestaurantId(id(1)),
        items: vec![item(2, 2_500), item(3, 0)],
        counted_at: chrono::DateTime::from_timestamp(1_800_000_000, 0).unwrap(),
    }]);
}

#[test]
fn api_keys() {
    let at = chrono::DateTime::from_timestamp(1_800_000_000, 0).unwrap();
    check::<ApiKey>(&[
        ApiKeyEvent::ApiKeyIssued {
            account_id: AccountId(id(1)),
            name: "the till at Storgatan".to_owned(),
            scopes: vec!["orders:read".to_owned(), "orders:write".to_owned()],
            expires_at: at,
            place: 1,
        },
        ApiKeyEvent::ApiKeyRotated { former_valid_until: at },
        ApiKeyEvent::ApiKeyRevoked {},
    ]);
}

#[test]
fn forecasts() {
    check::<Forecast>(&[ForecastEvent::ForecastPublished {
        run_id: ForecastRunId(id(1)),
        supplier_id: SupplierId(id(2)),
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
    }]);
}

#[test]
fn price_rules() {
    let (supplier_id, rule_id) = (SupplierId(id(1)), PriceRuleId(id(2)));
    let limits = pricing::Limits {
        floor_minor: 900,
        ceiling_minor: Some(1_500),
        day_up_max_bps: 300,
        day_down_max_bps: 1_000,
        hysteresis_bps: 100,
        round_to_minor: 10,
    };
    let kind = pricing::RuleKind::Expiry {
        aim: pricing::Aim::Waste,
        elasticity_thousandths: 1_000,
        down_max_bps: 5_000,
    };
    check::<PriceRules>(&[
        PriceRuleEvent::PriceRuleCreated {
            supplier_id,
            rule_id,
            scope: RuleScope::Category("dairy".to_owned()),
            kind: kind.clone(),
            limits: limits.clone(),
            mode: RuleMode::DryRun,
        },
        PriceRuleEvent::PriceRuleRevised { rule_id, kind, limits, mode: RuleMode::Active },
        PriceRuleEvent::PriceRuleEnded { rule_id },
        PriceRuleEvent::PriceRulesPaused { supplier_id },
        PriceRuleEvent::PriceRulesResumed { supplier_id },
    ]);
}
