//! What becomes of invoices, of ledgers, and of what two parties know of each other.

use events::{
    Folded,
    billing::{BilledLine, Billing, BillingEvent},
    invoice::{HoldReason, Invoice, InvoiceAnswer, InvoiceEvent, InvoiceFile, Reading, Stated, Trade},
    trade_relation::{MatchingTerms, TradeRelation, TradeRelationEvent, relation_id},
    values::{AccountId, InvoiceId, Quantity},
};
use serde_json::json;
use uuid::Uuid;

use crate::{
    market::{Market, Placed},
    world::World,
};

fn received(by: AccountId, world: &World) -> InvoiceEvent {
    let file = InvoiceFile { sha256: "0".repeat(64), bytes: 4, ..InvoiceFile::default() };
    let (stated, received_by) = (Stated::default(), Some(by));
    InvoiceEvent::InvoiceReceived { file, stated, received_by, received_at: world.now() }
}

fn extracted(number: &str, world: &World) -> InvoiceEvent {
    let mut reading = serde_json::to_value(Reading::default()).unwrap();
    let field = |value: &str| json!({"value": value, "source": "xml", "confidence": 1000, "evidence": null});
    reading["document"]["number"] = field(number);
    reading["document"]["issue_date"] = field("2026-11-12");
    InvoiceEvent::InvoiceExtracted {
        reading: serde_json::from_value(reading).unwrap(),
        extracted_at: world.now(),
    }
}

fn matched(trade: Trade, world: &World) -> InvoiceEvent {
    let outcome = json!({
        "verdict": "matched", "links": [], "variances": [], "expected_net_minor": 0, "policy_version": 1
    });
    InvoiceEvent::InvoiceMatched {
        trade,
        facts: Box::default(),
        credits: None,
        outcome: serde_json::from_value(outcome).unwrap(),
        answer: InvoiceAnswer { status_code: "AP".to_owned(), reason_codes: Vec::new() },
        accepted: None,
        matched_at: world.now(),
    }
}

impl Market {
    pub fn trade_of(&self, placed: &Placed) -> Trade {
        Trade { supplier_id: self.supplier, restaurant_id: self.restaurant, order_id: placed.order }
    }

    /// An invoice that is matched, what it claims of the order, and the terms that decided.
    pub async fn invoice(&self, world: &mut World, placed: &Placed) -> InvoiceId {
        let (supplier_id, restaurant_id) = (self.supplier, self.restaurant);
        let terms = MatchingTerms::default();
        let set = TradeRelationEvent::MatchingTermsSet { supplier_id, restaurant_id, terms };
        world.record::<TradeRelation>(relation_id(supplier_id, restaurant_id), set).await;
        let id: InvoiceId = world.id();
        world.record::<Invoice>(id, received(self.grower, world)).await;
        world.record::<Invoice>(id, extracted(&format!("F-{id}"), world)).await;
        let lines = vec![BilledLine { line_id: placed.line, quantity: placed.quantity }];
        let billed = BillingEvent::OrderBilled {
            invoice_id: id,
            kind: serde_json::from_value(json!("invoice")).unwrap(),
            lines,
        };
        world.record::<Billing>(placed.order, billed).await;
        world.record::<Invoice>(id, matched(self.trade_of(placed), world)).await;
        id
    }
}

/// Supplier, restaurant, order, status, number.
type Row = (Option<Uuid>, Option<Uuid>, Option<Uuid>, String, Option<String>);

async fn row(world: &World) -> Row {
    let sql = "SELECT supplier_id, restaurant_id, order_id, status, number FROM read.invoices";
    sqlx::query_as(sql).fetch_one(&world.pool).await.unwrap()
}

