//! What an answer says of its invoice.

use events::values::InvoiceId;
use serde::Deserialize;

/// The part of an `InvoiceResource` that is gone on with.
#[derive(Debug, Deserialize)]
pub(crate) struct Told {
    /// Another than was made for it, where the file had come before.
    pub(crate) id: InvoiceId,
    /// Where it stands.
    pub(crate) status: String,
    /// What its sender should know.
    #[serde(default)]
    pub(crate) notices: Vec<Notice>,
}

/// As `InvoiceNotice`.
#[derive(Debug, Deserialize)]
pub(crate) struct Notice {
    /// For programs.
    pub(crate) code: String,
    /// For people.
    pub(crate) message: String,
}

impl Told {
    /// Of an answer of the commands on invoices.
    pub(crate) fn of(body: &str) -> Self {
        serde_json::from_str(body).expect("commands on invoices answer them")
    }
}
