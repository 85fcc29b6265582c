//! What a judgement leaves in the log: on the invoice, on the order's ledger, and on the invoice that a credit note
//! credits.

use std::sync::Arc;

use events::{
    Folded,
    billing::{BilledLine, Billing},
    invoice::{Acceptance, HoldReason, Invoice, InvoiceAnswer, InvoiceFacts, InvoiceStatus, Trade},
    trade_relation::{TradeRelation, relation_id},
    values::{InvoiceId, OrderId, Quantity},
};
use invoicing::{
    invoice::Kind,
    matching::{Link, Outcome, Status},
    money,
};

use super::{
    InvoiceCommand,
    comparison::Compared,
    credit::{Credit, find_original},
    judge::{Judgement, Wish, credit_documents, judge, number_claim, number_holder, reading_doubts},
    participants::concerns,
};
use crate::domain::{
    Concerns, Stop, Unit,
    billing::BillingCommand,
    trade_relation::{Pair, TradeRelationCommand},
};

/// Records what was judged. An invoice that has come before is rejected as what it is.
pub(super) fn record(
    unit: &mut Unit<'_>,
    id: InvoiceId,
    judgement: Judgement,
) -> Result<Arc<Folded<Invoice>>, Stop> {
    let now = unit.now();
    stop_waiting(unit, id)?;
    match judgement {
        Judgement::Rejected { code, message } => {
            let reject = InvoiceCommand::Reject { code: code.to_owned(), message, duplicate_of: None, now };
            decide(unit, id, reject)
        }
        Judgement::SameAs(original) => {
            // Which one stands beside it, for those who may see that.
            let message = "an invoice with this number, day and sum has come before".to_owned();
            let reject = InvoiceCommand::Reject {
                code: "duplicate".to_owned(),
                message,
                duplicate_of: Some(original),
                now,
            };
            decide(unit, id, reject)
        }
        Judgement::Held { reasons, trade, outcome } => {
            use HoldReason::{AwaitsReceipt, PossibleDuplicate};
            let waits = reasons.contains(&AwaitsReceipt);
            let is_first = !reasons.contains(&PossibleDuplicate);
            let invoice = decide(unit, id, InvoiceCommand::Hold { reasons, trade, outcome, now })?;
            if let Some(trade) = trade.filter(|_| waits) {
                on_ledger(unit, trade, BillingCommand::AwaitReceipt { invoice_id: id })?;
            }
            if is_first {
                claim_number(unit, id, &invoice.state)?;
            }
            Ok(invoice)
        }
        Judgement::Matched { trade, outcome } => let_pass(unit, id, trade, outcome, Passing::default()),
        Judgement::Disputed { trade, outcome } => {
            let answer = InvoiceAnswer::of(Status::UnderQuery, &outcome);
            let dispute = InvoiceCommand::Dispute {
                trade,
                facts: facts(unit, id)?,
                outcome: Some(outcome),
                answer,
                by: None,
                reason: None,
                lines: Vec::new(),
                now,
            };
            let invoice = decide(unit, id, dispute)?;
            claim_number(unit, id, &invoice.state)?;
            Ok(invoice)
        }
        Judgement::Credits(credit) => record_credit(unit, id, *credit),
    }
}

/// What stands beside the word that it may be paid.
#[derive(Default)]
pub(super) struct Passing {
    /// Who let pass what differs.
    pub(super) accepted: Option<Acceptance>,
    /// The invoice that a credit note credits.
    pub(super) credits: Option<InvoiceId>,
}

/// What it says, for those who are told of a decision.
pub(super) fn facts(unit: &mut Unit<'_>, id: InvoiceId) -> Result<Box<InvoiceFacts>, Stop> {
    let invoice = unit.get::<Invoice>(id)?;
    Ok(Box::new(invoice.state.document().map(InvoiceFacts::of).unwrap_or_default()))
}

/// It may be paid: claims what was received.
pub(super) fn let_pass(
    unit: &mut Unit<'_>,
    id: InvoiceId,
    trade: Trade,
    outcome: Box<Outcome>,
    passing: Passing,
) -> Result<Arc<Folded<Invoice>>, Stop> {
    let answer = InvoiceAnswer::of(Status::Accepted, &outcome);
    let Passing { accepted, credits } = passing;
    let facts = facts(unit, id)?;
    let pass = InvoiceCommand::Match { trade, facts, credits, outcome, answer, accepted, now: unit.now() };
    let invoice = decide(unit, id, pass)?;
    bill(unit, id, trade, credits)?;
    confirm_accounts(unit, &invoice.state, trade)?;
    claim_number(unit, id, &invoice.state)?;
    Ok(invoice)
}

