//! ZIPs of strangers: what is in them, within bounds that are measured and not believed.

use std::io::{Cursor, Read};

use zip::ZipArchive;

use super::super::XML_MAX_BYTES;

/// Files of a batch, in and outside of ZIPs.
pub const FILES_MAX: usize = 2_000;
/// Bytes that all entries of a ZIP may inflate to together.
const INFLATED_MAX_BYTES: u64 = 500 * 1024 * 1024;
/// How much larger than the ZIP its content may be. XML shrinks to a tenth or a twentieth; a bomb to a thousandth.
const RATIO_MAX: u64 = 200;
/// Below this no ratio is looked at: a small file of spaces is no attack.
const RATIO_FREE_BYTES: u64 = 16 * 1024 * 1024;

/// Why a ZIP is not taken in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ArchiveFault {
    /// It cannot be read as one.
    #[error("the ZIP is damaged, encrypted, or uses a compression other than deflate")]
    Unreadable,
    /// It inflates beyond the bounds.
    #[error("the ZIP inflates beyond the limit: 500 MB, and 200 times its own size")]
    Bomb,
    /// It has too many entries.
    #[error("the ZIP has more than 2,000 entries")]
    TooManyEntries,
}

impl ArchiveFault {
    /// For programs.
    pub fn code(self) -> &'static str {
        match self {
            Self::Unreadable => "damaged_zip",
            Self::Bomb => "zip_bomb",
            Self::TooManyEntries => "too_many_files",
        }
    }
}

/// A file in a ZIP.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Which.
    pub index: usize,
    /// What it is called there. Nothing is ever written under it.
    pub name: String,
}

/// Whether these bytes begin like a ZIP.
pub fn is_zip(bytes: &[u8]) -> bool {
    // The second is an empty ZIP, which has a directory and nothing else.
    bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(b"PK\x05\x06")
}

/// The files in it, in its order; folders are none.
///
/// Everything is measured by unpacking to nowhere, for the sizes that an archive states about itself may lie.
///
/// # Errors
/// [`ArchiveFault`].
pub fn entries(bytes: &[u8]) -> Result<Vec<Entry>, ArchiveFault> {
    // Counted in the raw bytes, because opening an archive already reads its whole directory into memory.
    if bytes.windows(4).filter(|window| window == b"PK\x01\x02").take(FILES_MAX + 1).count() > FILES_MAX {
        return Err(ArchiveFault::TooManyEntries);
    }
    let mut archive = open(bytes)?;
    let by_ratio = (bytes.len() as u64).saturating_mul(RATIO_MAX).max(RATIO_FREE_BYTES);
    let mut left = INFLATED_MAX_BYTES.min(by_ratio);
    let mut entries = Vec::new();
    for index in 0..archive.len() {
        let mut entry = archive.by_index(index).map_err(|_| ArchiveFault::Unreadable)?;
        let read = std::io::copy(&mut (&mut entry).take(left + 1), &mut std::io::sink());
        left = left.checked_sub(read.map_err(|_| ArchiveFault::Unreadable)?).ok_or(ArchiveFault::Bomb)?;
        let name = entry.name().map_err(|_| ArchiveFault::Unreadable)?.into_owned();
        if entry.is_file() && !is_of_the_system(&name) {
            entries.push(Entry { index, name });
        }
    }
    Ok(entries)
}

/// One file of it; `None` where it is larger than any file may be.
///
/// # Errors
/// [`ArchiveFault::Unreadable`].
pub fn unpack(bytes: &[u8], index: usize) -> Result<Option<Vec<u8>>, ArchiveFault> {
    let mut archive = open(bytes)?;
    let entry = archive.by_index(index).map_err(|_| ArchiveFault::Unreadable)?;
    let mut file = Vec::new();
    entry.take(XML_MAX_BYTES as u64 + 1).read_to_end(&mut file).map_err(|_| ArchiveFault::Unreadable)?;
    Ok((file.len() <= XML_MAX_BYTES).then_some(file))
}

fn open(bytes: &[u8]) -> Result<ZipArchive<Cursor<&[u8]>>, ArchiveFault> {
    ZipArchive::new(Cursor::new(bytes)).map_err(|_| ArchiveFault::Unreadable)
}

/// What macOS and Windows put beside the files that people mean.
fn is_of_the_system(name: &str) -> bool {
    let last = name.rsplit(['/', '\\']).next().unwrap_or(name);
    name.starts_with("__MACOSX/") || matches!(last, ".DS_Store" | "Thumbs.db" | "desktop.ini")
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
    fn files_are_found_and_what_systems_leave_is_not() {
        let zip = archive(&[
            ("mars/1.xml", b"<a/>"),
            ("__MACOSX/mars/._1.xml", b"x"),
            ("mars/.DS_Store", b"x"),
            ("../../2.xml", b"<b/>"),
        ]);
        let found = entries(&zip).unwrap();
        let names: Vec<&str> = found.iter().map(|entry| entry.name.as_str()).collect();
        assert_eq!(names, ["mars/1.xml", "../../2.xml"]);
        assert_eq!(unpack(&zip, found[1].index).unwrap().unwrap(), b"<b/>");
    }

    #[test]
    fn a_bomb_is_measured_and_refused() {
        let spaces = vec![b' '; 17 * 1024 * 1024];
        let bomb = archive(&[("a.xml", &spaces)]);
        assert!(bomb.len() < 64 * 1024, "the point of a bomb is that it is small");
        assert_eq!(entries(&bomb), Err(ArchiveFault::Bomb));
    }

    #[test]
    fn an_entry_larger_than_any_file_is_told_as_such() {
        let spaces = vec![b' '; XML_MAX_BYTES + 1];
        assert_eq!(unpack(&archive(&[("a.xml", &spaces)]), 0), Ok(None));
    }

    #[test]
    fn a_directory_of_countless_entries_is_refused_before_it_is_read() {
        let directory = [b"PK\x03\x04".as_slice(), &b"PK\x01\x02".repeat(FILES_MAX + 1)].concat();
        assert_eq!(entries(&directory), Err(ArchiveFault::TooManyEntries));
    }

    #[test]
    fn what_is_no_zip_is_damaged() {
        assert_eq!(entries(b"PK\x03\x04 and nothing else"), Err(ArchiveFault::Unreadable));
        assert!(is_zip(b"PK\x03\x04") && is_zip(b"PK\x05\x06") && !is_zip(b"%PDF-1.7"));
    }
}
