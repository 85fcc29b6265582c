//! Looks through a workbook's zip archive before the spreadsheet reader may: small files that unpack to
//! gigabytes, or whose numbers make a reader reserve them, are refused here.

use std::io::{Cursor, Read};

use zip::ZipArchive;

use super::file::FileFault;

/// Entries of an archive; a workbook with a hundred sheets has a few hundred.
const ENTRIES_MAX: usize = 1_000;
/// Bytes of all entries unpacked. A hundred thousand rows with every column filled have some 100 MB of XML.
const UNPACKED_MAX_BYTES: u64 = 160 * 1024 * 1024;
/// Elements of the table of texts: the reader keeps one string for each, empty or not.
const TEXT_ELEMENTS_MAX: u64 = 8_000_000;
/// Elements of the table of styles, start and end counted apart. The reader gives every cell format its own
/// copies of a font's name and of a number format, so their number and their length multiply: see below.
const STYLE_ELEMENTS_MAX: u64 = 40_000;
/// Bytes from one element of the table of styles to the next. Names have 31 characters there, formats 255; the
/// root element with all of its namespaces has some hundred.
const STYLE_ELEMENT_MAX_BYTES: usize = 2_048;
/// Digits of the number of texts that the table of texts claims to have; the reader reserves that many at
/// once, and a reservation that fails ends the process.
const CLAIMED_TEXTS_DIGITS_MAX: usize = 7;

/// Refuses an archive that would cost more than a large price list does.
///
/// Everything is measured by unpacking, for the sizes that an archive states about itself may lie.
pub fn check(bytes: &[u8]) -> Result<(), FileFault> {
    // Counted in the raw bytes, because opening an archive already reads its whole directory into memory.
    if occurrences(bytes, b"PK\x01\x02") > ENTRIES_MAX {
        return Err(FileFault::TooLargeUnpacked);
    }
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(|_| FileFault::Unreadable)?;
    let mut left = UNPACKED_MAX_BYTES;
    for entry in 0..archive.len() {
        let entry = archive.by_index(entry).map_err(|_| FileFault::Unreadable)?;
        let name = entry.name().map_err(|_| FileFault::Unreadable)?.to_ascii_lowercase();
        left = Part::named(&name).measure(entry, left)?;
    }
    Ok(())
}

/// One entry, as it passes by.
enum Part {
    /// The reader keeps an item for each of its elements.
    Table {
        elements_left: u64,
        element_max_bytes: usize,
        /// Bytes since the last element began.
        element_bytes: usize,
        /// The end of what was seen, so that a claim across two pieces is found.
        tail: Vec<u8>,
    },
    /// Read element by element, or not at all: its size is all that matters.
    Other,
}

impl Part {
    /// Longer than any honest claim: `uniqueCount="1234567"`.
    const TAIL_BYTES: usize = 32;

    /// By the end of the name, in lower case: the directory in front of it is the archive's own choice.
    fn named(name: &str) -> Self {
        let table = |elements_left, element_max_bytes| Self::Table {
            elements_left,
            element_max_bytes,
            element_bytes: 0,
            tail: Vec::new(),
        };
        if name.ends_with("styles.xml") {
            table(STYLE_ELEMENTS_MAX, STYLE_ELEMENT_MAX_BYTES)
        } else if name.ends_with("sharedstrings.xml") {
            table(TEXT_ELEMENTS_MAX, usize::MAX)
        } else {
            Self::Other
        }
    }

    /// Unpacks the entry to nowhere; answers how many bytes are left of `left`.
    fn measure(mut self, mut entry: impl Read, mut left: u64) -> Result<u64, FileFault> {
        let mut buffer = vec![0; 64 * 1024];
        loop {
            let read = entry.read(&mut buffer).map_err(|_| FileFault::Unreadable)?;
            left = left.checked_sub(read as u64).ok_or(FileFault::TooLargeUnpacked)?;
            self.see(&buffer[..read])?;
            if read == 0 {
                return Ok(left);
            }
        }
    }

    /// Looks at the next piece; an empty one ends the entry.
    fn see(&mut self, piece: &[u8]) -> Result<(), FileFault> {
        let Self::Table { elements_left, element_max_bytes, element_bytes, tail } = self else {
            return Ok(());
        };
        for (place, element) in piece.split(|byte| *byte == b'<').enumerate() {
            if place > 0 {
                *elements_left = elements_left.checked_sub(1).ok_or(FileFault::TooLargeUnpacked)?;
                *element_bytes = 0;
            }
            *element_bytes += element.len();
            if element_bytes > element_max_bytes {
                return Err(FileFault::TooLargeUnpacked);
            }
        }
        // Bytes decide here, not XML, so nothing may hide letters from us: UTF-16 has a NUL beside each.
        if piece.contains(&0) {
            return Err(FileFault::Unreadable);
        }
        tail.extend_from_slice(piece);
        check_claims(tail, piece.is_empty())?;
        let seen = tail.len().saturating_sub(Self::TAIL_BYTES);
        tail.drain(..seen);
        Ok(())
    }
}

