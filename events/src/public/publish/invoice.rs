//! What the outside hears of invoices.

use invoicing::{
    invoice::Kind,
    matching::{Class, Effect, Outcome, Variance},
};

use super::{PublishError, Said, first};
use crate::{
    RecordedEvent,
    fold::decode,
    invoice::{
        Acceptance, ChargeFacts, HoldReason, Invoice, InvoiceAnswer, InvoiceEvent, InvoiceFacts,
        InvoiceStatus, LineFacts, PaymentFacts, Stated, Trade, VatFacts,
    },
    order::Party,
    public::{Audience, PublicData, invoice},
    values::{AccountId, InvoiceId, LineId},
};

/// True for what does not say by itself whose it is: who sent it, and what was said of it then, do.
pub(super) fn leans(event: &RecordedEvent) -> bool {
    event.event_type == "InvoiceHeld"
}

pub(super) fn said(event: &RecordedEvent, origin: Option<&RecordedEvent>) -> Result<Said, PublishError> {
    let invoice_id = event.stream_id.into();
    let said = match decode::<Invoice>(event)? {
        InvoiceEvent::InvoiceReceived { file, stated, received_by, received_at } => {
            let data = invoice::InvoiceReceived {
                invoice_id,
                supplier_id: stated.supplier_id,
                restaurant_id: stated.restaurant_id,
                order_id: stated.order_id,
                media_type: file.media_type,
                received_at,
            };
            (PublicData::InvoiceReceived(data), or_sender(of_stated(stated), received_by))
        }
        InvoiceEvent::InvoiceHeld { reasons, trade, held_at, .. } => {
            let InvoiceEvent::InvoiceReceived { stated, received_by, .. } =
                decode::<Invoice>(first(event, origin)?)?
            else {
                return Err(PublishError::NoOrigin { position: event.global_position });
            };
            let data = held(invoice_id, trade, stated, reasons, held_at);
            // What a buyer has still to look at is not the seller's to know: it hears what comes of it.
            let buyer = Audience { restaurant_id: data.restaurant_id, ..Audience::default() };
            (PublicData::InvoiceHeld(data), or_sender(buyer, received_by))
        }
        InvoiceEvent::InvoiceMatched { trade, facts, credits, outcome, answer, accepted, matched_at } => {
            let status = match InvoiceStatus::of_match(&outcome, accepted.as_ref()) {
                InvoiceStatus::Matched => invoice::MatchStatus::Matched,
                _ => invoice::MatchStatus::MatchedWithVariance,
            };
            let decided = Decided { invoice_id, trade, facts: *facts, answer };
            let data = decided.matched(status, credits, &outcome, accepted, matched_at);
            (PublicData::InvoiceMatched(Box::new(data)), of_trade(trade))
        }
        InvoiceEvent::InvoiceDisputed { trade, facts, outcome, answer, by, reason, lines, disputed_at } => {
            let decided = Decided { invoice_id, trade, facts: *facts, answer };
            let word = Word { by, reason, lines };
            let data = decided.disputed(outcome.as_deref(), word, disputed_at);
            (PublicData::InvoiceDisputed(Box::new(data)), of_trade(trade))
        }
        // How it was read, and what is no invoice, is between the sender and the house.
        InvoiceEvent::InvoiceExtracted { .. }
        | InvoiceEvent::InvoiceCorrected { .. }
        | InvoiceEvent::InvoiceRejected { .. }
        | InvoiceEvent::InvoiceCredited { .. } => return Ok(None),
    };
    Ok(Some(said))
}

type Moment = chrono::DateTime<chrono::Utc>;

fn of_trade(trade: Trade) -> Audience {
    Audience {
        supplier_id: Some(trade.supplier_id),
        restaurant_id: Some(trade.restaurant_id),
        ..Audience::default()
    }
}

fn of_stated(stated: Stated) -> Audience {
    Audience { supplier_id: stated.supplier_id, restaurant_id: stated.restaurant_id, ..Audience::default() }
}

