//! Every way that an invoice can go, decided on streams in memory.

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

#[test]
fn what_was_ordered_and_received_matches_and_claims_it() {
    let world = World::new();
    world.receipt();
    assert_eq!(world.receive(1, whole("1005")).status, 201);
    let invoice = stands(&world, 1, InvoiceStatus::Matched);
    assert_eq!(invoice.answer.unwrap().status_code, "AP");
    let billed = world.get::<Billing>(ORDER).billed_without(&[]);
    assert_eq!(billed[&line_id(2)].invoiced, Quantity::units(3));
}

#[test]
fn two_invoices_never_claim_one_receipt() {
    let world = World::new();
    world.receipt();
    world.receive(1, whole("1005"));
    world.receive(2, whole("1006"));
    stands(&world, 1, InvoiceStatus::Matched);
    let second = stands(&world, 2, InvoiceStatus::Disputed);
    assert!(classes(&second).contains(&Class::QuantityOverReceived), "{:?}", classes(&second));
    assert_eq!(second.answer.unwrap().reason_codes, ["QTY"]);
}

#[test]
fn an_invoice_that_comes_before_the_receipt_is_judged_when_it_comes() {
    let world = World::new();
    world.receive(1, whole("1005"));
    let waiting = stands(&world, 1, InvoiceStatus::Unmatched);
    assert_eq!(waiting.held_for, [HoldReason::AwaitsReceipt]);
    world.receipt();
    stands(&world, 1, InvoiceStatus::Matched);
    assert!(world.get::<Billing>(ORDER).waiting.is_empty());
}

#[test]
fn a_first_invoice_waits_for_the_receipt_before_a_person_looks_at_its_account() {
    let world = World::new();
    world.set(relation_id(SUPPLIER, RESTAURANT), TradeRelation::default());
    world.receive(1, whole("1005"));
    assert_eq!(stands(&world, 1, InvoiceStatus::Unmatched).held_for, [HoldReason::AwaitsReceipt]);
    world.receipt();
    assert_eq!(stands(&world, 1, InvoiceStatus::Extracted).held_for, [HoldReason::NeedsReview]);
}

#[test]
fn what_is_wrong_whatever_comes_does_not_wait() {
    let world = World::new();
    world.receive(1, document("1005", vec![line(1, 2, 1_900)]));
    stands(&world, 1, InvoiceStatus::Disputed);
    assert!(world.get::<Billing>(ORDER).waiting.is_empty());
}

#[test]
fn what_is_accepted_before_the_receipt_waits_no_more() {
    let world = World::new();
    world.receive(1, whole("1005"));
    let accept = AcceptInvoice { invoice_id: invoice_id(1), reason: "seen".to_owned() };
    world.run(&buyer(), &accept).unwrap();
    assert!(world.get::<Billing>(ORDER).waiting.is_empty());
    world.receipt();
    stands(&world, 1, InvoiceStatus::MatchedWithVariance);
}

#[test]
fn a_receipt_is_taken_though_an_invoice_that_waits_cannot_be_read() {
    let world = World::new();
    world.receive(1, whole("1005"));
    world.unreadable.borrow_mut().push(Invoice::stream(invoice_id(1)));
    world.receipt();
    assert!(world.get::<Order>(ORDER).received_at.is_some());
}

#[test]
fn a_short_receipt_disputes_what_waited_for_it() {
    let world = World::new();
    world.receive(1, whole("1005"));
    let short = LineReceipt { line_id: line_id(1), received: Quantity::units(1), reason: None };
    world.run(&buyer(), &ConfirmDelivery { order_id: ORDER, lines: vec![short] }).unwrap();
    let invoice = stands(&world, 1, InvoiceStatus::Disputed);
    assert!(classes(&invoice).contains(&Class::QuantityOverReceived));
    assert!(world.get::<Billing>(ORDER).bills.is_empty(), "what is disputed claims nothing");
}

