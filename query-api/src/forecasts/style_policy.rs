//! What browsers may do with a page or a picture that brings its own style.

use axum::http::HeaderValue;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use sha2::{Digest, Sha256};

/// Nothing is loaded and nothing runs; these styles, each by its hash; and no other page shows it inside of itself.
pub(crate) fn policy_of_styles(styles: &[&str]) -> HeaderValue {
    use std::fmt::Write as _;
    let mut sources = String::new();
    for style in styles {
        write!(sources, " 'sha256-{}'", STANDARD.encode(Sha256::digest(style))).expect("a string takes it");
    }
    let policy = format!(
        "default-src 'none'; style-src{sources}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    );
    HeaderValue::from_str(&policy).expect("base64 is a header value")
}
