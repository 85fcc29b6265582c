//! From what is known to what is suggested: pure.

use std::{cmp::Reverse, collections::BTreeMap};

use chrono::{DateTime, Days, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, TimeZone, Utc};
use chrono_tz::Europe::Stockholm;
use events::{
    product::Product,
    supplier::{DeliveryTerms, Supplier},
    values::{Quantity, line_net_minor, swedish_day},
};
use forecasting::reorder::{
    CartLine, Deliveries, Line, ServiceClass, Suggestion, Terms, has_stopped, next_deliveries, reach_minimum,
    suggest,
};
use uuid::Uuid;

use super::{
    answer::{Advanceable, ForecastRun, ReorderSuggestions, SuggestedProduct, SupplierSuggestions, Why},
    known::{Known, Series},
    outlook::Outlook,
    sentence::sentence,
    shelf::{Shelf, on_order, shelf},
    standing::{frequencies, standing},
};
use crate::forecasts::is_stale;

/// Suggestions in one answer.
const LINES_MAX: usize = 500;
/// Of a supplier that does not say when it delivers.
const CYCLE_DAYS: u32 = 7;
/// Of a product whose supplier does not say: whole units.
const PACK: Quantity = Quantity::units(1);

/// What is asked for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wish {
    pub(super) restaurant_id: Uuid,
    pub(super) supplier_id: Option<Uuid>,
    /// How often it is to last, in basis points; by how each product keeps where nobody says.
    pub(super) service_bps: Option<u16>,
}

/// When a supplier comes, as far as an order of now is about it.
#[derive(Clone, Copy)]
struct Visits {
    /// `None` where the supplier does not say.
    deliveries: Option<Deliveries>,
    days_until_next: u32,
    protection_days: u32,
    /// Until the delivery after the following one.
    later_days: u32,
    ends: NaiveDate,
}

/// One product that may be ordered.
struct Candidate<'a> {
    supplier_id: Uuid,
    product_id: Uuid,
    product: &'a Product,
    series: &'a Series,
    suggestion: Suggestion,
    shelf: Shelf,
    frequency_bps: u32,
    unit_price_minor: i64,
    /// Packs that it would take to last a delivery longer.
    later_packs: i64,
}

/// What is suggested at that moment.
pub(super) fn advise(known: &Known, wish: Wish, now: DateTime<Utc>) -> ReorderSuggestions {
    let frequencies = frequencies(&known.orders[..known.recent]);
    let mut candidates = candidates(known, wish, now, &frequencies);
    candidates.sort_by_key(|it| (Reverse(it.frequency_bps), Reverse(it.suggestion.quantity), it.product_id));
    let is_suggested = |candidate: &Candidate<'_>| candidate.suggestion.packs > 0;
    let is_cut = candidates.iter().filter(|candidate| is_suggested(candidate)).count() > LINES_MAX;
    let truncated = is_cut || known.is_cut;
    let mut left = LINES_MAX;
    candidates.retain(|candidate| {
        let fits = !is_suggested(candidate) || left > 0;
        left = left.saturating_sub(usize::from(is_suggested(candidate)));
        fits
    });
    let mut by_supplier = BTreeMap::<Uuid, Vec<Candidate<'_>>>::new();
    for candidate in candidates {
        by_supplier.entry(candidate.supplier_id).or_default().push(candidate);
    }
    let groups =
        by_supplier.iter().filter_map(|(id, of_it)| group(*id, known.suppliers.get(id)?, of_it, now));
    let mut suppliers: Vec<SupplierSuggestions> = groups.collect();
    suppliers.sort_by(|a, b| (&a.name, a.supplier_id).cmp(&(&b.name, b.supplier_id)));
    let run = known.run.as_ref();
    ReorderSuggestions {
        restaurant_id: wish.restaurant_id.into(),
        as_of: now,
        forecast_run: run.map(|run| ForecastRun {
            id: run.id,
            origin_day: run.origin_day,
            computed_at: run.finished_at,
            input_position: run.input_position,
            engine_version: run.engine_version.clone(),
        }),
        stale: run.is_none_or(|run| is_stale(run.origin_day, run.finished_at, now)),
        suppliers,
        standing: standing(known, wish.supplier_id, &frequencies),
        truncated,
    }
}

