//! Commands on API keys, one per file.

pub(crate) mod issue;
pub(crate) mod revoke;
pub(crate) mod rotate;
mod scopes;
mod secret;
