//! Looks through a workbook's zip archive before the spreadsheet reader may: small files that unpack to
//! gigabytes, or whose numbers make a reader reserve them, are refused here.

use std::io::{Cursor, Read};

use zip::ZipArchive;

use super::file::FileFault;

/// Entries of an archive; a workbook with a hundred sheets has a few hundred.
const ENTRIES_MAX: usize = 1_000;
/// Bytes of all entries unpacked. A hundred thousand rows with every column filled have some 100 MB of XML.
const UNPACKED_MAX_BYTES: u64 = 256 * 1024 * 1024;
/// Elements of the table of texts: the reader keeps one string for each, empty or not.
const TEXT_ELEMENTS_MAX: u64 = 8_000_000;
/// Elements of the table of styles: the reader keeps some hundred bytes for each.
const STYLE_ELEMENTS_MAX: u64 = 400_000;
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
        let elements_max = elements_max(entry.name().unwrap_or_default().as_ref());
        left = Part::new(elements_max).measure(entry, left)?;
    }
    Ok(())
}

/// By the end of the name: the directory in front of it is the archive's own choice.
fn elements_max(name: &str) -> u64 {
    let name = name.to_ascii_lowercase();
    if name.ends_with("styles.xml") {
        STYLE_ELEMENTS_MAX
    } else if name.ends_with("sharedstrings.xml") {
        TEXT_ELEMENTS_MAX
    } else {
        u64::MAX
    }
}

/// One entry, as it passes by.
struct Part {
    elements_left: u64,
    /// The end of what was seen, so that a claim across two pieces is found.
    tail: Vec<u8>,
}

impl Part {
    /// Longer than any honest claim: `uniqueCount="1234567"`.
    const TAIL_BYTES: usize = 32;

    fn new(elements_left: u64) -> Self {
        Self { elements_left, tail: Vec::new() }
    }

    /// Unpacks the entry to nowhere; answers how many bytes are left of `left`.
    fn measure(mut self, mut entry: impl Read, mut left: u64) -> Result<u64, FileFault> {
        let mut buffer = vec![0; 64 * 1024];
        loop {
            let read = entry.read(&mut buffer).map_err(|_| FileFault::Unreadable)?;
            if read == 0 {
                self.check_claims(true)?;
                return Ok(left);
            }
            left = left.checked_sub(read as u64).ok_or(FileFault::TooLargeUnpacked)?;
            self.see(&buffer[..read])?;
        }
    }

    fn see(&mut self, piece: &[u8]) -> Result<(), FileFault> {
        let elements = piece.iter().filter(|byte| **byte == b'<').count() as u64;
        self.elements_left = self.elements_left.checked_sub(elements).ok_or(FileFault::TooLargeUnpacked)?;
        self.tail.extend_from_slice(piece);
        self.check_claims(false)?;
        let keep = self.tail.len().saturating_sub(Self::TAIL_BYTES);
        self.tail.drain(..keep);
        Ok(())
    }

    /// Refuses a claimed number of texts that is too large, or hidden by an unusual spelling.
    ///
    /// Bytes decide, not XML: where another encoding would hide the words from us (UTF-16 has a NUL beside
    /// every letter), [`super::workbook`] refuses the claim's effect no more, so such parts are refused too.
    fn check_claims(&self, is_end: bool) -> Result<(), FileFault> {
        const CLAIM: &[u8] = b"uniqueCount";
        const WIDE_CLAIM: &[u8] = b"u\0n\0i\0q\0u\0e\0";
        const WIDE_CLAIM_SWAPPED: &[u8] = b"\0u\0n\0i\0q\0u\0e";
        if occurrences(&self.tail, WIDE_CLAIM) + occurrences(&self.tail, WIDE_CLAIM_SWAPPED) > 0 {
            return Err(FileFault::Unreadable);
        }
        let places = self.tail.windows(CLAIM.len()).enumerate().filter(|(_, window)| *window == CLAIM);
        for (place, _) in places {
            let rest = &self.tail[place + CLAIM.len()..];
            let is_whole = is_end || rest.len() >= Self::TAIL_BYTES - CLAIM.len();
            if is_whole && !is_modest(rest) {
                return Err(FileFault::TooLargeUnpacked);
            }
        }
        Ok(())
    }
}

/// `="` and few digits and `"`, as every spreadsheet program writes it.
fn is_modest(claim: &[u8]) -> bool {
    let Some(digits) = claim.strip_prefix(b"=\"") else { return false };
    let count = digits.iter().take_while(|byte| byte.is_ascii_digit()).count();
    (1..=CLAIMED_TEXTS_DIGITS_MAX).contains(&count) && digits.get(count) == Some(&b'"')
}

fn occurrences(bytes: &[u8], wanted: &[u8]) -> usize {
    // Looking for the first byte alone lets the compiler use vector instructions on 25 MiB.
    let mut rest = bytes;
    let mut found = 0;
    while let Some(place) = rest.iter().position(|byte| *byte == wanted[0]) {
        if rest[place..].starts_with(wanted) {
            found += 1;
        }
        rest = &rest[place + 1..];
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
        let megabytes = vec![b' '; 65 * 1024 * 1024];
        let bomb = archive(&[("a", &megabytes), ("b", &megabytes), ("c", &megabytes), ("d", &megabytes)]);
        assert!(bomb.len() < 1024 * 1024, "the point of a bomb is that it is small: {}", bomb.len());
        assert_eq!(check(&bomb), Err(FileFault::TooLargeUnpacked));
        assert_eq!(check(&archive(&[("a", &megabytes)])), Ok(()));
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
        let styles = "<xf/>".repeat(400_001);
        assert_eq!(check(&archive(&[("xl/Styles.xml", styles.as_bytes())])), Err(FileFault::TooLargeUnpacked));
        assert_eq!(check(&archive(&[("xl/worksheets/sheet1.xml", styles.as_bytes())])), Ok(()));
    }

    #[test]
    fn a_directory_of_countless_entries_is_refused_before_it_is_read() {
        let directory = [b"PK\x03\x04".as_slice(), &b"PK\x01\x02".repeat(ENTRIES_MAX + 1)].concat();
        assert_eq!(check(&directory), Err(FileFault::TooLargeUnpacked));
    }
}
