//! Invoices as clients see them.

use chrono::{DateTime, NaiveDate, Utc};
use invoicing::{
    hybrid::Difference,
    invoice::Kind,
    matching::{Link, Variance, Verdict},
    page::gate::Doubt,
    rules::Finding,
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    fold::Folded,
    invoice::{
        Acceptance, HoldReason, Invoice, InvoiceAnswer, InvoiceFile, InvoicePage, InvoiceStatus, Reading,
    },
    order::Party,
    trade_relation::{MatchingTerms, TradeRelation},
    values::{AccountId, InvoiceId, OrderId, RestaurantId, SupplierId},
};

/// What lists show of an invoice or credit note.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct InvoiceSummary {
    /// The invoice.
    pub id: InvoiceId,
    /// How far it has come.
    pub status: InvoiceStatus,
    /// Invoice or credit note; a credit note's amounts are positive and count against invoices.
    pub kind: Kind,
    /// Who sells, as far as is known.
    pub supplier_id: Option<SupplierId>,
    /// Who buys, as far as is known.
    pub restaurant_id: Option<RestaurantId>,
    /// What it is for, once an order was found.
    pub order_id: Option<OrderId>,
    /// The supplier's number for it.
    pub number: Option<String>,
    /// When it was issued.
    pub issue_date: Option<NaiveDate>,
    /// When it is to be paid.
    pub due_date: Option<NaiveDate>,
    /// ISO 4217, of all amounts.
    pub currency: Option<String>,
    /// Without VAT.
    pub net_cents: Option<i64>,
    /// VAT.
    pub tax_cents: Option<i64>,
    /// To pay.
    pub payable_cents: Option<i64>,
    /// Why it waits; empty where it does not.
    pub held_for: Vec<HoldReason>,
    /// The invoice that it is once more.
    pub duplicate_of: Option<InvoiceId>,
    /// When its file came.
    pub received_at: DateTime<Utc>,
    /// When it was last matched, disputed or rejected.
    pub decided_at: Option<DateTime<Utc>>,
    /// How many events it has; the `ETag`.
    pub revision: i64,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

/// An invoice or credit note, with what was read of it and how it compares with what was ordered and received.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct InvoiceResource {
    #[serde(flatten)]
    #[expect(missing_docs, reason = "its fields are this one's")]
    pub summary: InvoiceSummary,
    /// The file, kept as it came.
    pub file: InvoiceFile,
    /// Who sent it.
    pub received_by: Option<AccountId>,
    /// What was read, each field with its source, confidence (thousandths) and place on a page (hundredths of a
    /// point).
    pub document: Option<invoicing::Invoice>,
    /// Pages as pictures: `GET /invoices/{id}/pages/{number}.png`.
    pub pages: Vec<InvoicePage>,
    /// Rules that it breaks: EN 16931, Peppol, SE-R.
    pub findings: Vec<Finding>,
    /// What speaks against the reading of a page.
    pub doubts: Vec<Doubt>,
    /// What the page of a PDF says otherwise than the XML in it.
    pub differences: Vec<Difference>,
    /// What of the file was not read, in words.
    pub note: Option<String>,
    /// Fields that a person has corrected.
    pub corrected: Vec<String>,
    /// How it compares with what was ordered and received.
    pub matching: Option<InvoiceMatching>,
    /// What the seller is answered.
    pub answer: Option<InvoiceAnswer>,
    /// Who let pass what differs.
    pub accepted: Option<Acceptance>,
    /// What a person says is wrong.
    pub dispute: Option<InvoiceDispute>,
    /// Why it was rejected.
    pub rejection: Option<InvoiceNotice>,
    /// Credit notes to it that were matched.
    pub credit_notes: Vec<InvoiceId>,
    /// What the sender should know: `duplicate_file`, `duplicate_number`.
    pub notices: Vec<InvoiceNotice>,
    /// How far its reading is; only while pages are read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub progress: Option<ReadingProgress>,
}

/// How far the reading of an invoice is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct ReadingProgress {
    /// What is being done: `waiting`, `text`, `drawing`, `reading`.
    #[schema(example = "reading")]
    pub stage: String,
    /// Of the whole, from 0 to 100.
    pub percent: i32,
}

/// How an invoice compares with its order.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct InvoiceMatching {
    /// What the comparison says.
    pub verdict: Verdict,
    /// Which line of the invoice answers to which of the order.
    pub links: Vec<Link>,
    /// Everything that differs.
    pub variances: Vec<Variance>,
    /// What should have been invoiced, without VAT.
    pub expected_net_cents: i64,
    /// The version of the tolerances that decided.
    pub policy_version: u32,
}

