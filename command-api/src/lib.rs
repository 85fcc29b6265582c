//! Deciding: a command becomes events, or is refused and changes nothing.
//!
//! The walk of a command: [`router`] (URL table) → `http/<verb>.rs` (JSON to a command value) →
//! [`committer`] (queue, batch) → [`domain`] (pure: what do the streams say, what happens) →
//! `events::log::append` (one statement for the whole batch) → answer with the position.

pub mod committer;
pub mod domain;
pub mod http;
pub mod import;
pub mod invoices;
pub mod logins;
pub mod personal;
pub mod router;
pub mod second_reader;

pub use committer::{Committer, Outcome, Submission, SubmitError};
pub use domain::{Caller, Refusal};
pub use http::{CommandState, LocalLogin, SuggestedNow, Suggesting, Suggestions, SuggestionsAway};
pub use router::router;
