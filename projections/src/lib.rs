//! Read models: the log folded into tables.
//!
//! One file per read model ([`all`] is their list), each a [`Projection`]: from a stretch of events to
//! rows. [`run`] keeps them up with the log, [`Rebuilding`] folds them again beside the live ones,
//! [`compare`] tells whether both agree, [`Swap`] lets them change places, [`states`] and [`overview`] tell
//! how far they are. [`keep_views`] folds them as of earlier positions, for auditors.
//!
//! Invariant: rows and checkpoint of a projection move in one transaction, and a transaction that finds
//! the checkpoint elsewhere, or in other hands, does nothing. So every event counts exactly once,
//! whoever runs and whatever dies.

mod accounts;
mod api_keys;
mod batch;
mod carts;
mod catalogue;
mod checkpoint;
mod compare;
mod exchange;
mod family;
mod follower;
mod head;
mod inventory;
mod invoiced_prices;
mod invoices;
mod keyed_fold;
mod lag;
mod memberships;
mod order_billing;
mod orders;
mod overview;
mod ownership;
mod parking;
mod partners;
mod price_rules;
mod privileged_actions;
mod projection;
mod quiet;
mod rebuild;
mod replay;
mod replay_reader;
mod restaurants;
mod retry;
mod runner;
mod schema;
mod supplier_days;
mod suppliers;
mod swap;
mod swap_check;
mod swap_conditions;
mod swap_error;
mod trade_relations;
mod twin;
mod views;
mod webhook_endpoints;

pub use accounts::Accounts;
pub use api_keys::ApiKeys;
pub use carts::Carts;
pub use catalogue::Catalogue;
pub use compare::{Difference, RowCount, compare};
pub use family::Family;
pub use inventory::Inventories;
pub use invoiced_prices::InvoicedPrices;
pub use invoices::Invoices;
pub use lag::{ProjectionState, states};
pub use order_billing::OrderBilling;
pub use orders::Orders;
pub use overview::{Overview, Rows, overview};
pub use price_rules::PriceRules;
pub use privileged_actions::PrivilegedActions;
pub use projection::{Blame, Identity, ProjectError, Projecting, Projection, ReadTable, all};
pub use rebuild::{JOBS, Progress, RebuildError, Rebuilding, drop_scratch, rebuild_into, rebuild_upto};
pub use restaurants::Restaurants;
pub use retry::{ParkedStream, RetryError, parked, retry};
pub use runner::{OnOtherVersion, RunError, Settings, run, run_with};
pub use schema::{InvalidSchemaName, SchemaName};
pub use suppliers::Suppliers;
pub use swap::{Check, Direction, Swap, Swapped};
pub use swap_error::SwapError;
pub use trade_relations::TradeRelations;
pub use views::{keep_views, sweep_views};
pub use webhook_endpoints::WebhookEndpoints;