/// Where no party is known, whoever sent it is the only one whose affair it is.
fn or_sender(parties: Audience, sender: Option<AccountId>) -> Audience {
    let is_nobodys = parties.supplier_id.is_none() && parties.restaurant_id.is_none();
    if is_nobodys { Audience { account_id: sender, ..parties } } else { parties }
}

fn held(
    invoice_id: InvoiceId,
    trade: Option<Trade>,
    stated: Stated,
    reasons: Vec<HoldReason>,
    held_at: Moment,
) -> invoice::InvoiceHeld {
    invoice::InvoiceHeld {
        invoice_id,
        supplier_id: trade.map(|trade| trade.supplier_id).or(stated.supplier_id),
        restaurant_id: trade.map(|trade| trade.restaurant_id).or(stated.restaurant_id),
        order_id: trade.map(|trade| trade.order_id).or(stated.order_id),
        status: InvoiceStatus::of_hold(&reasons),
        reasons,
        held_at,
    }
}

/// What both decisions say.
struct Decided {
    invoice_id: InvoiceId,
    trade: Trade,
    facts: InvoiceFacts,
    answer: InvoiceAnswer,
}

/// What a person said against it.
struct Word {
    by: Option<Party>,
    reason: Option<String>,
    lines: Vec<String>,
}

impl Decided {
    fn matched(
        self,
        status: invoice::MatchStatus,
        credited_invoice_id: Option<InvoiceId>,
        outcome: &Outcome,
        accepted: Option<Acceptance>,
        matched_at: Moment,
    ) -> invoice::InvoiceMatched {
        let Self { invoice_id, trade, facts, answer } = self;
        invoice::InvoiceMatched {
            invoice_id,
            order_id: trade.order_id,
            restaurant_id: trade.restaurant_id,
            supplier_id: trade.supplier_id,
            status,
            kind: facts.kind.into(),
            issue_date: facts.issue_date,
            due_date: facts.due_date,
            tax_point_date: facts.tax_point,
            credited_invoice_id,
            currency: facts.currency.as_deref().and_then(currency_code),
            net_cents: facts.net_minor,
            tax_cents: facts.vat_minor,
            total_cents: facts.gross_minor(),
            prepaid_cents: facts.prepaid_minor,
            rounding_cents: facts.rounding_minor,
            payable_cents: facts.payable_minor,
            lines: lines(&facts.lines, Some(outcome)),
            number: facts.number,
            preceding_numbers: facts.preceding,
            taxes: facts.vat.into_iter().map(Into::into).collect(),
            payments: facts.payments.into_iter().map(Into::into).collect(),
            charges: facts.charges.into_iter().map(Into::into).collect(),
            variances: outcome.variances.iter().map(Into::into).collect(),
            // Whose side it was, not which person: who clicked is the house's own affair.
            accepted: accepted
                .map(|Acceptance { party, reason, .. }| invoice::InvoiceAcceptance { by: party, reason }),
            response_code: answer.status_code,
            reason_codes: answer.reason_codes,
            policy_version: outcome.policy_version,
            matched_at,
        }
    }

    fn disputed(
        self,
        outcome: Option<&Outcome>,
        word: Word,
        disputed_at: Moment,
    ) -> invoice::InvoiceDisputed {
        let Self { invoice_id, trade, facts, answer } = self;
        let variances = outcome.map_or(&[][..], |outcome| &outcome.variances);
        invoice::InvoiceDisputed {
            invoice_id,
            order_id: trade.order_id,
            restaurant_id: trade.restaurant_id,
            supplier_id: trade.supplier_id,
            kind: facts.kind.into(),
            issue_date: facts.issue_date,
            due_date: facts.due_date,
            currency: facts.currency.as_deref().and_then(currency_code),
            total_cents: facts.gross_minor(),
            payable_cents: facts.payable_minor,
            lines: lines(&facts.lines, outcome),
            number: facts.number,
            variances: variances.iter().map(Into::into).collect(),
            by: word.by,
            reason: word.reason,
            disputed_lines: word.lines,
            response_code: answer.status_code,
            reason_codes: answer.reason_codes,
            policy_version: outcome.map(|outcome| outcome.policy_version),
            disputed_at,
        }
    }
}

