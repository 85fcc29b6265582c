//! Logins at other identity providers, and the accounts that they belong to.
//!
//! - [`LinkedAccounts`]: whose account a login is, asked with every request.
//! - [`plan_follow`]: which account a provider tells of, before that is decided on.

mod accounts;
mod plan;

pub use accounts::LinkedAccounts;
pub use plan::{LoginFault, plan_follow};
