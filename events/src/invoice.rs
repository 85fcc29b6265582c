//! Invoices that were sent to a restaurant: from the file, through what was read of it, to what was decided.
//!
//! What was read and how it was matched is recorded as the engine said it ([`invoicing`]), so that a decision can
//! be looked at for as long as the log is kept, whatever later versions of the engine would say.

mod facts;

use chrono::{DateTime, Utc};
use invoicing::{
    hybrid::Difference,
    matching::{Outcome, Reason, Status},
    page::gate::Doubt,
    rules::Finding,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub use facts::{ChargeFacts, InvoiceFacts, LineFacts, PaymentFacts, PricedLines, VatFacts};

use crate::{
    envelope::StreamKind,
    fold::Fold,
    order::Party,
    values::{AccountId, InvoiceId, OrderId, RestaurantId, SupplierId, UnknownName},
};

/// How far an invoice has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum InvoiceStatus {
    /// The file is kept; nothing has been read yet.
    #[default]
    Received,
    /// It was read, and something about it is not sure: a person looks at it.
    Extracted,
    /// It was read, but there is no order yet that it could be held against, or nothing of it was received.
    Unmatched,
    /// To the öre as expected.
    Matched,
    /// What differs is inside the policy, or was accepted by a person.
    MatchedWithVariance,
    /// Something is wrong, and the supplier is asked about it.
    Disputed,
    /// It is no invoice that could be paid: unreadable, against the rules, or one that came before.
    Rejected,
}

impl InvoiceStatus {
    /// Every status, in the order in which an invoice passes them.
    pub const ALL: [Self; 7] = [
        Self::Received,
        Self::Extracted,
        Self::Unmatched,
        Self::Matched,
        Self::MatchedWithVariance,
        Self::Disputed,
        Self::Rejected,
    ];

    /// As clients see it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Received => "received",
            Self::Extracted => "extracted",
            Self::Unmatched => "unmatched",
            Self::Matched => "matched",
            Self::MatchedWithVariance => "matched_with_variance",
            Self::Disputed => "disputed",
            Self::Rejected => "rejected",
        }
    }

    /// What a match leaves it as: nothing differs, or nothing that was not let pass.
    pub fn of_match(outcome: &Outcome, accepted: Option<&Acceptance>) -> Self {
        let is_exact = accepted.is_none() && outcome.verdict == invoicing::matching::Verdict::Matched;
        if is_exact { Self::Matched } else { Self::MatchedWithVariance }
    }

    /// What waiting for all of these leaves it as: a person comes first.
    pub fn of_hold(reasons: &[HoldReason]) -> Self {
        let statuses = reasons.iter().map(|reason| reason.status());
        statuses.min_by_key(|status| *status as u8).unwrap_or(Self::Unmatched)
    }

    /// True where it may be paid.
    pub fn is_matched(self) -> bool {
        matches!(self, Self::Matched | Self::MatchedWithVariance)
    }
}

impl std::str::FromStr for InvoiceStatus {
    type Err = UnknownName;

    fn from_str(name: &str) -> Result<Self, UnknownName> {
        let all = "received, extracted, unmatched, matched, matched_with_variance, disputed, rejected";
        Self::ALL.into_iter().find(|status| status.name() == name).ok_or(UnknownName(all))
    }
}

/// The file that an invoice came in. It is kept unchanged.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct InvoiceFile {
    /// Of its bytes, in hex: what it is kept under.
    pub sha256: String,
    /// Its length.
    pub bytes: i64,
    /// By its bytes, whatever it was called.
    pub media_type: String,
    /// What the sender called it.
    pub name: Option<String>,
}

/// What the sender said about it beside the file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stated {
    /// Who sells.
    pub supplier_id: Option<SupplierId>,
    /// Who buys.
    pub restaurant_id: Option<RestaurantId>,
    /// What it is for.
    pub order_id: Option<OrderId>,
}

/// A page as a picture, for people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct InvoicePage {
    /// From 1.
    pub number: u32,
    /// Of the PNG, in hex: what it is kept under.
    pub sha256: String,
    /// In pixels.
    pub width: u32,
    /// In pixels.
    pub height: u32,
    /// Pixels per inch: what lays evidence, in hundredths of a point, over the picture.
    pub dpi: u32,
}

