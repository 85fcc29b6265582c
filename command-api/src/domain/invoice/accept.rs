//! A person lets pass what differs.

use events::{
    Folded,
    invoice::{Acceptance, Invoice},
    resource::InvoiceResource,
    values::InvoiceId,
};
use invoicing::invoice::Kind;

use super::{
    InvoiceCommand, Transitions,
    comparison::Compared,
    credit::find_original,
    judge::{Wish, credit_documents},
    participants::decidable,
    record::{Passing, decide, let_pass, stop_waiting},
    rematch::is_open,
};
use crate::domain::{Answer, Command, Stop, Unit, refusal::Refusal};

/// It may be paid as it is, in spite of what differs. The accounts that it names are the supplier's from now on.
/// Members of the restaurant and ADMIN.
#[derive(Clone, Debug)]
pub struct AcceptInvoice {
    /// Which.
    pub invoice_id: InvoiceId,
    /// Why.
    pub reason: String,
}

impl Command for AcceptInvoice {
    fn operation(&self) -> &'static str {
        "accept_invoice"
    }

    fn decide(&self, unit: &mut Unit<'_>) -> Result<Answer, Stop> {
        let id = self.invoice_id;
        let (invoice, sides) = decidable(unit, id)?;
        if !(sides.restaurant || sides.admin) {
            return Err(Refusal::Forbidden { needed: "only a member of the restaurant or an ADMIN" }.into());
        }
        unit.match_revision(invoice.revision)?;
        let state = &invoice.state;
        let (Some(document), Some(trade), true) = (state.document(), state.trade, is_open(state.status))
        else {
            return Err(state.not_possible("accept").into());
        };
        if document.kind == Kind::CreditNote && state.outcome.is_none() {
            return Err(state.not_possible("accept").into());
        }
        let outcome = if let Some(outcome) = &state.outcome {
            outcome.clone()
        } else {
            let compared = Compared::load(unit, trade.order_id, state, &[id])?;
            let compared = compared.ok_or_else(|| Refusal::not_found("order", trade.order_id))?;
            Box::new(compared.reconcile(document, &credit_documents(unit, state)?))
        };
        stop_waiting(unit, id)?;
        let by = unit.caller().account_id();
        let acceptance = Acceptance { by, party: sides.party(), reason: self.reason.clone() };
        let passing = Passing { accepted: Some(acceptance), credits: credit(unit, &invoice, id)? };
        let passed = let_pass(unit, id, trade, outcome, passing)?;
        Ok(Answer::ok(&InvoiceResource::of(id, &passed), passed.revision))
    }
}

/// The invoice that an accepted credit note credits hears of it.
fn credit(unit: &mut Unit<'_>, note: &Folded<Invoice>, id: InvoiceId) -> Result<Option<InvoiceId>, Stop> {
    if note.state.document().is_none_or(|document| document.kind == Kind::Invoice) {
        return Ok(None);
    }
    let found = find_original(unit, &note.state, &Wish::default())?;
    let Some((original_id, _)) = found else { return Ok(None) };
    decide(unit, original_id, InvoiceCommand::Credit { credit_note_id: id, now: unit.now() })?;
    Ok(Some(original_id))
}
