//! What a restaurant orders again and again.

use std::collections::BTreeMap;

use events::order::{Order, OrderStatus};
use forecasting::reorder::decayed_frequency;
use uuid::Uuid;

use super::{answer::StandingItem, known::Known};

/// More are no longer what one orders always.
const STANDING_MAX: usize = 50;

/// How often each product was in these orders, newest first, in basis points.
pub(super) fn frequencies(newest_first: &[Order]) -> BTreeMap<Uuid, u32> {
    // What was called off was meant to be ordered, but is not what the restaurant buys.
    let orders = newest_first.iter().filter(|order| order.status != OrderStatus::Cancelled);
    let of_products: Vec<Vec<Uuid>> = orders
        .rev()
        .map(|order| order.lines.iter().map(|line| line.ordered.product_id.0).collect())
        .collect();
    decayed_frequency(&of_products)
        .into_iter()
        .map(|standing| (standing.item, standing.frequency_bps))
        .collect()
}

/// The most frequent first; what is not offered any more is left out.
pub(super) fn standing(
    known: &Known,
    supplier_id: Option<Uuid>,
    frequencies: &BTreeMap<Uuid, u32>,
) -> Vec<StandingItem> {
    let mut ranked: Vec<(Uuid, u32)> = frequencies.iter().map(|(id, bps)| (*id, *bps)).collect();
    ranked.sort_by_key(|(id, bps)| (std::cmp::Reverse(*bps), *id));
    let item = |(product_id, bps): (Uuid, u32)| {
        let product = known.products.get(&product_id).filter(|product| product.active)?;
        let is_asked_for = supplier_id.is_none_or(|id| id == product.supplier_id.0);
        let last = known.orders[..known.recent].iter().filter(|order| order.status != OrderStatus::Cancelled);
        let mut lines = last.flat_map(|order| order.lines.iter().map(move |line| (order.placed_at, line)));
        let (last_ordered_at, line) = lines.find(|(_, line)| line.ordered.product_id.0 == product_id)?;
        is_asked_for.then(|| StandingItem {
            product_id: product_id.into(),
            supplier_id: product.supplier_id,
            name: product.details.name.clone(),
            unit: product.details.unit.clone(),
            frequency: f64::from(bps) / 10_000.0,
            last_qty: line.ordered.quantity,
            last_ordered_at,
        })
    };
    ranked.into_iter().filter_map(item).take(STANDING_MAX).collect()
}
