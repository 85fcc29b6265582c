//! What a notification says, in its reader's words: the values that templates are filled with.

mod invoice;

use events::{
    order::{Order, Party},
    public::{PublicData, PublicEvent, order},
    values::{OrderId, Quantity},
    webhook_endpoint::DisabledReason,
};
use serde::Serialize;

use super::{facts::Facts, recipients::Missing, wording::Wording};

/// Values for templates. What a template must not be without is left out where it is absent, so that
/// rendering fails; what it may be without is `null`.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Story {
    #[serde(skip_serializing_if = "Option::is_none")]
    order: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    restaurant: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    supplier: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    total: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    when: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    by: Option<Party>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    requested_day: Option<String>,
    note: Option<String>,
    invoiced: Option<String>,
    lines: Vec<Line>,
    /// Invoice or credit note.
    #[serde(skip_serializing_if = "Option::is_none")]
    document: Option<String>,
    /// Its number in the seller's series.
    #[serde(skip_serializing_if = "Option::is_none")]
    invoice: Option<String>,
    /// Who sent it.
    from: Option<String>,
    due_day: Option<String>,
    /// What differs, or why it waits; one each.
    points: Vec<String>,
    /// The lines that somebody means.
    meant: Vec<String>,
    /// A person's word on it.
    said: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    product: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    available: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    low: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    unit: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    trial_ends: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    endpoint: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    since: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    failures: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    disabled_at: Option<String>,
    disabled: Option<DisabledReason>,
}

/// One line of an order, as far as it is worth telling.
#[derive(Debug, Serialize)]
struct Line {
    name: String,
    qty: String,
    /// What it should have been.
    of: Option<String>,
    unit: String,
    reason: Option<String>,
}

impl Story {
    /// The story of that event.
    ///
    /// # Errors
    /// Something that it needs is not known.
    pub(crate) fn of(event: &PublicEvent, facts: &Facts, words: Wording) -> Result<Self, Missing> {
        match &event.data {
            PublicData::OrderPlaced(placed) => Self::placed(placed, facts, words),
            PublicData::OrderConfirmed(data) => Self::order(data.order_id, facts, words),
            PublicData::OrderRejected(data) => {
                Ok(Self { reason: Some(data.reason.clone()), ..Self::order(data.order_id, facts, words)? })
            }
            PublicData::OrderCancelled(data) => {
                let order = Self::order(data.order_id, facts, words)?;
                Ok(Self { by: Some(data.by), reason: Some(data.reason.clone()), ..order })
            }
            PublicData::DeliveryMarked(data) => Self::delivered(data, facts, words),
            PublicData::DeliveryConfirmed(data) => Self::received(data, facts, words),
            PublicData::InvoiceHeld(held) => Ok(Self::invoice_held(held, facts, words)),
            PublicData::InvoiceMatched(matched) => Self::invoice_matched(matched, facts, words),
            PublicData::InvoiceDisputed(disputed) => Self::invoice_disputed(disputed, facts, words),
            PublicData::StockLow(low) => {
                let product = facts.product(low.product_id).ok_or(Missing("the product"))?;
                Ok(Self {
                    supplier: Some(name(facts, low.supplier_id)?),
                    product: Some(product.details.name.clone()),
                    available: Some(words.quantity(low.available)),
                    low: Some(words.quantity(low.low_stock_qty)),
                    unit: Some(words.unit(&product.details.unit).to_owned()),
                    ..Self::default()
                })
            }
            PublicData::RestaurantApproved(approved) => Ok(Self {
                restaurant: Some(name(facts, approved.restaurant_id)?),
                trial_ends: Some(words.moment(approved.trial_ends_at)),
                ..Self::default()
            }),
            PublicData::TrialEnded(ended) => Ok(Self {
                restaurant: Some(name(facts, ended.restaurant_id)?),
                trial_ends: Some(words.moment(ended.ended_at)),
                ..Self::default()
            }),
            PublicData::WebhookEndpointFailing(failing) => {
                let url = facts.endpoint(failing.webhook_endpoint_id).ok_or(Missing("the endpoint"))?;
                Ok(Self {
                    endpoint: Some(url.to_owned()),
                    since: Some(words.moment(failing.since)),
                    failures: Some(failing.failures),
                    disabled_at: Some(words.moment(failing.disabled_at)),
                    ..Self::default()
                })
            }
            PublicData::WebhookEndpointDisabled(data) => {
                let url = facts.endpoint(data.webhook_endpoint_id).ok_or(Missing("the endpoint"))?;
                Ok(Self { endpoint: Some(url.to_owned()), disabled: Some(data.reason), ..Self::default() })
            }
            _ => Err(Missing("a story of this type")),
        }
    }

