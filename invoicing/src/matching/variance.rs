//! What differs between an invoice and what was expected.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::response::Reason;

/// The kind of a difference.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = VarianceClass)]
pub enum Class {
    /// The price is above the agreed one.
    PriceOver,
    /// The price is below the agreed one.
    PriceUnder,
    /// The agreed discount is not on the line.
    MissingDiscount,
    /// More is invoiced than was received and not invoiced yet.
    QuantityOverReceived,
    /// More is invoiced than was ordered.
    QuantityOverOrdered,
    /// Nothing of the order has been received.
    InvoicedBeforeReceipt,
    /// More is credited than was invoiced.
    CreditOverInvoiced,
    /// The line answers to nothing that was ordered.
    UnmatchedLine,
    /// Several order lines could be meant.
    AmbiguousLink,
    /// A charge that nobody agreed to.
    UnplannedCharge,
    /// A reduction that nobody expected.
    UnplannedAllowance,
    /// The VAT rate is not the one of these goods on that day.
    VatRate,
    /// The VAT is not what base and rate come to.
    VatAmount,
    /// Another unit than ordered.
    UnitMismatch,
    /// Another currency than ordered.
    CurrencyMismatch,
    /// The document does not add up.
    Arithmetic,
    /// The document refers to another order.
    OrderReference,
    /// The credit note does not refer to this invoice.
    UnlinkedCredit,
    /// The seller is not the one that the order went to.
    UnknownSeller,
    /// Money is to go to an account that was never confirmed for this seller.
    UnknownAccount,
    /// The invoice has probably come before.
    Duplicate,
    /// A value read from a page is not sure.
    LowConfidence,
}

/// What a difference does to the verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = VarianceEffect)]
pub enum Effect {
    /// Inside the policy, or in the buyer's favour.
    Noted,
    /// Not known to be wrong; a person decides.
    Doubts,
    /// Wrong.
    Blocks,
}

/// One difference.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Variance {
    /// The line of the invoice; `None` when the document is meant.
    pub invoice_line: Option<String>,
    /// The line of the order, where one is linked.
    pub order_line: Option<String>,
    /// Its kind.
    pub class: Class,
    /// What it does to the verdict.
    pub effect: Effect,
    /// What should be: a decimal without trailing zeros, or a word.
    pub expected: Option<String>,
    /// What is.
    pub actual: Option<String>,
    /// What it comes to, in minor units; above zero is at the buyer's cost.
    pub value_minor: i64,
    /// Whether `value_minor` counts towards the invoice's net. VAT and doubts do not.
    pub counts_in_net: bool,
    /// In the document's words, where it has some.
    pub reason: Option<String>,
}

impl Variance {
    /// A variance of the document that has no part in its net.
    pub(super) fn of_document(class: Class, effect: Effect) -> Self {
        Self {
            invoice_line: None,
            order_line: None,
            class,
            effect,
            expected: None,
            actual: None,
            value_minor: 0,
            counts_in_net: false,
            reason: None,
        }
    }

    /// What to answer the seller with.
    pub fn reason_code(&self) -> Reason {
        Reason::of(self.class)
    }
}

/// A decimal as documents and people write it, with no trailing zeros.
pub(super) fn plain(value: Decimal) -> String {
    value.normalize().to_string()
}
