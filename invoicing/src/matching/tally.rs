//! What documents bill for each order line, credits taken off.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use super::{links::Linked, order::Order};
use crate::invoice::{Invoice, Line};

/// One line of one document.
#[derive(Clone, Copy)]
pub(super) struct Part<'a> {
    pub document: &'a Invoice,
    pub line: &'a Line,
}

impl Part<'_> {
    pub fn net_minor(&self) -> i64 {
        self.document.kind.sign().saturating_mul(self.line.net_minor.value)
    }

    pub fn quantity(&self) -> Decimal {
        Decimal::from(self.document.kind.sign()) * self.line.quantity.value
    }
}

/// All lines that answer to one order line.
pub(super) struct BilledLine<'a> {
    pub order_line: usize,
    pub parts: Vec<Part<'a>>,
}

impl BilledLine<'_> {
    /// `None` where it does not fit.
    pub fn quantity(&self) -> Option<Decimal> {
        self.parts.iter().try_fold(Decimal::ZERO, |sum, part| sum.checked_add(part.quantity()))
    }

    /// A part that asks for money and for no goods.
    pub fn has_money_for_nothing(&self) -> bool {
        self.parts.iter().any(|part| part.line.quantity.value.is_zero() && part.line.net_minor.value != 0)
    }

    pub fn net_minor(&self) -> i64 {
        self.parts.iter().map(Part::net_minor).fold(0, i64::saturating_add)
    }
}

/// Everything that documents bill.
pub(super) struct Tally<'a> {
    /// By order line, in the order's order.
    pub lines: Vec<BilledLine<'a>>,
    /// Lines that answer to nothing.
    pub unmatched: Vec<Part<'a>>,
    /// Lines that may answer to several.
    pub ambiguous: Vec<Part<'a>>,
}

impl<'a> Tally<'a> {
    pub fn of(documents: &[&'a Invoice], linked: &[Linked], order: &Order) -> Self {
        let mut by_order_line: BTreeMap<usize, Vec<Part<'a>>> = BTreeMap::new();
        let (mut unmatched, mut ambiguous) = (Vec::new(), Vec::new());
        for (document, linked) in documents.iter().copied().zip(linked) {
            for (index, line) in document.lines.iter().enumerate() {
                let part = Part { document, line };
                match linked.order_line[index] {
                    Some(order_line) => by_order_line.entry(order_line).or_default().push(part),
                    None if linked.ambiguous.contains(&index) => ambiguous.push(part),
                    None => unmatched.push(part),
                }
            }
        }
        debug_assert!(by_order_line.keys().all(|index| *index < order.lines.len()));
        let lines = by_order_line.into_iter().map(|(order_line, parts)| BilledLine { order_line, parts });
        Self { lines: lines.collect(), unmatched, ambiguous }
    }
}
