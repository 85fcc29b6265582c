//! A proof that one event is in the log: checked without the log, the database or this program.
//!
//! docs/audit.md has the algorithm in words.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    keys::PublicKey,
    seal::{NotASeal, SealDocument, hash},
};
use crate::{
    canonical::recorded_hash,
    envelope::RecordedEvent,
    merkle::{Hash, root_by_path},
};

/// The only format there is so far.
const FORMAT: &str = "iris.proof.v1";

/// All that it takes to show that an event was sealed at its position.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Proof {
    /// `iris.proof.v1`.
    #[schema(example = "iris.proof.v1")]
    pub format: String,
    /// The event, as far as its hash covers it.
    pub event: ProvenEvent,
    /// Its place among the seal's leaves, from 0: its position less the seal's first.
    pub leaf_index: u64,
    /// The hashes beside the way from the leaf to the root, the lowest first, in hex.
    pub path: Vec<String>,
    /// The seal that covers it.
    pub seal: SealDocument,
}

/// An event as it was hashed: payload and metadata are the texts themselves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ProvenEvent {
    /// Its position in the log; not part of its hash, but of its place in the seal.
    pub position: i64,
    /// Its id.
    pub event_id: Uuid,
    /// What its stream is about.
    #[schema(example = "order")]
    pub stream_type: String,
    /// Which one.
    pub stream_id: Uuid,
    /// Its place in the stream, from 1.
    pub sequence: i64,
    /// What happened.
    #[serde(rename = "type")]
    #[schema(example = "OrderPlaced")]
    pub event_type: String,
    /// Version of that type.
    pub version: String,
    /// Canonical JSON, as text.
    pub payload: String,
    /// Canonical JSON, as text.
    pub metadata: String,
    /// When, to the microsecond.
    pub recorded_at: DateTime<Utc>,
    /// The command that it came of.
    pub command_id: Uuid,
    /// Who gave it.
    pub actor: String,
}

/// Why a proof proves nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProofFault {
    /// Of another format.
    #[error("the format is not {FORMAT}")]
    Format,
    /// The seal in it is none.
    #[error(transparent)]
    Unreadable(#[from] NotASeal),
    /// A hash on the path is none.
    #[error("the path cannot be read")]
    Path,
    /// The position is not where the leaf is.
    #[error("the event's position is not the leaf's")]
    Position,
    /// Event and path do not lead to the seal's root.
    #[error("the event is not the one that was sealed there")]
    Root,
    /// The signature is not the key's.
    #[error("the seal's signature is wrong")]
    Signature,
    /// The key is none of the trusted ones.
    #[error("the seal is signed by a key that is not trusted")]
    Untrusted,
}

impl Proof {
    pub(super) fn new(event: &RecordedEvent, leaf_index: u64, path: &[Hash], seal: SealDocument) -> Self {
        let event = ProvenEvent {
            position: event.global_position,
            event_id: event.event_id,
            stream_type: event.stream_kind.clone(),
            stream_id: event.stream_id,
            sequence: event.sequence,
            event_type: event.event_type.clone(),
            version: event.event_version.clone(),
            payload: event.payload.clone(),
            metadata: event.metadata.clone(),
            recorded_at: event.recorded_at,
            command_id: event.command_id,
            actor: event.actor.clone(),
        };
        Self {
            format: FORMAT.to_owned(),
            event,
            leaf_index,
            path: path.iter().map(hex::encode).collect(),
            seal,
        }
    }
}

/// Checks the proof: the event hashes to a leaf, the leaf's path leads to the root, and the root is signed.
///
/// Of `trusted` one must have signed. Without any the key in the proof itself is believed: the proof is then whole,
/// but may be anybody's.
///
/// # Errors
/// The first thing that does not hold.
pub fn verify_proof(proof: &Proof, trusted: &[PublicKey]) -> Result<(), ProofFault> {
    if proof.format != FORMAT {
        return Err(ProofFault::Format);
    }
    let (seal, key) = (proof.seal.seal()?, proof.seal.key()?);
    if !seal.is_signed_by(&key) {
        return Err(ProofFault::Signature);
    }
    if !trusted.is_empty() && !trusted.contains(&key) {
        return Err(ProofFault::Untrusted);
    }
    let place =
        proof.event.position.checked_sub(seal.first_position).and_then(|place| u64::try_from(place).ok());
    if place != Some(proof.leaf_index) || proof.event.position > seal.last_position {
        return Err(ProofFault::Position);
    }
    let path: Option<Vec<Hash>> = proof.path.iter().map(|text| hash(text)).collect();
    let path = path.ok_or(ProofFault::Path)?;
    let count = u64::try_from(seal.count()).map_err(|_| ProofFault::Position)?;
    let root = root_by_path(&recorded_hash(&recorded(&proof.event)), proof.leaf_index, count, &path);
    if root == Some(seal.root) { Ok(()) } else { Err(ProofFault::Root) }
}

fn recorded(event: &ProvenEvent) -> RecordedEvent {
    RecordedEvent {
        global_position: event.position,
        event_id: event.event_id,
        stream_kind: event.stream_type.clone(),
        stream_id: event.stream_id,
        sequence: event.sequence,
        event_type: event.event_type.clone(),
        event_version: event.version.clone(),
        payload: event.payload.clone(),
        metadata: event.metadata.clone(),
        recorded_at: event.recorded_at,
        command_id: event.command_id,
        actor: event.actor.clone(),
        content_hash: Vec::new(),
    }
}

#[cfg(test)]
mod tests;
