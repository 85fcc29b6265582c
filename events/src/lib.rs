//! What happened: event types, the values they are made of, and the log that keeps them.
//!
//! - One file per stream kind ([`account`], [`supplier`], [`restaurant`], [`product`], [`stock`],
//!   [`cart`], [`order`], [`webhook_endpoint`], [`invoice`], [`billing`], [`trade_relation`], [`api_key`],
//!   [`inventory`], [`forecast`], [`price_rule`]): its events, and the
//!   pure fold of those events into the state that commands decide on, that read models store and that clients see. One fold for all three is what makes a
//!   replay equal to the live answer.
//! - [`values`]: ids, money, quantities, dated VAT, personal data.
//! - [`envelope`]: what surrounds an event in the log; [`upcast`]: old versions to the current one.
//! - [`public`]: what leaves the house, and the one mapping from inner events to it.
//! - [`merkle`]: one root over the content hashes of a stretch of the log.
//! - [`audit`]: seals over stretches of the log, verifying the log against them, and proofs.
//! - [`archive`]: old partitions of the log in files, and back.
//! - [`history_line`]: history as lines of JSON, for others to keep and check.
//! - [`log`]: append and feed. Positions are dense and in commit order: a reader that has seen N has
//!   seen everything up to N.

pub mod account;
pub mod api_key;
pub mod archive;
pub mod audit;
pub mod billing;
pub mod canonical;
pub mod cart;
pub mod envelope;
pub mod fold;
pub mod forecast;
pub mod history_line;
pub mod inventory;
pub mod invoice;
pub mod log;
pub mod merkle;
pub mod order;
pub mod price_check;
pub mod price_rule;
pub mod product;
pub mod public;
pub mod resource;
pub mod restaurant;
pub mod stock;
pub mod supplier;
pub mod trade_relation;
pub mod upcast;
pub mod values;
pub mod webhook_endpoint;

pub use envelope::{Actor, NewEvent, RecordedEvent, StreamKind, StreamRef};
pub use fold::{Fold, Folded};
