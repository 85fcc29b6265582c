//! What is billed beside ordered goods: charges, allowances, and lines that nobody ordered.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use super::{
    links::fold,
    names::similarity,
    order::{Order, PlannedCharge},
    policy::Policy,
    tally::{Part, Tally},
    variance::{Class, Effect, Variance},
};
use crate::invoice::{AllowanceCharge, Invoice, Line};

/// A name this much like a planned charge's means it.
const PLANNED_MIN: i64 = 800;

/// The variances, and what the planned charges come to in minor units.
pub(super) fn compare(
    documents: &[&Invoice],
    tally: &Tally<'_>,
    order: &Order,
    policy: &Policy,
) -> (Vec<Variance>, i64) {
    let mut planned = vec![0_i64; order.charges.len()];
    let mut variances = Vec::new();
    unmatched(tally, order, &mut planned, &mut variances);
    variances.extend(tally.ambiguous.iter().map(ambiguous));
    document_level(documents, order, policy, &mut planned, &mut variances);

    let mut expected_minor = 0_i64;
    for (charge, billed) in order.charges.iter().zip(planned) {
        let accepted = billed.min(charge.amount_max_minor);
        expected_minor = expected_minor.saturating_add(accepted);
        if billed > accepted {
            variances.push(charged(
                Effect::Blocks,
                Some(accepted),
                billed - accepted,
                &charge.reason,
                billed,
            ));
        }
    }
    (variances, expected_minor)
}

fn plan_for(name: &str, charges: &[PlannedCharge]) -> Option<usize> {
    charges.iter().position(|charge| similarity(name, &charge.reason) >= PLANNED_MIN)
}

/// How something is taxed. What cancels in net at another rate leaves VAT that nobody owes.
type Taxed = (String, Option<Decimal>);

/// Lines of the same goods and rate are added up: a credit cures what should never have been invoiced.
fn unmatched(tally: &Tally<'_>, order: &Order, planned: &mut [i64], variances: &mut Vec<Variance>) {
    let mut by_goods: BTreeMap<(String, Taxed), Vec<&Part<'_>>> = BTreeMap::new();
    for part in &tally.unmatched {
        let name = part.line.name.as_ref().map_or("", |name| name.value.as_str());
        match plan_for(name, &order.charges) {
            Some(index) => planned[index] = planned[index].saturating_add(part.net_minor()),
            None => by_goods.entry((goods_key(part.line), taxed_line(part.line))).or_default().push(part),
        }
    }
    let mut found: Vec<(usize, Variance)> = Vec::new();
    for parts in by_goods.into_values() {
        let value_minor = parts.iter().map(|part| part.net_minor()).fold(0, i64::saturating_add);
        if value_minor == 0 && parts.len() > 1 {
            continue;
        }
        let effect = if value_minor > 0 { Effect::Blocks } else { Effect::Doubts };
        let place = tally.unmatched.iter().position(|part| std::ptr::eq(part.line, parts[0].line));
        found.push((place.unwrap_or_default(), of_line(parts[0], Class::UnmatchedLine, effect, value_minor)));
    }
    found.sort_by_key(|(place, _)| *place);
    variances.extend(found.into_iter().map(|(_, variance)| variance));
}

fn goods_key(line: &Line) -> String {
    let keys = [&line.standard_item_id, &line.seller_item_id, &line.name];
    keys.into_iter().find_map(|key| key.as_ref().map(|key| fold(key))).unwrap_or_else(|| line.id.clone())
}

fn taxed_line(line: &Line) -> Taxed {
    let category = line.vat_category.as_ref().map_or_else(String::new, |category| category.value.clone());
    (category, line.vat_rate.as_ref().map(|rate| rate.value.normalize()))
}

fn taxed_change(change: &AllowanceCharge) -> Taxed {
    (change.vat_category.clone().unwrap_or_default(), change.vat_rate.map(|rate| rate.normalize()))
}

fn ambiguous(part: &Part<'_>) -> Variance {
    of_line(part, Class::AmbiguousLink, Effect::Doubts, part.net_minor())
}

fn of_line(part: &Part<'_>, class: Class, effect: Effect, value_minor: i64) -> Variance {
    Variance {
        invoice_line: Some(part.line.id.clone()),
        value_minor,
        counts_in_net: true,
        reason: part.line.name.as_ref().map(|name| name.value.clone()),
        ..Variance::of_document(class, effect)
    }
}

fn document_level(
    documents: &[&Invoice],
    order: &Order,
    policy: &Policy,
    planned: &mut [i64],
    variances: &mut Vec<Variance>,
) {
    let mut by_reason: BTreeMap<(String, Taxed), (String, i64)> = BTreeMap::new();
    for document in documents {
        for change in &document.allowances_charges {
            let reason = change.reason.as_ref().map_or("", |reason| reason.value.as_str());
            let value = change.signed_minor().unwrap_or(i64::MAX).saturating_mul(document.kind.sign());
            if let Some(index) = plan_for(reason, &order.charges) {
                planned[index] = planned[index].saturating_add(value);
            } else {
                let key = (fold(reason), taxed_change(change));
                let entry = by_reason.entry(key).or_insert_with(|| (reason.to_owned(), 0));
                entry.1 = entry.1.saturating_add(value);
            }
        }
    }
    let unplanned_minor = by_reason.values().map(|(_, value)| (*value).max(0)).fold(0, i64::saturating_add);
    let is_tolerated = unplanned_minor <= policy.unplanned_charge_max_minor;
    for (reason, value) in by_reason.into_values().filter(|(_, value)| *value != 0) {
        let effect = if value < 0 || is_tolerated { Effect::Noted } else { Effect::Blocks };
        variances.push(charged(effect, None, value, &reason, value));
    }
}

fn charged(effect: Effect, expected: Option<i64>, value_minor: i64, reason: &str, billed: i64) -> Variance {
    let class = if value_minor < 0 { Class::UnplannedAllowance } else { Class::UnplannedCharge };
    let plain = |minor| super::variance::plain(crate::money::decimal(minor));
    Variance {
        expected: expected.map(plain),
        actual: Some(plain(billed)),
        value_minor,
        counts_in_net: true,
        reason: (!reason.is_empty()).then(|| reason.to_owned()),
        ..Variance::of_document(class, effect)
    }
}
