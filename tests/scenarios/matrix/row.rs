//! A row of a table: one request, and what everybody is answered.

use reqwest::Method;

use super::callers::Caller;

/// Whose the thing is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Whose {
    /// The caller's side's.
    Own,
    /// Another restaurant's and supplier's, which trade with each other.
    Neighbours,
    /// Nobody's: well-formed ids that were never given.
    Nobodys,
}

/// What a cell expects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is done; on a list, the thing is there.
    Done,
    /// 403.
    Forbidden,
    /// 404; on a list, the thing is not there.
    Hidden,
    /// 409.
    Conflict,
    /// 401.
    Unauthorized,
}

/// What is sent along.
#[derive(Clone, Debug)]
pub enum Payload {
    /// Nothing.
    Nothing,
    /// A JSON body.
    Json(String),
    /// An HTML form.
    Form(String),
    /// A file with that name, and text fields beside it, as `multipart/form-data`.
    File(String, Vec<(String, String)>),
}

/// One cell.
#[derive(Clone, Copy, Debug)]
pub struct Cell {
    pub caller: Caller,
    pub whose: Whose,
    pub verdict: Verdict,
}

/// One row.
#[derive(Clone, Debug)]
pub struct Row {
    pub method: Method,
    /// With its query, if it has one.
    pub path: String,
    /// What [`super::things`] makes.
    pub thing: String,
    /// The id that is taken from the other side.
    pub exchanged: Option<String>,
    /// The status of success.
    pub status: u16,
    /// Whether the answer is a list that the thing is looked for on.
    pub is_list: bool,
    /// Whether one request must end before the next begins.
    pub is_serial: bool,
    pub payload: Payload,
    pub cells: Vec<Cell>,
    /// `(status, code)`.
    pub codes: Vec<(u16, String)>,
}

impl Row {
    /// `METHOD /path`, as the `OpenAPI` document has it.
    pub fn operation(&self) -> String {
        let path = self.path.split('?').next().expect("split gives one at least");
        format!("{} {path}", self.method)
    }

    /// Whether doing it leaves everything as it was.
    pub fn is_read(&self) -> bool {
        self.method == Method::GET
    }

    /// The code that goes with an error's status.
    pub fn code(&self, status: u16) -> &str {
        let named = self.codes.iter().find(|(of, _)| *of == status);
        named.map_or("forbidden", |(_, code)| code)
    }
}
