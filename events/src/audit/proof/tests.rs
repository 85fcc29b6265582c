use chrono::TimeDelta;
use proptest::prelude::*;

use super::*;
use crate::{
    audit::{Seal, SigningKey, Stretch},
    merkle::{inclusion_path, root_of},
};

fn event(position: i64, seed: u128) -> RecordedEvent {
    let event = RecordedEvent {
        global_position: position,
        event_id: Uuid::from_u128(seed),
        stream_kind: "order".to_owned(),
        stream_id: Uuid::from_u128(seed ^ 1),
        sequence: 3,
        event_type: "OrderPlaced".to_owned(),
        event_version: "1".to_owned(),
        payload: format!("{{\"n\":{position}}}"),
        metadata: "{}".to_owned(),
        recorded_at: DateTime::from_timestamp_micros(1_700_000_000_123_456).unwrap(),
        command_id: Uuid::from_u128(seed ^ 2),
        actor: "system:test".to_owned(),
        content_hash: Vec::new(),
    };
    RecordedEvent { content_hash: recorded_hash(&event).to_vec(), ..event }
}

fn proof(first: i64, count: usize, index: usize, seed: u128) -> (Proof, PublicKey) {
    let key = SigningKey::from_base64(&SigningKey::generate()).unwrap();
    let events: Vec<_> =
        (first..).take(count).zip(0..).map(|(at, n)| event(at, seed.wrapping_add(n))).collect();
    let leaves: Vec<Hash> = events.iter().map(recorded_hash).collect();
    let last_position = events.last().unwrap().global_position;
    let stretch = Stretch { first_position: first, last_position, root: root_of(&leaves) };
    let seal = Seal::sign(&key, None, stretch, DateTime::UNIX_EPOCH);
    let document = SealDocument::new(&seal, &key.public());
    (Proof::new(&events[index], index as u64, &inclusion_path(&leaves, index), document), key.public())
}

fn other_hash(text: &mut String) {
    let last = if text.ends_with('0') { "1" } else { "0" };
    text.replace_range(63.., last);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_proof_of_any_leaf_holds_and_none_of_what_is_altered_does(
        first in 1_i64..1_000_000,
        (count, index) in (1_usize..200).prop_flat_map(|count| (Just(count), 0..count)),
        seed in any::<u128>(),
    ) {
        let (proof, key) = proof(first, count, index, seed);
        prop_assert_eq!(verify_proof(&proof, &[]), Ok(()));
        prop_assert_eq!(verify_proof(&proof, &[key]), Ok(()));
        let text = serde_json::to_string(&proof).unwrap();
        prop_assert_eq!(serde_json::from_str::<Proof>(&text).unwrap(), proof.clone());
        let alterations: Vec<fn(&mut Proof)> = vec![
            |proof| proof.format.push('x'),
            |proof| proof.event.position += 1,
            |proof| proof.event.event_id = Uuid::nil(),
            |proof| proof.event.stream_type.push('x'),
            |proof| proof.event.stream_id = Uuid::nil(),
            |proof| proof.event.sequence += 1,
            |proof| proof.event.event_type.push('x'),
            |proof| proof.event.version = "2".to_owned(),
            |proof| proof.event.payload.push(' '),
            |proof| proof.event.metadata.push(' '),
            |proof| proof.event.recorded_at += TimeDelta::microseconds(1),
            |proof| proof.event.command_id = Uuid::nil(),
            |proof| proof.event.actor.push('x'),
            |proof| proof.leaf_index += 1,
            |proof| proof.path.push("0".repeat(64)),
            |proof| if proof.path.pop().is_none() { proof.leaf_index += 1 },
            |proof| match proof.path.first_mut() { Some(text) => other_hash(text), None => proof.leaf_index += 1 },
            |proof| proof.seal.number += 1,
            |proof| proof.seal.first_position -= 1,
            |proof| proof.seal.last_position += 1,
            |proof| other_hash(&mut proof.seal.root),
            |proof| other_hash(&mut proof.seal.previous),
            |proof| proof.seal.sealed_at += TimeDelta::microseconds(1),
            |proof| other_hash(&mut proof.seal.key_id),
            |proof| proof.seal.signature.replace_range(..4, "AAAA"),
            |proof| proof.seal.public_key = SigningKey::from_base64(&SigningKey::generate()).unwrap().public().to_string(),
        ];
        for (place, alter) in alterations.iter().enumerate() {
            let mut altered = proof.clone();
            alter(&mut altered);
            prop_assert!(verify_proof(&altered, &[key]).is_err(), "alteration {}", place);
        }
    }
}

#[test]
fn a_proof_signed_by_another_key_convinces_only_those_who_trust_nobody() {
    let (proof, _) = proof(1, 5, 2, 7);
    let other = SigningKey::from_base64(&SigningKey::generate()).unwrap().public();
    assert_eq!(verify_proof(&proof, &[]), Ok(()));
    assert_eq!(verify_proof(&proof, &[other]), Err(ProofFault::Untrusted));
}
