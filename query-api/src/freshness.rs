//! How much of the log a read saw, and waiting until it is enough.
//!
//! A position in an answer is read in the statement that reads the rows, so both are of one snapshot:
//! rows and checkpoint are also written in one transaction. A read of several read models says the
//! smallest of their positions: everything up to there is in all of them. What a consumer of public events
//! writes is read the same way: its position, too, moves in the transaction of its rows.

use std::time::Duration;

use axum::http::{HeaderMap, HeaderName};
use platform::error::ApiError;
use sqlx::{PgExecutor, PgPool};
use tokio::time::Instant;

use crate::{failure::ReadFailure, read_schema::ReadSchema};

/// Answers carry it: the position of the log up to which the answer is complete.
pub const IRIS_POSITION: HeaderName = HeaderName::from_static("iris-position");
/// Requests carry it: the position that the answer must have seen.
pub const IRIS_MIN_POSITION: HeaderName = HeaderName::from_static("iris-min-position");

const POLL_FIRST: Duration = Duration::from_millis(2);
const POLL_LONGEST: Duration = Duration::from_millis(50);

/// What reads wait for: the read models, under their projections' names, and the inbox of notifications, under
/// its consumer's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is a table of schema read, or says where it is")]
pub enum ReadModel {
    Accounts,
    Suppliers,
    Restaurants,
    Catalogue,
    Carts,
    Orders,
    InvoicedPrices,
    /// `notifications.notifications`, written by a consumer and so followed in `fanout.followers`.
    Notifications,
    WebhookEndpoints,
    Invoices,
    /// `read.order_billing`.
    Billing,
    TradeRelations,
    PrivilegedActions,
    ApiKeys,
    Inventory,
    PriceRules,
}

impl ReadModel {
    /// The name of its checkpoint.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Accounts => "accounts",
            Self::Suppliers => "suppliers",
            Self::Restaurants => "restaurants",
            Self::Catalogue => "catalogue",
            Self::Carts => "carts",
            Self::Orders => "orders",
            Self::InvoicedPrices => "invoiced_prices",
            Self::Notifications => "fanout.notifications",
            Self::WebhookEndpoints => "webhook_endpoints",
            Self::Invoices => "invoices",
            Self::Billing => "billing",
            Self::TradeRelations => "trade_relations",
            Self::PrivilegedActions => "privileged_actions",
            Self::ApiKeys => "api_keys",
            Self::Inventory => "inventory",
            Self::PriceRules => "price_rules",
        }
    }

    /// True for what a consumer of public events writes.
    const fn is_of_consumer(self) -> bool {
        matches!(self, Self::Notifications)
    }
}

/// A value together with the position that it is complete up to.
#[derive(Clone, Debug)]
pub struct Seen<T> {
    /// Position of the log.
    pub position: i64,
    /// What was read.
    pub value: T,
}

impl<T> Seen<T> {
    /// The same position with another value.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Seen<U> {
        Seen { position: self.position, value: change(self.value) }
    }
}

/// SQL for the smallest checkpoint of the read models named in the text array `$1`; a read model that has
/// no checkpoint yet has seen nothing.
macro_rules! checkpoint {
    () => {
        "(SELECT CASE WHEN count(*) = cardinality($1) THEN min(position) ELSE 0 END AS position \
          FROM read.checkpoints WHERE name = ANY($1))"
    };
}
pub(crate) use checkpoint;

/// As [`checkpoint`], with consumers as well, as `fanout.NAME`. Most reads ask for no consumer, and are spared
/// the second table.
const WITH_CONSUMERS: &str = "(SELECT CASE WHEN count(*) = cardinality($1) THEN min(position) ELSE 0 END AS position \
     FROM (SELECT name, position FROM read.checkpoints \
           UNION ALL SELECT 'fanout.' || name, position FROM fanout.followers) followers \
     WHERE name = ANY($1))";

/// SQL for the smallest position of `models`, whose [`names`] are bound to `$1`.
pub(crate) fn checkpoint_of(models: &[ReadModel]) -> &'static str {
    if models.iter().any(|model| model.is_of_consumer()) { WITH_CONSUMERS } else { checkpoint!() }
}

