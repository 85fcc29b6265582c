//! An invoice against what was ordered, received and invoiced before.

mod charges;
mod documents;
mod ledger;
mod line_variances;
mod links;
mod names;
mod order;
mod policy;
mod response;
mod tally;
#[cfg(test)]
mod tests;
mod variance;

pub use ledger::{Billed, Ledger};
pub(crate) use links::fold;
pub use links::{Link, Method};
pub use names::similarity;
pub use order::{ExpectedVat, KnownSeller, Order, OrderLine, PlannedCharge};
pub use policy::{Policy, Receipts};
pub use response::{Reason, Status};
pub use variance::{Class, Effect, Variance};

use crate::invoice::Invoice;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What is to be done with the invoice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = MatchVerdict)]
pub enum Verdict {
    /// To the öre as expected.
    Matched,
    /// Inside the policy; what differs is in the variances.
    MatchedWithVariance,
    /// Nothing is known to be wrong, but a link or a value is not sure: a person looks at it.
    Review,
    /// Something is wrong.
    Mismatch,
}

impl Verdict {
    /// Whether it goes on without a person.
    pub fn is_automatic(self) -> bool {
        matches!(self, Self::Matched | Self::MatchedWithVariance)
    }
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = MatchOutcome)]
pub struct Outcome {
    /// What is to be done.
    pub verdict: Verdict,
    /// Which line of the invoice answers to which order line, in its order; the credit notes' own are not here.
    pub links: Vec<Link>,
    /// Everything that differs, in the order of the lines, the document last.
    pub variances: Vec<Variance>,
    /// Without VAT, what should have been invoiced, in minor units. With the variances' net values it
    /// adds up to what was.
    pub expected_net_minor: i64,
    /// The version of the policy that decided.
    pub policy_version: u32,
}

/// Holds one invoice against its order.
///
/// Pure and deterministic: the order of lines in either document changes nothing but the order of the
/// answer.
pub fn reconcile(invoice: &Invoice, order: &Order, ledger: &Ledger, policy: &Policy) -> Outcome {
    reconcile_with_credits(invoice, &[], order, ledger, policy)
}

/// Holds an invoice, together with the credit notes to it, against its order: what a credit takes back
/// was as if it had never been invoiced.
pub fn reconcile_with_credits(
    invoice: &Invoice,
    credits: &[Invoice],
    order: &Order,
    ledger: &Ledger,
    policy: &Policy,
) -> Outcome {
    let documents: Vec<&Invoice> = std::iter::once(invoice).chain(credits).collect();
    let mut variances = documents::check(&documents, order, policy);
    let linked: Vec<links::Linked> = documents.iter().map(|document| links::link(document, order)).collect();
    let tally = tally::Tally::of(&documents, &linked, order);

    let mut expected_net_minor = 0_i64;
    for billed in &tally.lines {
        let compared = line_variances::compare(billed, order, ledger, policy);
        expected_net_minor = expected_net_minor.saturating_add(compared.expected_net_minor);
        variances.extend(compared.variances);
    }
    let (charged, planned_minor) = charges::compare(&documents, &tally, order, policy);
    expected_net_minor = expected_net_minor.saturating_add(planned_minor);
    variances.extend(charged);

    Outcome {
        verdict: verdict(&variances),
        links: linked.into_iter().next().map(|invoice| invoice.links).unwrap_or_default(),
        variances,
        expected_net_minor,
        policy_version: policy.version,
    }
}

impl Outcome {
    /// Of an invoice that has probably come before: it is held, and nothing else about it is said.
    pub fn of_duplicate(invoice: &Invoice, earlier_number: &str, policy: &Policy) -> Self {
        let payable_minor = invoice.totals.payable_minor.as_ref().map_or(0, |payable| payable.value);
        let variance = Variance {
            expected: Some(earlier_number.to_owned()),
            actual: invoice.number.as_ref().map(|number| number.value.clone()),
            value_minor: payable_minor,
            ..Variance::of_document(Class::Duplicate, Effect::Doubts)
        };
        Self {
            verdict: Verdict::Review,
            links: Vec::new(),
            variances: vec![variance],
            expected_net_minor: 0,
            policy_version: policy.version,
        }
    }
}

fn verdict(variances: &[Variance]) -> Verdict {
    let has = |effect| variances.iter().any(|variance| variance.effect == effect);
    if has(Effect::Blocks) {
        return Verdict::Mismatch;
    }
    if has(Effect::Doubts) {
        return Verdict::Review;
    }
    if has(Effect::Noted) { Verdict::MatchedWithVariance } else { Verdict::Matched }
}
