//! What has come and what has been invoiced, by order line.

use std::collections::BTreeMap;

use super::links::Link;
use crate::{
    invoice::{Invoice, Kind},
    money,
};

/// Totals of one order line before the invoice at hand, in thousandths.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Billed {
    /// Received and accepted.
    pub received_thousandths: i64,
    /// Invoiced by others.
    pub invoiced_thousandths: i64,
    /// Credited by others.
    pub credited_thousandths: i64,
}

impl Billed {
    /// What has been invoiced and not been taken back.
    pub fn billed_thousandths(&self) -> i64 {
        self.invoiced_thousandths - self.credited_thousandths
    }
}

/// The ledger of one order. A line that is not in it has seen nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ledger {
    lines: BTreeMap<String, Billed>,
}

impl Ledger {
    /// The totals of one line, to change them.
    pub fn line_mut(&mut self, order_line: &str) -> &mut Billed {
        self.lines.entry(order_line.to_owned()).or_default()
    }

    /// The totals of one line.
    pub fn line(&self, order_line: &str) -> Billed {
        self.lines.get(order_line).copied().unwrap_or_default()
    }

    /// Counts what an invoice was linked to as invoiced; a credit note's as credited.
    pub fn bill(&mut self, invoice: &Invoice, links: &[Link]) {
        for link in links {
            let Some(line) = invoice.lines.iter().find(|line| line.id == link.invoice_line) else { continue };
            let thousandths = money::thousandths(line.quantity.value).unwrap_or(i64::MAX);
            let billed = self.line_mut(&link.order_line);
            let total = match invoice.kind {
                Kind::Invoice => &mut billed.invoiced_thousandths,
                Kind::CreditNote => &mut billed.credited_thousandths,
            };
            *total = total.saturating_add(thousandths);
        }
    }

    /// Whether anything of the order has come.
    pub fn has_receipt(&self) -> bool {
        self.lines.values().any(|line| line.received_thousandths > 0)
    }
}
