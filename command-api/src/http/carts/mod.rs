//! Commands on carts, one per file.

pub(crate) mod add_item;
pub(crate) mod change_item;
pub(crate) mod open;
pub(crate) mod remove_item;
