//! The other side: webhooks that are sent to us.

use base64::{Engine, prelude::BASE64_STANDARD};
use hmac::{Hmac, Mac};
use sha2::Sha256;
use thiserror::Error;

use super::SigningSecret;

/// How far a message's second may lie from ours, in seconds either way: what was overheard cannot be sent again later.
pub const TOLERANCE_S: i64 = 300;
/// Ids that senders make have some 30 characters.
const ID_MAX_BYTES: usize = 128;
/// A sender that replaces its secret signs with two.
const SIGNATURES_MAX: usize = 16;

/// A message as it came, nothing of it believed yet.
#[derive(Clone, Copy, Debug)]
pub struct Signed<'a> {
    /// The header with its id.
    pub id: &'a str,
    /// The header with the second of the attempt, since 1970.
    pub timestamp: &'a str,
    /// The header with the signatures, separated by spaces.
    pub signatures: &'a str,
    /// The body, byte for byte.
    pub body: &'a [u8],
}

/// Why a message is not believed; for logs and metrics, never for the answer.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum NotSigned {
    /// Its id or timestamp is none.
    #[error("the headers are malformed")]
    Malformed,
    /// It is older or newer than [`TOLERANCE_S`].
    #[error("the timestamp is too far from now")]
    Stale,
    /// None of the signatures is by this secret over this message.
    #[error("no signature fits")]
    Mismatch,
}

impl SigningSecret {
    /// Whether somebody who has this secret signed that message a moment ago.
    ///
    /// Entries of other versions, and such that are no base64, are passed over: senders may add some.
    ///
    /// # Errors
    /// [`NotSigned`].
    pub fn verify(&self, message: Signed<'_>, now_s: i64) -> Result<(), NotSigned> {
        let Signed { id, timestamp, signatures, body } = message;
        // No full stop: it joins the parts, and another split would sign alike.
        let is_id = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
        if id.is_empty() || id.len() > ID_MAX_BYTES || !id.bytes().all(is_id) {
            return Err(NotSigned::Malformed);
        }
        let digits = timestamp.bytes().all(|byte| byte.is_ascii_digit());
        let sent_s: i64 =
            timestamp.parse().ok().filter(|_| digits && timestamp.len() <= 12).ok_or(NotSigned::Malformed)?;
        if sent_s.abs_diff(now_s) > TOLERANCE_S.unsigned_abs() {
            return Err(NotSigned::Stale);
        }
        let mut mac =
            Hmac::<Sha256>::new_from_slice(self.expose_bytes()).expect("HMAC takes keys of any length");
        mac.update(format!("{id}.{timestamp}.").as_bytes());
        mac.update(body);
        let given = signatures.split(' ').take(SIGNATURES_MAX);
        let mut given = given.filter_map(|entry| BASE64_STANDARD.decode(entry.strip_prefix("v1,")?).ok());
        // `verify_slice` compares in constant time: how much of a guess is right must not show.
        let fits = given.any(|signature| mac.clone().verify_slice(&signature).is_ok());
        if fits { Ok(()) } else { Err(NotSigned::Mismatch) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW_S: i64 = 1_700_000_000;

    fn verdict(secret: &SigningSecret, id: &str, timestamp: &str, signatures: &str) -> Result<(), NotSigned> {
        secret.verify(Signed { id, timestamp, signatures, body: b"{}" }, NOW_S)
    }

    #[test]
    fn the_published_example_is_taken_and_nothing_beside_it() {
        let secret = SigningSecret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let body = br#"{"test": 2432232314}"#;
        let signatures = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
        let message =
            Signed { id: "msg_p5jXN8AQM9LWM0D4loKWxJek", timestamp: "1614265330", signatures, body };
        assert_eq!(secret.verify(message, 1_614_265_330), Ok(()));
        for altered in [
            Signed { id: "msg_p5jXN8AQM9LWM0D4loKWxJel", ..message },
            Signed { timestamp: "1614265331", ..message },
            Signed { body: b"{\"test\": 2432232315}", ..message },
            Signed { signatures: "v1a,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=", ..message },
            Signed { signatures: "v1,g0hM9SsE", ..message },
            Signed { signatures: "", ..message },
        ] {
            assert_eq!(secret.verify(altered, 1_614_265_330), Err(NotSigned::Mismatch), "{altered:?}");
        }
    }

    #[test]
    fn one_signature_of_several_is_enough_and_rubbish_beside_it_does_no_harm() {
        let (secret, other) = (SigningSecret::generate(), SigningSecret::generate());
        let (good, bad) = (secret.sign("msg_1", NOW_S, b"{}"), other.sign("msg_1", NOW_S, b"{}"));
        let header = format!("v1,xx v1 v2,abc {bad} {good}");
        assert_eq!(verdict(&secret, "msg_1", "1700000000", &header), Ok(()));
        assert_eq!(verdict(&secret, "msg_1", "1700000000", &bad), Err(NotSigned::Mismatch));
        let crowded = format!("{} {good}", vec!["v1,xx"; SIGNATURES_MAX].join(" "));
        assert_eq!(verdict(&secret, "msg_1", "1700000000", &crowded), Err(NotSigned::Mismatch));
    }

    #[test]
    fn five_minutes_either_way_are_taken() {
        let secret = SigningSecret::generate();
        for (sent_s, expected) in [
            (NOW_S - 300, Ok(())),
            (NOW_S + 300, Ok(())),
            (NOW_S - 301, Err(NotSigned::Stale)),
            (NOW_S + 301, Err(NotSigned::Stale)),
        ] {
            let header = secret.sign("msg_1", sent_s, b"{}");
            assert_eq!(verdict(&secret, "msg_1", &sent_s.to_string(), &header), expected, "{sent_s}");
        }
    }

    #[test]
    fn malformed_headers_are_told_apart() {
        let secret = SigningSecret::generate();
        let long = "m".repeat(ID_MAX_BYTES + 1);
        for id in ["", "msg.1", "msg 1", "msg/1", &long] {
            assert_eq!(verdict(&secret, id, "1700000000", "v1,"), Err(NotSigned::Malformed), "{id}");
        }
        for timestamp in ["", "now", "-1700000000", "+1700000000", "1700000000.5", "99999999999999999999"] {
            assert_eq!(verdict(&secret, "msg_1", timestamp, "v1,"), Err(NotSigned::Malformed), "{timestamp}");
        }
    }
}
