//! The words in which the seller is answered.

use super::{Outcome, Verdict, variance::Class};

/// Status of an Invoice Response.
///
/// # Source
/// Peppol BIS Invoice Response 3, code list UNCL4343-T111.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// AP: accepted.
    Accepted,
    /// UQ: under query.
    UnderQuery,
    /// IP: in process.
    InProcess,
}

impl Status {
    /// As it goes over the wire.
    pub fn code(self) -> &'static str {
        match self {
            Self::Accepted => "AP",
            Self::UnderQuery => "UQ",
            Self::InProcess => "IP",
        }
    }
}

/// Why an invoice is not simply accepted.
///
/// # Source
/// Peppol code list `OPStatusReason`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// REF: references incorrect.
    References,
    /// LEG: legal information incorrect.
    Legal,
    /// DEL: delivery issues.
    Delivery,
    /// PRI: prices incorrect.
    Prices,
    /// QTY: quantity incorrect.
    Quantity,
    /// ITM: items incorrect.
    Items,
    /// PAY: payment terms incorrect.
    Payment,
    /// UNR: not recognised.
    NotRecognised,
    /// OTH: other.
    Other,
}

impl Reason {
    /// The reason for a variance of this class.
    pub fn of(class: Class) -> Self {
        match class {
            Class::PriceOver
            | Class::PriceUnder
            | Class::MissingDiscount
            | Class::UnplannedCharge
            | Class::UnplannedAllowance
            | Class::CurrencyMismatch => Self::Prices,
            Class::QuantityOverReceived
            | Class::QuantityOverOrdered
            | Class::UnitMismatch
            | Class::CreditOverInvoiced => Self::Quantity,
            Class::InvoicedBeforeReceipt => Self::Delivery,
            Class::UnmatchedLine | Class::AmbiguousLink => Self::Items,
            Class::VatRate | Class::VatAmount => Self::Legal,
            Class::OrderReference | Class::UnlinkedCredit | Class::Duplicate => Self::References,
            Class::UnknownSeller => Self::NotRecognised,
            Class::UnknownAccount => Self::Payment,
            Class::Arithmetic | Class::LowConfidence => Self::Other,
        }
    }

    /// As it goes over the wire.
    pub fn code(self) -> &'static str {
        match self {
            Self::References => "REF",
            Self::Legal => "LEG",
            Self::Delivery => "DEL",
            Self::Prices => "PRI",
            Self::Quantity => "QTY",
            Self::Items => "ITM",
            Self::Payment => "PAY",
            Self::NotRecognised => "UNR",
            Self::Other => "OTH",
        }
    }
}

impl Outcome {
    /// What the seller is told at once. Rejecting is a person's decision.
    pub fn status(&self) -> Status {
        match self.verdict {
            Verdict::Matched | Verdict::MatchedWithVariance => Status::Accepted,
            Verdict::Mismatch => Status::UnderQuery,
            Verdict::Review => Status::InProcess,
        }
    }
}
