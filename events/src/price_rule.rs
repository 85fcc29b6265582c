//! Price rules: what a supplier lets move its prices. One stream per supplier, with the supplier's id: whatever moves a
//! price reads all of its rules, and that there is one of a kind per scope is decided on the one stream.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use pricing::{Limits, Rule, RuleKind};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    envelope::StreamKind,
    fold::Fold,
    values::{PriceRuleId, ProductId, SupplierId},
};

/// As many rules of a supplier act at once: each price is decided with all of them at hand.
pub const RULES_MAX: usize = 200;

/// What a rule is about; the product's own rule acts in place of its category's of the same kind.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RuleScope {
    /// One product.
    ProductId(ProductId),
    /// All products of that category.
    Category(String),
}

/// Whether a rule changes prices.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RuleMode {
    /// It shows what it would do.
    #[default]
    DryRun,
    /// It does it.
    Active,
}

/// What happens to a supplier's rules. The stream has the supplier's id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum PriceRuleEvent {
    /// A rule comes to be.
    PriceRuleCreated {
        /// Whose it is.
        supplier_id: SupplierId,
        /// The rule.
        rule_id: PriceRuleId,
        /// What it is about; never changes.
        scope: RuleScope,
        /// When and how far.
        kind: RuleKind,
        /// Within what.
        limits: Limits,
        /// Whether it changes prices.
        mode: RuleMode,
    },
    /// A rule is otherwise from now on.
    PriceRuleRevised {
        /// Which.
        rule_id: PriceRuleId,
        /// When and how far; of the kind that it was.
        kind: RuleKind,
        /// Within what.
        limits: Limits,
        /// Whether it changes prices.
        mode: RuleMode,
    },
    /// A rule does nothing any more.
    PriceRuleEnded {
        /// Which.
        rule_id: PriceRuleId,
    },
    /// No rule of the supplier changes a price until it says otherwise.
    PriceRulesPaused {
        /// Whose.
        supplier_id: SupplierId,
    },
    /// Active rules change prices again.
    PriceRulesResumed {
        /// Whose.
        supplier_id: SupplierId,
    },
}

/// A rule as its events leave it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PriceRule {
    /// What it is about.
    pub scope: RuleScope,
    /// When and how far.
    pub kind: RuleKind,
    /// Within what.
    pub limits: Limits,
    /// Whether it changes prices.
    pub mode: RuleMode,
    /// Of this rule: its events, from 1.
    pub revision: i64,
}

/// All rules of a supplier that have not ended, as their events leave them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PriceRules {
    /// Whose they are.
    pub supplier_id: SupplierId,
    /// None of them changes a price.
    pub is_paused: bool,
    /// By their ids, which rise with time.
    pub rules: BTreeMap<PriceRuleId, PriceRule>,
}

impl PriceRules {
    /// The rules that act on a product, one of each kind at most: its own before its category's. With `DryRun`, all of
    /// them; with `Active`, those that change prices.
    pub fn acting_on(&self, product_id: ProductId, category: Option<&str>, mode: RuleMode) -> Vec<Rule> {
        let mut by_kind: BTreeMap<&str, (bool, RuleMode, Rule)> = BTreeMap::new();
        for (id, rule) in &self.rules {
            let is_own = match &rule.scope {
                RuleScope::ProductId(own) if *own == product_id => true,
                RuleScope::Category(of) if Some(of.as_str()) == category => false,
                _ => continue,
            };
            let found = (is_own, rule.mode, rule.as_rule(*id));
            let place = by_kind.entry(rule.kind.name());
            let best = place.or_insert_with(|| found.clone());
            if is_own && !best.0 {
                *best = found;
            }
        }
        // Which of them acts comes before whether it does: one that is tried out keeps the category's from acting.
        let is_meant = |of: RuleMode| mode == RuleMode::DryRun || of == RuleMode::Active;
        by_kind.into_values().filter(|(_, of, _)| is_meant(*of)).map(|(.., rule)| rule).collect()
    }
}

impl PriceRule {
    /// As prices are decided by it.
    pub fn as_rule(&self, id: PriceRuleId) -> Rule {
        Rule { id: id.0, revision: self.revision, kind: self.kind.clone(), limits: self.limits.clone() }
    }
}

impl Fold for PriceRules {
    type Event = PriceRuleEvent;
    const KIND: StreamKind = StreamKind::PriceRules;

    fn apply(&mut self, event: &PriceRuleEvent) {
        match event {
            PriceRuleEvent::PriceRuleCreated { supplier_id, rule_id, scope, kind, limits, mode } => {
                self.supplier_id = *supplier_id;
                let (scope, kind, limits, mode) = (scope.clone(), kind.clone(), limits.clone(), *mode);
                self.rules.insert(*rule_id, PriceRule { scope, kind, limits, mode, revision: 1 });
            }
            PriceRuleEvent::PriceRuleRevised { rule_id, kind, limits, mode } => {
                if let Some(rule) = self.rules.get_mut(rule_id) {
                    rule.kind = kind.clone();
                    rule.limits = limits.clone();
                    rule.mode = *mode;
                    rule.revision += 1;
                }
            }
            PriceRuleEvent::PriceRuleEnded { rule_id } => {
                self.rules.remove(rule_id);
            }
            PriceRuleEvent::PriceRulesPaused { supplier_id } => {
                self.supplier_id = *supplier_id;
                self.is_paused = true;
            }
            PriceRuleEvent::PriceRulesResumed { .. } => self.is_paused = false,
        }
    }
}

/// Why a price is what it is, where rules made it: enough to decide it again, to the öre.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PriceReason {
    /// The hour that was priced.
    pub at: DateTime<Utc>,
    /// All that it was decided from.
    pub inputs: pricing::Inputs,
    /// The rules that were asked, by id and revision; what they said stands in the supplier's stream of rules.
    pub rules: Vec<RuleRef>,
    /// What came of it.
    pub proposal: pricing::Proposal,
}

/// A rule as it stood.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct RuleRef {
    /// Which.
    pub rule_id: PriceRuleId,
    /// Its revision then.
    pub revision: i64,
}

impl RuleRef {
    /// Each of them.
    pub fn all(rules: &[Rule]) -> Vec<Self> {
        rules.iter().map(|rule| Self { rule_id: PriceRuleId(rule.id), revision: rule.revision }).collect()
    }
}

impl cqrs_es::DomainEvent for PriceRuleEvent {
    fn event_type(&self) -> String {
        match self {
            Self::PriceRuleCreated { .. } => "PriceRuleCreated",
            Self::PriceRuleRevised { .. } => "PriceRuleRevised",
            Self::PriceRuleEnded { .. } => "PriceRuleEnded",
            Self::PriceRulesPaused { .. } => "PriceRulesPaused",
            Self::PriceRulesResumed { .. } => "PriceRulesResumed",
        }
        .to_owned()
    }

    fn event_version(&self) -> String {
        "1".to_owned()
    }
}
