//! Carts: seen by the restaurant's members.

pub(crate) mod get;
pub(crate) mod list;
