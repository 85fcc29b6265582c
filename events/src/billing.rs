//! What of an order has been invoiced: the ledger that two invoices cannot both draw from.
//!
//! A stream per order, under the order's id. Deciding reads it with everything else that a match rests on, and the
//! append holds only if nobody wrote it meanwhile: so what was received is claimed once, whoever races for it.

use std::collections::BTreeMap;

use invoicing::invoice::Kind;
use serde::{Deserialize, Serialize};

use crate::{
    envelope::StreamKind,
    fold::Fold,
    values::{InvoiceId, LineId, Quantity},
};

/// What one invoice claims of one order line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BilledLine {
    /// Which line.
    pub line_id: LineId,
    /// How much; for a credit note, how much it gives back.
    pub quantity: Quantity,
}

/// What happens to an order's ledger.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum BillingEvent {
    /// A matched invoice claims what was received, or a credit note gives it back.
    OrderBilled {
        /// Which.
        invoice_id: InvoiceId,
        /// Which way.
        kind: Kind,
        /// Its lines; a line may stand there several times.
        lines: Vec<BilledLine>,
    },
    /// An invoice that was matched is so no longer: what it claimed is free.
    BillingReleased {
        /// Which.
        invoice_id: InvoiceId,
    },
    /// An invoice waits for the restaurant to say what it received.
    ReceiptAwaited {
        /// Which.
        invoice_id: InvoiceId,
    },
    /// An invoice waits for that no longer.
    ReceiptNoLongerAwaited {
        /// Which.
        invoice_id: InvoiceId,
    },
}

/// What one invoice claims.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bill {
    /// Which invoice or credit note.
    pub invoice_id: InvoiceId,
    /// Which way.
    pub kind: Kind,
    /// Its lines.
    pub lines: Vec<BilledLine>,
}

/// An order's ledger as its events leave it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Billing {
    /// In the order in which they were matched; unique by invoice.
    pub bills: Vec<Bill>,
    /// Invoices that wait for a receipt, in the order in which they came.
    pub waiting: Vec<InvoiceId>,
}

/// What was invoiced and credited of one line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Billed {
    /// By invoices.
    pub invoiced: Quantity,
    /// By credit notes.
    pub credited: Quantity,
}

impl Billing {
    /// What all but these have claimed, by line.
    pub fn billed_without(&self, without: &[InvoiceId]) -> BTreeMap<LineId, Billed> {
        let mut billed: BTreeMap<LineId, Billed> = BTreeMap::new();
        for bill in self.bills.iter().filter(|bill| !without.contains(&bill.invoice_id)) {
            for line in &bill.lines {
                let totals = billed.entry(line.line_id).or_default();
                match bill.kind {
                    Kind::Invoice => totals.invoiced = totals.invoiced + line.quantity,
                    Kind::CreditNote => totals.credited = totals.credited + line.quantity,
                }
            }
        }
        billed
    }

    /// Whether that invoice has claimed anything.
    pub fn has_billed(&self, invoice_id: InvoiceId) -> bool {
        self.bills.iter().any(|bill| bill.invoice_id == invoice_id)
    }
}

impl Fold for Billing {
    type Event = BillingEvent;
    const KIND: StreamKind = StreamKind::Billing;

    fn apply(&mut self, event: &BillingEvent) {
        match event {
            BillingEvent::OrderBilled { invoice_id, kind, lines } => {
                self.bills.retain(|bill| bill.invoice_id != *invoice_id);
                self.bills.push(Bill { invoice_id: *invoice_id, kind: *kind, lines: lines.clone() });
            }
            BillingEvent::BillingReleased { invoice_id } => {
                self.bills.retain(|bill| bill.invoice_id != *invoice_id);
            }
            BillingEvent::ReceiptAwaited { invoice_id } => self.waiting.push(*invoice_id),
            BillingEvent::ReceiptNoLongerAwaited { invoice_id } => {
                self.waiting.retain(|waiting| waiting != invoice_id);
            }
        }
    }
}

impl cqrs_es::DomainEvent for BillingEvent {
    fn event_type(&self) -> String {
        match self {
            Self::OrderBilled { .. } => "OrderBilled",
            Self::BillingReleased { .. } => "BillingReleased",
            Self::ReceiptAwaited { .. } => "ReceiptAwaited",
            Self::ReceiptNoLongerAwaited { .. } => "ReceiptNoLongerAwaited",
        }
        .to_owned()
    }

    fn event_version(&self) -> String {
        "1".to_owned()
    }
}
