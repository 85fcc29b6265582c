//! How far keys reach: the one place where scopes are held against a request.

use axum::http::Method;
use serde_json::json;

use super::CallingKey;
use crate::error::{ApiError, Fault};

/// What keys can be let into at all, by the first part of a path behind `base`; the default is nothing.
///
/// Which parts these are is the wiring's to say: there is no word of any trade here.
#[derive(Clone, Copy, Debug, Default)]
pub struct KeyReach {
    /// Where paths begin, `/api/v1/`.
    pub base: &'static str,
    /// Parts that need a scope.
    pub scoped: &'static [&'static str],
    /// Parts that every key may read.
    pub open: &'static [&'static str],
}

impl KeyReach {
    /// Whether the key may do this to a route, by its template.
    ///
    /// # Errors
    /// 403 `not_with_a_key` where no key may, 403 `insufficient_scope`, naming the one that is wanted.
    pub fn check(&self, key: &CallingKey, method: &Method, route: &str) -> Result<(), ApiError> {
        let segment = self.segment(route);
        // HEAD is answered by the routes of GET, without the body.
        let reads = matches!(*method, Method::GET | Method::HEAD);
        if reads && segment.is_some_and(|segment| self.open.contains(&segment)) {
            return Ok(());
        }
        // Security: what is not on the list is closed. Whoever adds a route to the API decides on it before any key
        // gets there; logins, accounts and keys themselves are never on it: a key that leaked makes no other
        // key and no login. What its scopes do let it make (members, partners, webhook endpoints) stays when it is
        // revoked.
        let Some(segment) = segment.filter(|segment| self.scoped.contains(segment)) else {
            return Err(ApiError::forbidden(
                "not_with_a_key",
                "No API key may do this, whatever its scopes.",
            ));
        };
        let wanted = format!("{segment}:{}", if reads { "read" } else { "write" });
        // Exact words: writing does not imply reading, so a till that only files orders cannot leak any.
        if key.scopes.contains(&wanted) {
            return Ok(());
        }
        let message = format!("The API key needs the scope {wanted}.");
        let fault = Fault::new("", "insufficient_scope", message.clone()).with("scope", json!(wanted));
        Err(ApiError::forbidden("insufficient_scope", message).with_details(vec![fault]))
    }

    /// `orders` of `/api/v1/orders/{id}`.
    fn segment<'a>(&self, route: &'a str) -> Option<&'a str> {
        // An empty base is no base: without wiring, no route has a part that could be on a list.
        let rest = route.strip_prefix(self.base).filter(|_| !self.base.is_empty())?;
        rest.split('/').next()
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    const REACH: KeyReach =
        KeyReach { base: "/api/v1/", scoped: &["orders", "keys-of-doors"], open: &["me"] };

    fn code(reach: KeyReach, scopes: &[&str], method: &Method, route: &str) -> String {
        let scopes = scopes.iter().map(|scope| (*scope).to_owned()).collect();
        let key = CallingKey { id: Uuid::nil(), scopes };
        reach.check(&key, method, route).map_or_else(|error| error.code().to_owned(), |()| "ok".to_owned())
    }

    #[test]
    fn reading_and_writing_need_their_own_scope() {
        let order = "/api/v1/orders/{id}";
        for (scopes, method, expected) in [
            (&["orders:read"][..], Method::GET, "ok"),
            (&["orders:read"], Method::HEAD, "ok"),
            (&["orders:read"], Method::POST, "insufficient_scope"),
            (&["orders:write"], Method::GET, "insufficient_scope"),
            (&["orders:write"], Method::HEAD, "insufficient_scope"),
            (&["orders:write"], Method::DELETE, "ok"),
            (&["orders:write"], Method::PATCH, "ok"),
            (&["orders:read", "orders:write"], Method::PUT, "ok"),
            (&["keys-of-doors:read"], Method::GET, "insufficient_scope"),
            (
                &["orders", "orders:", ":read", "orders:READ", "*", "order:read"],
                Method::GET,
                "insufficient_scope",
            ),
            (&[], Method::GET, "insufficient_scope"),
        ] {
            assert_eq!(code(REACH, scopes, &method, order), expected, "{scopes:?} {method}");
        }
        let key = CallingKey { id: Uuid::nil(), scopes: Vec::new().into() };
        let refused = REACH.check(&key, &Method::POST, order).unwrap_err();
        assert_eq!(refused.details()[0].extra["scope"], "orders:write");
    }

    #[test]
    fn what_is_on_no_list_is_closed_whatever_the_scopes() {
        let all = ["me:write", "accounts:read", "accounts:write", "orders:read", "orders:write"];
        for route in [
            "/api/v1/accounts/{id}",
            "/api/v1/",
            "/api/v1",
            "/api/v2/orders",
            "/orders",
            "/api/v1/Orders",
            "/api/v1/orders.json",
            "",
        ] {
            assert_eq!(code(REACH, &all, &Method::GET, route), "not_with_a_key", "{route}");
        }
        assert_eq!(code(REACH, &[], &Method::GET, "/api/v1/me"), "ok");
        assert_eq!(code(REACH, &all, &Method::POST, "/api/v1/me"), "not_with_a_key");
    }

    #[test]
    fn without_wiring_nothing_is_open() {
        assert_eq!(
            code(KeyReach::default(), &["orders:read"], &Method::GET, "/api/v1/orders"),
            "not_with_a_key"
        );
        assert_eq!(code(KeyReach::default(), &["orders:read"], &Method::GET, "orders"), "not_with_a_key");
    }
}
