//! A person says what is wrong.

use events::{invoice::InvoiceAnswer, resource::InvoiceResource, values::InvoiceId};
use invoicing::matching::{Reason, Status};

use super::{
    InvoiceCommand, Transitions,
    participants::decidable,
    record::{decide, facts, release, stop_waiting, without_credit},
};
use crate::domain::{
    Answer, Command, Stop, Unit,
    refusal::{InvalidValue, Refusal},
};

/// Asks the supplier about it; what it claimed of the order is free again. Members of the restaurant and ADMIN.
#[derive(Clone, Debug)]
pub struct DisputeInvoice {
    /// Which.
    pub invoice_id: InvoiceId,
    /// What is wrong.
    pub reason: String,
    /// Lines of the invoice that are meant; none for the whole.
    pub lines: Vec<String>,
}

impl Command for DisputeInvoice {
    fn operation(&self) -> &'static str {
        "dispute_invoice"
    }

    fn decide(&self, unit: &mut Unit<'_>) -> Result<Answer, Stop> {
        let id = self.invoice_id;
        let (invoice, sides) = decidable(unit, id)?;
        if !(sides.restaurant || sides.admin) {
            return Err(Refusal::Forbidden { needed: "only a member of the restaurant or an ADMIN" }.into());
        }
        unit.match_revision(invoice.revision)?;
        let state = &invoice.state;
        let (Some(document), Some(trade)) = (state.document(), state.trade) else {
            return Err(state.not_possible("dispute").into());
        };
        self.check_lines(document)?;
        let mut answer = match &state.outcome {
            Some(outcome) => InvoiceAnswer::of(Status::UnderQuery, outcome),
            None => {
                InvoiceAnswer { status_code: Status::UnderQuery.code().to_owned(), reason_codes: Vec::new() }
            }
        };
        if answer.reason_codes.is_empty() {
            answer.reason_codes.push(Reason::Other.code().to_owned());
        }
        let dispute = InvoiceCommand::Dispute {
            trade,
            facts: facts(unit, id)?,
            outcome: state.outcome.clone(),
            answer,
            by: Some(sides.party()),
            reason: Some(self.reason.clone()),
            lines: self.lines.clone(),
            now: unit.now(),
        };
        stop_waiting(unit, id)?;
        let disputed = decide(unit, id, dispute)?;
        release(unit, id, trade)?;
        without_credit(unit, &disputed.state)?;
        Ok(Answer::ok(&InvoiceResource::of(id, &disputed), disputed.revision))
    }
}

impl DisputeInvoice {
    fn check_lines(&self, document: &invoicing::Invoice) -> Result<(), Refusal> {
        let is_unknown = |line: &String| !document.lines.iter().any(|known| known.id == *line);
        let faults = self.lines.iter().enumerate().filter(|(_, line)| is_unknown(line));
        let faults: Vec<InvalidValue> = faults
            .map(|(at, line)| InvalidValue {
                field: format!("lines[{at}]"),
                code: "unknown_line",
                message: format!("the invoice has no line {line}"),
            })
            .collect();
        if faults.is_empty() { Ok(()) } else { Err(Refusal::Invalid(faults)) }
    }
}
