//! An invoice beside the order that it was held against: pure.

use std::collections::{BTreeMap, BTreeSet};

use events::{
    billing::{Billed, Billing},
    fold::Folded,
    invoice::{Invoice, InvoicePage, InvoiceStatus},
    order::Order,
    resource::{OrderLineResource, OrderResource},
    values::{InvoiceId, LineId, OrderId, Quantity, decimal},
};
use invoicing::{
    invoice::{Kind, Line, Totals},
    matching::{Link, Method, Variance, Verdict},
};
use serde::Serialize;
use utoipa::ToSchema;

/// Why an invoice stands where it does: what it says, line by line, beside what was ordered, received and
/// invoiced by others.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct InvoiceComparison {
    /// The invoice.
    id: InvoiceId,
    /// How far it has come.
    status: InvoiceStatus,
    /// Invoice or credit note.
    kind: Kind,
    /// The order that it was held against; null while none was found.
    order_id: Option<OrderId>,
    /// ISO 4217, of all amounts.
    currency: Option<String>,
    /// What the comparison says; null where there was none.
    verdict: Option<Verdict>,
    /// The version of the tolerances that decided.
    policy_version: Option<u32>,
    /// What should have been invoiced, without VAT.
    expected_net_cents: Option<i64>,
    /// Pages as pictures, which evidence lies over.
    pages: Vec<InvoicePage>,
    /// The document's sums, with where they stand on the pages.
    totals: Totals,
    /// The invoice's lines, in its order.
    lines: Vec<ComparedLine>,
    /// Lines of the order that none of these answers to, in the order's order.
    not_invoiced: Vec<OrderedAndBilled>,
    /// What differs in the document as a whole, or in lines of credit notes to it.
    variances: Vec<Variance>,
    /// Of the invoice.
    revision: i64,
}

/// A line of an invoice, and what it was held against.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct ComparedLine {
    /// As read, each field with its source, confidence (thousandths) and place on a page (hundredths of a point).
    line: Line,
    /// How the two lines found each other; null where they did not.
    method: Option<Method>,
    /// The line of the order.
    ordered: Option<OrderedAndBilled>,
    /// What differs in it.
    variances: Vec<Variance>,
    /// A person has named it in a dispute.
    is_disputed: bool,
}

/// A line of an order, and what others than this invoice and its credit notes have billed of it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct OrderedAndBilled {
    #[serde(flatten)]
    ordered: OrderLineResource,
    /// By other invoices.
    #[serde(with = "decimal")]
    #[schema(value_type = String, example = "0")]
    invoiced_by_others_qty: Quantity,
    /// By other credit notes.
    #[serde(with = "decimal")]
    #[schema(value_type = String, example = "0")]
    credited_by_others_qty: Quantity,
}

impl InvoiceComparison {
    /// `order` is the one of the invoice's trade, with its ledger; absent where none was found.
    pub(super) fn of(
        id: InvoiceId,
        folded: &Folded<Invoice>,
        order: Option<(&Folded<Order>, &Billing)>,
    ) -> Self {
        let invoice = &folded.state;
        let reading = invoice.reading.as_deref().cloned().unwrap_or_default();
        let outcome = invoice.outcome.as_deref();
        let order_id = invoice.trade.map(|trade| trade.order_id);
        let mut open = ordered_lines(id, invoice, order_id.zip(order));
        let pairs = outcome.map_or(&[][..], |outcome| &outcome.links);
        let all = outcome.map_or(&[][..], |outcome| &outcome.variances);
        let document = reading.document;
        let known: BTreeSet<&str> = document.lines.iter().map(|line| line.id.as_str()).collect();
        let is_of_line =
            |variance: &&Variance| variance.invoice_line.as_deref().is_some_and(|line| known.contains(line));
        let variances = all.iter().filter(|variance| !is_of_line(variance)).cloned().collect();
        let lines = document.lines.iter().map(|line| compared(line, pairs, all, invoice, &open)).collect();
        for pair in pairs.iter().filter(|pair| known.contains(pair.invoice_line.as_str())) {
            open.retain(|(line_id, _)| line_id.to_string() != pair.order_line);
        }
        Self {
            id,
            status: invoice.status,
            kind: document.kind,
            order_id,
            currency: document.currency.map(|currency| currency.value),
            verdict: outcome.map(|outcome| outcome.verdict),
            policy_version: outcome.map(|outcome| outcome.policy_version),
            expected_net_cents: outcome.map(|outcome| outcome.expected_net_minor),
            pages: reading.pages,
            totals: document.totals,
            lines,
            not_invoiced: open.into_iter().map(|(_, line)| line).collect(),
            variances,
            revision: folded.revision,
        }
    }
}

fn compared(
    line: &Line,
    pairs: &[Link],
    variances: &[Variance],
    invoice: &Invoice,
    order: &[(LineId, OrderedAndBilled)],
) -> ComparedLine {
    // Those of the invoice itself come before those of credit notes to it, whose lines may bear the same ids.
    let pair = pairs.iter().find(|pair| pair.invoice_line == line.id);
    let ordered = pair.and_then(|pair| order.iter().find(|(id, _)| id.to_string() == pair.order_line));
    let own = variances.iter().filter(|variance| variance.invoice_line.as_ref() == Some(&line.id));
    ComparedLine {
        line: line.clone(),
        method: pair.map(|pair| pair.method),
        ordered: ordered.map(|(_, ordered)| ordered.clone()),
        variances: own.cloned().collect(),
        is_disputed: invoice.disputed_lines.contains(&line.id),
    }
}

/// What others have billed is what the ledger holds now, so that it is seen who came first and who came later.
fn ordered_lines(
    id: InvoiceId,
    invoice: &Invoice,
    order: Option<(OrderId, (&Folded<Order>, &Billing))>,
) -> Vec<(LineId, OrderedAndBilled)> {
    let Some((order_id, (order, billing))) = order else { return Vec::new() };
    let own: Vec<InvoiceId> = invoice.credit_notes.iter().copied().chain([id]).collect();
    let billed: BTreeMap<LineId, Billed> = billing.billed_without(&own);
    let lines = OrderResource::of(order_id, order).lines.into_iter().map(|ordered| {
        let billed = billed.get(&ordered.line_id).copied().unwrap_or_default();
        let line_id = ordered.line_id;
        let line = OrderedAndBilled {
            ordered,
            invoiced_by_others_qty: billed.invoiced,
            credited_by_others_qty: billed.credited,
        };
        (line_id, line)
    });
    lines.collect()
}
