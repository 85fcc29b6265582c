//! Why a request got no answer.

use std::{error::Error, io, iter::successors};

use super::resolve::Unresolved;

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SendFailure {
    /// The URL or the address that its name has is not to be reached.
    AddressRefused,
    /// The name has no address, or none was found in time.
    Dns,
    /// No connection came about.
    Connect,
    /// No trust between the two.
    Tls,
    /// Too slow.
    Timeout,
    /// The connection broke, or what came was no HTTP.
    Broken,
}

impl SendFailure {
    /// As it stands in the attempt log.
    pub const fn name(self) -> &'static str {
        match self {
            Self::AddressRefused => "address_refused",
            Self::Dns => "dns",
            Self::Connect => "connect",
            Self::Tls => "tls",
            Self::Timeout => "timeout",
            Self::Broken => "broken",
        }
    }

    pub(super) fn of(error: &reqwest::Error) -> Self {
        if let Some(failure) = causes(error).find_map(known_cause) {
            failure
        } else if error.is_timeout() {
            Self::Timeout
        } else if error.is_connect() {
            Self::Connect
        } else {
            Self::Broken
        }
    }
}

fn known_cause(cause: &(dyn Error + 'static)) -> Option<SendFailure> {
    if cause.is::<rustls::Error>() {
        return Some(SendFailure::Tls);
    }
    match cause.downcast_ref::<Unresolved>()? {
        Unresolved::NoAddress => Some(SendFailure::Dns),
        Unresolved::Refused => Some(SendFailure::AddressRefused),
    }
}

/// The error and what it was caused by, the outermost first.
fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    successors(Some(error), |&error| {
        // An I/O error names what it wraps by `get_ref`; its `source` skips that.
        match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
            Some(wrapped) => Some(wrapped as &(dyn Error + 'static)),
            None => error.source(),
        }
    })
}
