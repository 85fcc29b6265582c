//! Accounts.

pub(crate) mod erase;
pub(crate) mod personal_data;
