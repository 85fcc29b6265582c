//! Views: the lists as of a position, for auditors. Built by whoever runs projections, in a schema of their own;
//! here is the asking for them, and the reading, by the code that serves the live lists.

pub(crate) mod ask;
pub(crate) mod get;
pub(crate) mod list;
pub(crate) mod lists;
pub(crate) mod remove;

use chrono::{DateTime, Utc};
use platform::body::{FromText, Invalid};
use serde::Serialize;
use sqlx::{Row, postgres::PgRow};
use utoipa::ToSchema;
use uuid::Uuid;

const WHAT: &str = "view";
/// What [`View::read`] reads.
const COLUMNS: &str = "view_id, asked_by, asked_at, position, moment, models, status, failure, folded, \
                       events_per_second, expires_at";

/// A list that a view can hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ViewModel {
    /// `GET /orders`.
    Orders,
    /// `GET /products`, with the stock of then.
    Products,
    /// `GET /suppliers`.
    Suppliers,
    /// `GET /restaurants`.
    Restaurants,
    /// `GET /invoices`.
    Invoices,
}

impl ViewModel {
    const ALL: [Self; 5] = [Self::Orders, Self::Products, Self::Suppliers, Self::Restaurants, Self::Invoices];

    /// Its name in `audit.views`.
    const fn name(self) -> &'static str {
        match self {
            Self::Orders => "orders",
            Self::Products => "products",
            Self::Suppliers => "suppliers",
            Self::Restaurants => "restaurants",
            Self::Invoices => "invoices",
        }
    }
}

impl FromText for ViewModel {
    fn from_text(text: &str) -> Result<Self, Invalid> {
        let known = Self::ALL.into_iter().find(|model| model.name() == text);
        let names = Self::ALL.map(Self::name).join(", ");
        known.ok_or_else(|| Invalid::new("unknown_value", format!("Must be one of {names}.")))
    }
}

/// A place in history.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Place {
    /// Of the log.
    position: i64,
    /// What was asked for, else when the event at that position was recorded.
    time: DateTime<Utc>,
}

/// How far the building is.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Progress {
    /// So far, as a mean over the read models.
    position: i64,
    /// In the end.
    of: i64,
    /// Over all read models.
    events_per_second: i64,
}

/// Lists as of a position.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct View {
    /// Which one.
    id: Uuid,
    /// `building`, `ready` or `failed`.
    #[schema(example = "ready")]
    status: String,
    /// Why it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    failure: Option<String>,
    /// What it shows.
    as_of: Place,
    /// The lists that it holds.
    #[schema(value_type = Vec<ViewModel>)]
    models: Vec<String>,
    /// How far the building is.
    progress: Progress,
    /// When it is dropped unless it is read before; null while it is being built.
    #[schema(required)]
    expires_at: Option<DateTime<Utc>>,
    /// Who asked for it.
    asked_by: Uuid,
    /// When.
    asked_at: DateTime<Utc>,
}

impl View {
    fn read(row: &PgRow) -> sqlx::Result<Self> {
        let (position, status): (i64, String) = (row.try_get("position")?, row.try_get("status")?);
        let expires_at: DateTime<Utc> = row.try_get("expires_at")?;
        Ok(Self {
            id: row.try_get("view_id")?,
            expires_at: (status != "building").then_some(expires_at),
            status,
            failure: row.try_get("failure")?,
            as_of: Place { position, time: row.try_get("moment")? },
            models: row.try_get("models")?,
            progress: Progress {
                position: row.try_get("folded")?,
                of: position,
                events_per_second: row.try_get("events_per_second")?,
            },
            asked_by: row.try_get("asked_by")?,
            asked_at: row.try_get("asked_at")?,
        })
    }
}
