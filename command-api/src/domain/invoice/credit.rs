//! Credit notes: they are held together with the invoice that they credit.
//!
//! What a credit note takes back was as if it had never been invoiced, so what is compared with the order is the
//! invoice with all its credit notes. One that makes nothing worse is accepted: it is to the buyer's good. Whether
//! the invoice is right with it is then judged anew, and one that was disputed may be cured.

use events::{
    invoice::{HoldReason, Invoice, Trade},
    log::Claim,
    values::{InvoiceId, SupplierId},
};
use invoicing::{
    duplicate,
    invoice::Kind,
    matching::{Effect, Outcome, Variance},
};

use super::{
    comparison::Compared,
    judge::{Judgement, Same, Wish, credit_documents, named_orders, reading_doubts, same_number},
};
use crate::domain::{Stop, Unit};

/// A credit note that is accepted.
#[derive(Debug)]
pub(super) struct Credit {
    /// What it credits.
    pub(super) original_id: InvoiceId,
    /// Whose it is.
    pub(super) trade: Trade,
    /// The invoice with all its credit notes, this one included, against the order.
    pub(super) outcome: Box<Outcome>,
}

/// Judges a credit note.
pub(super) fn judge(
    unit: &mut Unit<'_>,
    id: InvoiceId,
    invoice: &Invoice,
    wish: &Wish,
) -> Result<Judgement, Stop> {
    let Some(document) = invoice.document() else {
        return Ok(held(HoldReason::NeedsManualEntry, None, None));
    };
    let Some((original_id, original)) = find_original(unit, invoice, wish)? else {
        return Ok(held(HoldReason::InvoiceNotFound, None, None));
    };
    let Some(trade) = original.trade else {
        return Ok(held(HoldReason::InvoiceNotFound, None, None));
    };
    let mut without = vec![id, original_id];
    without.extend(&original.credit_notes);
    // First of all: whoever sent it must be on a side of the order, or hears nothing of it.
    let Some(compared) = Compared::load(unit, trade.order_id, invoice, &without)? else {
        return Ok(held(HoldReason::InvoiceNotFound, None, None));
    };
    match same_number(unit, id, invoice, Some(trade.supplier_id))? {
        Some(Same::Certain(earlier)) => return Ok(Judgement::SameAs(earlier)),
        Some(Same::Possible(_)) => return Ok(held(HoldReason::PossibleDuplicate, Some(trade), None)),
        None => {}
    }
    let Some(credited) = original.document() else {
        return Ok(held(HoldReason::InvoiceNotFound, Some(trade), None));
    };
    let mut credits = credit_documents(unit, &original)?;
    let before = compared.reconcile(credited, &credits);
    credits.push(document.clone());
    let after = compared.reconcile(credited, &credits);
    let mut doubts = reading_doubts(invoice);
    if takes_instead(document) {
        doubts.push(HoldReason::NeedsReview);
    }
    if !doubts.is_empty() {
        return Ok(Judgement::Held { reasons: doubts, trade: Some(trade), outcome: Some(Box::new(after)) });
    }
    // What it is shown with are its own lines, compared together with the invoice's.
    let links = compared.reconcile(document, &[]).links;
    let outcome = Box::new(Outcome { links, ..after });
    Ok(match worst_of_new(&before, &outcome) {
        Some(Effect::Blocks) => Judgement::Disputed { trade, outcome },
        Some(Effect::Doubts) => Judgement::Held {
            reasons: vec![HoldReason::NeedsReview],
            trade: Some(trade),
            outcome: Some(outcome),
        },
        Some(Effect::Noted) | None => Judgement::Credits(Box::new(Credit { original_id, trade, outcome })),
    })
}

fn held(reason: HoldReason, trade: Option<Trade>, outcome: Option<Box<Outcome>>) -> Judgement {
    Judgement::Held { reasons: vec![reason], trade, outcome }
}

/// A credit note with amounts below zero asks for money: its signs, or its kind, are not what they should be.
fn takes_instead(note: &invoicing::Invoice) -> bool {
    let payable = note.totals.payable_minor.as_ref().map_or(0, |payable| payable.value);
    let is_below = |line: &invoicing::invoice::Line| {
        line.net_minor.value < 0 || line.quantity.value.is_sign_negative() && !line.quantity.value.is_zero()
    };
    payable < 0 || note.lines.iter().any(is_below)
}

/// The worst of what the credit note itself brings.
fn worst_of_new(before: &Outcome, after: &Outcome) -> Option<Effect> {
    // Each that was there accounts for one, and only if it is no worse now: a credit note that makes a wrong price
    // worse, or names another account, brings something new.
    let mut known: Vec<&Variance> = before.variances.iter().collect();
    let mut was_there = |variance: &Variance| {
        let same = known.iter().position(|known| {
            (known.class, &known.invoice_line, &known.order_line)
                == (variance.class, &variance.invoice_line, &variance.order_line)
                && known.effect >= variance.effect
                && variance.value_minor.abs() <= known.value_minor.abs()
        });
        same.map(|at| known.swap_remove(at)).is_some()
    };
    after.variances.iter().filter(|variance| !was_there(variance)).map(|variance| variance.effect).max()
}

/// The invoice that it names, among those of the suppliers that it could be from.
pub(super) fn find_original(
    unit: &mut Unit<'_>,
    invoice: &Invoice,
    wish: &Wish,
) -> Result<Option<(InvoiceId, Invoice)>, Stop> {
    let suppliers = suppliers(unit, invoice, wish)?;
    let preceding = invoice.document().map(|document| document.references.preceding.as_slice());
    for supplier_id in suppliers {
        for number in preceding.unwrap_or_default() {
            let number = duplicate::fold(number);
            let claim = Claim::invoice_number(supplier_id, Kind::Invoice, &number);
            if let Some(holder) = unit.holder(&claim)? {
                let original = unit.get::<Invoice>(holder)?;
                return Ok(Some((holder.into(), original.state.clone())));
            }
        }
    }
    Ok(None)
}

fn suppliers(unit: &mut Unit<'_>, invoice: &Invoice, wish: &Wish) -> Result<Vec<SupplierId>, Stop> {
    let mut suppliers: Vec<SupplierId> = invoice.supplier_id().into_iter().collect();
    let orders = named_orders(invoice, wish).into_iter().chain(wish.candidates.iter().copied());
    for order_id in orders {
        let order = unit.get::<events::order::Order>(order_id)?;
        if order.exists() && !suppliers.contains(&order.state.supplier_id) {
            suppliers.push(order.state.supplier_id);
        }
    }
    Ok(suppliers)
}
