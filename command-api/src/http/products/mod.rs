//! Commands on products, one per file.

pub(crate) mod adjust_stock;
pub(crate) mod create;
pub(crate) mod deactivate;
pub(crate) mod revise;
pub(crate) mod undo_price;

use events::values::{Tax, TaxCategory};

use super::fields::{Choice, TaxPercent};

/// How a product is taxed, by whichever of the two was given; the body's rule refuses both.
fn tax_of(rate: Option<TaxPercent>, category: Option<Choice<TaxCategory>>) -> Option<Tax> {
    let by_rate = rate.map(|rate| Tax::Rate(rate.0));
    by_rate.or_else(|| category.map(|category| Tax::Category(category.0)))
}