#[test]
fn a_price_above_the_order_is_disputed_until_a_person_accepts_it() {
    let world = World::new();
    world.receipt();
    let dear = document("1005", vec![line(1, 2, 1_000), line(2, 3, 2_900)]);
    world.receive(1, dear);
    let disputed = stands(&world, 1, InvoiceStatus::Disputed);
    assert_eq!(classes(&disputed), [Class::PriceOver]);

    let accept = AcceptInvoice { invoice_id: invoice_id(1), reason: "agreed by phone".to_owned() };
    assert!(matches!(world.run(&seller(), &accept), Err(Refusal::Forbidden { .. })));
    assert!(matches!(world.run(&stranger(), &accept), Err(Refusal::NotFound { .. })));
    world.run(&buyer(), &accept).unwrap();
    let accepted = stands(&world, 1, InvoiceStatus::MatchedWithVariance);
    let acceptance = accepted.accepted.unwrap();
    assert_eq!((acceptance.by, acceptance.party), (Some(account(1)), Party::Restaurant));
    assert!(world.get::<Billing>(ORDER).has_billed(invoice_id(1)));
}

#[test]
fn a_credit_note_cures_what_was_disputed_and_gives_back_what_it_credits() {
    let world = World::new();
    let short = LineReceipt { line_id: line_id(2), received: Quantity::units(2), reason: None };
    world.run(&buyer(), &ConfirmDelivery { order_id: ORDER, lines: vec![short] }).unwrap();
    world.receive(1, whole("1005"));
    stands(&world, 1, InvoiceStatus::Disputed);
    world.receive(2, credit_note("K-1", "1005", vec![line(2, 1, 2_000)]));
    let note = stands(&world, 2, InvoiceStatus::Matched);
    assert_eq!(note.trade.unwrap().order_id, ORDER);
    let cured = stands(&world, 1, InvoiceStatus::Matched);
    assert_eq!(cured.credit_notes, [invoice_id(2)]);
    let billed = world.get::<Billing>(ORDER).billed_without(&[])[&line_id(2)];
    assert_eq!((billed.invoiced, billed.credited), (Quantity::units(3), Quantity::units(1)));
}

#[test]
fn a_credit_note_makes_no_account_known_and_hides_nothing_worse() {
    let world = World::new();
    world.receipt();
    let mut cheat = document("1005", vec![line(1, 2, 1_000)]);
    cheat.payments[0].account = text("5050055");
    world.receive(1, cheat.clone());
    let mut note = credit_note("K-1", "1005", vec![line(1, 1, 1_000)]);
    note.payments = cheat.payments.clone();
    world.receive(2, note);
    stands(&world, 2, InvoiceStatus::Disputed);
    let relation = world.get::<TradeRelation>(relation_id(SUPPLIER, RESTAURANT));
    assert_eq!(relation.accounts.len(), 1);

    let dear = document("1006", vec![line(2, 3, 2_900)]);
    world.receive(3, dear);
    stands(&world, 3, InvoiceStatus::Disputed);
    world.receive(4, credit_note("K-2", "1006", vec![line(2, 3, 1)]));
    stands(&world, 4, InvoiceStatus::Disputed);
}

#[test]
fn a_credit_note_settles_nothing_that_a_person_disputed() {
    let world = World::new();
    world.receipt();
    world.receive(1, whole("1005"));
    let dispute = DisputeInvoice { invoice_id: invoice_id(1), reason: "rotten".to_owned(), lines: vec![] };
    world.run(&buyer(), &dispute).unwrap();
    world.receive(2, credit_note("K-1", "1005", vec![line(1, 1, 1_000)]));
    stands(&world, 1, InvoiceStatus::Disputed);
}

