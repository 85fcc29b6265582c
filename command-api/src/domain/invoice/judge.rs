//! What is to become of an invoice that was read: pure over what the unit has, and nothing recorded yet.
//!
//! Nothing goes on by itself unless everything speaks for it: the rules hold, the page was read surely, the number
//! is new, one order alone answers to it, and the engine found nothing that a person should see.

use events::{
    invoice::{HoldReason, Invoice, InvoiceStatus, Trade},
    log::Claim,
    order::Order,
    supplier::Supplier,
    values::{AccountId, InvoiceId, OrderId},
};
use invoicing::{
    duplicate,
    invoice::{Kind, Source},
    matching::{Class, Effect, Outcome, Verdict},
    rules::Level,
};

use super::{comparison::Compared, credit, participants::Sides};
use crate::domain::{Stop, Unit};

/// Invoices that wait for one receipt.
const WAITING_MAX: usize = 20;

/// What somebody who asks for it says beside the document.
#[derive(Clone, Debug, Default)]
pub(super) struct Wish {
    /// It is for this order, whatever the document says.
    pub(super) order_id: Option<OrderId>,
    /// Where nothing names an order: those that it could be for.
    pub(super) candidates: Vec<OrderId>,
}

/// What is to become of it.
#[derive(Debug)]
pub(super) enum Judgement {
    /// It breaks rules that it must not.
    Rejected { code: &'static str, message: String },
    /// It is that invoice once more.
    SameAs(InvoiceId),
    /// It waits.
    Held { reasons: Vec<HoldReason>, trade: Option<Trade>, outcome: Option<Box<Outcome>> },
    /// It may be paid.
    Matched { trade: Trade, outcome: Box<Outcome> },
    /// Something is wrong.
    Disputed { trade: Trade, outcome: Box<Outcome> },
    /// It takes back what was invoiced: see [`credit`].
    Credits(Box<credit::Credit>),
}

impl Judgement {
    fn held(reason: HoldReason, trade: Option<Trade>, outcome: Option<Outcome>) -> Self {
        Self::Held { reasons: vec![reason], trade, outcome: outcome.map(Box::new) }
    }
}

/// Judges an invoice as it would stand with what is in `invoice`.
pub(super) fn judge(
    unit: &mut Unit<'_>,
    id: InvoiceId,
    invoice: &Invoice,
    wish: &Wish,
) -> Result<Judgement, Stop> {
    let Some(document) = invoice.document() else {
        return Ok(Judgement::held(HoldReason::NeedsManualEntry, invoice.trade, None));
    };
    if let Some(broken) = broken_rules(invoice) {
        return Ok(Judgement::Rejected { code: "rules_broken", message: broken });
    }
    if document.kind == Kind::CreditNote {
        return credit::judge(unit, id, invoice, wish);
    }
    let (compared, outcome) = match find_order(unit, id, invoice, wish)? {
        Found::One(compared, outcome) => (*compared, outcome),
        Found::Several => return Ok(Judgement::held(HoldReason::SeveralOrders, None, None)),
        Found::None => {
            let holder = number_holder(unit, invoice)?;
            let same = same_number(unit, id, invoice, holder)?;
            return Ok(match same {
                Some(Same::Certain(original)) => Judgement::SameAs(original),
                _ => Judgement::held(HoldReason::OrderNotFound, None, None),
            });
        }
    };
    let trade = compared.trade;
    match same_number(unit, id, invoice, Some(trade.supplier_id))? {
        Some(Same::Certain(original)) => return Ok(Judgement::SameAs(original)),
        Some(Same::Possible(number)) => {
            let outcome = compared.of_duplicate(document, &number);
            return Ok(Judgement::held(HoldReason::PossibleDuplicate, Some(trade), Some(outcome)));
        }
        None => {}
    }
    Ok(verdict(invoice, &compared, outcome))
}

/// What the comparison with its order comes to.
fn verdict(invoice: &Invoice, compared: &Compared, outcome: Outcome) -> Judgement {
    let trade = compared.trade;
    let doubts = reading_doubts(invoice);
    if !doubts.is_empty() {
        return Judgement::Held { reasons: doubts, trade: Some(trade), outcome: Some(Box::new(outcome)) };
    }
    if waits_for_receipt(compared, &outcome) {
        return Judgement::held(HoldReason::AwaitsReceipt, Some(trade), Some(outcome));
    }
    match outcome.verdict {
        Verdict::Matched | Verdict::MatchedWithVariance => {
            Judgement::Matched { trade, outcome: Box::new(outcome) }
        }
        Verdict::Mismatch => Judgement::Disputed { trade, outcome: Box::new(outcome) },
        Verdict::Review => Judgement::held(HoldReason::NeedsReview, Some(trade), Some(outcome)),
    }
}

/// Whether all that is wrong may be that nothing was received yet. What is wrong whatever comes is said at once; what a
/// person would have to look at is looked at when it is known what came. Only so many wait for one receipt, for all of
/// them are judged in its transaction.
fn waits_for_receipt(compared: &Compared, outcome: &Outcome) -> bool {
    let is_wrong_anyway = outcome
        .variances
        .iter()
        .any(|variance| variance.effect == Effect::Blocks && variance.class != Class::InvoicedBeforeReceipt);
    let comes_early = outcome.variances.iter().any(|variance| variance.class == Class::InvoicedBeforeReceipt);
    compared.must_wait() && comes_early && !is_wrong_anyway && compared.waiting < WAITING_MAX
}

/// The rules that keep a document from being an invoice, in one sentence.
fn broken_rules(invoice: &Invoice) -> Option<String> {
    // What a person has entered is held against the order, not against the form of the file.
    if !invoice.corrected.is_empty() {
        return None;
    }
    let findings = invoice.reading.iter().flat_map(|reading| &reading.findings);
    let fatal: Vec<&str> =
        findings.filter(|found| found.level == Level::Fatal).map(|found| found.rule.as_str()).collect();
    (!fatal.is_empty()).then(|| format!("the document breaks {}", fatal.join(", ")))
}

/// Why the reading itself is not to be relied on. What a person has looked at is.
pub(super) fn reading_doubts(invoice: &Invoice) -> Vec<HoldReason> {
    let Some(reading) = invoice.reading.as_ref().filter(|_| invoice.corrected.is_empty()) else {
        return Vec::new();
    };
    let mut doubts = Vec::new();
    if !reading.doubts.is_empty() {
        doubts.push(HoldReason::ReadingUnsure);
    }
    if !reading.differences.is_empty() {
        doubts.push(HoldReason::PageDiffers);
    }
    doubts
}

enum Found {
    One(Box<Compared>, Outcome),
    Several,
    None,
}

/// The order that it is for. One that is named is it, whatever differs; of those that are not named, the only one
/// that it fits.
fn find_order(unit: &mut Unit<'_>, id: InvoiceId, invoice: &Invoice, wish: &Wish) -> Result<Found, Stop> {
    let mut without = vec![id];
    without.extend(&invoice.credit_notes);
    let Some(document) = invoice.document() else { return Ok(Found::None) };
    let credits = credit_documents(unit, invoice)?;
    let said = [wish.order_id, invoice.stated.order_id];
    for order_id in named_orders(invoice, wish) {
        if let Some(mut compared) = Compared::load(unit, order_id, invoice, &without)? {
            if said.contains(&Some(order_id)) {
                compared = compared.vouched_for(document);
            }
            let outcome = compared.reconcile(document, &credits);
            return Ok(Found::One(Box::new(compared), outcome));
        }
    }
    for &order_id in &wish.candidates {
        unit.want::<Order>(order_id);
    }
    unit.wanted()?;
    let mut fitting = Vec::new();
    for &order_id in &wish.candidates {
        let Some(compared) = Compared::load(unit, order_id, invoice, &without)? else { continue };
        let outcome = compared.reconcile(document, &credits);
        if fits(&compared, &outcome) && compared.may_be_for(document) {
            fitting.push((compared, outcome));
        }
    }
    Ok(match fitting.len() {
        0 => Found::None,
        1 => fitting.pop().map_or(Found::None, |(compared, outcome)| Found::One(Box::new(compared), outcome)),
        _ => Found::Several,
    })
}

/// Whether an order that nobody named can be meant: nothing is wrong, or nothing but that it has not come yet.
fn fits(compared: &Compared, outcome: &Outcome) -> bool {
    let waits = |class| compared.must_wait() && class == Class::InvoicedBeforeReceipt;
    let wrong = outcome.variances.iter().filter(|variance| variance.effect != Effect::Noted);
    wrong.filter(|variance| !waits(variance.class)).count() == 0 && !outcome.links.is_empty()
}

/// The orders that somebody or the document names, the surest first.
pub(super) fn named_orders(invoice: &Invoice, wish: &Wish) -> Vec<OrderId> {
    let references = invoice.document().map(|document| &document.references);
    let written = references.and_then(|references| references.order.as_ref());
    let own = references.and_then(|references| references.sales_order.as_ref());
    let read = [written, own].into_iter().flatten().filter_map(|text| {
        let is_seen = text.source == Source::Ocr;
        order_id(&text.value, is_seen)
    });
    // What was said last counts: a person may have named another order than the sender.
    let said = [wish.order_id, invoice.trade.map(|trade| trade.order_id), invoice.stated.order_id];
    let mut named: Vec<OrderId> = Vec::new();
    for order_id in said.into_iter().flatten().chain(read) {
        if !named.contains(&order_id) {
            named.push(order_id);
        }
    }
    named
}

/// An order's id as a document has it; where it was seen, signs that OCR takes for one another are the digit, for
/// an id has no such letters.
fn order_id(text: &str, is_seen: bool) -> Option<OrderId> {
    let text = text.trim();
    text.parse().ok().or_else(|| {
        let digit = |sign| match sign {
            'O' | 'o' | 'Q' => '0',
            'I' | 'l' | '|' => '1',
            'S' => '5',
            'Z' => '2',
            other => other,
        };
        is_seen.then(|| text.chars().map(digit).collect::<String>().parse().ok()).flatten()
    })
}

/// What the credit notes to it say; one that was disputed since takes nothing back.
pub(super) fn credit_documents(
    unit: &mut Unit<'_>,
    invoice: &Invoice,
) -> Result<Vec<invoicing::Invoice>, Stop> {
    for &credit_note_id in &invoice.credit_notes {
        unit.want::<Invoice>(credit_note_id);
    }
    unit.wanted()?;
    let mut documents = Vec::new();
    for &credit_note_id in &invoice.credit_notes {
        let note = unit.get::<Invoice>(credit_note_id)?;
        documents.extend(note.state.document().filter(|_| note.state.status.is_matched()).cloned());
    }
    Ok(documents)
}

pub(super) enum Same {
    /// The same number, day and sum.
    Certain(InvoiceId),
    /// The same number on something else; the number as it was written.
    Possible(String),
}

/// Whether an invoice of that supplier with that number has come before.
pub(super) fn same_number(
    unit: &mut Unit<'_>,
    id: InvoiceId,
    invoice: &Invoice,
    supplier_id: Option<events::values::SupplierId>,
) -> Result<Option<Same>, Stop> {
    let claim = supplier_id.and_then(|supplier_id| number_claim(invoice, supplier_id));
    let Some(claim) = claim else { return Ok(None) };
    let Some(holder) = unit.holder(&claim)?.filter(|holder| *holder != id.0) else { return Ok(None) };
    let earlier = unit.get::<Invoice>(holder)?;
    if earlier.state.status == InvoiceStatus::Rejected {
        return Ok(None);
    }
    // A person may have corrected the number of the earlier one since: then this is its first.
    if supplier_id.and_then(|supplier_id| number_claim(&earlier.state, supplier_id)).as_ref() != Some(&claim)
    {
        return Ok(None);
    }
    let (Some(one), Some(other)) = (invoice.document(), earlier.state.document()) else { return Ok(None) };
    // Of an invoice that the caller may not see, not even that it is the same is said.
    if !Sides::of(unit, &earlier.state)?.may_see() {
        let number = invoice.document().and_then(|document| document.number.as_ref());
        return Ok(number.map(|number| Same::Possible(number.value.clone())));
    }
    let payable = |of: &invoicing::Invoice| of.totals.payable_minor.as_ref().map(|payable| payable.value);
    let day = |of: &invoicing::Invoice| of.issue_date.as_ref().map(|date| date.value);
    if payable(one) == payable(other) && day(one) == day(other) {
        return Ok(Some(Same::Certain(holder.into())));
    }
    let number = other.number.as_ref().map_or_else(String::new, |number| number.value.clone());
    Ok(Some(Same::Possible(number)))
}

/// The supplier whose series its number is in: known once an order is, or where a member of the supplier sent it.
/// What anybody else says of a supplier neither takes a number nor asks for one.
pub(super) fn number_holder(
    unit: &mut Unit<'_>,
    invoice: &Invoice,
) -> Result<Option<events::values::SupplierId>, Stop> {
    if let Some(trade) = invoice.trade {
        return Ok(Some(trade.supplier_id));
    }
    let Some(supplier_id) = invoice.stated.supplier_id else { return Ok(None) };
    let supplier = unit.get::<Supplier>(supplier_id)?;
    let is_member =
        |sender: AccountId| supplier.state.members.iter().any(|member| member.account_id == sender);
    Ok(invoice.received_by.is_some_and(is_member).then_some(supplier_id))
}

/// The claim on its number; none where it has no number.
pub(super) fn number_claim(invoice: &Invoice, supplier_id: events::values::SupplierId) -> Option<Claim> {
    let document = invoice.document()?;
    let number = duplicate::fold(document.number.as_ref()?);
    (!number.is_empty()).then(|| Claim::invoice_number(supplier_id, document.kind, &number))
}