/// As it is, if it can be one: a page may have been read wrongly.
fn currency_code(text: &str) -> Option<String> {
    (text.len() == 3 && text.bytes().all(|byte| byte.is_ascii_uppercase())).then(|| text.to_owned())
}

fn lines(lines: &[LineFacts], outcome: Option<&Outcome>) -> Vec<invoice::InvoicedLine> {
    let line = |line: &LineFacts| invoice::InvoicedLine {
        invoice_line: line.id.clone(),
        order_line_id: outcome.and_then(|outcome| order_line(outcome, &line.id)),
        sku: line.sku.clone(),
        name: line.name.clone(),
        qty: line.quantity.clone(),
        unit: line.unit.clone(),
        unit_price: line.net_price.clone(),
        price_qty: line.base_quantity.clone().unwrap_or_else(|| "1".to_owned()),
        line_net_cents: line.net_minor,
        tax_category: line.vat_category.clone(),
        tax_rate_basis_points: rate(line.vat_basis_points),
    };
    lines.iter().map(line).collect()
}

/// The first link of that line: where credit notes were compared too, theirs stand behind, and their lines may
/// have the same numbers. So a line that is said to have no order line gets none from them.
fn order_line(outcome: &Outcome, invoice_line: &str) -> Option<LineId> {
    let is_loose = |variance: &Variance| {
        matches!(variance.class, Class::UnmatchedLine | Class::AmbiguousLink)
            && variance.invoice_line.as_deref() == Some(invoice_line)
    };
    if outcome.variances.iter().any(is_loose) {
        return None;
    }
    let link = outcome.links.iter().find(|link| link.invoice_line == invoice_line)?;
    link.order_line.parse().ok()
}

fn rate(basis_points: Option<i64>) -> Option<i32> {
    basis_points.and_then(|rate| rate.try_into().ok())
}

impl From<Kind> for invoice::DocumentKind {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Invoice => Self::Invoice,
            Kind::CreditNote => Self::CreditNote,
        }
    }
}

impl From<VatFacts> for invoice::InvoiceTax {
    fn from(row: VatFacts) -> Self {
        Self {
            tax_category: row.category,
            tax_rate_basis_points: rate(row.basis_points),
            taxable_cents: row.taxable_minor,
            tax_cents: row.tax_minor,
        }
    }
}

impl From<PaymentFacts> for invoice::InvoicePayment {
    fn from(payment: PaymentFacts) -> Self {
        let PaymentFacts { means_code, account, branch, reference } = payment;
        Self { means_code, account, branch, reference }
    }
}

impl From<ChargeFacts> for invoice::InvoiceCharge {
    fn from(charge: ChargeFacts) -> Self {
        Self {
            reason: charge.reason,
            amount_cents: charge.amount_minor,
            tax_category: charge.vat_category,
            tax_rate_basis_points: rate(charge.vat_basis_points),
        }
    }
}

impl From<&Variance> for invoice::InvoiceVariance {
    fn from(variance: &Variance) -> Self {
        let class = serde_json::to_value(variance.class).expect("a class is a word by its type");
        Self {
            class: class.as_str().unwrap_or_default().to_owned(),
            effect: match variance.effect {
                Effect::Noted => invoice::VarianceEffect::Noted,
                Effect::Doubts => invoice::VarianceEffect::Doubts,
                Effect::Blocks => invoice::VarianceEffect::Blocks,
            },
            invoice_line: variance.invoice_line.clone(),
            order_line_id: variance.order_line.as_deref().and_then(|line| line.parse().ok()),
            expected: variance.expected.clone(),
            actual: variance.actual.clone(),
            value_cents: variance.value_minor,
        }
    }
}
