//! Tamper evidence: who changes what is recorded, with whatever rights in the database, is found out.
//!
//! - [`Seal`]: a signed statement about a stretch of the log, which names the one before it.
//! - [`seal_next`]: makes the next one, and refuses to seal what does not fit.
//! - [`verify`]: reads the log and holds it against its hashes, its seals and, where asked, a [`SealFolder`] that is
//!   kept elsewhere. Names what was changed.
//! - [`Proof`]: what it takes to show somebody else that one event is in the log, without the log.
//! - [`Trust`]: which keys are believed, and how one key hands on to the next.

mod archived;
mod faults;
mod folder;
mod keys;
mod proof;
mod proving;
mod renumbering;
mod seal;
mod seal_walk;
mod sealing;
mod sequences;
mod statement;
mod store;
mod trust;
mod verify;

pub use faults::{Fault, FaultKind};
pub use folder::{FolderError, SealFolder};
pub use keys::{NotAKey, PublicKey, SigningKey};
pub use proof::{Proof, ProofFault, ProvenEvent, verify_proof};
pub use proving::{Proving, prove};
pub use seal::{NotASeal, Seal, SealDocument, Stretch};
pub use sealing::{KeyOutOfUse, Refused, SealError, Sealing, introduce_next_key, seal_next};
pub(crate) use store::{SealWithLeaves, seal_covering, seals_over};
pub use store::{last_seal, newest_seals, read_keys, sealed_up_to, seals_from};
pub use trust::{KeyIntroduction, Trust};
pub use verify::{Asked, Progress, Verification, VerifyError, verify};
