//! The decision.

use chrono::TimeDelta;

use crate::{
    adjust::{Asked, asked},
    guard::{Bounds, adjusted},
    inputs::{Inputs, Standing},
    proposal::{Adjustment, Guardrail, Proposal},
    rule::Rule,
};

/// Buyers are not to find another price with every look.
const REST: TimeDelta = TimeDelta::hours(6);

/// What the product is to cost by these rules, and why.
///
/// `target = base × (1 + Σ adjustments)`; then, in this order: whether it may move at all, floor and ceiling, how far
/// it may go in a day, the price ending, and that a small change is none. Rules in any order give the same.
///
/// Where no rule asks for anything, the supplier's own price stays whatever floors and ceilings say, and one that rules
/// had moved goes back to it, as far as a day lets it.
pub fn propose(inputs: &Inputs, rules: &[Rule]) -> Proposal {
    let mut rules: Vec<&Rule> = rules.iter().collect();
    rules.sort_by_key(|rule| (rule.kind.name(), rule.id));
    let mut adjustments = Vec::new();
    let mut guardrails = Vec::new();
    let mut is_frozen = false;
    for rule in &rules {
        match asked(&rule.kind, inputs) {
            Asked::Moves(bps, because) => adjustments.push(Adjustment {
                rule_id: rule.id,
                rule_revision: rule.revision,
                kind: rule.kind.name().to_owned(),
                bps,
                because,
            }),
            Asked::Nothing => {}
            Asked::Barred(guardrail) => guardrails.push(guardrail),
            Asked::Frozen(guardrail) => {
                is_frozen = true;
                guardrails.push(guardrail);
            }
        }
    }
    let standing = &inputs.standing;
    let bps = adjustments.iter().map(|adjustment| adjustment.bps).sum();
    let target_minor = adjusted(standing.base_minor, bps);
    if let Some(guardrail) = rest(inputs) {
        is_frozen = true;
        guardrails.push(guardrail);
    }
    let new_minor = if is_frozen || rules.is_empty() {
        standing.current_minor
    } else {
        hold(&rules, standing, (target_minor, !adjustments.is_empty()), &mut guardrails)
    };
    guardrails.sort_unstable();
    guardrails.dedup();
    Proposal { new_minor, target_minor, adjustments, guardrails }
}

fn rest(inputs: &Inputs) -> Option<Guardrail> {
    let Standing { held_until, changed_at, .. } = inputs.standing;
    if held_until.is_some_and(|until| inputs.at < until) {
        return Some(Guardrail::Held);
    }
    changed_at.is_some_and(|changed| inputs.at < changed + REST).then_some(Guardrail::ChangedRecently)
}

fn hold(
    rules: &[&Rule],
    standing: &Standing,
    (target_minor, is_asked): (i64, bool),
    guardrails: &mut Vec<Guardrail>,
) -> i64 {
    if !is_asked && standing.current_minor == standing.base_minor {
        return standing.current_minor;
    }
    let Some(bounds) = Bounds::of(rules, standing) else {
        guardrails.push(Guardrail::LimitsConflict);
        return standing.current_minor;
    };
    let bounds = if is_asked { bounds } else { bounds.back_to(target_minor) };
    let (price, hit) = bounds.hold(target_minor, standing.current_minor);
    guardrails.extend(hit);
    price
}