/// What was read of a file.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Reading {
    /// The invoice, each field with where it was read and how surely.
    pub document: invoicing::Invoice,
    /// The version of the engine that read it.
    pub extractor: u32,
    /// The XML in the PDF that it was read from.
    pub attachment: Option<String>,
    /// Its pages as pictures; none for XML and JSON.
    pub pages: Vec<InvoicePage>,
    /// Rules that it breaks.
    pub findings: Vec<Finding>,
    /// What speaks against the reading of a page.
    pub doubts: Vec<Doubt>,
    /// What the page of a PDF says otherwise than the XML in it.
    pub differences: Vec<Difference>,
    /// What of the file was not read, in words.
    pub note: Option<String>,
}

/// Whose invoice it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trade {
    /// Who sells.
    pub supplier_id: SupplierId,
    /// Who buys.
    pub restaurant_id: RestaurantId,
    /// What was ordered.
    pub order_id: OrderId,
}

/// Why an invoice waits.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum HoldReason {
    /// No order was found that it could be for.
    OrderNotFound,
    /// It could be for several orders.
    SeveralOrders,
    /// The restaurant has not said yet what it received.
    AwaitsReceipt,
    /// The invoice that it credits has not come, or is not named.
    InvoiceNotFound,
    /// A page could not be read surely.
    ReadingUnsure,
    /// The page of the PDF says something else than the XML in it.
    PageDiffers,
    /// An invoice with this number came before and says something else.
    PossibleDuplicate,
    /// A link, an account or a value is not sure.
    NeedsReview,
    /// Nothing on this server can read pictures: a person enters it.
    NeedsManualEntry,
}

impl HoldReason {
    /// Where the invoice stands because of it.
    pub fn status(self) -> InvoiceStatus {
        match self {
            Self::OrderNotFound | Self::SeveralOrders | Self::AwaitsReceipt | Self::InvoiceNotFound => {
                InvoiceStatus::Unmatched
            }
            Self::ReadingUnsure
            | Self::PageDiffers
            | Self::PossibleDuplicate
            | Self::NeedsReview
            | Self::NeedsManualEntry => InvoiceStatus::Extracted,
        }
    }
}

/// What the seller is answered, in the words of Peppol's Invoice Response.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema, JsonSchema)]
pub struct InvoiceAnswer {
    /// UNCL4343: `AP` accepted, `UQ` under query, `IP` in process, `RE` rejected.
    pub status_code: String,
    /// `OPStatusReason`: `PRI`, `QTY`, `ITM`, …; ascending, none twice.
    pub reason_codes: Vec<String>,
}

impl InvoiceAnswer {
    /// The answer to an outcome: a reason for everything that is more than noted.
    pub fn of(status: Status, outcome: &Outcome) -> Self {
        let weighs = |effect| effect != invoicing::matching::Effect::Noted;
        let reasons = outcome.variances.iter().filter(|variance| weighs(variance.effect));
        let codes: std::collections::BTreeSet<String> =
            reasons.map(|variance| Reason::of(variance.class).code().to_owned()).collect();
        Self { status_code: status.code().to_owned(), reason_codes: codes.into_iter().collect() }
    }
}

/// A person's word that what differs is all right.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Acceptance {
    /// Who; absent where a part of the system did.
    pub by: Option<AccountId>,
    /// For which side.
    pub party: Party,
    /// Why.
    pub reason: String,
}

