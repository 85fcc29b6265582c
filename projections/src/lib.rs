//! Read models: the log folded into tables.
//!
//! One file per read model ([`all`] is their list), each a [`Projection`]: from a stretch of events to
//! rows. [`run`] keeps them up with the log, [`rebuild_into`] folds them again beside the live ones,
//! [`compare`] tells whether both agree, [`states`] how far they are.
//!
//! Invariant: rows and checkpoint of a projection move in one transaction, and a transaction that finds
//! the checkpoint elsewhere, or in other hands, does nothing. So every event counts exactly once,
//! whoever runs and whatever dies.

mod accounts;
mod batch;
mod carts;
mod catalogue;
mod checkpoint;
mod compare;
mod follower;
mod head;
mod invoiced_prices;
mod invoices;
mod keyed_fold;
mod lag;
mod memberships;
mod order_billing;
mod orders;
mod ownership;
mod parking;
mod partners;
mod projection;
mod rebuild;
mod restaurants;
mod runner;
mod schema;
mod supplier_days;
mod suppliers;
mod trade_relations;
mod webhook_endpoints;

pub use accounts::Accounts;
pub use carts::Carts;
pub use catalogue::Catalogue;
pub use compare::{Difference, compare};
pub use invoiced_prices::InvoicedPrices;
pub use invoices::Invoices;
pub use lag::{ProjectionState, states};
pub use order_billing::OrderBilling;
pub use orders::Orders;
pub use projection::{Blame, Identity, ProjectError, Projecting, Projection, ReadTable, all};
pub use rebuild::{RebuildError, drop_scratch, rebuild_into, rebuild_upto};
pub use restaurants::Restaurants;
pub use runner::{RunError, Settings, run, run_with};
pub use schema::{InvalidSchemaName, SchemaName};
pub use suppliers::Suppliers;
pub use trade_relations::TradeRelations;
pub use webhook_endpoints::WebhookEndpoints;