/// Where money goes by the word of a person, or because nothing about the account was unknown, it may go again. A
/// credit note brings none, so it makes no account known.
fn confirm_accounts(unit: &mut Unit<'_>, invoice: &Invoice, trade: Trade) -> Result<(), Stop> {
    let is_all_known = invoice.outcome.as_ref().is_some_and(|outcome| outcome.verdict.is_automatic());
    let is_invoice = |document: &&invoicing::Invoice| document.kind == Kind::Invoice;
    let Some(document) = invoice.document().filter(is_invoice) else { return Ok(()) };
    if invoice.accepted.is_none() && !is_all_known {
        return Ok(());
    }
    let pair = Pair { supplier_id: trade.supplier_id, restaurant_id: trade.restaurant_id };
    let relation_id = relation_id(pair.supplier_id, pair.restaurant_id);
    let confirmed_by = invoice.accepted.as_ref().and_then(|acceptance| acceptance.by);
    for account in document.payments.iter().filter_map(|payment| payment.account.as_ref()) {
        let account = account.value.clone();
        let confirm = TradeRelationCommand::ConfirmAccount { pair, account, confirmed_by };
        let concerns = Concerns::both(pair.supplier_id, pair.restaurant_id);
        unit.decide::<TradeRelation>(relation_id, concerns, confirm)?;
    }
    Ok(())
}

/// The credit note is accepted, the invoice knows of it, and stands where it now belongs.
fn record_credit(unit: &mut Unit<'_>, id: InvoiceId, credit: Credit) -> Result<Arc<Folded<Invoice>>, Stop> {
    let Credit { original_id, trade, outcome } = credit;
    let credited = InvoiceCommand::Credit { credit_note_id: id, now: unit.now() };
    let original = decide(unit, original_id, credited)?;
    // One that was matched stays so: it was right, or a person let it pass. What a person disputed, or would have
    // to look at for another reason, no credit note settles.
    if is_curable(&original.state) && outcome.verdict.is_automatic() {
        let cured = Outcome { links: links_of(unit, original_id, trade)?, ..(*outcome).clone() };
        let_pass(unit, original_id, trade, Box::new(cured), Passing::default())?;
    }
    let passing = Passing { credits: Some(original_id), ..Passing::default() };
    let_pass(unit, id, trade, outcome, passing)
}

/// Whether the comparison alone kept it from being paid.
fn is_curable(invoice: &Invoice) -> bool {
    let by_comparison = invoice.status == InvoiceStatus::Disputed && invoice.disputed_by.is_none()
        || invoice.held_for.as_slice() == [HoldReason::NeedsReview];
    by_comparison && reading_doubts(invoice).is_empty()
}

/// Claims on the order's ledger what the document bills by itself.
///
/// A credit note gives back only what its invoice has claimed: while that is disputed, neither stands in the ledger,
/// or what was received could be claimed once more than it was.
fn bill(unit: &mut Unit<'_>, id: InvoiceId, trade: Trade, credits: Option<InvoiceId>) -> Result<(), Stop> {
    let ledger = unit.get::<Billing>(trade.order_id)?;
    if credits.is_some_and(|original_id| !ledger.state.has_billed(original_id)) {
        return Ok(());
    }
    let invoice = unit.get::<Invoice>(id)?;
    let Some(document) = invoice.state.document() else { return Ok(()) };
    let answering = links_of(unit, id, trade)?;
    let billed = answering.iter().filter_map(|link| {
        let line = document.lines.iter().find(|line| line.id == link.invoice_line)?;
        let quantity = money::thousandths(line.quantity.value)?;
        Some(BilledLine { line_id: link.order_line.parse().ok()?, quantity: Quantity(quantity) })
    });
    let lines = billed.collect();
    on_ledger(unit, trade, BillingCommand::Bill { invoice_id: id, kind: document.kind, lines })?;
    for &note_id in &invoice.state.credit_notes {
        if unit.get::<Invoice>(note_id)?.state.status.is_matched() {
            bill(unit, note_id, trade, Some(id))?;
        }
    }
    Ok(())
}

/// A credit note is disputed: the invoice that it cured is right no more, unless a person had let it pass.
pub(super) fn without_credit(unit: &mut Unit<'_>, note: &Invoice) -> Result<(), Stop> {
    if note.document().is_none_or(|document| document.kind == Kind::Invoice) {
        return Ok(());
    }
    let Some((original_id, original)) = find_original(unit, note, &Wish::default())? else { return Ok(()) };
    let (Some(trade), Some(document)) = (original.trade, original.document()) else { return Ok(()) };
    if !original.status.is_matched() || original.accepted.is_some() {
        return Ok(());
    }
    let mut without = vec![original_id];
    without.extend(&original.credit_notes);
    let Some(compared) = Compared::load(unit, trade.order_id, &original, &without)? else { return Ok(()) };
    let outcome = compared.reconcile(document, &credit_documents(unit, &original)?);
    if !outcome.verdict.is_automatic() {
        release(unit, original_id, trade)?;
        record(unit, original_id, Judgement::Disputed { trade, outcome: Box::new(outcome) })?;
    }
    Ok(())
}