#[test]
fn a_cure_that_is_disputed_cures_no_more() {
    let world = World::new();
    let short = LineReceipt { line_id: line_id(2), received: Quantity::units(2), reason: None };
    world.run(&buyer(), &ConfirmDelivery { order_id: ORDER, lines: vec![short] }).unwrap();
    world.receive(1, whole("1005"));
    world.receive(2, credit_note("K-1", "1005", vec![line(2, 1, 2_000)]));
    stands(&world, 1, InvoiceStatus::Matched);
    let dispute =
        DisputeInvoice { invoice_id: invoice_id(2), reason: "too little".to_owned(), lines: vec![] };
    world.run(&buyer(), &dispute).unwrap();
    stands(&world, 1, InvoiceStatus::Disputed);
    assert!(world.get::<Billing>(ORDER).bills.is_empty());
}

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
fn a_receipt_is_never_refused_for_an_invoice_that_waited_and_went_elsewhere() {
    let world = World::new();
    world.receive(1, whole("1005"));
    stands(&world, 1, InvoiceStatus::Unmatched);
    let other = OrderId(Uuid::from_u128(33));
    let mut twin = world.get::<Order>(ORDER);
    twin.received_at = Some(now());
    for line in &mut twin.lines {
        let (line_id, quantity) = (line.ordered.line_id, line.ordered.quantity);
        line.received = Some(events::order::ReceivedLine { line_id, quantity, reason: None });
    }
    world.set(other, twin);
    let mut named = whole("1005");
    named.references.order = text("PO-1");
    let correct = CorrectInvoice {
        invoice_id: invoice_id(1),
        document: Box::new(named),
        aliases: vec![],
        candidates: vec![],
    };
    world.run(&buyer(), &correct).unwrap();
    let elsewhere = MatchInvoice { invoice_id: invoice_id(1), order_id: Some(other), candidates: vec![] };
    world.run(&buyer(), &elsewhere).unwrap();
    stands(&world, 1, InvoiceStatus::Matched);
    world.receipt();
    assert!(world.get::<Billing>(ORDER).waiting.is_empty());
    stands(&world, 1, InvoiceStatus::Matched);
}

