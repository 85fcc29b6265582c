//! Every way that an invoice can go, decided on streams in memory.

mod accounts;
mod credits;
mod numbers;
mod orders;
mod people;
mod receipts;

use std::{cell::RefCell, collections::HashMap, sync::Arc};

use chrono::NaiveDate;
use events::{
    Actor, Fold, Folded, StreamRef,
    billing::Billing,
    invoice::HoldReason,
    log::Claim,
    order::{DeliveredLine, Order, OrderLine, OrderStatus, OrderedLine},
    product::Product,
    restaurant::Restaurant,
    supplier::Supplier,
    trade_relation::{TradeRelation, relation_id},
    values::{
        Currency, LineId, Member, MemberRole, OrderId, ProductId, Quantity, RestaurantId, Role, SupplierId,
        Tax, TaxRate,
    },
};
use invoicing::{
    invoice::{Field, Kind, Line, Payment, VatRow},
    matching::Class,
    money,
    rules::{Finding, Level},
};
use rust_decimal::Decimal;
use uuid::Uuid;

use super::*;
use crate::domain::{
    Answer, Caller, Command, Stop, Unit,
    order::{ConfirmDelivery, LineReceipt},
    unit::{AnyState, Known},
};

const SUPPLIER: SupplierId = SupplierId(Uuid::from_u128(1));
const RESTAURANT: RestaurantId = RestaurantId(Uuid::from_u128(2));
const ORDER: OrderId = OrderId(Uuid::from_u128(3));
const ORG_NUMBER: &str = "5560125790";
const ACCOUNT: &str = "9912346";

fn now() -> DateTime<Utc> {
    "2026-11-20T09:00:00Z".parse().unwrap()
}

fn day() -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 11, 19).unwrap()
}

fn line_id(number: u128) -> LineId {
    LineId(Uuid::from_u128(100 + number))
}

fn product_id(number: u128) -> ProductId {
    ProductId(Uuid::from_u128(200 + number))
}

fn invoice_id(number: u128) -> InvoiceId {
    InvoiceId(Uuid::from_u128(300 + number))
}

fn account(number: u128) -> AccountId {
    AccountId(Uuid::from_u128(400 + number))
}

fn caller(number: u128, role: Role) -> Caller {
    Caller { actor: Actor::Account { id: account(number), role }, if_match: None }
}

fn buyer() -> Caller {
    caller(1, Role::Restaurant)
}

fn seller() -> Caller {
    caller(2, Role::Supplier)
}

fn stranger() -> Caller {
    caller(3, Role::Supplier)
}

/// Streams and claims in memory.
#[derive(Default)]
struct World {
    states: RefCell<HashMap<StreamRef, Arc<dyn AnyState>>>,
    claims: RefCell<HashMap<Claim, Option<Uuid>>>,
    unreadable: RefCell<Vec<StreamRef>>,
}

impl Known for World {
    fn state(&self, stream: StreamRef) -> Option<Arc<dyn AnyState>> {
        self.states.borrow().get(&stream).filter(|_| !self.is_unreadable(stream)).cloned()
    }

    fn is_unreadable(&self, stream: StreamRef) -> bool {
        self.unreadable.borrow().contains(&stream)
    }

    fn holder(&self, claim: &Claim) -> Option<Option<Uuid>> {
        Some(self.claims.borrow().get(claim).copied().flatten())
    }
}

impl World {
    /// Two tomatoes at 10.00 and three kilos at 20.00 were ordered and delivered.
    fn new() -> Self {
        let world = Self::default();
        let member = |number| vec![Member { account_id: account(number), role: MemberRole::Owner }];
        let mut supplier = Supplier { active: true, members: member(2), ..Supplier::default() };
        supplier.details.org_number = Some(ORG_NUMBER.to_owned());
        world.set(SUPPLIER, supplier);
        world.set(RESTAURANT, Restaurant { members: member(1), ..Restaurant::default() });
        let mut relation = TradeRelation::default();
        relation.accounts.insert(ACCOUNT.to_owned());
        world.set(relation_id(SUPPLIER, RESTAURANT), relation);
        world.set(ORDER, order());
        for number in 1..=2 {
            world.set(product_id(number), Product { supplier_id: SUPPLIER, ..Product::default() });
        }
        world
    }

    fn set<S: Fold>(&self, id: impl Into<Uuid>, state: S) {
        let folded = Folded { revision: 1, state, ..Folded::default() };
        self.states.borrow_mut().insert(S::stream(id), Arc::new(folded));
    }

    fn get<S: Fold>(&self, id: impl Into<Uuid>) -> S {
        let state: Arc<dyn std::any::Any + Send + Sync> = self.state(S::stream(id)).expect("a stream");
        state.downcast::<Folded<S>>().expect("of that kind").state.clone()
    }

    fn invoice(&self, number: u128) -> Invoice {
        self.get(invoice_id(number))
    }

    /// Decides, and records all of it or nothing.
    fn run(&self, caller: &Caller, command: &impl Command) -> Result<Answer, Refusal> {
        loop {
            let mut unit = Unit::new(self, caller, now());
            let decided = command.decide(&mut unit);
            let result = unit.finish();
            match decided {
                Ok(answer) => {
                    self.states.borrow_mut().extend(result.written);
                    self.claims.borrow_mut().extend(result.claimed);
                    return Ok(answer);
                }
                Err(Stop::Missing) => {
                    for need in result.missing {
                        let empty = (need.fold)(events::log::StreamHistory::default()).expect("no events");
                        self.states.borrow_mut().insert(need.stream, empty);
                    }
                }
                Err(Stop::Refused(refusal)) => return Err(*refusal),
                Err(Stop::Unreadable(stream)) => panic!("{stream} is readable"),
                Err(Stop::Outdated) => panic!("nothing was prepared"),
            }
        }
    }

