//! Scopes: what an API key may do, by the first part of a path.

use std::fmt;

use super::UnknownName;

/// The first parts of paths under `/api/v1` that API keys can be let into. Any other is closed to them, whatever
/// their scopes: a new one is decided on here, and a test holds the list against the API's document.
pub const KEY_SEGMENTS: [&str; 17] = [
    "audit",
    "carts",
    "event-types",
    "forecasts",
    "imports",
    "invoice-batches",
    "invoices",
    "jobs",
    "notification-preferences",
    "notifications",
    "orders",
    "price-proposals",
    "price-rules",
    "products",
    "restaurants",
    "suppliers",
    "webhook-endpoints",
];

/// What every API key may read, whatever its scopes: whose it is.
pub const KEY_SEGMENTS_OPEN: [&str; 1] = ["me"];

/// Reading or anything else under the first part of a path: `orders:read`. Writing does not imply reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Scope {
    segment: &'static str,
    writes: bool,
}

impl Scope {
    /// All there are, sorted.
    pub fn all() -> impl Iterator<Item = Self> {
        KEY_SEGMENTS.into_iter().flat_map(|segment| [false, true].map(|writes| Self { segment, writes }))
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.segment, if self.writes { "write" } else { "read" })
    }
}

impl std::str::FromStr for Scope {
    type Err = UnknownName;

    fn from_str(text: &str) -> Result<Self, UnknownName> {
        let known = Self::all().find(|scope| scope.to_string() == text);
        known.ok_or(UnknownName("the first part of a path, a colon, and read or write"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_scope_has_one_spelling() {
        let all: Vec<Scope> = Scope::all().collect();
        assert_eq!(all.len(), 2 * KEY_SEGMENTS.len());
        assert!(all.is_sorted_by_key(Scope::to_string));
        for scope in all {
            assert_eq!(scope.to_string().parse(), Ok(scope));
        }
        for wrong in
            ["", "orders", "orders:", "orders:READ", "orders:all", "*", "api-keys:write", " orders:read"]
        {
            assert!(wrong.parse::<Scope>().is_err(), "{wrong}");
        }
    }
}
