//! Stories of invoices.

use events::public::invoice::{
    DocumentKind, InvoiceDisputed, InvoiceHeld, InvoiceMatched, InvoiceVariance, InvoicedLine, VarianceEffect,
};
use events::values::{Locale, OrderId};

use super::{Story, name, number};
use crate::notifications::{differences::Difference, facts::Facts, recipients::Missing, wording::Wording};

impl Story {
    /// Nothing of it is sure yet: not even what it is called, nor always who sent it.
    pub(super) fn invoice_held(held: &InvoiceHeld, facts: &Facts, words: Wording) -> Self {
        let from = held.supplier_id.and_then(|id| facts.organisation_name(id));
        Self {
            from: from.map(str::to_owned),
            points: held.reasons.iter().map(|reason| words.hold_reason(*reason).to_owned()).collect(),
            ..Self::default()
        }
    }

    pub(super) fn invoice_matched(
        matched: &InvoiceMatched,
        facts: &Facts,
        words: Wording,
    ) -> Result<Self, Missing> {
        let currency = currency(matched.currency.as_deref(), matched.order_id, facts)?;
        let points = points(matched.variances.iter(), &matched.lines, &currency, words);
        Ok(Self {
            total: Some(words.amount(matched.payable_cents, &currency)),
            due_day: matched.due_date.map(|day| words.day(day)),
            points,
            said: matched.accepted.as_ref().map(|accepted| accepted.reason.clone()),
            restaurant: Some(name(facts, matched.restaurant_id)?),
            supplier: Some(name(facts, matched.supplier_id)?),
            ..Self::invoice(matched.kind, matched.number.as_deref(), matched.order_id, words)
        })
    }

    /// Without what is inside the policy: nobody asks the seller about that.
    pub(super) fn invoice_disputed(
        disputed: &InvoiceDisputed,
        facts: &Facts,
        words: Wording,
    ) -> Result<Self, Missing> {
        let currency = currency(disputed.currency.as_deref(), disputed.order_id, facts)?;
        let weighty = disputed.variances.iter().filter(|variance| variance.effect != VarianceEffect::Noted);
        let points = points(weighty, &disputed.lines, &currency, words);
        let meant = disputed.disputed_lines.iter().map(|line| line_name(&disputed.lines, line).to_owned());
        Ok(Self {
            total: Some(words.amount(disputed.payable_cents, &currency)),
            points,
            meant: meant.collect(),
            said: disputed.reason.clone(),
            restaurant: Some(name(facts, disputed.restaurant_id)?),
            supplier: Some(name(facts, disputed.supplier_id)?),
            ..Self::invoice(disputed.kind, disputed.number.as_deref(), disputed.order_id, words)
        })
    }

    fn invoice(kind: DocumentKind, series_number: Option<&str>, order: OrderId, words: Wording) -> Self {
        let document = match (kind, words.locale) {
            (DocumentKind::Invoice, Locale::Sv) => "faktura",
            (DocumentKind::CreditNote, Locale::Sv) => "kreditfaktura",
            (DocumentKind::Invoice, Locale::En) => "invoice",
            (DocumentKind::CreditNote, Locale::En) => "credit note",
        };
        let nameless = match words.locale {
            Locale::Sv => "utan nummer",
            Locale::En => "without a number",
        };
        Self {
            document: Some(document.to_owned()),
            invoice: Some(series_number.unwrap_or(nameless).to_owned()),
            order: Some(number(order)),
            ..Self::default()
        }
    }
}

/// The document's, or the order's where the document names none.
fn currency(stated: Option<&str>, order: OrderId, facts: &Facts) -> Result<String, Missing> {
    if let Some(code) = stated {
        return Ok(code.to_owned());
    }
    let order = facts.order(order).ok_or(Missing("the order"))?;
    Ok(order.currency.to_string())
}

fn points<'a>(
    variances: impl Iterator<Item = &'a InvoiceVariance>,
    lines: &[InvoicedLine],
    currency: &str,
    words: Wording,
) -> Vec<String> {
    let point = |variance: &InvoiceVariance| {
        let line = variance.invoice_line.as_deref().map(|line| line_name(lines, line));
        words.difference(&Difference { line, variance, currency })
    };
    variances.map(point).collect()
}

/// What the line sells; its number where it does not say.
fn line_name<'a>(lines: &'a [InvoicedLine], line: &'a str) -> &'a str {
    let found = lines.iter().find(|known| known.invoice_line == line);
    found.and_then(|known| known.name.as_deref()).unwrap_or(line)
}
