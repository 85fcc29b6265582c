//! Old partitions of the log in files, and back.
//!
//! - [`partitions`], [`obstacles`]: what there is, and what keeps a partition from going.
//! - [`store_states`]: every stream of the partition gets a stored state, so that it loads without these events.
//! - [`write_archive`]: the events with their hashes, the seals over them, and a last line with count and root.
//! - [`check_archive`]: the file as it was written against the seals and the record.
//! - [`take_away`]: the events leave the table. What is asked for by its key stays: all events of accounts and webhook
//!   endpoints, and the first one of each order, product, invoice and trade relation.
//! - [`restore`]: the file's events come back, checked.
//!
//! Each step finds what an earlier attempt has done; a process that dies between or within them leaves a log that reads
//! as before, or says what is missing. All of it is the work of the database's owner: no process may.
//!
//! See `docs/decisions/0018-partitions-and-archives.md`.

mod check;
mod exchange;
mod file;
mod obstacles;
mod partition;
mod record;
mod restore;
mod states;
mod write;

pub use check::{Checked, check_archive};
pub use exchange::{TakenAway, take_away};
pub use file::{ArchiveError, ArchiveReader};
pub use obstacles::{Obstacle, obstacles};
pub use partition::{Partition, partitions};
pub use record::{Archive, find_archive, record_archive};
pub use restore::restore;
pub use states::store_states;
pub use write::write_archive;

pub use crate::log::archived;
