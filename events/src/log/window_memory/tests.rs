use chrono::DateTime;
use proptest::prelude::*;
use uuid::Uuid;

use super::*;

/// A log of these kinds, and what a reader of it finds.
struct Log(Vec<RecordedEvent>);

impl Log {
    fn append(&mut self, kind: &str, bytes: usize) {
        let position = i64::try_from(self.0.len()).unwrap() + 1;
        let id = Uuid::from_u128(u128::try_from(position).unwrap());
        self.0.push(RecordedEvent {
            global_position: position,
            event_id: id,
            stream_kind: kind.to_owned(),
            stream_id: id,
            sequence: 1,
            event_type: "Tested".to_owned(),
            event_version: "1".to_owned(),
            payload: "x".repeat(bytes),
            metadata: "{}".to_owned(),
            recorded_at: DateTime::UNIX_EPOCH,
            command_id: id,
            actor: "system:test".to_owned(),
            content_hash: Vec::new(),
        });
    }

    fn head(&self) -> i64 {
        i64::try_from(self.0.len()).unwrap()
    }

    fn read(&self, after: i64, positions_max: i64, kinds: Option<&[StreamKind]>) -> FeedBatch {
        let upto = self.head().min(after + positions_max).max(after);
        let is_wanted = |event: &&RecordedEvent| {
            (after + 1..=upto).contains(&event.global_position)
                && kinds.is_none_or(|kinds| kinds.iter().any(|kind| kind.name() == event.stream_kind))
        };
        FeedBatch { events: self.0.iter().filter(is_wanted).cloned().collect(), upto, head: self.head() }
    }
}

#[derive(Clone, Debug)]
enum Step {
    Append {
        kind: &'static str,
        bytes: usize,
    },
    Tell,
    /// Somebody at that part of the log, in thousandths, is to be served, and the window reads on for it.
    Follow {
        after: i64,
        positions_max: i64,
    },
    /// A reader that began before something else happened comes back with what it found.
    Late {
        from: i64,
        positions_max: i64,
    },
    /// What a reader found for its own sake.
    Rest {
        from: i64,
        positions_max: i64,
    },
    Begin,
    Forget,
}

fn step() -> impl Strategy<Value = Step> {
    let kind = prop_oneof![Just("order"), Just("stock"), Just("cart"), Just("not known to this program")];
    prop_oneof![
        6 => (kind, 0..400_usize).prop_map(|(kind, bytes)| Step::Append { kind, bytes }),
        2 => Just(Step::Tell),
        4 => (0..=1_000_i64, 1..9_i64).prop_map(|(after, positions_max)| Step::Follow { after, positions_max }),
        1 => (0..=1_000_i64, 1..9_i64).prop_map(|(from, positions_max)| Step::Late { from, positions_max }),
        1 => (0..=1_000_i64, 1..9_i64).prop_map(|(from, positions_max)| Step::Rest { from, positions_max }),
        1 => Just(Step::Begin),
        1 => Just(Step::Forget),
    ]
}

const WANTED: [&[StreamKind]; 3] =
    [&[StreamKind::Order], &[StreamKind::Product, StreamKind::Stock], &StreamKind::ALL];

fn check(memory: &Memory, log: &Log, after: i64, positions_max: i64) -> Result<(), TestCaseError> {
    for kinds in WANTED {
        let recalled = [
            memory.recall(after, positions_max, kinds),
            memory.recall_all(after, positions_max, kinds),
            memory.recall_some(after, positions_max, kinds),
        ];
        for known in recalled.into_iter().flatten() {
            let read = log.read(after, known.upto - after, Some(kinds));
            prop_assert_eq!(known.upto, read.upto, "it reaches no further than the log, nor back");
            prop_assert!(known.upto <= after + positions_max);
            let events: Vec<RecordedEvent> = known.events.iter().map(|event| (**event).clone()).collect();
            prop_assert_eq!(events, read.events);
            let last = usize::try_from(known.upto).unwrap().checked_sub(1).filter(|_| known.upto > after);
            prop_assert_eq!(known.ends_with, last.map(|last| log.0[last].event_id));
        }
        if let Some(known) = memory.recall(after, positions_max, kinds) {
            prop_assert!(
                known.upto >= memory.head.min(after + positions_max),
                "a stop short of what was told"
            );
        }
        if let Some(known) = memory.recall_all(after, positions_max, kinds) {
            prop_assert_eq!(known.upto, after + positions_max);
        }
    }
    Ok(())
}

