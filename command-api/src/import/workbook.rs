//! XLSX: the first visible sheet, cell by cell; what a sheet says about its own size is not looked at.

use std::{
    io::Cursor,
    panic::{AssertUnwindSafe, catch_unwind},
};

use calamine::{DataRef, Reader, SheetType, SheetVisible, Style, Xlsx, XlsxError};

use super::file::{COLUMNS_MAX, Cell, EachRow, FileFault, SourceRow};

/// Bytes of all cells together. A workbook holds a text once and names it in any number of cells, so the sizes
/// of its parts do not bound this.
const TEXT_MAX_BYTES: usize = 64 * 1024 * 1024;
/// Rows of a sheet, by the format.
const SHEET_ROWS_MAX: u32 = 1_048_576;

/// Gives every row that is not blank to `each`; the archive has passed [`super::archive::check`].
pub fn read(bytes: &[u8], each: EachRow<'_>) -> Result<(), FileFault> {
    // The reader trusts its file in places: a cell address such as ZZZZZZZ99999999999 overflows its
    // arithmetic. A file must not take down more than its own import. Unwind safety: what the closure
    // touched is dropped or, in `each`, thrown away with the refusal.
    catch_unwind(AssertUnwindSafe(|| read_sheet(bytes, each))).unwrap_or(Err(FileFault::Unreadable))
}

fn read_sheet(bytes: &[u8], each: EachRow<'_>) -> Result<(), FileFault> {
    let mut workbook: Xlsx<_> = Xlsx::new(Cursor::new(bytes)).map_err(|error| unreadable(&error))?;
    let is_shown = |sheet: &&calamine::Sheet| {
        sheet.typ == SheetType::WorkSheet && sheet.visible == SheetVisible::Visible
    };
    let sheet = workbook.sheets_metadata().iter().find(is_shown).map(|sheet| sheet.name.clone());
    let mut cells = workbook
        .worksheet_cells_reader(&sheet.ok_or(FileFault::Empty)?)
        .map_err(|error| unreadable(&error))?;
    let percent: Vec<bool> = cells.styles().iter().map(is_percent).collect();
    let mut row = SourceRow { number: 0, cells: Vec::new() };
    let mut text_left = TEXT_MAX_BYTES;
    while let Some((cell, style)) = cells.next_cell_with_style_id().map_err(|error| unreadable(&error))? {
        let (row_index, column) = cell.get_position();
        let number = row_index.saturating_add(1);
        if number < row.number || number > SHEET_ROWS_MAX {
            // No program writes its rows in another order than theirs, or beyond the end of a sheet.
            return Err(FileFault::Unreadable);
        }
        if number > row.number {
            let before = std::mem::replace(&mut row, SourceRow { number, cells: Vec::new() });
            finish(before, each)?;
        }
        let is_percent = percent.get(style).copied().unwrap_or(false);
        let value = value(cell.get_value(), is_percent);
        if let Cell::Text(text) = &value {
            text_left = text_left.checked_sub(text.len()).ok_or(FileFault::TooLargeUnpacked)?;
        }
        if value.is_blank() {
            continue;
        }
        let place = column as usize;
        if place >= COLUMNS_MAX {
            return Err(FileFault::TooManyColumns);
        }
        if row.cells.len() <= place {
            row.cells.resize(place + 1, Cell::Text(String::new()));
        }
        row.cells[place] = value;
    }
    finish(row, each)
}

fn finish(row: SourceRow, each: EachRow<'_>) -> Result<(), FileFault> {
    if row.cells.is_empty() { Ok(()) } else { each(row) }
}

fn unreadable(error: &XlsxError) -> FileFault {
    match error {
        XlsxError::Password => FileFault::OldExcel,
        _ => FileFault::Unreadable,
    }
}

/// 0 and 0.00 per cent are built in without a code of their own.
fn is_percent(style: &Style) -> bool {
    style
        .number_format
        .as_ref()
        .is_some_and(|format| matches!(format.format_id, Some(9 | 10)) || format.format_code.contains('%'))
}

fn value(value: &DataRef<'_>, is_percent: bool) -> Cell {
    match value {
        DataRef::Empty => Cell::Text(String::new()),
        DataRef::String(text) => Cell::Text(text.clone()),
        DataRef::SharedString(text) => Cell::Text((*text).to_owned()),
        DataRef::Int(number) => number_cell(&number.to_string(), is_percent),
        // Display writes the shortest decimal that is this float and no other, without an exponent: 129.5
        // comes out as it was typed, and no arithmetic is ever done on the float.
        DataRef::Float(number) => number_cell(&number.to_string(), is_percent),
        DataRef::Bool(flag) => Cell::Text(flag.to_string()),
        DataRef::DateTime(_) | DataRef::DateTimeIso(_) | DataRef::DurationIso(_) => Cell::Date,
        DataRef::Error(_) => Cell::FormulaError,
    }
}

fn number_cell(number: &str, is_percent: bool) -> Cell {
    Cell::Text(if is_percent { per_cent(number) } else { number.to_owned() })
}

/// A cell shown as 12 % holds 0.12: moves the point by two places, in decimal.
fn per_cent(number: &str) -> String {
    let (sign, number) = number.strip_prefix('-').map_or(("", number), |number| ("-", number));
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let padded = format!("{fraction:0<2}");
    let (moved, rest) = padded.split_at(2);
    let whole = format!("{whole}{moved}");
    let whole = whole.trim_start_matches('0');
    let whole = if whole.is_empty() { "0" } else { whole };
    let point = if rest.is_empty() { "" } else { "." };
    format!("{sign}{whole}{point}{rest}%")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn per_cent_moves_the_point_exactly() {
        for (held, shown) in [
            ("0.12", "12%"),
            ("0.06", "6%"),
            ("1", "100%"),
            ("0.125", "12.5%"),
            ("0", "0%"),
            ("-0.1", "-10%"),
        ] {
            assert_eq!(per_cent(held), shown);
        }
    }

    #[test]
    fn numbers_come_out_as_they_were_typed() {
        for (number, text) in
            [(129.5, "129.5"), (7_310_865_004_703.0, "7310865004703"), (0.1 + 0.2, "0.30000000000000004")]
        {
            assert_eq!(value(&DataRef::Float(number), false), Cell::Text(text.to_owned()));
        }
    }
}
