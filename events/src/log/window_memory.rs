//! What a window remembers: a run of positions without a gap, and nothing else.

use std::{collections::VecDeque, sync::Arc};

use super::{
    feed::FeedBatch,
    window::{SharedStretch, WindowBounds},
};
use crate::envelope::{RecordedEvent, StreamKind};

/// What an event is reckoned to need beside its texts.
const EVENT_BYTES: usize = 320;

/// A run of events, by position. Nothing is known of it before somebody has reached the log's end.
#[derive(Debug, Default)]
pub(super) struct Memory {
    bounds: WindowBounds,
    /// The position before the first entry.
    start: Option<i64>,
    /// One per position: the n-th is at `start + n + 1`.
    entries: VecDeque<Entry>,
    bytes: usize,
    /// Where the log ends, as far as anybody knows.
    head: i64,
    /// Raised when everything is forgotten: what was asked for before then is not remembered after it.
    age: u64,
}

#[derive(Debug)]
struct Entry {
    kind: u32,
    bytes: usize,
    event: Arc<RecordedEvent>,
}

impl Memory {
    pub(super) fn bounded(bounds: WindowBounds) -> Self {
        Self { bounds, ..Self::default() }
    }

    pub(super) fn age(&self) -> u64 {
        self.age
    }

    pub(super) fn ends_at(&self, position: i64) -> bool {
        self.upto() == Some(position)
    }

    pub(super) fn tell(&mut self, head: i64) {
        self.head = self.head.max(head);
    }

    pub(super) fn forget(&mut self) {
        *self = Self { bounds: self.bounds, age: self.age + 1, ..Self::default() };
    }

    /// The window begins at the log's end, where it has not begun.
    pub(super) fn begin_at(&mut self, age: u64, position: i64) {
        if age == self.age && self.start.is_none() {
            self.start = Some(position);
        }
    }

    /// True if what follows on that position is what the window is to be extended by.
    pub(super) fn is_to_go_on(&self, after: i64) -> bool {
        self.start.is_some_and(|start| after >= start)
    }

    /// From where to read on, for somebody who is there. One who is far beyond the window lets it begin anew: nobody
    /// has followed closely for a while.
    pub(super) fn go_on_from(&mut self, after: i64) -> (i64, u64) {
        let is_near =
            |upto: &i64| after - upto <= i64::try_from(self.bounds.positions_max).unwrap_or(i64::MAX);
        let from = self.upto().filter(is_near).unwrap_or_else(|| {
            self.entries.clear();
            self.bytes = 0;
            self.start = Some(after);
            after
        });
        (from, self.age)
    }

    /// Takes what was read after `from`, of every kind, if it goes on where the window ends.
    pub(super) fn remember(&mut self, age: u64, from: i64, read: FeedBatch) {
        let is_whole = (from + 1..=read.upto).eq(read.events.iter().map(|event| event.global_position));
        if age != self.age || !self.ends_at(from) || !is_whole {
            return;
        }
        self.tell(read.head);
        for event in read.events {
            let entry = Entry { kind: bit_of(&event), bytes: bytes_of(&event), event: Arc::new(event) };
            self.bytes += entry.bytes;
            self.entries.push_back(entry);
        }
        while self.entries.len() > self.bounds.positions_max || self.bytes > self.bounds.bytes_max {
            let Some(oldest) = self.entries.pop_front() else { break };
            self.bytes -= oldest.bytes;
            self.start = self.start.map(|start| start + 1);
        }
    }

    /// Takes what of this is not remembered already, if it goes on where the window ends.
    pub(super) fn remember_rest(&mut self, from: i64, mut read: FeedBatch) {
        let known = self.upto().unwrap_or(from).clamp(from, read.upto);
        read.events.retain(|event| event.global_position > known);
        self.remember(self.age, known, read);
    }

    /// What comes after that position, unless the log is known to have more of it than is remembered.
    pub(super) fn recall(
        &self,
        after: i64,
        positions_max: i64,
        kinds: &[StreamKind],
    ) -> Option<SharedStretch> {
        let wanted = self.head.min(after.saturating_add(positions_max));
        self.recall_some(after, positions_max, kinds).filter(|known| known.upto >= wanted)
    }

    /// As many positions as are wanted, and not one less.
    pub(super) fn recall_all(
        &self,
        after: i64,
        positions_max: i64,
        kinds: &[StreamKind],
    ) -> Option<SharedStretch> {
        let wanted = after.checked_add(positions_max)?;
        self.upto().filter(|upto| *upto >= wanted)?;
        self.recall_some(after, positions_max, kinds)
    }

    /// What comes after that position, as far as it is remembered; it may be nothing yet.
    pub(super) fn recall_some(
        &self,
        after: i64,
        positions_max: i64,
        kinds: &[StreamKind],
    ) -> Option<SharedStretch> {
        let first = usize::try_from(after - self.start?).ok()?;
        let length = self.entries.len().checked_sub(first)?.min(usize::try_from(positions_max).ok()?);
        let (wanted, mut ends_with) = (bits_of(kinds), None);
        let mut events = Vec::new();
        for entry in self.entries.range(first..first + length) {
            if entry.kind & wanted != 0 {
                events.push(Arc::clone(&entry.event));
            }
            ends_with = Some(entry.event.event_id);
        }
        let upto = after + i64::try_from(length).ok()?;
        Some(SharedStretch { events, upto, head: self.head.max(upto), ends_with })
    }

    fn upto(&self) -> Option<i64> {
        self.start.zip(i64::try_from(self.entries.len()).ok()).map(|(start, length)| start + length)
    }
}

/// A bit per kind; none for one that this program does not know, which nobody can ask for.
fn bit_of(event: &RecordedEvent) -> u32 {
    StreamKind::named(&event.stream_kind).map_or(0, |kind| bits_of(&[kind]))
}

fn bits_of(kinds: &[StreamKind]) -> u32 {
    const { assert!(StreamKind::ALL.len() <= 32, "a bit per kind") };
    kinds.iter().fold(0, |bits, kind| bits | 1 << (*kind as u32))
}

fn bytes_of(event: &RecordedEvent) -> usize {
    EVENT_BYTES + event.payload.len() + event.metadata.len()
}

#[cfg(test)]
mod tests;
