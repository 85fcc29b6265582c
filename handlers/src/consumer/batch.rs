//! What is handled at once.

use chrono::{DateTime, Utc};
use events::{RecordedEvent, public::PublicEvent};

/// What happened between two positions.
#[derive(Debug)]
pub struct Batch {
    /// What was handled before, up to here.
    pub after: i64,
    /// All up to here is in this batch.
    pub upto: i64,
    /// Public events, in the order of positions.
    pub public: Vec<PublicEvent>,
    /// Inner events of [`ConsumerIdentity::inner_kinds`](super::ConsumerIdentity::inner_kinds), in the order of
    /// positions.
    pub inner: Vec<RecordedEvent>,
    /// When it is handled.
    pub now: DateTime<Utc>,
}

impl Batch {
    /// True where nothing happened that the consumer is given.
    pub fn is_empty(&self) -> bool {
        self.public.is_empty() && self.inner.is_empty()
    }

    /// How far it may be handled at once, with so many public events at most.
    pub(super) fn reach(&self, public_max: usize) -> i64 {
        self.public.get(public_max).map_or(self.upto, |event| event.position - 1)
    }

    /// Keeps what is up to there, and returns the rest; `None` where there is none.
    pub(super) fn split_off(&mut self, upto: i64) -> Option<Self> {
        if upto >= self.upto {
            return None;
        }
        let public = self.public.partition_point(|event| event.position <= upto);
        let inner = self.inner.partition_point(|event| event.global_position <= upto);
        let rest = Self {
            after: upto,
            upto: self.upto,
            public: self.public.split_off(public),
            inner: self.inner.split_off(inner),
            now: self.now,
        };
        self.upto = upto;
        Some(rest)
    }
}

#[cfg(test)]
mod tests {
    use events::public::{Audience, PublicData, catalogue::ProductDeactivated};
    use uuid::Uuid;

    use super::*;

    fn batch(after: i64, upto: i64, positions: &[i64]) -> Batch {
        let event = |position: &i64| PublicEvent {
            event_id: Uuid::nil(),
            position: *position,
            subject: Uuid::nil(),
            time: DateTime::UNIX_EPOCH,
            traceparent: None,
            audience: Audience::default(),
            data: PublicData::ProductDeactivated(ProductDeactivated {
                product_id: Uuid::nil().into(),
                supplier_id: Uuid::nil().into(),
            }),
        };
        let public = positions.iter().map(event).collect();
        Batch { after, upto, public, inner: Vec::new(), now: DateTime::UNIX_EPOCH }
    }

    #[test]
    fn what_is_split_is_all_of_it_and_nothing_twice() {
        let mut first = batch(10, 30, &[12, 20, 21, 30]);
        assert_eq!(first.reach(2), 20);
        assert_eq!(first.reach(4), 30);
        let rest = first.split_off(20).unwrap();
        let positions = |batch: &Batch| batch.public.iter().map(|event| event.position).collect::<Vec<_>>();
        assert_eq!((first.after, first.upto, positions(&first)), (10, 20, vec![12, 20]));
        assert_eq!((rest.after, rest.upto, positions(&rest)), (20, 30, vec![21, 30]));
        assert!(first.split_off(20).is_none());
    }
}
