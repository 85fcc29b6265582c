//! Invoices that came, in words.

use events::{
    RecordedEvent,
    invoice::{InvoiceEvent, InvoiceFacts},
    order::Party,
};
use invoicing::matching::Outcome;

use super::{Told, because, counted, listed, quoted, spoken};
use crate::{audit::names::Names, documents};

pub(super) fn tell(event: &InvoiceEvent, recorded: &RecordedEvent, names: &Names) -> Told {
    let invoice = names.invoice(recorded.stream_id);
    match event {
        InvoiceEvent::InvoiceReceived { file, .. } => {
            let (media_type, bytes) = (&file.media_type, file.bytes);
            Told::plain(format!("Sent in an invoice: a file of {bytes} bytes ({media_type}).")).with(
                "file",
                None,
                format!("SHA-256 {}", file.sha256),
            )
        }
        InvoiceEvent::InvoiceExtracted { reading, .. } => {
            let doubts = match reading.doubts.len() + reading.differences.len() {
                0 => String::new(),
                count => format!(", with {}", counted(count, "doubt")),
            };
            let broken = match reading.findings.len() {
                0 => String::new(),
                count => format!("; it breaks {}", counted(count, "rule")),
            };
            let lines = counted(reading.document.lines.len(), "line");
            Told::plain(format!("The file was read as {invoice} with {lines}{doubts}{broken}."))
        }
        InvoiceEvent::InvoiceCorrected { changed, .. } => {
            let told = Told::plain(format!("Corrected {} of {invoice}.", counted(changed.len(), "field")));
            changed.iter().fold(told, |told, field| told.with(field, None, "as entered"))
        }
        InvoiceEvent::InvoiceHeld { reasons, outcome, .. } => {
            let reasons: Vec<String> = reasons.iter().map(spoken).collect();
            let told = Told::plain(format!("{} was held back: {}.", capital(&invoice), listed(&reasons)));
            with_variances(told, outcome.as_deref())
        }
        InvoiceEvent::InvoiceMatched { facts, outcome, accepted, .. } => {
            let total = payable(facts);
            let differs = match outcome.variances.len() {
                0 => ", and nothing differs".to_owned(),
                count => format!("; {} let pass", counted(count, "variance")),
            };
            let sentence = match accepted {
                Some(word) => format!(
                    "Accepted {invoice} over {total} {}{}{differs}.",
                    side(word.party),
                    because(Some(&word.reason))
                ),
                None => format!("{} over {total} was matched to the order{differs}.", capital(&invoice)),
            };
            with_variances(Told::plain(sentence), Some(outcome))
        }
        InvoiceEvent::InvoiceDisputed { facts, outcome, by, reason, lines, .. } => {
            let total = payable(facts);
            let meant = if lines.is_empty() { String::new() } else { format!(" (lines {})", listed(lines)) };
            let sentence = match by {
                Some(party) => format!(
                    "Disputed {invoice} over {total}{meant} {}{}.",
                    side(*party),
                    because(reason.as_deref())
                ),
                None => {
                    format!("{} over {total} was disputed: it differs from the order.", capital(&invoice))
                }
            };
            with_variances(Told::plain(sentence), outcome.as_deref())
        }
        InvoiceEvent::InvoiceRejected { code, message, .. } => {
            let reason = message.trim_end_matches('.');
            Told::plain(format!("{} was rejected ({code}): {}.", capital(&invoice), quoted(reason)))
        }
        InvoiceEvent::InvoiceCredited { credit_note_id, .. } => {
            let note = names.invoice(credit_note_id.0);
            Told::plain(format!("{} was credited by {note}.", capital(&invoice)))
        }
    }
}

fn with_variances(told: Told, outcome: Option<&Outcome>) -> Told {
    let variances = outcome.into_iter().flat_map(|outcome| &outcome.variances);
    variances.fold(told, |told, variance| {
        let what = match &variance.invoice_line {
            Some(line) => format!("line {line}: {}", spoken(&variance.class)),
            None => spoken(&variance.class),
        };
        let actual = variance.actual.clone().unwrap_or_else(|| documents::amount(variance.value_minor));
        told.with(what, variance.expected.clone(), actual)
    })
}

/// In the document's own currency, which may be none that Iris trades in.
fn payable(facts: &InvoiceFacts) -> String {
    let currency = facts.currency.as_deref().unwrap_or_default();
    format!("{}\u{a0}{currency}", documents::amount(facts.payable_minor)).trim_end().to_owned()
}

fn side(party: Party) -> &'static str {
    match party {
        Party::Restaurant => "for the restaurant",
        Party::Supplier => "for the supplier",
        Party::Admin => "as an administrator",
    }
}

fn capital(text: &str) -> String {
    let mut signs = text.chars();
    signs.next().map_or_else(String::new, |first| first.to_uppercase().collect::<String>() + signs.as_str())
}
