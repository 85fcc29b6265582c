//! Holding an invoice against its order once more.

use events::{
    invoice::InvoiceStatus,
    order::Order,
    resource::InvoiceResource,
    values::{InvoiceId, OrderId},
};

use super::{
    Transitions,
    judge::{Wish, judge},
    participants::decidable,
    record::record,
};
use crate::domain::{Answer, Command, Stop, Unit, access};

/// Holds it against its order, or the one that is named. Members of the restaurant and ADMIN; whoever sent it while
/// nobody knows whose it is.
#[derive(Clone, Debug)]
pub struct MatchInvoice {
    /// Which.
    pub invoice_id: InvoiceId,
    /// What it is for, if that is to be said.
    pub order_id: Option<OrderId>,
    /// Orders that it could be for, should nobody say.
    pub candidates: Vec<OrderId>,
}

impl Command for MatchInvoice {
    fn operation(&self) -> &'static str {
        "match_invoice"
    }

    fn decide(&self, unit: &mut Unit<'_>) -> Result<Answer, Stop> {
        let id = self.invoice_id;
        let (invoice, _) = decidable(unit, id)?;
        unit.match_revision(invoice.revision)?;
        if !is_open(invoice.state.status) {
            return Err(invoice.state.not_possible("match").into());
        }
        if let Some(order_id) = self.order_id {
            let order = unit.existing::<Order>("order", order_id)?;
            access::sides_of(unit, order_id, &order.state)?;
        }
        let wish = Wish { order_id: self.order_id, candidates: self.candidates.clone() };
        let judgement = judge(unit, id, &invoice.state, &wish)?;
        let settled = record(unit, id, judgement)?;
        Ok(Answer::ok(&InvoiceResource::of(id, &settled), settled.revision))
    }
}

/// Read, and not decided for good.
pub(super) fn is_open(status: InvoiceStatus) -> bool {
    matches!(status, InvoiceStatus::Extracted | InvoiceStatus::Unmatched | InvoiceStatus::Disputed)
}