/// Which lines of the document answer to which of the order.
fn links_of(unit: &mut Unit<'_>, id: InvoiceId, trade: Trade) -> Result<Vec<Link>, Stop> {
    let invoice = unit.get::<Invoice>(id)?;
    let compared = Compared::load(unit, trade.order_id, &invoice.state, &[id])?;
    let (Some(document), Some(compared)) = (invoice.state.document(), compared) else {
        return Ok(Vec::new());
    };
    Ok(compared.reconcile(document, &[]).links)
}

/// Gives back what it claimed, and with it what its credit notes gave back of that.
pub(super) fn release(unit: &mut Unit<'_>, id: InvoiceId, trade: Trade) -> Result<(), Stop> {
    let invoice = unit.get::<Invoice>(id)?;
    for &invoice_id in invoice.state.credit_notes.iter().chain([&id]) {
        on_ledger(unit, trade, BillingCommand::Release { invoice_id })?;
    }
    Ok(())
}

/// Whatever becomes of it, it no longer waits where it did: another order may be meant now.
pub(super) fn stop_waiting(unit: &mut Unit<'_>, id: InvoiceId) -> Result<(), Stop> {
    let invoice = unit.get::<Invoice>(id)?;
    match invoice.state.trade {
        Some(trade) => on_ledger(unit, trade, BillingCommand::StopAwaiting { invoice_id: id }),
        None => Ok(()),
    }
}

fn on_ledger(unit: &mut Unit<'_>, trade: Trade, command: BillingCommand) -> Result<(), Stop> {
    let Trade { supplier_id, restaurant_id, order_id } = trade;
    unit.decide::<Billing>(order_id, Concerns::both(supplier_id, restaurant_id), command)?;
    Ok(())
}

/// From now on the number is this invoice's.
fn claim_number(unit: &mut Unit<'_>, id: InvoiceId, invoice: &Invoice) -> Result<(), Stop> {
    let Some(supplier_id) = number_holder(unit, invoice)? else { return Ok(()) };
    let Some(claim) = number_claim(invoice, supplier_id) else { return Ok(()) };
    if unit.holder(&claim)? != Some(id.0) {
        unit.set_holder(claim, Some(id.0));
    }
    Ok(())
}

pub(super) fn decide(
    unit: &mut Unit<'_>,
    id: InvoiceId,
    command: InvoiceCommand,
) -> Result<Arc<Folded<Invoice>>, Stop> {
    let concerns = match &command {
        InvoiceCommand::Match { trade, .. }
        | InvoiceCommand::Dispute { trade, .. }
        | InvoiceCommand::Hold { trade: Some(trade), .. } => {
            Concerns::both(trade.supplier_id, trade.restaurant_id)
        }
        _ => concerns(&unit.get::<Invoice>(id)?.state),
    };
    unit.decide::<Invoice>(id, concerns, command)
}

/// The order says what came: whatever still waits for that is judged.
///
/// What becomes of an invoice is no reason to refuse the receipt: one that cannot be judged, or not even read, stays as
/// it is, and a person can have it judged later.
pub fn receipt_came(unit: &mut Unit<'_>, order_id: OrderId) -> Result<(), Stop> {
    let billing = match unit.get::<Billing>(order_id) {
        Err(Stop::Unreadable(_)) => return Ok(()),
        billing => billing?,
    };
    for invoice_id in &billing.state.waiting {
        unit.want::<Invoice>(*invoice_id);
    }
    unit.wanted()?;
    for &invoice_id in &billing.state.waiting {
        let invoice = match unit.get::<Invoice>(invoice_id) {
            Err(Stop::Unreadable(_)) => continue,
            invoice => invoice?,
        };
        let state = &invoice.state;
        let waits_here = state.held_for.contains(&HoldReason::AwaitsReceipt)
            && state.trade.is_some_and(|trade| trade.order_id == order_id);
        if !waits_here {
            continue;
        }
        // Judging records nothing, so one that cannot be judged leaves nothing half done.
        match judge(unit, invoice_id, state, &Wish::default()) {
            Ok(judgement) => record(unit, invoice_id, judgement).map(drop)?,
            Err(stop @ (Stop::Missing | Stop::Outdated)) => return Err(stop),
            Err(Stop::Refused(_) | Stop::Unreadable(_)) => {}
        }
    }
    Ok(())
}
