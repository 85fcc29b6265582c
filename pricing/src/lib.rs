//! Prices by rule: from what a supplier knows of its own product to a price and the reasons for it.
//!
//! Pure, and integers alone: the same inputs and rules give the same price, to the öre, on any machine and in any year.
//! - [`Rule`]: what a supplier has switched on, and within which [`Limits`].
//! - [`Inputs`]: all that a price may depend on. There is no place in them for another supplier's prices, stock or
//!   orders, nor for who is asking: a price that depended on either could not be written down here.
//! - [`propose`]: the decision.
//!
//! Money is in minor units, quantities are in thousandths, rates are in hundredths of a per cent (basis points).

mod adjust;
mod guard;
mod inputs;
mod proposal;
mod propose;
mod rule;
mod words;

pub use inputs::{DemandIndex, Expected, Inputs, Lot, Standing, StockOnHand};
pub use proposal::{Adjustment, Because, Guardrail, Proposal};
pub use propose::propose;
pub use rule::{Aim, Limits, Rule, RuleKind};