/// What happens to an invoice.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum InvoiceEvent {
    /// A file came.
    InvoiceReceived {
        /// The file.
        file: InvoiceFile,
        /// What the sender said of it.
        stated: Stated,
        /// Who sent it; absent where a part of the system did.
        received_by: Option<AccountId>,
        /// When.
        received_at: DateTime<Utc>,
    },
    /// It was read.
    InvoiceExtracted {
        /// What was read.
        reading: Box<Reading>,
        /// When.
        extracted_at: DateTime<Utc>,
    },
    /// A person said what it says.
    InvoiceCorrected {
        /// The whole of it as it now is.
        document: Box<invoicing::Invoice>,
        /// The fields that were changed: `lines[2].quantity`.
        changed: Vec<String>,
        /// Who; absent where a part of the system did.
        corrected_by: Option<AccountId>,
        /// When.
        corrected_at: DateTime<Utc>,
    },
    /// It waits for something, or for somebody.
    InvoiceHeld {
        /// For what; at least one.
        reasons: Vec<HoldReason>,
        /// Whose it is, as far as an order was found.
        trade: Option<Trade>,
        /// How it compares with the order that was found.
        outcome: Option<Box<Outcome>>,
        /// When.
        held_at: DateTime<Utc>,
    },
    /// It may be paid.
    InvoiceMatched {
        /// Whose it is.
        trade: Trade,
        /// What it says.
        facts: Box<InvoiceFacts>,
        /// The invoice that it credits; for a credit note.
        credits: Option<InvoiceId>,
        /// How it compares with what was ordered and received.
        outcome: Box<Outcome>,
        /// What the seller is answered.
        answer: InvoiceAnswer,
        /// Who let pass what differs; absent where the policy did.
        accepted: Option<Acceptance>,
        /// When.
        matched_at: DateTime<Utc>,
    },
    /// Something is wrong with it.
    InvoiceDisputed {
        /// Whose it is.
        trade: Trade,
        /// What it says.
        facts: Box<InvoiceFacts>,
        /// How it compares; absent where a person said what is wrong with one that could not be compared.
        outcome: Option<Box<Outcome>>,
        /// What the seller is answered.
        answer: InvoiceAnswer,
        /// The side whose person said so; absent where the comparison did.
        by: Option<Party>,
        /// In that person's words.
        reason: Option<String>,
        /// Lines of the invoice that are meant; none for the whole.
        lines: Vec<String>,
        /// When.
        disputed_at: DateTime<Utc>,
    },
    /// It is nothing that could be paid.
    InvoiceRejected {
        /// A word for programs: `rules_broken`, `duplicate`, `encrypted_pdf`, …
        code: String,
        /// A sentence for people.
        message: String,
        /// The invoice that it is once more.
        duplicate_of: Option<InvoiceId>,
        /// When.
        rejected_at: DateTime<Utc>,
    },
    /// A credit note to it was matched: what it takes back was as if it had never been invoiced.
    InvoiceCredited {
        /// The credit note.
        credit_note_id: InvoiceId,
        /// When.
        credited_at: DateTime<Utc>,
    },
}

/// An invoice as its events leave it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "each field is documented at the event that sets it")]
pub struct Invoice {
    pub status: InvoiceStatus,
    pub file: InvoiceFile,
    pub stated: Stated,
    pub received_by: Option<AccountId>,
    pub received_at: DateTime<Utc>,
    pub reading: Option<Box<Reading>>,
    /// Fields that a person has changed, in the order of the changes.
    pub corrected: Vec<String>,
    pub trade: Option<Trade>,
    /// Why it waits; empty where it does not.
    pub held_for: Vec<HoldReason>,
    pub outcome: Option<Box<Outcome>>,
    pub answer: Option<InvoiceAnswer>,
    pub accepted: Option<Acceptance>,
    /// In the words of the person who disputed it.
    pub dispute_reason: Option<String>,
    pub disputed_lines: Vec<String>,
    pub disputed_by: Option<Party>,
    /// Code and sentence of a rejection.
    pub rejection: Option<(String, String)>,
    pub duplicate_of: Option<InvoiceId>,
    /// Credit notes to it, in the order in which they were matched.
    pub credit_notes: Vec<InvoiceId>,
    /// When it was last matched, disputed or rejected.
    pub decided_at: Option<DateTime<Utc>>,
}

impl Fold for Invoice {
    type Event = InvoiceEvent;
    const KIND: StreamKind = StreamKind::Invoice;

