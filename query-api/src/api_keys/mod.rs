//! API keys, as the account that they call in the name of sees them, and those who see everything. Hashes are not
//! here: this side of the program cannot read them.

pub(crate) mod get;
pub(crate) mod list;