/// What a person says is wrong with an invoice.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct InvoiceDispute {
    /// For which side; absent where the comparison found it.
    pub by: Option<Party>,
    /// In that person's words.
    pub reason: Option<String>,
    /// Lines of the invoice that are meant; none for the whole.
    pub lines: Vec<String>,
}

/// Something to know about an invoice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct InvoiceNotice {
    /// For programs.
    pub code: String,
    /// For people.
    pub message: String,
}

impl InvoiceSummary {
    /// Of the state.
    pub fn of(id: InvoiceId, folded: &Folded<Invoice>) -> Self {
        let invoice = &folded.state;
        let document = invoice.document();
        let amount = |of: fn(&invoicing::Invoice) -> &Option<invoicing::invoice::Field<i64>>| {
            document.and_then(|document| of(document).as_ref()).map(|amount| amount.value)
        };
        Self {
            id,
            status: invoice.status,
            kind: document.map(|document| document.kind).unwrap_or_default(),
            supplier_id: invoice.supplier_id(),
            restaurant_id: invoice.restaurant_id(),
            order_id: invoice.order_id(),
            number: document.and_then(|document| document.number.as_ref()).map(|number| number.value.clone()),
            issue_date: document.and_then(|document| document.issue_date.as_ref()).map(|date| date.value),
            due_date: document.and_then(|document| document.due_date.as_ref()).map(|date| date.value),
            currency: document
                .and_then(|document| document.currency.as_ref())
                .map(|currency| currency.value.clone()),
            net_cents: amount(|document| &document.totals.net_minor),
            tax_cents: amount(|document| &document.totals.vat_minor),
            payable_cents: amount(|document| &document.totals.payable_minor),
            held_for: invoice.held_for.clone(),
            duplicate_of: invoice.duplicate_of,
            received_at: invoice.received_at,
            decided_at: invoice.decided_at,
            revision: folded.revision,
            updated_at: folded.updated_at,
        }
    }
}

impl InvoiceResource {
    /// Of the state.
    pub fn of(id: InvoiceId, folded: &Folded<Invoice>) -> Self {
        let invoice = &folded.state;
        let is_read = invoice.reading.is_some();
        let reading = invoice.reading.as_deref().cloned().unwrap_or_default();
        let Reading { document, pages, findings, doubts, differences, note, .. } = reading;
        let is_disputed = invoice.status == InvoiceStatus::Disputed;
        Self {
            summary: InvoiceSummary::of(id, folded),
            file: invoice.file.clone(),
            received_by: invoice.received_by,
            document: is_read.then_some(document),
            pages,
            findings,
            doubts,
            differences,
            note,
            corrected: invoice.corrected.clone(),
            matching: invoice.outcome.as_deref().map(|outcome| InvoiceMatching {
                verdict: outcome.verdict,
                links: outcome.links.clone(),
                variances: outcome.variances.clone(),
                expected_net_cents: outcome.expected_net_minor,
                policy_version: outcome.policy_version,
            }),
            answer: invoice.answer.clone(),
            accepted: invoice.accepted.clone(),
            dispute: is_disputed.then(|| InvoiceDispute {
                by: invoice.disputed_by,
                reason: invoice.dispute_reason.clone(),
                lines: invoice.disputed_lines.clone(),
            }),
            rejection: invoice.rejection.clone().map(|(code, message)| InvoiceNotice { code, message }),
            credit_notes: invoice.credit_notes.clone(),
            notices: Vec::new(),
            progress: None,
        }
    }
}

/// How far invoices of a supplier may be from a restaurant's orders without a person looking.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct MatchingTermsResource {
    /// Who buys.
    pub restaurant_id: RestaurantId,
    /// Who sells.
    pub supplier_id: SupplierId,
    #[serde(flatten)]
    #[expect(missing_docs, reason = "its fields are this one's")]
    pub terms: MatchingTerms,
    /// How often they were set: stands in every comparison as `policy_version`, 0 for the defaults.
    pub version: u32,
    /// The supplier's article numbers on invoices that a person has said the product of.
    pub aliases: Vec<String>,
    /// Accounts of the supplier that a person has confirmed.
    pub accounts: Vec<String>,
    /// How many events the relation has; the `ETag`.
    pub revision: i64,
}

impl MatchingTermsResource {
    /// Of the state.
    pub fn of(restaurant_id: RestaurantId, supplier_id: SupplierId, folded: &Folded<TradeRelation>) -> Self {
        let relation = &folded.state;
        Self {
            restaurant_id,
            supplier_id,
            terms: relation.terms.clone(),
            version: relation.terms_version,
            aliases: relation.aliases.keys().cloned().collect(),
            accounts: relation.accounts.iter().cloned().collect(),
            revision: folded.revision,
        }
    }
}
