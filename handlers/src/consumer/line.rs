//! What a consumer knows of the events after its position, and what it has to do next. No I/O.

use std::collections::VecDeque;

use events::public::PublicEvent;

use crate::wire::Place;

/// Events that NATS brought, and the stretches that the log must be asked for.
#[derive(Debug)]
pub(super) struct Line {
    /// All up to here has had its effect.
    position: i64,
    /// The log must be read up to here before anything pending may be handled.
    from_log_upto: i64,
    /// All public events from there to `end`, by position.
    pending: VecDeque<PublicEvent>,
    /// What comes next must follow on this.
    end: i64,
}

/// How a message fits on the line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fit {
    /// It follows.
    Follows,
    /// It was known.
    Seen,
    /// Something is missing before it.
    Hole,
}

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Nothing, until something arrives.
    Wait,
    /// Handle what the log says up to there.
    Log {
        /// Position.
        upto: i64,
    },
    /// Handle what is pending up to there, with [`Line::take`].
    Pending {
        /// Position.
        upto: i64,
    },
}

impl Line {
    pub(super) const fn new(position: i64) -> Self {
        Self { position, from_log_upto: position, pending: VecDeque::new(), end: position }
    }

    pub(super) const fn position(&self) -> i64 {
        self.position
    }

    /// What is known reaches to here.
    pub(super) const fn end(&self) -> i64 {
        self.end
    }

    pub(super) fn pending(&self) -> usize {
        self.pending.len()
    }

    /// A public event arrived.
    pub(super) fn event(&mut self, place: Place, event: PublicEvent) -> Fit {
        if place.position <= self.end {
            return Fit::Seen;
        }
        let fit = if place.previous > self.end { Fit::Hole } else { Fit::Follows };
        // What is in the hole is read from the log; this one follows on that.
        self.read_log(place.previous);
        self.pending.push_back(event);
        self.end = place.position;
        fit
    }

    /// The relay has read the log to that position, and published all before.
    pub(super) fn head(&mut self, place: Place) -> Fit {
        if place.position <= self.end {
            return Fit::Seen;
        }
        if place.previous > self.end {
            return Fit::Hole;
        }
        self.end = place.position;
        Fit::Follows
    }

    /// The log must be asked for everything up to there.
    pub(super) fn read_log(&mut self, upto: i64) {
        if upto > self.end {
            // Of what is before it, too: one source per batch.
            self.pending.clear();
            self.from_log_upto = upto;
            self.end = upto;
        }
    }

    /// What to do next: at most `positions_max` positions from the log, at most `reach` positions of what is
    /// pending. What holds no event is passed over only if it `is_eager`.
    pub(super) fn step(&self, positions_max: i64, reach: i64, is_eager: bool) -> Step {
        if self.from_log_upto > self.position {
            return Step::Log { upto: self.from_log_upto.min(self.position.saturating_add(positions_max)) };
        }
        let upto = self.end.min(self.position.saturating_add(reach));
        let holds_event = self.pending.front().is_some_and(|event| event.position <= upto);
        if upto > self.position && (holds_event || is_eager) { Step::Pending { upto } } else { Step::Wait }
    }

    /// Takes what is pending up to there. If it is not handled, [`Self::begin_again`].
    pub(super) fn take(&mut self, upto: i64) -> Vec<PublicEvent> {
        let count = self.pending.partition_point(|event| event.position <= upto);
        self.pending.drain(..count).collect()
    }

    /// All up to there has had its effect.
    pub(super) fn moved(&mut self, upto: i64) {
        self.position = upto;
        self.end = self.end.max(upto);
    }

    /// From that position, all that was known is read from the log.
    pub(super) fn begin_again(&mut self, position: i64) {
        let end = self.end;
        *self = Self::new(position);
        self.read_log(end);
    }
}

#[cfg(test)]
mod tests {
    use events::public::{Audience, PublicData, catalogue::ProductDeactivated};
    use uuid::Uuid;

    use super::*;

    const ALL: i64 = i64::MAX;

    fn event(position: i64) -> PublicEvent {
        let (product_id, supplier_id) = (Uuid::nil().into(), Uuid::nil().into());
        PublicEvent {
            event_id: Uuid::nil(),
            position,
            subject: Uuid::nil(),
            time: chrono::DateTime::UNIX_EPOCH,
            traceparent: None,
            audience: Audience::default(),
            data: PublicData::ProductDeactivated(ProductDeactivated { product_id, supplier_id }),
        }
    }

    fn arrives(line: &mut Line, previous: i64, position: i64) -> Fit {
        line.event(Place { previous, position }, event(position))
    }

    fn taken(line: &mut Line, upto: i64) -> Vec<i64> {
        let taken = line.take(upto).iter().map(|event| event.position).collect();
        line.moved(upto);
        taken
    }

    #[test]
    fn events_that_follow_are_handled_together() {
        let mut line = Line::new(10);
        assert_eq!(line.step(500, ALL, true), Step::Wait);
        assert_eq!(arrives(&mut line, 8, 12), Fit::Follows);
        assert_eq!(arrives(&mut line, 12, 15), Fit::Follows);
        assert_eq!(line.step(500, ALL, false), Step::Pending { upto: 15 });
        assert_eq!(taken(&mut line, 15), [12, 15]);
        assert_eq!(line.step(500, ALL, true), Step::Wait);
    }

    #[test]
    fn what_was_seen_is_passed_over() {
        let mut line = Line::new(10);
        assert_eq!(arrives(&mut line, 8, 10), Fit::Seen);
        assert_eq!(arrives(&mut line, 10, 11), Fit::Follows);
        assert_eq!(arrives(&mut line, 10, 11), Fit::Seen);
        assert_eq!(taken(&mut line, 11), [11]);
    }

    #[test]
    fn a_hole_is_read_from_the_log_before_what_follows_it() {
        let mut line = Line::new(10);
        arrives(&mut line, 10, 11);
        assert_eq!(arrives(&mut line, 14, 15), Fit::Hole);
        assert_eq!(line.step(3, ALL, false), Step::Log { upto: 13 });
        line.moved(13);
        assert_eq!(line.step(3, ALL, false), Step::Log { upto: 14 });
        line.moved(14);
        assert_eq!(line.step(3, ALL, false), Step::Pending { upto: 15 });
        assert_eq!(taken(&mut line, 15), [15]);
    }

    #[test]
    fn a_stretch_without_events_is_passed_over_only_eagerly() {
        let mut line = Line::new(3);
        assert_eq!(line.head(Place { previous: 2, position: 8 }), Fit::Follows);
        assert_eq!(line.step(500, ALL, false), Step::Wait);
        assert_eq!(line.step(500, 2, true), Step::Pending { upto: 5 });
        assert_eq!(line.head(Place { previous: 9, position: 12 }), Fit::Hole);
        assert_eq!(line.end(), 8);
    }

    #[test]
    fn after_a_failure_all_that_was_known_comes_from_the_log() {
        let mut line = Line::new(0);
        arrives(&mut line, 0, 2);
        arrives(&mut line, 2, 4);
        assert_eq!(line.take(2).len(), 1);
        line.begin_again(0);
        assert_eq!(line.step(500, ALL, false), Step::Log { upto: 4 });
        line.moved(4);
        assert_eq!(arrives(&mut line, 4, 6), Fit::Follows);
    }
}
