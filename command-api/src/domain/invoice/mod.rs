//! Invoices that were sent to a restaurant.
//!
//! An invoice is read, then judged ([`judge`]) against the rules, those that came before it, and its order
//! ([`comparison`]); what was judged is recorded on all streams that it concerns ([`record`]): the invoice, the
//! order's ledger, the claim on its number, and the invoice that a credit note is to. All of it is one command, so
//! two invoices cannot claim the same receipt, and a receipt judges anew what waited for it in its own transaction.

mod accept;
mod comparison;
mod correct;
mod correction;
mod credit;
mod dispute;
mod judge;
mod participants;
mod receive;
mod record;
mod rematch;
#[cfg(test)]
mod tests;

pub use accept::AcceptInvoice;
pub use correct::CorrectInvoice;
pub use dispute::DisputeInvoice;
pub use receive::{Content, ReceiveInvoice, RecordReading};
pub use record::receipt_came;
pub use rematch::MatchInvoice;

use chrono::{DateTime, Utc};
use events::{
    invoice::{
        Acceptance, HoldReason, Invoice, InvoiceAnswer, InvoiceEvent, InvoiceFacts, InvoiceFile,
        InvoiceStatus, Reading, Stated, Trade,
    },
    order::Party,
    values::{AccountId, InvoiceId},
};
use invoicing::matching::Outcome;

use super::{Decide, refusal::Refusal};

/// What can be asked of an invoice. Who may ask, and what it comes to, is settled before.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "each is documented at the event that it leads to")]
pub enum InvoiceCommand {
    Receive {
        file: InvoiceFile,
        stated: Stated,
        received_by: Option<AccountId>,
        now: DateTime<Utc>,
    },
    Extract {
        reading: Box<Reading>,
        now: DateTime<Utc>,
    },
    Correct {
        document: Box<invoicing::Invoice>,
        changed: Vec<String>,
        corrected_by: Option<AccountId>,
        now: DateTime<Utc>,
    },
    Hold {
        reasons: Vec<HoldReason>,
        trade: Option<Trade>,
        outcome: Option<Box<Outcome>>,
        now: DateTime<Utc>,
    },
    Match {
        trade: Trade,
        facts: Box<InvoiceFacts>,
        credits: Option<InvoiceId>,
        outcome: Box<Outcome>,
        answer: InvoiceAnswer,
        accepted: Option<Acceptance>,
        now: DateTime<Utc>,
    },
    Dispute {
        trade: Trade,
        facts: Box<InvoiceFacts>,
        outcome: Option<Box<Outcome>>,
        answer: InvoiceAnswer,
        by: Option<Party>,
        reason: Option<String>,
        lines: Vec<String>,
        now: DateTime<Utc>,
    },
    Reject {
        code: String,
        message: String,
        duplicate_of: Option<InvoiceId>,
        now: DateTime<Utc>,
    },
    Credit {
        credit_note_id: InvoiceId,
        now: DateTime<Utc>,
    },
}

impl Decide for Invoice {
    type Command = InvoiceCommand;

    fn decide(&self, command: InvoiceCommand) -> Result<Vec<InvoiceEvent>, Refusal> {
        use InvoiceCommand as C;
        use InvoiceStatus::{
            Disputed, Extracted, Matched, MatchedWithVariance, Received, Rejected, Unmatched,
        };
        let is_new = self.file.sha256.is_empty();
        Ok(match (command, self.status) {
            (C::Receive { file, stated, received_by, now }, _) if is_new => {
                vec![InvoiceEvent::InvoiceReceived { file, stated, received_by, received_at: now }]
            }
            (C::Receive { .. }, _) => return Err(self.not_possible("receive")),
            (C::Extract { reading, now }, Received) => {
                vec![InvoiceEvent::InvoiceExtracted { reading, extracted_at: now }]
            }
            // What a person has entered or corrected is not read over again.
            (C::Extract { .. }, _) => return Err(self.not_possible("read")),
            (C::Correct { document, changed, corrected_by, now }, Extracted | Unmatched | Disputed) => {
                vec![InvoiceEvent::InvoiceCorrected { document, changed, corrected_by, corrected_at: now }]
            }
            (C::Correct { .. }, _) => return Err(self.not_possible("correct")),
            (C::Hold { reasons, trade, outcome, now }, Received | Extracted | Unmatched | Disputed) => {
                if self.held_for == reasons && self.trade == trade && self.outcome == outcome {
                    return Ok(vec![]);
                }
                vec![InvoiceEvent::InvoiceHeld { reasons, trade, outcome, held_at: now }]
            }
            (C::Hold { .. }, _) => return Err(self.not_possible("hold")),
            (
                C::Match { trade, facts, credits, outcome, answer, accepted, now },
                Extracted | Unmatched | Disputed,
            ) => {
                vec![InvoiceEvent::InvoiceMatched {
                    trade,
                    facts,
                    credits,
                    outcome,
                    answer,
                    accepted,
                    matched_at: now,
                }]
            }
            (C::Match { .. }, _) => return Err(self.not_possible("match")),
            (
                C::Dispute { trade, facts, outcome, answer, by, reason, lines, now },
                Extracted | Unmatched | Disputed | Matched | MatchedWithVariance,
            ) => {
                let is_said = self.status == Disputed
                    && self.outcome == outcome
                    && (&self.disputed_by, &self.dispute_reason, &self.disputed_lines)
                        == (&by, &reason, &lines);
                if is_said {
                    return Ok(vec![]);
                }
                vec![InvoiceEvent::InvoiceDisputed {
                    trade,
                    facts,
                    outcome,
                    answer,
                    by,
                    reason,
                    lines,
                    disputed_at: now,
                }]
            }
            (C::Dispute { .. }, _) => return Err(self.not_possible("dispute")),
            (C::Reject { code, message, duplicate_of, now }, Received | Extracted | Unmatched | Disputed) => {
                vec![InvoiceEvent::InvoiceRejected { code, message, duplicate_of, rejected_at: now }]
            }
            (C::Reject { .. }, _) => return Err(self.not_possible("reject")),
            (C::Credit { .. }, Received | Rejected) => return Err(self.not_possible("credit")),
            (C::Credit { credit_note_id, .. }, _) if self.credit_notes.contains(&credit_note_id) => vec![],
            (C::Credit { credit_note_id, now }, _) => {
                vec![InvoiceEvent::InvoiceCredited { credit_note_id, credited_at: now }]
            }
        })
    }
}

/// What an invoice's state does not allow, in the contract's words.
trait Transitions {
    fn not_possible(&self, attempted: &'static str) -> Refusal;
}

impl Transitions for Invoice {
    fn not_possible(&self, attempted: &'static str) -> Refusal {
        Refusal::InvalidTransition { what: "invoice", state: self.status.name(), attempted }
    }
}
