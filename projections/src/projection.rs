//! What a projection is, and what can go wrong in one.

use std::{pin::Pin, sync::Arc};

use events::{
    RecordedEvent, StreamKind,
    fold::UnreadableEvent,
    log::{Retry, retry_of},
};
use sqlx::{PgConnection, error::DatabaseError};
use uuid::Uuid;

use crate::{
    accounts::Accounts, api_keys::ApiKeys, carts::Carts, catalogue::Catalogue, inventory::Inventories,
    invoiced_prices::InvoicedPrices, invoices::Invoices, order_billing::OrderBilling, orders::Orders,
    price_rules::PriceRules, privileged_actions::PrivilegedActions, restaurants::Restaurants,
    schema::SchemaName, suppliers::Suppliers, trade_relations::TradeRelations,
    webhook_endpoints::WebhookEndpoints,
};

/// A fold of the log into tables.
///
/// Pure but for its rows: the same events give the same rows, in batches of any size.
pub trait Projection: Send + Sync + 'static {
    /// Who it is.
    fn identity(&self) -> &'static Identity;

    /// False where an event of its kinds changes no row of it, as can be told without reading its payload.
    fn concerns(&self, _event: &RecordedEvent) -> bool {
        true
    }

    /// Takes the events into account, in the caller's transaction.
    ///
    /// They are of the projection's kinds, in the order of their positions, and follow on what its rows
    /// hold. One that does not is refused: this is the proof that none is applied twice. Stretches that concern it in
    /// nothing may be left out.
    ///
    /// # Errors
    /// [`ProjectError::blame`] says whose fault it is.
    fn project_in_tx<'a>(
        &'a self,
        tx: &'a mut PgConnection,
        schema: &'a SchemaName,
        events: &'a [Arc<RecordedEvent>],
    ) -> Projecting<'a>;
}

/// A projection at work.
pub type Projecting<'a> = Pin<Box<dyn Future<Output = Result<(), ProjectError>> + Send + 'a>>;

/// What is fixed about a projection.
#[derive(Debug)]
pub struct Identity {
    /// Its name in `read.checkpoints`; never changes.
    pub name: &'static str,
    /// Raised when the same events give other rows: those of the former version must be rebuilt.
    pub version: i32,
    /// The streams that it folds.
    pub kinds: &'static [StreamKind],
    /// The tables that it writes.
    pub tables: &'static [ReadTable],
}

/// A table of the read schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ReadTable {
    /// Its name.
    pub name: &'static str,
    /// The first column of its primary key, a uuid.
    pub key: &'static str,
}

/// Every projection: the table of contents of this crate.
pub fn all() -> Vec<Arc<dyn Projection>> {
    vec![
        Arc::new(Accounts),
        Arc::new(Suppliers),
        Arc::new(Restaurants),
        Arc::new(Catalogue),
        Arc::new(Carts),
        Arc::new(Orders),
        Arc::new(InvoicedPrices),
        Arc::new(WebhookEndpoints),
        Arc::new(Invoices),
        Arc::new(OrderBilling),
        Arc::new(TradeRelations),
        Arc::new(PrivilegedActions),
        Arc::new(ApiKeys),
        Arc::new(Inventories),
        Arc::new(PriceRules),
    ]
}

/// Why events did not become rows.
#[derive(Debug, thiserror::Error)]
pub enum ProjectError {
    /// An event that its stream cannot be folded with.
    #[error("stream {key}: {source}")]
    Fold {
        /// The stream's id.
        key: Uuid,
        /// What is wrong with it.
        source: UnreadableEvent,
    },
    /// A row that this version cannot read.
    #[error("stream {key}: its stored state cannot be read")]
    StoredState {
        /// The stream's id.
        key: Uuid,
        /// The parser's word.
        source: serde_json::Error,
    },
    /// A stock that belongs to no product.
    #[error("stream {key}: event {position} is of the stock of a product that does not exist")]
    StockWithoutProduct {
        /// The product's id.
        key: Uuid,
        /// Of the event.
        position: i64,
    },
    /// Rows that were there a moment ago are not.
    #[error("{written} rows of {table} were written where {expected} were meant")]
    RowsMissed {
        /// The table.
        table: &'static str,
        /// Rows meant.
        expected: usize,
        /// Rows written.
        written: u64,
    },
    /// What the database says.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

/// Whose fault an error is, and so what to do about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blame {
    /// This stream's: it fails however often it is tried.
    Stream(Uuid),
    /// One of the streams of the batch, for the database refuses a value.
    SomeStream,
    /// No event's: a lost connection, a full disk, a missing grant. Trying again is all there is to do,
    /// and no stream may be left out for it.
    Surroundings,
}

impl ProjectError {
    /// Whose fault it is.
    pub fn blame(&self) -> Blame {
        match self {
            Self::Fold { key, .. }
            | Self::StoredState { key, .. }
            | Self::StockWithoutProduct { key, .. } => Blame::Stream(*key),
            Self::Database(error) if is_refused_value(error) => Blame::SomeStream,
            Self::RowsMissed { .. } | Self::Database(_) => Blame::Surroundings,
        }
    }
}

/// The classes of errors that a value causes: 21 cardinality, 22 data, 23 integrity, 54 limits.
///
/// A list of what is poison, not of what is transient: an unforeseen error (a table not yet migrated, a
/// standby that is read-only) must delay everything rather than park one stream after the other.
fn is_refused_value(error: &sqlx::Error) -> bool {
    let Some(code) = error.as_database_error().and_then(DatabaseError::code) else { return false };
    // A unique violation asks the log's writers to try again. Here nobody else writes, so it is a value.
    let transient = retry_of(error) != Retry::Never && code != "23505";
    !transient && ["21", "22", "23", "54"].iter().any(|class| code.starts_with(class))
}
