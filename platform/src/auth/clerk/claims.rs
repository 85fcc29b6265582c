//! What a session token says, and what of it must be so.

use jsonwebtoken::Validation;
use serde::Deserialize;

use super::super::AuthFailure;

/// How far Clerk's clock and ours may differ, in seconds.
pub(super) const LEEWAY_S: i64 = 5;
const USER_PREFIX: &str = "user_";
const USER_ID_MAX_CHARS: usize = 64;

/// The claims that are looked at; Clerk writes more.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Claims {
    /// Clerk's user.
    pub(super) sub: String,
    sid: Option<String>,
    azp: Option<String>,
    sts: Option<String>,
    /// Seconds since 1970, as the other two.
    iat: i64,
    nbf: i64,
    exp: i64,
}

/// What the library checks: the signature by the key's own algorithm, and the issuer.
pub(super) fn validation(issuer: &str, algorithm: jsonwebtoken::Algorithm) -> Validation {
    // `alg` of the header is compared with the key's algorithm and chooses nothing: neither `none` nor a public key
    // passed off as an HMAC key works. `jku`, `jwk`, `x5u` and `x5c` are never looked at.
    let mut validation = Validation::new(algorithm);
    validation.set_issuer(&[issuer]);
    validation.set_required_spec_claims(&["exp", "nbf", "iss", "sub"]);
    // Session tokens have no audience; whom they are for is `azp`, below.
    validation.validate_aud = false;
    // Times are checked against our clock: the library would ask the machine's.
    validation.validate_exp = false;
    validation.validate_nbf = false;
    validation
}

impl Claims {
    /// Whether they are those of a session that is under way, at one of our frontends.
    pub(super) fn check(&self, parties: &[String], now_s: i64) -> Result<(), AuthFailure> {
        if now_s >= self.exp.saturating_add(LEEWAY_S) {
            return Err(AuthFailure::Expired);
        }
        if self.nbf.max(self.iat) > now_s.saturating_add(LEEWAY_S) {
            return Err(AuthFailure::NotYetValid);
        }
        // A token that another site of the same instance was given must not be good here; a browser's always says
        // where it came to be, so one that does not was made for something else.
        if !self.azp.as_ref().is_some_and(|azp| parties.contains(azp)) {
            return Err(AuthFailure::WrongParty);
        }
        // Tokens from templates are signed by the same key and have none: they are for third parties, and no session.
        if self.sid.as_deref().is_none_or(str::is_empty) {
            return Err(AuthFailure::NoSession);
        }
        // `pending`: signed in, but a step that the instance asks for is still missing, a second factor for example.
        if self.sts.as_deref().is_some_and(|status| status != "active") {
            return Err(AuthFailure::SessionPending);
        }
        if is_user_id(&self.sub) { Ok(()) } else { Err(AuthFailure::Malformed) }
    }
}

/// Whether a text may be an id of Clerk's users.
pub fn is_user_id(text: &str) -> bool {
    let id = text.strip_prefix(USER_PREFIX).unwrap_or_default();
    (1..=USER_ID_MAX_CHARS).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const NOW_S: i64 = 1_700_000_000;

    fn verdict(changes: &[(&str, Value)]) -> Result<(), AuthFailure> {
        let mut claims = json!({"sub": "user_2abc", "sid": "sess_1", "azp": "https://app.example",
            "sts": "active", "iat": NOW_S, "nbf": NOW_S - 10, "exp": NOW_S + 60});
        for (name, value) in changes {
            claims[*name] = value.clone();
        }
        let claims: Claims = serde_json::from_value(claims).map_err(|_| AuthFailure::Malformed)?;
        claims.check(&["https://app.example".to_owned(), "https://admin.example".to_owned()], NOW_S)
    }

    #[test]
    fn a_running_session_of_one_of_the_frontends_is_taken() {
        assert_eq!(verdict(&[]), Ok(()));
        assert_eq!(verdict(&[("azp", json!("https://admin.example"))]), Ok(()));
        assert_eq!(verdict(&[("sts", Value::Null)]), Ok(()), "older tokens do not say");
        assert_eq!(verdict(&[("sub", json!(format!("user_{}", "a".repeat(64))))]), Ok(()));
    }

    #[test]
    fn clocks_may_differ_by_five_seconds() {
        assert_eq!(verdict(&[("exp", json!(NOW_S - 4))]), Ok(()));
        assert_eq!(verdict(&[("exp", json!(NOW_S - 5))]), Err(AuthFailure::Expired));
        assert_eq!(verdict(&[("exp", json!(i64::MIN))]), Err(AuthFailure::Expired));
        for name in ["nbf", "iat"] {
            assert_eq!(verdict(&[(name, json!(NOW_S + 5))]), Ok(()));
            assert_eq!(verdict(&[(name, json!(NOW_S + 6))]), Err(AuthFailure::NotYetValid), "{name}");
        }
    }

    #[test]
    fn everything_else_is_refused_for_its_own_reason() {
        for (name, value, expected) in [
            ("azp", Value::Null, AuthFailure::WrongParty),
            ("azp", json!("https://evil.example"), AuthFailure::WrongParty),
            ("azp", json!("https://app.example/"), AuthFailure::WrongParty),
            ("azp", json!("HTTPS://app.example"), AuthFailure::WrongParty),
            ("azp", json!(["https://app.example"]), AuthFailure::Malformed),
            ("sid", Value::Null, AuthFailure::NoSession),
            ("sid", json!(""), AuthFailure::NoSession),
            ("sts", json!("pending"), AuthFailure::SessionPending),
            ("sts", json!(""), AuthFailure::SessionPending),
            ("exp", json!("soon"), AuthFailure::Malformed),
            ("exp", Value::Null, AuthFailure::Malformed),
            ("iat", Value::Null, AuthFailure::Malformed),
            ("nbf", Value::Null, AuthFailure::Malformed),
            ("sub", json!(""), AuthFailure::Malformed),
            ("sub", json!("user_"), AuthFailure::Malformed),
            ("sub", json!("org_2abc"), AuthFailure::Malformed),
            ("sub", json!("user_2abc' OR 1=1"), AuthFailure::Malformed),
            ("sub", json!("user_å"), AuthFailure::Malformed),
            ("sub", json!(format!("user_{}", "a".repeat(65))), AuthFailure::Malformed),
        ] {
            assert_eq!(verdict(&[(name, value.clone())]), Err(expected), "{name}: {value}");
        }
    }
}