    fn placed(placed: &order::OrderPlaced, facts: &Facts, words: Wording) -> Result<Self, Missing> {
        let line = |line: &order::PlacedLine| Line {
            name: line.name.clone(),
            qty: words.quantity(line.qty),
            of: None,
            unit: words.unit(&line.unit).to_owned(),
            reason: None,
        };
        Ok(Self {
            order: Some(number(placed.order_id)),
            restaurant: Some(name(facts, placed.restaurant_id)?),
            supplier: Some(name(facts, placed.supplier_id)?),
            total: Some(words.money(placed.total_cents, placed.currency)),
            requested_day: placed.requested_delivery_date.map(|day| words.day(day)),
            note: placed.note.clone(),
            lines: placed.lines.iter().map(line).collect(),
            ..Self::default()
        })
    }

    fn order(id: OrderId, facts: &Facts, words: Wording) -> Result<Self, Missing> {
        let order = facts.order(id).ok_or(Missing("the order"))?;
        Ok(Self {
            order: Some(number(id)),
            restaurant: Some(name(facts, order.restaurant_id)?),
            supplier: Some(name(facts, order.supplier_id)?),
            total: Some(words.money(order.total_minor, order.currency)),
            requested_day: order.requested_delivery_date.map(|day| words.day(day)),
            ..Self::default()
        })
    }

    /// Only the lines that are short.
    fn delivered(marked: &order::DeliveryMarked, facts: &Facts, words: Wording) -> Result<Self, Missing> {
        let order = facts.order(marked.order_id).ok_or(Missing("the order"))?;
        let short = marked.lines.iter().filter(|line| line.delivered_qty < line.qty);
        let invoiced =
            marked.invoice.as_ref().map(|invoice| words.money(invoice.total_cents, marked.currency));
        Ok(Self {
            when: Some(words.moment(marked.delivered_at)),
            lines: short
                .filter_map(|line| less(order, line.line_id.0, line.delivered_qty, line.qty, None, words))
                .collect(),
            invoiced,
            ..Self::order(marked.order_id, facts, words)?
        })
    }

    /// Only the lines that are claimed.
    fn received(
        confirmed: &order::DeliveryConfirmed,
        facts: &Facts,
        words: Wording,
    ) -> Result<Self, Missing> {
        let order = facts.order(confirmed.order_id).ok_or(Missing("the order"))?;
        let claimed = confirmed.lines.iter().filter_map(|line| {
            let delivered =
                order.lines.iter().find(|known| known.ordered.line_id == line.line_id)?.delivered?;
            let (received, reason) = (line.received_qty, line.reason.as_deref());
            (received < delivered.quantity)
                .then(|| less(order, line.line_id.0, received, delivered.quantity, reason, words))?
        });
        Ok(Self {
            when: Some(words.moment(confirmed.received_at)),
            lines: claimed.collect(),
            ..Self::order(confirmed.order_id, facts, words)?
        })
    }
}

fn less(
    order: &Order,
    line_id: uuid::Uuid,
    quantity: Quantity,
    of: Quantity,
    reason: Option<&str>,
    words: Wording,
) -> Option<Line> {
    let ordered = &order.lines.iter().find(|line| line.ordered.line_id.0 == line_id)?.ordered;
    Some(Line {
        name: ordered.name.clone(),
        qty: words.quantity(quantity),
        of: Some(words.quantity(of)),
        unit: words.unit(&ordered.unit).to_owned(),
        reason: reason.map(str::to_owned),
    })
}

fn name(facts: &Facts, id: impl Into<uuid::Uuid>) -> Result<String, Missing> {
    facts.organisation_name(id).map(str::to_owned).ok_or(Missing("the organisation"))
}

/// The end of its id: short enough to say on the telephone, and found by whoever searches for it.
fn number(id: OrderId) -> String {
    let id = id.0.simple().to_string();
    id[id.len() - 8..].to_owned()
}
