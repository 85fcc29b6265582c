//! Extractors for what the URL holds: path ids and the query string.

use axum::{
    extract::{FromRequestParts, rejection::PathRejection},
    http::{Uri, request::Parts},
};
use deserr::Deserr;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::{faults::Faults, strict};
use crate::error::{ApiError, Fault};

/// Path parameters; one that cannot be read cannot name anything that exists, so it answers 404.
#[derive(Debug, Clone, Copy)]
pub struct Path<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Path<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        match axum::extract::Path::from_request_parts(parts, state).await {
            Ok(axum::extract::Path(value)) => Ok(Self(value)),
            Err(PathRejection::MissingPathParams(cause)) => Err(ApiError::internal(&cause)),
            Err(_) => Err(ApiError::not_found("not_found", "There is nothing with this id.")),
        }
    }
}

/// The query string as `T`; values are strings, so numbers are `Parsed<u64>` and the like.
///
/// # Errors
/// 422 with every fault: unknown and repeated parameters, and values that cannot be read.
#[derive(Debug, Clone, Copy)]
pub struct Query<T>(pub T);

impl<S: Send + Sync, T: Deserr<Faults>> FromRequestParts<S> for Query<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, ApiError> {
        let (value, faults) = read_pairs(query_pairs(&parts.uri)?);
        Ok(Self(value_of(faults, value)?))
    }
}

/// Most parameters of a query string; no route has a third of them.
const PAIRS_MAX: usize = 64;

/// The decoded pairs of a query string, in order.
///
/// # Errors
/// 400 `invalid_query`: it cannot be decoded, or has more than 64 parameters.
pub fn query_pairs(uri: &Uri) -> Result<Vec<(String, String)>, ApiError> {
    // Counted before any of them is read.
    if uri.query().is_some_and(|query| query.split('&').count() > PAIRS_MAX) {
        let message = format!("The query string may have at most {PAIRS_MAX} parameters.");
        return Err(ApiError::bad_request("invalid_query", message));
    }
    axum::extract::Query::<Vec<(String, String)>>::try_from_uri(uri)
        .map(|pairs| pairs.0)
        .map_err(|_| ApiError::bad_request("invalid_query", "The query string cannot be read."))
}

/// Reads pairs as `T`, with every fault found.
///
/// The value is there only if it alone could be read; it counts only if there are no faults.
pub fn read_pairs<T: Deserr<Faults>>(pairs: Vec<(String, String)>) -> (Option<T>, Faults) {
    let mut faults = Faults::default();
    let mut members = Map::new();
    for (name, value) in pairs {
        if value.contains('\0') || name.contains('\0') {
            faults.push(strict::nul_fault(&name.replace('\0', "")));
        } else if members.contains_key(&name) {
            // Two readers could take different ones, so neither is taken.
            faults.push(repeated(&name));
        } else {
            members.insert(name, Value::String(value));
        }
    }
    match deserr::deserialize::<T, _, Faults>(Value::Object(members)) {
        Ok(value) => (Some(value), faults),
        Err(more) => {
            faults.extend(more);
            (None, faults)
        }
    }
}

pub(crate) fn repeated(name: &str) -> Fault {
    Fault::new(name, "repeated", "Stands more than once.")
}

fn value_of<T>(faults: Faults, value: Option<T>) -> Result<T, ApiError> {
    match value {
        Some(value) if faults.as_slice().is_empty() => Ok(value),
        _ => Err(faults.into()),
    }
}
