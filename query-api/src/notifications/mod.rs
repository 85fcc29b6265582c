//! What the caller was told, how it wants to be told, and where. Everybody's own alone, whatever the role.

pub(crate) mod devices;
pub(crate) mod list;
pub(crate) mod preferences;