#[tokio::test]
async fn a_row_follows_its_invoice_from_nothing_known_to_matched() {
    let mut world = World::new("invoice").await;
    let market = Market::open(&mut world).await;
    let placed = market.place(&mut world, 3, None).await;
    let trade = market.trade_of(&placed);
    let id: InvoiceId = world.id();
    world.record::<Invoice>(id, received(market.grower, &world)).await;
    world.catch_up().await;
    assert_eq!(row(&world).await, (None, None, None, "received".to_owned(), None));
    let sender: Uuid = world.value("SELECT received_by FROM read.invoices").await;
    assert_eq!(sender, market.grower.0);

    let number = Some("F-1".to_owned());
    world.record::<Invoice>(id, extracted("F-1", &world)).await;
    world.catch_up().await;
    assert_eq!(row(&world).await, (None, None, None, "extracted".to_owned(), number.clone()));
    let issued: chrono::NaiveDate = world.value("SELECT issue_date FROM read.invoices").await;
    assert_eq!(issued.to_string(), "2026-11-12");

    let (reasons, held_at) = (vec![HoldReason::AwaitsReceipt], world.now());
    let held = InvoiceEvent::InvoiceHeld { reasons, trade: Some(trade), outcome: None, held_at };
    world.record::<Invoice>(id, held).await;
    world.catch_up().await;
    let sides = (Some(trade.supplier_id.0), Some(trade.restaurant_id.0), Some(trade.order_id.0));
    assert_eq!(row(&world).await, (sides.0, sides.1, sides.2, "unmatched".to_owned(), number.clone()));
    world.record::<Invoice>(id, matched(trade, &world)).await;
    world.catch_up().await;
    assert_eq!(row(&world).await, (sides.0, sides.1, sides.2, "matched".to_owned(), number));
    let state = world.value::<serde_json::Value>("SELECT state FROM read.invoices").await;
    let invoice: Folded<Invoice> = serde_json::from_value(state).unwrap();
    assert_eq!((invoice.revision, invoice.state.trade), (4, Some(trade)));
    world.assert_rows_are_those_of_a_rebuild().await;
    world.end().await;
}

#[tokio::test]
async fn a_number_that_is_none_keeps_no_invoice_from_being_seen() {
    let mut world = World::new("long_number").await;
    let market = Market::open(&mut world).await;
    for number in ["9".repeat(100_000), "å".repeat(101), "F-1\0".to_owned()] {
        let id: InvoiceId = world.id();
        world.record::<Invoice>(id, received(market.grower, &world)).await;
        world.record::<Invoice>(id, extracted(&number, &world)).await;
    }
    world.catch_up().await;
    let rows: Vec<(String, Option<String>)> =
        sqlx::query_as("SELECT status, number FROM read.invoices").fetch_all(&world.pool).await.unwrap();
    assert_eq!(rows, vec![("extracted".to_owned(), None); 3]);
    assert_eq!(world.value::<i64>("SELECT count(*) FROM read.parked").await, 0);
    world.end().await;
}

#[tokio::test]
async fn ledgers_and_relations_have_a_row_each() {
    let mut world = World::new("billing").await;
    let market = Market::open(&mut world).await;
    let placed = market.place(&mut world, 3, None).await;
    let first = market.invoice(&mut world, &placed).await;
    world.catch_up().await;
    let second = market.invoice(&mut world, &placed).await;
    world.record::<Billing>(placed.order, BillingEvent::BillingReleased { invoice_id: first }).await;
    world.catch_up().await;
    let sql = format!("SELECT state FROM read.order_billing WHERE order_id = '{}'", placed.order);
    let billing: Folded<Billing> = serde_json::from_value(world.value(&sql).await).unwrap();
    assert_eq!((billing.revision, billing.state.bills.len()), (3, 1));
    assert_eq!(billing.state.bills[0].invoice_id, second);
    let billed = billing.state.billed_without(&[]);
    assert_eq!(billed[&placed.line].invoiced, Quantity::units(3));
    let id = relation_id(market.supplier, market.restaurant);
    let sql = format!("SELECT state FROM read.trade_relations WHERE relation_id = '{id}'");
    let relation: Folded<TradeRelation> = serde_json::from_value(world.value(&sql).await).unwrap();
    assert_eq!(relation.state.terms_version, 2);
    world.assert_rows_are_those_of_a_rebuild().await;
    world.end().await;
}
