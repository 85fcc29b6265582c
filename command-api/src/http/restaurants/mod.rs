//! Commands on restaurants, one per file.

pub(crate) mod add_member;
pub(crate) mod approve;
pub(crate) mod change_member_role;
pub(crate) mod count_inventory;
pub(crate) mod fill_cart;
pub(crate) mod grant_partner;
pub(crate) mod register;
pub(crate) mod reinstate;
pub(crate) mod remove_member;
pub(crate) mod revise;
pub(crate) mod revoke_partner;
pub(crate) mod suspend;