/// Refuses a claimed number of texts that is too large, or written as no spreadsheet program does.
fn check_claims(bytes: &[u8], is_end: bool) -> Result<(), FileFault> {
    const CLAIM: &[u8] = b"uniqueCount";
    let mut rest = bytes;
    while let Some(place) = rest.iter().position(|byte| *byte == CLAIM[0]) {
        rest = &rest[place..];
        if let Some(claim) = rest.strip_prefix(CLAIM) {
            // One that is cut off here comes again, whole, with the next piece.
            let is_whole = is_end || rest.len() >= Part::TAIL_BYTES;
            if is_whole && !is_modest(claim) {
                return Err(FileFault::TooLargeUnpacked);
            }
        }
        rest = &rest[1..];
    }
    Ok(())
}

/// `="` and few digits and `"`, as every spreadsheet program writes it.
fn is_modest(claim: &[u8]) -> bool {
    let Some(digits) = claim.strip_prefix(b"=\"") else { return false };
    let count = digits.iter().take_while(|byte| byte.is_ascii_digit()).count();
    (1..=CLAIMED_TEXTS_DIGITS_MAX).contains(&count) && digits.get(count) == Some(&b'"')
}

fn occurrences(bytes: &[u8], wanted: &[u8]) -> usize {
    let mut rest = bytes;
    let mut found = 0;
    while let Some(place) = rest.iter().position(|byte| *byte == wanted[0]) {
        rest = &rest[place..];
        found += usize::from(rest.starts_with(wanted));
        rest = &rest[1..];
    }
    found
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use zip::{ZipWriter, write::SimpleFileOptions};

    use super::*;

    fn archive(entries: &[(&str, &[u8])]) -> Vec<u8> {
        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        for (name, bytes) in entries {
            writer.start_file(*name, SimpleFileOptions::default()).unwrap();
            writer.write_all(bytes).unwrap();
        }
        writer.finish().unwrap().into_inner()
    }

    #[test]
    fn what_unpacks_to_more_than_the_limit_is_refused() {
        let megabyte = archive(&[("a", &vec![b' '; 1024 * 1024])]);
        let bomb = |entries: u32| {
            let mut source = ZipArchive::new(Cursor::new(&megabyte)).unwrap();
            let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
            for entry in 0..entries {
                writer.raw_copy_file_rename(source.by_index(0).unwrap(), entry.to_string()).unwrap();
            }
            writer.finish().unwrap().into_inner()
        };
        assert!(bomb(161).len() < 1024 * 1024, "the point of a bomb is that it is small");
        assert_eq!(check(&bomb(161)), Err(FileFault::TooLargeUnpacked));
        assert_eq!(check(&bomb(160)), Ok(()));
    }

    #[test]
    fn a_claim_of_texts_that_would_exhaust_memory_is_refused_wherever_it_stands() {
        for claim in ["=\"99999999999999\"", "=\"12345678\"", " = \"1\"", "='9'", "=\"\"", ""] {
            for before in [0, 10, 64 * 1024 - 40, 64 * 1024 - 20, 64 * 1024 - 5, 64 * 1024] {
                let part = format!("{}<sst uniqueCount{claim}", " ".repeat(before));
                let found = check(&archive(&[("xl/sharedStrings.xml", part.as_bytes())]));
                assert_eq!(found, Err(FileFault::TooLargeUnpacked), "{claim} after {before}");
            }
        }
        let honest = b"<sst count=\"3\" uniqueCount=\"1234567\"></sst>";
        assert_eq!(check(&archive(&[("xl/sharedStrings.xml", honest)])), Ok(()));
        let wide: Vec<u8> = "<sst uniqueCount=\"9\"/>".encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(check(&archive(&[("xl/sharedStrings.xml", &wide)])), Err(FileFault::Unreadable));
    }

    #[test]
    fn tables_of_countless_empty_elements_are_refused() {
        let styles = "<xf/>".repeat(40_001);
        assert_eq!(
            check(&archive(&[("xl/Styles.xml", styles.as_bytes())])),
            Err(FileFault::TooLargeUnpacked)
        );
        assert_eq!(check(&archive(&[("xl/worksheets/sheet1.xml", styles.as_bytes())])), Ok(()));
    }

    #[test]
    fn a_long_name_that_every_style_would_repeat_is_refused() {
        for bytes in [2_049, 64 * 1024, 200_000] {
            let styles = format!("<styleSheet><font><name val=\"{}\"/></font>", "x".repeat(bytes));
            let found = check(&archive(&[("xl/styles.xml", styles.as_bytes())]));
            assert_eq!(found, Err(FileFault::TooLargeUnpacked), "{bytes}");
        }
        let styles = format!("<styleSheet>{}", "<font><name val=\"Calibri\"/></font>".repeat(3_000));
        assert_eq!(check(&archive(&[("xl/styles.xml", styles.as_bytes())])), Ok(()));
    }

    #[test]
    fn a_directory_of_countless_entries_is_refused_before_it_is_read() {
        let directory = [b"PK\x03\x04".as_slice(), &b"PK\x01\x02".repeat(ENTRIES_MAX + 1)].concat();
        assert_eq!(check(&directory), Err(FileFault::TooLargeUnpacked));
    }
}