fn candidates<'a>(
    known: &'a Known,
    wish: Wish,
    now: DateTime<Utc>,
    frequencies: &BTreeMap<Uuid, u32>,
) -> Vec<Candidate<'a>> {
    let Some(run) = &known.run else { return Vec::new() };
    let today = swedish_day(now);
    let visits: BTreeMap<Uuid, Visits> =
        known.suppliers.iter().map(|(id, supplier)| (*id, visits(supplier, now))).collect();
    let candidate = |series: &'a Series| {
        let product = known.products.get(&series.product_id)?;
        // Nothing that cannot be bought: not offered any more, or its supplier may not sell.
        let may_sell = known.suppliers.get(&series.supplier_id).is_some_and(|supplier| supplier.active);
        if !product.active || !may_sell {
            return None;
        }
        // Nothing that the restaurant has stopped buying, though a forecast may still expect a little of it.
        let days = known.ordered_on.get(&series.product_id).map_or(&[][..], Vec::as_slice);
        if has_stopped(days, today) {
            return None;
        }
        let visits = visits.get(&series.supplier_id)?;
        let outlook = Outlook::of(series, run.origin_day, today)?;
        // A count from before all that is known of what came says nothing of what is there now.
        let count = known.counts.get(&series.product_id).copied();
        let count = count.filter(|(_, at)| known.arrivals_since().is_none_or(|since| since <= *at));
        let shelf = shelf(series.product_id, count, &known.orders, &outlook, today);
        let keeps_days = product.details.shelf_life_days.map(u32::from);
        let line = Line {
            cumulative: &outlook.cumulative,
            days_until_next: visits.days_until_next,
            protection_days: visits.protection_days,
            on_hand: shelf.on_hand,
            on_order: on_order(series.product_id, &known.orders, today, visits.ends),
            shelf_life_days: keeps_days,
            pack: product.details.pack.unwrap_or(PACK).0,
            class: ServiceClass::of_shelf_life(keeps_days),
            service_bps: wish.service_bps,
        };
        let suggestion = suggest(&line).ok()?;
        let later = suggest(&Line { protection_days: visits.later_days, ..line }).ok()?;
        Some(Candidate {
            supplier_id: series.supplier_id,
            product_id: series.product_id,
            product,
            series,
            later_packs: later.packs - suggestion.packs,
            suggestion,
            shelf,
            frequency_bps: frequencies.get(&series.product_id).copied().unwrap_or(0),
            unit_price_minor: unit_price_minor(known, series.product_id, product, today),
        })
    };
    known.series.iter().filter_map(candidate).collect()
}

/// What the restaurant would pay today: what a cart would promise it.
fn unit_price_minor(known: &Known, product_id: Uuid, product: &Product, today: NaiveDate) -> i64 {
    let relation = known.relations.get(&product.supplier_id.0);
    let agreed = relation.and_then(|relation| relation.contract_price_on(product_id.into(), today));
    let agreed = agreed.filter(|price| price.currency == product.currency);
    agreed.map_or(product.unit_price_minor, |price| price.unit_price_minor)
}

fn visits(supplier: &Supplier, now: DateTime<Utc>) -> Visits {
    let local = now.with_timezone(&Stockholm).naive_local();
    let today = local.date();
    let terms = supplier.details.delivery_terms.as_ref().and_then(terms);
    let deliveries = terms.as_ref().and_then(|terms| next_deliveries(terms, local));
    let (Some(terms), Some(deliveries)) = (terms, deliveries) else {
        let ends = today + Days::new(CYCLE_DAYS.into());
        return Visits {
            deliveries: None,
            days_until_next: 1,
            protection_days: CYCLE_DAYS,
            later_days: 2 * CYCLE_DAYS,
            ends,
        };
    };
    let protection_days = deliveries.protection_days(today);
    // Who has missed the time to order for the next is left with the two after it.
    let later = next_deliveries(&terms, deliveries.order_by + TimeDelta::minutes(1));
    Visits {
        deliveries: Some(deliveries),
        days_until_next: deliveries.days_until_next(today),
        protection_days,
        later_days: later.map_or(protection_days, |later| later.protection_days(today)),
        ends: deliveries.after,
    }
}

/// `None` for a time of day that is none.
fn terms(terms: &DeliveryTerms) -> Option<Terms> {
    let minute = u32::from(terms.cutoff_minute);
    Some(Terms {
        weekdays: terms
            .weekdays
            .iter()
            .filter(|day| (1..=7).contains(*day))
            .fold(0, |bits, day| bits | 1 << (day - 1)),
        cut_off: NaiveTime::from_hms_opt(minute / 60, minute % 60, 0)?,
        lead_days: terms.lead_days.into(),
        closed: Vec::new(),
        closed_on_holidays: !terms.delivers_on_holidays,
    })
}