    fn apply(&mut self, event: &InvoiceEvent) {
        match event {
            InvoiceEvent::InvoiceReceived { file, stated, received_by, received_at } => {
                self.file = file.clone();
                self.stated = *stated;
                self.received_by = *received_by;
                self.received_at = *received_at;
            }
            InvoiceEvent::InvoiceExtracted { reading, .. } => {
                self.reading = Some(reading.clone());
                self.stand(InvoiceStatus::Extracted);
            }
            InvoiceEvent::InvoiceCorrected { document, changed, .. } => {
                let reading = self.reading.get_or_insert_default();
                reading.document = (**document).clone();
                reading.doubts.clear();
                self.corrected.extend(changed.iter().cloned());
                self.stand(InvoiceStatus::Extracted);
            }
            InvoiceEvent::InvoiceHeld { reasons, trade, outcome, .. } => {
                self.stand(InvoiceStatus::of_hold(reasons));
                self.held_for.clone_from(reasons);
                self.trade = trade.or(self.trade);
                self.outcome.clone_from(outcome);
            }
            InvoiceEvent::InvoiceMatched { trade, outcome, answer, accepted, matched_at, .. } => {
                self.stand(InvoiceStatus::of_match(outcome, accepted.as_ref()));
                self.trade = Some(*trade);
                self.outcome = Some(outcome.clone());
                self.answer = Some(answer.clone());
                self.accepted.clone_from(accepted);
                self.decided_at = Some(*matched_at);
            }
            InvoiceEvent::InvoiceDisputed {
                trade, outcome, answer, by, reason, lines, disputed_at, ..
            } => {
                self.stand(InvoiceStatus::Disputed);
                self.trade = Some(*trade);
                self.outcome.clone_from(outcome);
                self.answer = Some(answer.clone());
                self.disputed_by = *by;
                self.dispute_reason.clone_from(reason);
                self.disputed_lines.clone_from(lines);
                self.decided_at = Some(*disputed_at);
            }
            InvoiceEvent::InvoiceRejected { code, message, duplicate_of, rejected_at } => {
                self.stand(InvoiceStatus::Rejected);
                self.rejection = Some((code.clone(), message.clone()));
                self.duplicate_of = *duplicate_of;
                self.decided_at = Some(*rejected_at);
            }
            InvoiceEvent::InvoiceCredited { credit_note_id, .. } => self.credit_notes.push(*credit_note_id),
        }
    }
}

impl Invoice {
    /// Stands there from now on: what was said of where it stood before no longer holds.
    fn stand(&mut self, status: InvoiceStatus) {
        self.status = status;
        self.held_for.clear();
        self.outcome = None;
        self.answer = None;
        self.accepted = None;
        self.dispute_reason = None;
        self.disputed_lines.clear();
        self.disputed_by = None;
        self.rejection = None;
        self.duplicate_of = None;
        self.decided_at = None;
    }

    /// Without what is between two others.
    ///
    /// Whoever sent a file and is of neither side sees what it sent and how far that came. Which order it was held
    /// against, at which prices, and what the two sides say of it is theirs: else a made-up invoice with the number
    /// of somebody's order would be answered with that order. That it is an earlier one once more is said only of one
    /// that the sender could see.
    #[must_use]
    pub fn for_its_sender(self) -> Self {
        Self {
            trade: None,
            outcome: None,
            answer: None,
            accepted: None,
            dispute_reason: None,
            disputed_lines: Vec::new(),
            disputed_by: None,
            credit_notes: Vec::new(),
            ..self
        }
    }

    /// What was read; `None` before.
    pub fn document(&self) -> Option<&invoicing::Invoice> {
        self.reading.as_ref().map(|reading| &reading.document)
    }

    /// Who sells, as far as is known.
    pub fn supplier_id(&self) -> Option<SupplierId> {
        self.trade.map(|trade| trade.supplier_id).or(self.stated.supplier_id)
    }

    /// Who buys, as far as is known.
    pub fn restaurant_id(&self) -> Option<RestaurantId> {
        self.trade.map(|trade| trade.restaurant_id).or(self.stated.restaurant_id)
    }

    /// What it is for, as far as is known.
    pub fn order_id(&self) -> Option<OrderId> {
        self.trade.map(|trade| trade.order_id).or(self.stated.order_id)
    }
}

impl cqrs_es::DomainEvent for InvoiceEvent {
    fn event_type(&self) -> String {
        match self {
            Self::InvoiceReceived { .. } => "InvoiceReceived",
            Self::InvoiceExtracted { .. } => "InvoiceExtracted",
            Self::InvoiceCorrected { .. } => "InvoiceCorrected",
            Self::InvoiceHeld { .. } => "InvoiceHeld",
            Self::InvoiceMatched { .. } => "InvoiceMatched",
            Self::InvoiceDisputed { .. } => "InvoiceDisputed",
            Self::InvoiceRejected { .. } => "InvoiceRejected",
            Self::InvoiceCredited { .. } => "InvoiceCredited",
        }
        .to_owned()
    }

    fn event_version(&self) -> String {
        "1".to_owned()
    }
}
