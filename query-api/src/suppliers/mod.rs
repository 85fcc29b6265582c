//! Sellers: public to every account, but for their members and partners.

pub(crate) mod contract_prices;
pub(crate) mod daily_summary;
pub(crate) mod get;
pub(crate) mod list;
pub(crate) mod members;
pub(crate) mod metrics;
pub(crate) mod partners;
