//! A file as rows of cells, whatever it was written by: told apart by its bytes, never by its name.

use platform::{body::Invalid, error::ApiError, error::Fault};

use super::{archive, text, workbook};

/// Most rows that a file may have, the header apart.
pub const ROWS_MAX: usize = 100_000;
/// Most columns that a file may have.
pub const COLUMNS_MAX: usize = 64;
/// Longest text of a cell, in characters.
pub const CELL_MAX_CHARS: usize = 2_000;

/// What a cell holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cell {
    /// Text, or a number in its shortest exact spelling; empty for an empty cell.
    Text(String),
    /// A date or a time: no column of ours takes one.
    Date,
    /// A formula that came to nothing, such as `#REF!`.
    FormulaError,
}

impl Cell {
    /// Nothing but white space.
    pub fn is_blank(&self) -> bool {
        matches!(self, Self::Text(text) if text.trim().is_empty())
    }
}

/// A row that is not blank.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceRow {
    /// Where a person finds it: the line that it begins at in a text file, its number in a sheet. From 1,
    /// strictly increasing.
    pub number: u32,
    /// Its cells by place; rows differ in length.
    pub cells: Vec<Cell>,
}

/// Why a file is refused as a whole; nothing of it is imported.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FileFault {
    /// There is not even a header row.
    #[error("The file is empty.")]
    Empty,
    /// The format that Excel wrote until 2003, or an encrypted workbook: both are OLE containers.
    #[error(
        "The file is an old or an encrypted Excel workbook; save it as .xlsx without a password, or as CSV."
    )]
    OldExcel,
    /// Neither text nor a workbook, or a damaged one.
    #[error("The file cannot be read as CSV or XLSX.")]
    Unreadable,
    /// It grows beyond all measure when unpacked.
    #[error("The workbook is too large when unpacked.")]
    TooLargeUnpacked,
    /// More than [`ROWS_MAX`].
    #[error("A file may have at most {ROWS_MAX} rows.")]
    TooManyRows,
    /// More than [`COLUMNS_MAX`].
    #[error("A file may have at most {COLUMNS_MAX} columns.")]
    TooManyColumns,
    /// The header row names columns that we do not know, or leaves out some that we need; all of it.
    #[error("The header row is not one that can be imported.")]
    Header(Vec<(String, Invalid)>),
}

impl FileFault {
    fn code(&self) -> &'static str {
        match self {
            Self::Empty => "empty_file",
            Self::OldExcel => "unsupported_workbook",
            Self::Unreadable => "unreadable_file",
            Self::TooLargeUnpacked => "file_too_large_unpacked",
            Self::TooManyRows => "too_many_rows",
            Self::TooManyColumns => "too_many_columns",
            Self::Header(_) => "invalid_header",
        }
    }
}

impl From<FileFault> for ApiError {
    fn from(fault: FileFault) -> Self {
        let details = match &fault {
            FileFault::Header(faults) => {
                let fault = |(column, invalid): &(String, Invalid)| {
                    Fault::new(column.clone(), invalid.code, invalid.message.clone())
                };
                faults.iter().map(fault).collect()
            }
            other => vec![Fault::new("file", other.code(), other.to_string())],
        };
        Self::unprocessable(fault.code(), fault.to_string()).with_details(details)
    }
}

/// Takes rows one after another, the header first, so that a file is never held twice.
pub type EachRow<'a> = &'a mut dyn FnMut(SourceRow) -> Result<(), FileFault>;

/// Gives every row that is not blank to `each`.
///
/// # Errors
/// What the file is refused for, or what `each` refuses it for.
pub fn read_rows(bytes: &[u8], each: EachRow<'_>) -> Result<(), FileFault> {
    const ZIP: &[u8] = b"PK\x03\x04";
    const OLE: &[u8] = b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1";
    let mut rows = 0;
    let mut bounded = |row: SourceRow| {
        if row.cells.len() > COLUMNS_MAX {
            return Err(FileFault::TooManyColumns);
        }
        rows += 1;
        // The first one is the header.
        if rows > ROWS_MAX + 1 { Err(FileFault::TooManyRows) } else { each(row) }
    };
    if bytes.starts_with(ZIP) {
        archive::check(bytes)?;
        workbook::read(bytes, &mut bounded)?;
    } else if bytes.starts_with(OLE) {
        return Err(FileFault::OldExcel);
    } else {
        text::read(bytes, &mut bounded)?;
    }
    if rows == 0 { Err(FileFault::Empty) } else { Ok(()) }
}