/// As [`checkpoint`], of the tables of that schema.
pub(crate) fn checkpoint_in(schema: ReadSchema) -> String {
    format!(
        "(SELECT CASE WHEN count(*) = cardinality($1) THEN min(position) ELSE 0 END AS position \
          FROM {schema}.checkpoints WHERE name = ANY($1))"
    )
}

/// The names of read models, as bound to [`checkpoint`]'s `$1`.
pub(crate) fn names(models: &[ReadModel]) -> Vec<&'static str> {
    let mut names: Vec<&'static str> = models.iter().map(|model| model.name()).collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// The position that the caller asks for.
///
/// # Errors
/// 400 `invalid_min_position` for anything but one whole number from 0 up.
pub(crate) fn min_position(headers: &HeaderMap) -> Result<Option<i64>, ApiError> {
    let mut values = headers.get_all(IRIS_MIN_POSITION).iter();
    let Some(value) = values.next() else { return Ok(None) };
    let digits = value.to_str().ok().filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
    let position = digits.and_then(|text| text.parse().ok()).filter(|_| values.next().is_none());
    position.map(Some).ok_or_else(|| {
        ApiError::bad_request("invalid_min_position", "Iris-Min-Position must be a whole number from 0 up.")
    })
}

/// The log's last position at this moment.
pub(crate) async fn head(executor: impl PgExecutor<'_>) -> Result<i64, ReadFailure> {
    Ok(sqlx::query_scalar("SELECT position FROM public.log_head").fetch_one(executor).await?)
}

/// Waits until all of `models` have seen `wanted`.
///
/// # Errors
/// 503 `read_model_behind` at the deadline.
pub(crate) async fn reach(
    pool: &PgPool,
    models: &[ReadModel],
    wanted: i64,
    deadline: Instant,
) -> Result<(), ApiError> {
    let mut pause = POLL_FIRST;
    let sql = format!("SELECT c.position FROM {} c", checkpoint_of(models));
    let names = names(models);
    while position(pool, &sql, &names).await? < wanted {
        if Instant::now() + pause > deadline {
            return Err(behind());
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(POLL_LONGEST);
    }
    Ok(())
}

/// 503: the read model will be there soon, but is not now.
pub(crate) fn behind() -> ApiError {
    ApiError::unavailable("read_model_behind", "The read model has not caught up yet; try again.", 1)
}

async fn position(pool: &PgPool, sql: &str, names: &[&'static str]) -> Result<i64, ReadFailure> {
    Ok(sqlx::query_scalar(sql).bind(names).fetch_one(pool).await?)
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;
    use proptest::prelude::*;

    use super::*;

    fn read(values: &[&'static str]) -> Result<Option<i64>, ApiError> {
        let pairs = values.iter().map(|value| (IRIS_MIN_POSITION, HeaderValue::from_static(value)));
        min_position(&pairs.collect::<Vec<_>>().into_iter().fold(
            HeaderMap::new(),
            |mut headers, (name, value)| {
                headers.append(name, value);
                headers
            },
        ))
    }

    #[test]
    fn a_position_is_digits_and_stands_once() {
        assert_eq!(read(&[]).unwrap(), None);
        assert_eq!(read(&["0"]).unwrap(), Some(0));
        assert_eq!(read(&["9223372036854775807"]).unwrap(), Some(i64::MAX));
        for bad in [&["-1"][..], &["+1"], &[""], &["1.0"], &["abc"], &["9223372036854775808"], &["1", "1"]] {
            let refused = read(bad).unwrap_err();
            assert_eq!(
                (refused.kind().status().as_u16(), refused.code()),
                (400, "invalid_min_position"),
                "{bad:?}"
            );
        }
    }

    proptest! {
        #[test]
        fn a_position_is_taken_whole_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..40), digits in "[+-]?[0-9]{0,22}") {
            for bytes in [bytes, digits.into_bytes()] {
                let Ok(value) = HeaderValue::from_bytes(&bytes) else { continue };
                match min_position(&HeaderMap::from_iter([(IRIS_MIN_POSITION, value)])) {
                    Ok(position) => prop_assert!(position.is_some_and(|position| position >= 0)),
                    Err(error) => prop_assert_eq!((error.kind().status().as_u16(), error.code()), (400, "invalid_min_position")),
                }
            }
        }
    }
}
