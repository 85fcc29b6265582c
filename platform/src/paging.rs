//! Lists: page parameters, keyset cursors and the envelope.

mod cursor;
mod list;

use axum::{extract::FromRequestParts, http::request::Parts};
use deserr::Deserr;
use utoipa::IntoParams;

use crate::{
    body::{Faults, FromText, Invalid, query_pairs, read_pairs, repeated},
    error::{ApiError, Fault},
};

pub use self::{
    cursor::{read_cursor, write_cursor},
    list::List,
};

/// How many items a page may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageLimits {
    /// Items when the caller names no limit.
    pub default: u32,
    /// Items at most.
    pub max: u32,
}

impl Default for PageLimits {
    fn default() -> Self {
        Self { default: 50, max: 100 }
    }
}

/// Which part of a list is wanted.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Page {
    /// Items at most; between 1 and the maximum.
    pub limit: u32,
    /// Items to skip; 0 when a cursor is given.
    pub offset: u64,
    /// Where to go on, as given; read it with [`read_cursor`].
    pub cursor: Option<String>,
    /// Whether the answer tells the total.
    pub count: bool,
}

impl Page {
    /// Takes the four page parameters out of `pairs`, leaving the others; faults come together.
    pub fn take(pairs: &mut Vec<(String, String)>, limits: PageLimits) -> (Self, Faults) {
        let mut faults = Faults::default();
        let limit = take::<u32>(pairs, "limit", &mut faults).unwrap_or(limits.default);
        if !(1..=limits.max).contains(&limit) {
            let message = format!("Must be from 1 to {}.", limits.max);
            faults.push(Fault::new("limit", "out_of_range", message));
        }
        let offset = take::<Offset>(pairs, "offset", &mut faults);
        let cursor = take::<String>(pairs, "cursor", &mut faults);
        let count = take::<bool>(pairs, "count", &mut faults).unwrap_or(false);
        if cursor.is_some() && offset.is_some() {
            faults.push(Fault::new("offset", "cursor_given", "Give either an offset or a cursor."));
        }
        (Self { limit, offset: offset.map_or(0, |offset| offset.0), cursor, count }, faults)
    }

    /// The limit as a bind value.
    pub fn limit_i64(&self) -> i64 {
        i64::from(self.limit)
    }

    /// The offset as a bind value.
    ///
    /// # Panics
    /// Never for a parsed page: larger offsets are refused.
    pub fn offset_i64(&self) -> i64 {
        i64::try_from(self.offset).expect("parsing refuses offsets above i64::MAX")
    }
}

/// The value of the parameter `name`, if it stands there once and can be read.
fn take<T: FromText>(pairs: &mut Vec<(String, String)>, name: &str, faults: &mut Faults) -> Option<T> {
    let mut values = pairs.extract_if(.., |(key, _)| key == name).map(|(_, value)| value);
    let value = values.next()?;
    if values.count() > 0 {
        faults.push(repeated(name));
        return None;
    }
    let read =
        T::from_text(&value).map_err(|invalid| faults.push(Fault::new(name, invalid.code, invalid.message)));
    read.ok()
}

/// An offset that Postgres can take.
#[derive(Debug, Clone, Copy)]
struct Offset(u64);

impl FromText for Offset {
    fn from_text(text: &str) -> Result<Self, Invalid> {
        let number = u64::from_text(text).ok().filter(|number| i64::try_from(*number).is_ok());
        number.map(Self).ok_or_else(|| Invalid::new("invalid_number", "Must be a whole number from 0 up."))
    }
}

/// The page parameters together with a list's own filters, every fault of both told at once.
///
/// `F` is a query type of the list's own parameters alone; [`NoFilter`] where there are none.
#[derive(Debug, Clone)]
pub struct Paged<F> {
    /// Which part.
    pub page: Page,
    /// Which items.
    pub filter: F,
}

impl<S: Send + Sync, F: Deserr<Faults>> FromRequestParts<S> for Paged<F> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, ApiError> {
        // The shell puts the configured limits there; without it the documented defaults hold.
        let limits = parts.extensions.get::<PageLimits>().copied().unwrap_or_default();
        let mut pairs = query_pairs(&parts.uri)?;
        let (page, mut faults) = Page::take(&mut pairs, limits);
        let (filter, more) = read_pairs::<F>(pairs);
        faults.extend(more);
        match filter {
            Some(filter) if faults.as_slice().is_empty() => Ok(Self { page, filter }),
            _ => Err(faults.into()),
        }
    }
}

/// For lists without filters: any parameter beside the page's is refused.
#[derive(Debug, Clone, Copy, Default, Deserr)]
#[deserr(error = Faults, deny_unknown_fields)]
pub struct NoFilter {}

/// The page parameters, for the OpenAPI document.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes parameters; Page is what carries them")]
pub struct PageParams {
    /// Items at most, 1 to 100.
    #[param(default = 50, minimum = 1, maximum = 100)]
    limit: Option<u32>,
    /// Items to skip; not together with a cursor.
    #[param(minimum = 0)]
    offset: Option<u64>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
    /// With `true` the answer has `total`.
    count: Option<bool>,
}

#[cfg(test)]
mod tests;
