//! Invoices that were sent, as projections write them.

use chrono::{DateTime, NaiveDate, Utc};
use events::{
    billing::{BilledLine, Billing, BillingEvent},
    fold::Folded,
    invoice::{
        HoldReason, Invoice, InvoiceAnswer, InvoiceEvent, InvoiceFile, InvoicePage, Reading, Stated, Trade,
    },
    order::Party,
    trade_relation::{MatchingTerms, TradeRelation, TradeRelationEvent, relation_id},
    values::{Currency, LineId, Quantity},
};
use invoicing::{
    invoice::{Area, Evidence, Field, Kind, Line, Source, Totals, VatRow},
    matching::{Class, Effect, Link, Method, Outcome, Status, Variance, Verdict},
};
use serde_json::json;
use sqlx::types::Json;
use uuid::Uuid;

use crate::{
    fixtures::folded,
    log::Recording,
    world::{Caller, World, id, now},
};

/// An invoice in the making.
#[derive(Clone, Debug)]
pub struct Bill {
    pub id: Uuid,
    pub invoice: Folded<Invoice>,
}

pub fn trade(order: Uuid, restaurant: Uuid, supplier: Uuid) -> Trade {
    Trade { supplier_id: supplier.into(), restaurant_id: restaurant.into(), order_id: order.into() }
}

/// A value that stands on the first page, `top` hundredths of a point from above.
pub fn on_page<T>(value: T, top: i32) -> Field<T> {
    let area = Area { left: 5_000, top, right: 9_000, bottom: top + 1_000 };
    Field { value, source: Source::Text, confidence: 980, evidence: Some(Evidence { page: 1, area }) }
}

/// Two lines of 100 kronor each, food, rounded down to whole kronor.
pub fn document(number: &str, issued_on: &str) -> invoicing::Invoice {
    let line = |line_id: &str, top| {
        let line = json!({
            "id": line_id, "name": null, "description": null, "seller_item_id": null, "buyer_item_id": null,
            "standard_item_id": null, "standard_item_scheme": null, "quantity": on_page("2.5", top),
            "unit": null, "net_price": on_page("40", top), "base_quantity": null, "allowances_charges": [],
            "net_minor": on_page(10_000, top), "vat_category": null, "vat_rate": null,
            "order_line_reference": null
        });
        serde_json::from_value::<Line>(line).unwrap()
    };
    invoicing::Invoice {
        number: Some(on_page(number.to_owned(), 1_000)),
        issue_date: Some(on_page(issued_on.parse::<NaiveDate>().unwrap(), 2_000)),
        currency: Some(Field::xml("SEK".to_owned())),
        lines: vec![line("1", 10_000), line("2", 12_000)],
        vat: vec![VatRow {
            category: None,
            rate: None,
            taxable_minor: Field::xml(20_000),
            tax_minor: Field::xml(1_230),
        }],
        totals: Totals {
            net_minor: Some(on_page(20_000, 20_000)),
            vat_minor: Some(on_page(1_230, 21_000)),
            rounding_minor: Some(on_page(-30, 22_000)),
            payable_minor: Some(on_page(21_200, 23_000)),
            ..Totals::default()
        },
        ..invoicing::Invoice::default()
    }
}

/// The first line answers to that line of the order, at too high a price; the second to none.
pub fn outcome(verdict: Verdict, order_line: Uuid) -> Outcome {
    let variance = |line: Option<&str>, class, effect| Variance {
        invoice_line: line.map(ToOwned::to_owned),
        order_line: None,
        class,
        effect,
        expected: Some("34.9".to_owned()),
        actual: Some("40".to_owned()),
        value_minor: 1_275,
        counts_in_net: true,
        reason: None,
    };
    Outcome {
        verdict,
        links: vec![Link {
            invoice_line: "1".to_owned(),
            order_line: order_line.to_string(),
            method: Method::SellerItem,
        }],
        variances: vec![
            variance(Some("1"), Class::PriceOver, Effect::Blocks),
            variance(Some("2"), Class::UnmatchedLine, Effect::Blocks),
            variance(None, Class::UnknownAccount, Effect::Doubts),
            variance(Some("of a credit note"), Class::CreditOverInvoiced, Effect::Blocks),
        ],
        expected_net_minor: 8_725,
        policy_version: 3,
    }
}

impl Bill {
    pub fn received(number: u128, stated: Stated, by: Caller) -> Self {
        Self::received_at(number, stated, by, now())
    }

    pub fn received_at(number: u128, stated: Stated, by: Caller, at: DateTime<Utc>) -> Self {
        let file = InvoiceFile {
            sha256: "0".repeat(64),
            bytes: 4,
            media_type: "application/pdf".to_owned(),
            name: Some("Faktura 4711.pdf".to_owned()),
        };
        let bill = Self { id: id(number), invoice: Folded::default() };
        let received_by = Some(by.id.into());
        bill.then(&InvoiceEvent::InvoiceReceived { file, stated, received_by, received_at: at })
    }

    pub fn then(mut self, event: &InvoiceEvent) -> Self {
        self.invoice.apply(event, now());
        self
    }

    pub fn read(self, document: invoicing::Invoice, pages: Vec<InvoicePage>) -> Self {
        let reading = Box::new(Reading { document, pages, ..Reading::default() });
        self.then(&InvoiceEvent::InvoiceExtracted { reading, extracted_at: now() })
    }

    pub fn held(self, reason: HoldReason, trade: Option<Trade>) -> Self {
        self.then(&InvoiceEvent::InvoiceHeld { reasons: vec![reason], trade, outcome: None, held_at: now() })
    }

