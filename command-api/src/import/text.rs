//! CSV in the dialects that spreadsheets and shop systems write.

use std::borrow::Cow;

use csv::{Reader, ReaderBuilder, StringRecord};
use encoding_rs::{Encoding, WINDOWS_1252};

use super::{
    columns::Column,
    file::{Cell, EachRow, FileFault, SourceRow},
};

/// In order of preference where the header row says nothing.
const DELIMITERS: [u8; 3] = [b',', b';', b'\t'];

/// Gives every row that is not blank to `each`.
pub fn read(bytes: &[u8], each: EachRow<'_>) -> Result<(), FileFault> {
    let text = decode(bytes)?;
    let mut reader = reader(&text, delimiter(&text));
    let mut record = StringRecord::new();
    let (mut lines, mut number) = (LineCount::new(&text), 0);
    while reader.read_record(&mut record).map_err(|_| FileFault::Unreadable)? {
        let start = record.position().map_or(0, csv::Position::byte);
        // Strictly increasing even where a file ends its lines in a way that is not counted.
        number = lines.line_at(start).max(number + 1);
        if record.iter().all(|field| field.trim().is_empty()) {
            continue;
        }
        let cells = trimmed(&record).map(|field| Cell::Text(field.to_owned())).collect();
        each(SourceRow { number, cells })?;
    }
    Ok(())
}

/// Without the empty fields that spreadsheets write at the end of a row.
fn trimmed(record: &StringRecord) -> impl Iterator<Item = &str> {
    let last = (0..record.len())
        .rev()
        .find(|place| record.get(*place).is_some_and(|field| !field.trim().is_empty()));
    let filled = last.map_or(0, |last| last + 1);
    record.iter().take(filled)
}

/// UTF-8 or UTF-16 as a byte order mark says; else UTF-8 if it is that; else Windows-1252, which is
/// ISO-8859-1 with letters in place of control characters.
fn decode(bytes: &[u8]) -> Result<Cow<'_, str>, FileFault> {
    if let Some((encoding, mark)) = Encoding::for_bom(bytes) {
        let (text, malformed) = encoding.decode_without_bom_handling(&bytes[mark..]);
        return if malformed { Err(FileFault::Unreadable) } else { Ok(text) };
    }
    if let Ok(text) = std::str::from_utf8(bytes) {
        return Ok(Cow::Borrowed(text));
    }
    Ok(WINDOWS_1252.decode_without_bom_handling(bytes).0)
}

/// The delimiter under which the header row names most columns that we know; numbers of commas alone would
/// mislead, for a comma may also stand within a header.
fn delimiter(text: &str) -> u8 {
    /// A header row of the longest names in all 64 columns is far shorter.
    const HEADER_MAX_BYTES: usize = 16 * 1024;
    let end = text.floor_char_boundary(HEADER_MAX_BYTES);
    let known = |delimiter: &u8| {
        let mut header = StringRecord::new();
        match reader(&text[..end], *delimiter).read_record(&mut header) {
            Ok(true) => header.iter().filter(|name| Column::named(name).is_some()).count(),
            _ => 0,
        }
    };
    // `max_by_key` takes the last of equals, so the preferred one comes last.
    DELIMITERS.into_iter().rev().max_by_key(known).unwrap_or(DELIMITERS[0])
}

fn reader(text: &str, delimiter: u8) -> Reader<&[u8]> {
    ReaderBuilder::new().delimiter(delimiter).has_headers(false).flexible(true).from_reader(text.as_bytes())
}

/// Lines of the text, counted as records pass by.
struct LineCount<'t> {
    bytes: &'t [u8],
    seen: usize,
    line: u32,
}

impl<'t> LineCount<'t> {
    fn new(text: &'t str) -> Self {
        Self { bytes: text.as_bytes(), seen: 0, line: 1 }
    }

    /// The line of the record that the reader began to look for at byte `start`: blank lines before it, which
    /// the reader leaves out, count.
    fn line_at(&mut self, start: u64) -> u32 {
        let start = usize::try_from(start).unwrap_or(usize::MAX).min(self.bytes.len());
        let blank = self.bytes[start..].iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
        let begin = (start + blank).max(self.seen);
        let passed = self.bytes[self.seen..begin].split(|byte| *byte == b'\n').skip(1).count();
        self.line = self.line.saturating_add(u32::try_from(passed).unwrap_or(u32::MAX));
        self.seen = begin;
        self.line
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(bytes: &[u8]) -> Vec<(u32, Vec<String>)> {
        let mut rows = Vec::new();
        read(bytes, &mut |row| {
            let text = |cell| if let Cell::Text(text) = cell { text } else { unreachable!("only text here") };
            rows.push((row.number, row.cells.into_iter().map(text).collect()));
            Ok(())
        })
        .unwrap();
        rows
    }

    fn row(number: u32, cells: &[&str]) -> (u32, Vec<String>) {
        (number, cells.iter().map(|cell| (*cell).to_owned()).collect())
    }

    #[test]
    fn the_delimiter_is_the_one_that_makes_sense_of_the_header() {
        for header in ["sku,name,price", "sku;name;price", "sku\tname\tprice", "SKU;Namn;Pris"] {
            assert_eq!(rows(header.as_bytes())[0].1.len(), 3, "{header}");
        }
        assert_eq!(
            rows(b"sku;name;price\nA;Tomater, hela;12,50")[1],
            row(2, &["A", "Tomater, hela", "12,50"])
        );
    }

    #[test]
    fn text_is_read_in_each_usual_encoding() {
        let utf16: Vec<u8> = "sku;namn\nA;Räkor €".encode_utf16().flat_map(u16::to_le_bytes).collect();
        let with_mark = |mark: &[u8], bytes: &[u8]| [mark, bytes].concat();
        for bytes in [
            "sku;namn\nA;Räkor €".as_bytes().to_vec(),
            with_mark(b"\xEF\xBB\xBF", "sku;namn\nA;Räkor €".as_bytes()),
            b"sku;namn\nA;R\xE4kor \x80".to_vec(),
            with_mark(b"\xFF\xFE", &utf16),
        ] {
            assert_eq!(rows(&bytes), [row(1, &["sku", "namn"]), row(2, &["A", "Räkor €"])]);
        }
    }

    #[test]
    fn a_row_is_numbered_by_the_line_that_it_begins_at() {
        let text = b"sku,name\r\nA,\"two\r\nlines\"\r\n\r\n,\r\nB,x\r\n";
        assert_eq!(
            rows(text),
            [row(1, &["sku", "name"]), row(2, &["A", "two\r\nlines"]), row(6, &["B", "x"])]
        );
        assert_eq!(
            rows(b"sku,name\rA,x\rB,y"),
            [row(1, &["sku", "name"]), row(2, &["A", "x"]), row(3, &["B", "y"])]
        );
    }

    #[test]
    fn quotes_and_delimiters_within_quotes_are_text() {
        assert_eq!(rows(b"sku,name\nA,\"5\"\" rulle, vit\"")[1], row(2, &["A", "5\" rulle, vit"]));
    }

    #[test]
    fn a_mark_that_lies_about_its_encoding_is_refused() {
        assert_eq!(read(b"\xEF\xBB\xBFsku\xFF", &mut |_| Ok(())), Err(FileFault::Unreadable));
    }
}