proptest! {
    #[test]
    fn what_is_remembered_is_what_a_reader_finds(
        steps in prop::collection::vec(step(), 1..120),
        positions_max in 1..30_usize,
        bytes_max in 300..8_000_usize,
    ) {
        let mut log = Log(Vec::new());
        let mut memory = Memory::bounded(WindowBounds { positions_max, bytes_max });
        for step in steps {
            let at = |thousandths: i64| log.head() * thousandths / 1_000;
            match step {
                Step::Append { kind, bytes } => log.append(kind, bytes),
                Step::Tell => memory.tell(log.head()),
                Step::Follow { after, positions_max } => {
                    let after = at(after);
                    if memory.is_to_go_on(after) {
                        let (from, age) = memory.go_on_from(after);
                        let read = log.read(from, positions_max + (after - from).max(0), None);
                        memory.remember(age, from, read);
                    }
                }
                Step::Late { from, positions_max } => {
                    let (from, age) = (at(from), memory.age());
                    let mut read = log.read(from, positions_max, None);
                    memory.remember(age, from, read.clone());
                    // One that is torn is remembered by no window.
                    if read.events.pop().is_some() {
                        let (before, upto) = (memory.entries.len(), memory.upto());
                        memory.remember(age, upto.unwrap_or(from), read);
                        prop_assert_eq!((before, upto), (memory.entries.len(), memory.upto()));
                    }
                }
                Step::Rest { from, positions_max } => {
                    let (from, before) = (at(from), memory.upto());
                    let read = log.read(from, positions_max, None);
                    let upto = read.upto;
                    memory.remember_rest(from, read);
                    let goes_on = before.is_some_and(|before| (from..upto).contains(&before));
                    prop_assert_eq!(memory.upto(), if goes_on { Some(upto) } else { before });
                }
                Step::Begin => memory.begin_at(memory.age(), log.head()),
                Step::Forget => memory.forget(),
            }
            prop_assert!(memory.entries.len() <= positions_max && memory.bytes <= bytes_max);
            let bytes: usize = memory.entries.iter().map(|entry| entry.bytes).sum();
            prop_assert_eq!(bytes, memory.bytes);
            for after in 0..=log.head() + 1 {
                check(&memory, &log, after, 1)?;
                check(&memory, &log, after, 7)?;
            }
        }
    }
}

#[test]
fn what_was_asked_for_before_everything_was_forgotten_is_not_remembered() {
    let mut log = Log(Vec::new());
    let mut memory = Memory::default();
    memory.begin_at(0, 0);
    log.append("order", 10);
    let (from, age) = memory.go_on_from(0);
    let read = log.read(from, 10, None);
    memory.forget();
    memory.remember(age, from, read.clone());
    memory.begin_at(age, 0);
    assert!(memory.recall_some(0, 10, &StreamKind::ALL).is_none());
    memory.begin_at(memory.age(), 0);
    memory.remember(memory.age(), 0, read);
    assert_eq!(memory.recall(0, 10, &StreamKind::ALL).unwrap().events.len(), 1);
}

#[test]
fn what_ends_before_the_head_that_was_told_is_not_taken_for_the_end() {
    let mut log = Log(Vec::new());
    log.append("order", 10);
    let mut memory = Memory::default();
    memory.begin_at(0, 0);
    memory.remember(0, 0, log.read(0, 10, None));
    assert_eq!(
        memory.recall(1, 10, &StreamKind::ALL).unwrap().upto,
        1,
        "nothing new, and nothing to ask for"
    );
    memory.tell(2);
    assert!(memory.recall(1, 10, &StreamKind::ALL).is_none());
    assert!(memory.recall(0, 10, &StreamKind::ALL).is_none());
    assert!(memory.recall(0, 1, &StreamKind::ALL).is_some(), "as much as was wanted");
}