    pub fn matched(self, trade: Trade, outcome: Outcome) -> Self {
        let answer = InvoiceAnswer::of(Status::Accepted, &outcome);
        let outcome = Box::new(outcome);
        let (facts, credits, accepted) = (Box::default(), None, None);
        let matched_at = now();
        self.then(&InvoiceEvent::InvoiceMatched {
            trade,
            facts,
            credits,
            outcome,
            answer,
            accepted,
            matched_at,
        })
    }

    pub fn disputed(self, trade: Trade, outcome: Outcome) -> Self {
        let answer = InvoiceAnswer::of(Status::UnderQuery, &outcome);
        self.then(&InvoiceEvent::InvoiceDisputed {
            trade,
            facts: Box::default(),
            outcome: Some(Box::new(outcome)),
            answer,
            by: Some(Party::Restaurant),
            reason: Some("för dyrt".to_owned()),
            lines: vec!["1".to_owned()],
            disputed_at: now(),
        })
    }

    pub fn rejected(self) -> Self {
        let (code, message) = ("duplicate".to_owned(), "It came before.".to_owned());
        let duplicate_of = Some(id(1).into());
        self.then(&InvoiceEvent::InvoiceRejected { code, message, duplicate_of, rejected_at: now() })
    }
}

impl World {
    pub async fn invoice(&self, bill: &Bill) {
        let invoice = &bill.invoice.state;
        let document = invoice.document();
        let sql = "INSERT INTO read.invoices (invoice_id, supplier_id, restaurant_id, order_id, received_by, status,
                       number, issue_date, received_at, state)
                   VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
        sqlx::query(sql)
            .bind(bill.id)
            .bind(invoice.supplier_id().map(|id| id.0))
            .bind(invoice.restaurant_id().map(|id| id.0))
            .bind(invoice.order_id().map(|id| id.0))
            .bind(invoice.received_by.map(|id| id.0))
            .bind(invoice.status.name())
            .bind(document.and_then(|document| document.number.as_ref()).map(|number| number.value.clone()))
            .bind(document.and_then(|document| document.issue_date.as_ref()).map(|date| date.value))
            .bind(invoice.received_at)
            .bind(Json(&bill.invoice))
            .execute(&self.pool)
            .await
            .unwrap();
    }

    /// An invoice or credit note claims that many thousandths of one line.
    pub async fn billed(&self, order: Uuid, line: Uuid, bills: &[(Uuid, Kind, i64)]) {
        let event = |(invoice_id, kind, thousandths): &(Uuid, Kind, i64)| BillingEvent::OrderBilled {
            invoice_id: (*invoice_id).into(),
            kind: *kind,
            lines: vec![BilledLine { line_id: LineId(line), quantity: Quantity(*thousandths) }],
        };
        let events: Vec<BillingEvent> = bills.iter().map(event).collect();
        let sql = "INSERT INTO read.order_billing (order_id, state) VALUES ($1, $2)";
        let query = sqlx::query(sql).bind(order).bind(Json(folded::<Billing>(now(), &events)));
        query.execute(&self.pool).await.unwrap();
    }

    /// A price of the pair's own for that product, beside what [`Self::terms`] wrote.
    pub async fn agreed_price(&self, restaurant: Uuid, supplier: Uuid, product: Uuid, minor: i64) {
        let id = relation_id(supplier.into(), restaurant.into());
        let sql = "SELECT state FROM read.trade_relations WHERE relation_id = $1";
        let state: Json<Folded<TradeRelation>> =
            sqlx::query_scalar(sql).bind(id).fetch_one(&self.pool).await.unwrap();
        let mut relation = state.0;
        let agreed_on = NaiveDate::from_ymd_opt(2026, 1, 1).unwrap();
        let agreed = TradeRelationEvent::ContractPriceAgreed {
            supplier_id: supplier.into(),
            restaurant_id: restaurant.into(),
            product_id: product.into(),
            unit_price_minor: minor,
            currency: Currency::SEK,
            valid_from: agreed_on,
            valid_until: None,
            agreed_on,
        };
        relation.apply(&agreed, now());
        let sql = "UPDATE read.trade_relations SET state = $2 WHERE relation_id = $1";
        sqlx::query(sql).bind(id).bind(Json(relation)).execute(&self.pool).await.unwrap();
    }

    /// What was found of a product on a restaurant's shelves.
    pub async fn counted(&self, restaurant: Uuid, product: Uuid, thousandths: i64) {
        let sql = "INSERT INTO read.inventory
                       (restaurant_id, product_id, quantity, counted_at, position, revision)
                   VALUES ($1, $2, $3, $4, 1, 1)";
        let query = sqlx::query(sql).bind(restaurant).bind(product).bind(thousandths).bind(now());
        query.execute(&self.pool).await.unwrap();
    }

    pub async fn terms(&self, restaurant: Uuid, supplier: Uuid, terms: MatchingTerms) {
        let (supplier_id, restaurant_id) = (supplier.into(), restaurant.into());
        let events = [
            TradeRelationEvent::MatchingTermsSet { supplier_id, restaurant_id, terms },
            TradeRelationEvent::PaymentAccountConfirmed {
                supplier_id,
                restaurant_id,
                account: "5555-5555".to_owned(),
                confirmed_by: None,
            },
        ];
        // Whose it is, its first event says.
        let [set, _] = &events;
        let id = relation_id(supplier_id, restaurant_id);
        let first = Recording::system().between(restaurant, supplier).event::<TradeRelation>(id, 1, set);
        let position = first.record(self).await;
        self.advance(position).await;
        let sql = "INSERT INTO read.trade_relations (relation_id, state) VALUES ($1, $2)";
        let query = sqlx::query(sql).bind(id);
        query.bind(Json(folded::<TradeRelation>(now(), &events))).execute(&self.pool).await.unwrap();
    }
}
