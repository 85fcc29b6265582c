//! The file: lines of events as an export has them, then the seals over them, then a last line.

use std::{
    fs::File,
    io::{self, BufRead as _, BufReader, Read},
    path::Path,
};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::{
    RecordedEvent,
    audit::SealDocument,
    fold::UnreadableEvent,
    history_line::{
        HistoryEnd, HistoryLine, HistoryWriter, NoHash, Routing, UnreadableLine, read_event_line,
        read_history_line,
    },
};

/// Why something about an archive failed.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// Whatever the database says.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
    /// The file cannot be read or written.
    #[error("the file")]
    File(#[from] io::Error),
    /// A line is none of an archive.
    #[error("a line behind position {position}")]
    Line {
        /// The last position that was read.
        position: i64,
        /// Why.
        #[source]
        reason: UnreadableLine,
    },
    /// A row of the log is no event.
    #[error(transparent)]
    Row(#[from] NoHash),
    /// A stream cannot be folded.
    #[error(transparent)]
    Fold(#[from] UnreadableEvent),
    /// Only a newer program can fold the stream.
    #[error("streams of kind {0} are not known here")]
    UnknownKind(String),
    /// The file, or what it is held against, does not fit.
    #[error("position {position}: {reason}")]
    Broken {
        /// Where; 0 where it cannot be said.
        position: i64,
        /// What is wrong.
        reason: &'static str,
    },
    /// Whoever asked wants no more.
    #[error("interrupted")]
    Interrupted,
}

/// A seal's line.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SealLine {
    pub(super) seal: SealDocument,
}

/// Reads an archive from its beginning, and takes count, root and SHA-256 of it on the way.
pub struct ArchiveReader {
    lines: BufReader<Hashing>,
    line: String,
    read: HistoryWriter,
    seals: Vec<SealDocument>,
    end: Option<HistoryEnd>,
}

/// What a whole archive came to.
pub(super) struct Whole {
    pub(super) sha256: [u8; 32],
    pub(super) end: HistoryEnd,
    pub(super) seals: Vec<SealDocument>,
}

impl ArchiveReader {
    /// Opens an archive whose first position is `first`.
    ///
    /// # Errors
    /// It cannot be opened.
    pub fn open(path: &Path, first: i64) -> io::Result<Self> {
        let file = Hashing { file: File::open(path)?, sha256: Sha256::new() };
        let lines = BufReader::with_capacity(1 << 20, file);
        let read = HistoryWriter::after(first - 1);
        Ok(Self { lines, line: String::new(), read, seals: Vec::new(), end: None })
    }

    /// The next event, with what it was routed by; `None` once all have been read.
    ///
    /// # Errors
    /// A line that is none, or is not of the next position. Whether an event's hash fits is for the caller to ask.
    pub fn next_event(&mut self) -> Result<Option<(RecordedEvent, Routing)>, ArchiveError> {
        let position = self.read.position();
        while self.end.is_none() && self.next_line()? {
            let line = self.line.trim_end();
            if let Ok(SealLine { seal }) = serde_json::from_str(line) {
                self.seals.push(seal);
            } else if line.starts_with("{\"end\":") {
                let HistoryLine::End(end) = read_history_line(line).map_err(at(position))? else {
                    return Err(ArchiveError::Broken { position, reason: "the last line is none" });
                };
                self.end = Some(end);
            } else {
                let (event, routing) = read_event_line(line).map_err(at(position))?;
                if event.global_position != position + 1 || !self.seals.is_empty() {
                    let reason = "the file does not go on at the next position";
                    return Err(ArchiveError::Broken { position: position + 1, reason });
                }
                self.read.add(event.global_position, &event.content_hash)?;
                return Ok(Some((event, routing)));
            }
        }
        if self.end.is_none() {
            return Err(ArchiveError::Broken { position, reason: "the file has no last line: it was cut" });
        }
        Ok(None)
    }

    /// SHA-256 of the file, once [`Self::next_event`] has said that there are no more.
    ///
    /// # Errors
    /// The last line is not that of the lines before, or not the last.
    pub fn sha256(self) -> Result<[u8; 32], ArchiveError> {
        Ok(self.finish()?.sha256)
    }

    /// What all of it came to, once [`Self::next_event`] has said that there are no more.
    pub(super) fn finish(mut self) -> Result<Whole, ArchiveError> {
        let position = self.read.position();
        let Some(end) = self.end.take() else {
            return Err(ArchiveError::Broken { position, reason: "the file was not read to its end" });
        };
        if end != self.read.end() {
            return Err(ArchiveError::Broken {
                position,
                reason: "the last line is not that of the lines before",
            });
        }
        if self.next_line()? {
            return Err(ArchiveError::Broken { position, reason: "the file goes on behind its last line" });
        }
        let sha256 = self.lines.into_inner().sha256.finalize().into();
        Ok(Whole { sha256, end, seals: self.seals })
    }

    fn next_line(&mut self) -> io::Result<bool> {
        self.line.clear();
        Ok(self.lines.read_line(&mut self.line)? > 0)
    }
}

fn at(position: i64) -> impl FnOnce(UnreadableLine) -> ArchiveError {
    move |reason| ArchiveError::Line { position, reason }
}

/// A file that is hashed as it is read.
struct Hashing {
    file: File,
    sha256: Sha256,
}

impl Read for Hashing {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read(buffer)?;
        self.sha256.update(&buffer[..read]);
        Ok(read)
    }
}
