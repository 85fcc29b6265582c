//! Commands on suppliers, one per file.

pub(crate) mod add_member;
pub(crate) mod agree_contract_price;
pub(crate) mod change_member_role;
pub(crate) mod end_contract_price;
pub(crate) mod grant_partner;
pub(crate) mod register;
pub(crate) mod reinstate;
pub(crate) mod remove_member;
pub(crate) mod revise;
pub(crate) mod revoke_partner;
pub(crate) mod suspend;
