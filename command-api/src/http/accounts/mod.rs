//! Accounts.

pub(crate) mod disable;
pub(crate) mod enable;
pub(crate) mod erase;
pub(crate) mod personal_data;