/// `None` where there is nothing to say of this supplier.
fn group(
    supplier_id: Uuid,
    supplier: &Supplier,
    candidates: &[Candidate<'_>],
    now: DateTime<Utc>,
) -> Option<SupplierSuggestions> {
    let visits = visits(supplier, now);
    let minimum_minor = supplier.details.delivery_terms.as_ref().map_or(0, |terms| terms.minimum_order_minor);
    let cart: Vec<CartLine> = candidates.iter().map(Candidate::cart_line).collect();
    let lines: Vec<SuggestedProduct> =
        candidates.iter().filter(|candidate| candidate.suggestion.packs > 0).map(Candidate::line).collect();
    // A supplier of whom nothing is needed has no minimum to reach.
    if lines.is_empty() {
        return None;
    }
    let suggested_total_cents = lines.iter().map(|line| line.line_total_cents).sum();
    let in_packs = cart.iter().map(|line| line.pack_price_minor.saturating_mul(line.packs)).sum();
    let held = reach_minimum(&cart, same_gap(minimum_minor, suggested_total_cents, in_packs));
    let advance = |advance: &forecasting::reorder::Advance| {
        let candidate = &candidates[advance.line];
        let qty = Quantity(advance.packs.saturating_mul(candidate.suggestion.pack));
        Advanceable {
            product_id: candidate.product_id.into(),
            name: candidate.product.details.name.clone(),
            unit: candidate.product.details.unit.clone(),
            packs: advance.packs,
            qty,
            value_cents: line_net_minor(candidate.unit_price_minor, qty),
        }
    };
    Some(SupplierSuggestions {
        supplier_id: supplier_id.into(),
        name: supplier.details.name.clone(),
        currency: supplier.currency,
        next_delivery: visits.deliveries.map(|deliveries| deliveries.next),
        order_by: visits.deliveries.and_then(|deliveries| moment_of(deliveries.order_by)),
        following_delivery: visits.deliveries.map(|deliveries| deliveries.after),
        covers_days: visits.protection_days,
        minimum_order_cents: minimum_minor,
        suggested_total_cents,
        below_minimum_cents: (minimum_minor - suggested_total_cents).max(0),
        lines,
        could_be_advanced: held.advances.iter().map(advance).collect(),
    })
}

/// The minimum as it is for a cart that is summed up pack by pack, each rounded: as far from that sum as the supplier's
/// minimum is from what the lines come to, each rounded once.
const fn same_gap(minimum_minor: i64, total_minor: i64, in_packs_minor: i64) -> i64 {
    minimum_minor.saturating_sub(total_minor).saturating_add(in_packs_minor)
}

/// Of a time that a clock shows twice the first, of one that it leaps over what it shows then.
fn moment_of(local: NaiveDateTime) -> Option<DateTime<Utc>> {
    let at = |local: NaiveDateTime| Stockholm.from_local_datetime(&local).earliest();
    at(local).or_else(|| at(local + TimeDelta::hours(1))).map(|moment| moment.to_utc())
}

impl Candidate<'_> {
    fn cart_line(&self) -> CartLine {
        CartLine {
            pack_price_minor: line_net_minor(self.unit_price_minor, Quantity(self.suggestion.pack)),
            packs: self.suggestion.packs,
            class: ServiceClass::of_shelf_life(self.product.details.shelf_life_days.map(u32::from)),
            next_cycle_packs: self.later_packs,
        }
    }

    fn line(&self) -> SuggestedProduct {
        let (suggestion, details) = (&self.suggestion, &self.product.details);
        let suggested_qty = Quantity(suggestion.quantity);
        let why = Why {
            service_level: f64::from(suggestion.target_bps) / 10_000.0,
            protection_days: suggestion.protection_days,
            target_qty: Quantity(suggestion.level),
            expected_qty: Quantity(suggestion.expected),
            on_hand_qty: Quantity(suggestion.on_hand.quantity()),
            on_hand: self.shelf.known,
            counted_at: self.shelf.counted_at,
            on_order_qty: Quantity(suggestion.on_order),
            need_qty: Quantity(suggestion.need),
            shelf_life_days: details.shelf_life_days,
            shelf_life_cap_qty: suggestion.shelf_life_cap.map(Quantity),
            capped_by_shelf_life: suggestion.capped,
            pack_qty: Quantity(suggestion.pack),
            rounding: suggestion.rounding,
            keeps: ServiceClass::of_shelf_life(details.shelf_life_days.map(u32::from)),
            class: self.series.class.clone(),
            frequency: f64::from(self.frequency_bps) / 10_000.0,
            sentence: sentence(suggestion, self.shelf.known, &details.unit),
        };
        SuggestedProduct {
            product_id: self.product_id.into(),
            name: details.name.clone(),
            unit: details.unit.clone(),
            suggested_qty,
            packs: suggestion.packs,
            unit_price_cents: self.unit_price_minor,
            line_total_cents: line_net_minor(self.unit_price_minor, suggested_qty),
            why,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packs_that_are_rounded_one_by_one_do_not_move_the_minimum() {
        // Three packs of 0.333 at 1.00: 33 each, 99 in all; the line comes to 100, and so does the minimum.
        let line =
            CartLine { pack_price_minor: 33, packs: 3, class: ServiceClass::Staple, next_cycle_packs: 1 };
        assert!(reach_minimum(&[line], same_gap(100, 100, 99)).advances.is_empty());
        assert_eq!(reach_minimum(&[line], same_gap(101, 100, 99)).advances.len(), 1);
    }
}