    fn receive(&self, number: u128, document: invoicing::Invoice) -> Answer {
        self.receive_of(&seller(), number, document, &[]).unwrap()
    }

    fn receive_of(
        &self,
        caller: &Caller,
        number: u128,
        document: invoicing::Invoice,
        candidates: &[OrderId],
    ) -> Result<Answer, Refusal> {
        let reading = Reading { document, ..Reading::default() };
        self.run(caller, &received(number, reading, candidates))
    }

    fn receipt(&self) {
        let confirm = ConfirmDelivery { order_id: ORDER, lines: vec![] };
        self.run(&buyer(), &confirm).unwrap();
    }
}

fn received(number: u128, reading: Reading, candidates: &[OrderId]) -> ReceiveInvoice {
    ReceiveInvoice {
        invoice_id: invoice_id(number),
        file: InvoiceFile { sha256: format!("{number:064x}"), ..InvoiceFile::default() },
        stated: Stated::default(),
        content: Content::Read(Box::new(reading)),
        candidates: candidates.to_vec(),
    }
}

fn order() -> Order {
    let line = |number, name: &str, units, unit_price_minor| {
        let (quantity, tax_rate) = (Quantity::units(units), TaxRate::try_new(1_200).unwrap());
        let net_minor = unit_price_minor * units;
        OrderLine {
            ordered: OrderedLine {
                line_id: line_id(number),
                product_id: product_id(number),
                sku: format!("T-{number}"),
                name: name.to_owned(),
                unit: "H87".to_owned(),
                quantity,
                unit_price_minor,
                tax: Tax::default(),
                tax_rate,
                net_minor,
                tax_minor: 0,
            },
            delivered: Some(DeliveredLine {
                line_id: line_id(number),
                quantity,
                tax_rate,
                net_minor,
                tax_minor: 0,
            }),
            received: None,
        }
    };
    Order {
        supplier_id: SUPPLIER,
        restaurant_id: RESTAURANT,
        status: OrderStatus::Delivered,
        lines: vec![line(1, "Tomater", 2, 1_000), line(2, "Gurka", 3, 2_000)],
        currency: Currency::SEK,
        delivered_at: Some(now()),
        ..Order::default()
    }
}

#[expect(clippy::unnecessary_wraps, reason = "what it is written to may be absent")]
fn text(value: &str) -> invoicing::invoice::Text {
    Some(Field::xml(value.to_owned()))
}

fn line(number: u128, units: i64, price_minor: i64) -> Line {
    Line {
        id: number.to_string(),
        name: text(if number == 1 { "Tomater" } else { "Gurka" }),
        description: None,
        seller_item_id: text(&format!("T-{number}")),
        buyer_item_id: None,
        standard_item_id: None,
        standard_item_scheme: None,
        quantity: Field::xml(Decimal::from(units)),
        unit: text("H87"),
        net_price: Field::xml(money::decimal(price_minor)),
        base_quantity: None,
        allowances_charges: vec![],
        net_minor: Field::xml(units * price_minor),
        vat_category: text("S"),
        vat_rate: Some(Field::xml(Decimal::from(12))),
        order_line_reference: None,
    }
}

/// A document of these lines that adds up.
fn document(number: &str, lines: Vec<Line>) -> invoicing::Invoice {
    let net: i64 = lines.iter().map(|line| line.net_minor.value).sum();
    let vat = net * 12 / 100;
    let mut invoice = invoicing::Invoice {
        number: text(number),
        issue_date: Some(Field::xml(day())),
        delivery_date: Some(Field::xml(day())),
        currency: text("SEK"),
        lines,
        vat: vec![VatRow {
            category: Some("S".to_owned()),
            rate: Some(Field::xml(Decimal::from(12))),
            taxable_minor: Field::xml(net),
            tax_minor: Field::xml(vat),
        }],
        payments: vec![Payment { account: text(ACCOUNT), ..Payment::default() }],
        ..invoicing::Invoice::default()
    };
    invoice.seller.legal_id = text(ORG_NUMBER);
    invoice.references.order = text(&ORDER.to_string());
    let totals = &mut invoice.totals;
    totals.lines_minor = Some(Field::xml(net));
    totals.net_minor = Some(Field::xml(net));
    totals.vat_minor = Some(Field::xml(vat));
    totals.gross_minor = Some(Field::xml(net + vat));
    totals.payable_minor = Some(Field::xml(net + vat));
    invoice
}

fn whole(number: &str) -> invoicing::Invoice {
    document(number, vec![line(1, 2, 1_000), line(2, 3, 2_000)])
}

fn credit_note(number: &str, of: &str, lines: Vec<Line>) -> invoicing::Invoice {
    let mut note = document(number, lines);
    note.kind = Kind::CreditNote;
    note.references.preceding = vec![Field::xml(of.to_owned())];
    note
}

#[track_caller]
fn stands(world: &World, number: u128, status: InvoiceStatus) -> Invoice {
    let invoice = world.invoice(number);
    let variances = invoice.outcome.as_ref().map(|outcome| &outcome.variances);
    assert_eq!(invoice.status, status, "{:?} {:?} {variances:?}", invoice.held_for, invoice.rejection);
    invoice
}

fn classes(invoice: &Invoice) -> Vec<Class> {
    let outcome = invoice.outcome.as_ref().expect("compared");
    outcome.variances.iter().map(|variance| variance.class).collect()
}
