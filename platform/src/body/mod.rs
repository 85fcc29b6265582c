//! What callers send: strict JSON bodies, query strings and path ids, with all faults told at once.
//!
//! A body type derives `Deserr`, never `serde::Deserialize`; a member that may be left out needs
//! `#[deserr(default)]` even when it is an `Option`:
//! ```
//! use deserr::Deserr;
//! use platform::body::{Faults, Text};
//!
//! #[derive(Deserr)]
//! #[deserr(error = Faults, deny_unknown_fields)]
//! struct CreateThing {
//!     name: Text<1, 120>,
//!     #[deserr(default)]
//!     note: Option<Text<0, 500>>,
//! }
//! ```

mod email;
mod faults;
mod json;
mod params;
mod strict;
mod text;
mod values;

pub(crate) use self::params::repeated;
pub use self::{
    email::Email,
    faults::{FAULTS_MAX, Faults, Invalid},
    json::{Json, OptionalJson},
    params::{Path, Query, query_pairs, read_pairs},
    text::Text,
    values::{FromText, Parsed, from_string},
};

/// Largest body of a route that says nothing else, in bytes.
pub const BODY_MAX_BYTES: usize = 1024 * 1024;
/// Largest body of an upload route, in bytes; such a route adds `DefaultBodyLimit::max(UPLOAD_MAX_BYTES)`.
pub const UPLOAD_MAX_BYTES: usize = 25 * 1024 * 1024;
