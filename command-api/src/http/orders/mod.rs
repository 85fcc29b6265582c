//! Commands on orders, one per file.

pub(crate) mod cancel;
pub(crate) mod confirm;
pub(crate) mod confirm_delivery;
pub(crate) mod deliver;
pub(crate) mod place;
pub(crate) mod reject;
