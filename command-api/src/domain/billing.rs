//! An order's ledger. How much may be claimed is what matching decides; here it is only written down.

use events::{
    billing::{BilledLine, Billing, BillingEvent},
    values::InvoiceId,
};
use invoicing::invoice::Kind;

use super::{Decide, refusal::Refusal};

/// What can be asked of an order's ledger.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "each is documented at the event that it leads to")]
pub enum BillingCommand {
    Bill { invoice_id: InvoiceId, kind: Kind, lines: Vec<BilledLine> },
    Release { invoice_id: InvoiceId },
    AwaitReceipt { invoice_id: InvoiceId },
    StopAwaiting { invoice_id: InvoiceId },
}

impl Decide for Billing {
    type Command = BillingCommand;

    fn decide(&self, command: BillingCommand) -> Result<Vec<BillingEvent>, Refusal> {
        use BillingCommand as C;
        Ok(match command {
            C::Bill { invoice_id, kind, lines } => {
                let is_known = |bill: &events::billing::Bill| {
                    bill.invoice_id == invoice_id && bill.kind == kind && bill.lines == lines
                };
                if self.bills.iter().any(is_known) {
                    return Ok(vec![]);
                }
                vec![BillingEvent::OrderBilled { invoice_id, kind, lines }]
            }
            C::Release { invoice_id } if self.has_billed(invoice_id) => {
                vec![BillingEvent::BillingReleased { invoice_id }]
            }
            C::AwaitReceipt { invoice_id } if !self.waiting.contains(&invoice_id) => {
                vec![BillingEvent::ReceiptAwaited { invoice_id }]
            }
            C::StopAwaiting { invoice_id } if self.waiting.contains(&invoice_id) => {
                vec![BillingEvent::ReceiptNoLongerAwaited { invoice_id }]
            }
            C::Release { .. } | C::AwaitReceipt { .. } | C::StopAwaiting { .. } => vec![],
        })
    }
}