#[test]
fn a_credit_note_to_what_is_disputed_gives_nothing_back() {
    let world = World::new();
    world.receipt();
    world.receive(1, document("1005", vec![line(1, 2, 1_000), line(2, 3, 2_900)]));
    stands(&world, 1, InvoiceStatus::Disputed);
    world.receive(2, credit_note("K-1", "1005", vec![line(1, 1, 1_000)]));
    stands(&world, 2, InvoiceStatus::MatchedWithVariance);
    stands(&world, 1, InvoiceStatus::Disputed);
    assert!(world.get::<Billing>(ORDER).bills.is_empty());

    let accept = AcceptInvoice { invoice_id: invoice_id(1), reason: "agreed".to_owned() };
    world.run(&buyer(), &accept).unwrap();
    let billed = world.get::<Billing>(ORDER).billed_without(&[])[&line_id(1)];
    assert_eq!((billed.invoiced, billed.credited), (Quantity::units(2), Quantity::units(1)));

    let dispute = DisputeInvoice { invoice_id: invoice_id(1), reason: "after all".to_owned(), lines: vec![] };
    world.run(&buyer(), &dispute).unwrap();
    assert!(world.get::<Billing>(ORDER).bills.is_empty());
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
fn a_credit_note_without_its_invoice_waits() {
    let world = World::new();
    world.receive(1, credit_note("K-1", "1005", vec![line(2, 1, 2_000)]));
    let note = stands(&world, 1, InvoiceStatus::Unmatched);
    assert_eq!(note.held_for, [HoldReason::InvoiceNotFound]);
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

#[test]
fn a_new_account_of_a_known_supplier_never_passes() {
    let world = World::new();
    world.receipt();
    let mut cheat = whole("1005");
    cheat.payments[0].account = text("5050055");
    world.receive(1, cheat);
    let disputed = stands(&world, 1, InvoiceStatus::Disputed);
    assert_eq!(disputed.answer.unwrap().reason_codes, ["PAY"]);
}

#[test]
fn the_first_account_of_a_supplier_is_confirmed_by_who_accepts() {
    let world = World::new();
    world.receipt();
    world.set(relation_id(SUPPLIER, RESTAURANT), TradeRelation::default());
    world.receive(1, document("1005", vec![line(1, 2, 1_000)]));
    assert_eq!(stands(&world, 1, InvoiceStatus::Extracted).held_for, [HoldReason::NeedsReview]);
    let accept = AcceptInvoice { invoice_id: invoice_id(1), reason: "ours".to_owned() };
    world.run(&buyer(), &accept).unwrap();
    world.receive(2, document("1006", vec![line(2, 3, 2_000)]));
    stands(&world, 2, InvoiceStatus::Matched);
}

#[test]
fn an_account_that_a_supplier_registers_counts_until_the_first_invoice_was_paid() {
    let world = World::new();
    world.receipt();
    world.set(relation_id(SUPPLIER, RESTAURANT), TradeRelation::default());
    let mut supplier = world.get::<Supplier>(SUPPLIER);
    supplier.details.bankgiro = Some(ACCOUNT.to_owned());
    world.set(SUPPLIER, supplier.clone());
    world.receive(1, document("1005", vec![line(1, 2, 1_000)]));
    stands(&world, 1, InvoiceStatus::Matched);

    let other = "5050055";
    supplier.details.bankgiro = Some(other.to_owned());
    world.set(SUPPLIER, supplier);
    let mut hijacked = document("1006", vec![line(2, 3, 2_000)]);
    hijacked.payments[0].account = text(other);
    world.receive(2, hijacked);
    stands(&world, 2, InvoiceStatus::Disputed);
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

#[test]
fn what_a_page_does_not_say_surely_waits_until_a_person_has_said_it() {
    let world = World::new();
    world.receipt();
    let mut misread = whole("1005");
    misread.lines[0].seller_item_id = text("X-77");
    misread.lines[0].name = text("?");
    let doubts = vec![invoicing::page::gate::Doubt::Unsure("line 1".to_owned())];
    let reading = Reading { document: misread.clone(), doubts, ..Reading::default() };
    world.run(&seller(), &received(1, reading, &[])).unwrap();
    assert_eq!(stands(&world, 1, InvoiceStatus::Extracted).held_for, [HoldReason::ReadingUnsure]);

    let correct = CorrectInvoice {
        invoice_id: invoice_id(1),
        document: Box::new(misread),
        aliases: vec![("1".to_owned(), product_id(1))],
        candidates: vec![],
    };
    world.run(&buyer(), &correct).unwrap();
    let corrected = stands(&world, 1, InvoiceStatus::Matched);
    assert_eq!(corrected.outcome.unwrap().links[0].method, invoicing::matching::Method::Alias);
    let relation = world.get::<TradeRelation>(relation_id(SUPPLIER, RESTAURANT));
    assert_eq!(relation.aliases.get("X-77"), Some(&product_id(1)));
}

#[test]
fn a_dispute_gives_back_what_was_claimed() {
    let world = World::new();
    world.receipt();
    world.receive(1, whole("1005"));
    let dispute = |lines: &[&str]| DisputeInvoice {
        invoice_id: invoice_id(1),
        reason: "not what we tasted".to_owned(),
        lines: lines.iter().map(|line| (*line).to_owned()).collect(),
    };
    assert!(matches!(world.run(&buyer(), &dispute(&["9"])), Err(Refusal::Invalid(_))));
    world.run(&buyer(), &dispute(&["2"])).unwrap();
    let disputed = stands(&world, 1, InvoiceStatus::Disputed);
    assert_eq!(disputed.disputed_lines, ["2"]);
    assert!(!world.get::<Billing>(ORDER).has_billed(invoice_id(1)));
    let rematch = MatchInvoice { invoice_id: invoice_id(1), order_id: None, candidates: vec![] };
    world.run(&buyer(), &rematch).unwrap();
    stands(&world, 1, InvoiceStatus::Matched);
    assert!(matches!(world.run(&buyer(), &rematch), Err(Refusal::InvalidTransition { .. })));
}
