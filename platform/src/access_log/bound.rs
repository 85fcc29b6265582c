//! A bound on what strangers can have written: so many rows a minute from one source, and in all.
//!
//! What is beyond it is counted, and the minute's count becomes one row when the minute is over. So a flood
//! leaves a trace of its size, and of its first rows, and no more.

use std::{collections::HashMap, net::IpAddr};

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::access::{Access, Who};

/// Rows a minute from one account or address.
const PER_SOURCE_MAX: u32 = 30;
/// Rows a minute in all, of one process: at some 300 bytes a row not more than 50 MB a day.
const IN_ALL_MAX: u32 = 120;

/// Where accesses come from: the account, else the address.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Source {
    Account(Uuid),
    Address(Option<IpAddr>),
}

impl Source {
    pub(super) fn of(access: &Access) -> Self {
        match access.who {
            Who::Account { id, .. } | Who::ApiKey { account_id: id, .. } => Self::Account(id),
            Who::Anonymous | Who::System(_) => Self::Address(access.origin.address),
        }
    }
}

/// What the present minute has taken and left out.
#[derive(Debug, Default)]
pub(super) struct Bound {
    /// Minutes since 1970.
    minute: i64,
    taken: u32,
    /// No longer than what was taken: only a source that has had a row stands here.
    by_source: HashMap<Source, u32>,
    left_out: u64,
    /// Of minutes that are over, and not yet told.
    untold: u64,
}

impl Bound {
    /// Whether one more row may be written; if not, it is counted.
    pub(super) fn takes(&mut self, source: &Source, at: DateTime<Utc>) -> bool {
        self.turn(at);
        let from_source = self.by_source.get(source).copied().unwrap_or(0);
        if self.taken >= IN_ALL_MAX || from_source >= PER_SOURCE_MAX {
            self.left_out += 1;
            return false;
        }
        self.taken += 1;
        self.by_source.insert(source.clone(), from_source + 1);
        true
    }

    /// How many were left out in minutes that are over, told once.
    pub(super) fn left_out(&mut self, at: DateTime<Utc>) -> u64 {
        self.turn(at);
        std::mem::take(&mut self.untold)
    }

    /// The same, and of this minute as well: at the end of the process.
    pub(super) fn left_out_so_far(&mut self) -> u64 {
        std::mem::take(&mut self.untold) + std::mem::take(&mut self.left_out)
    }

    fn turn(&mut self, at: DateTime<Utc>) {
        let minute = at.timestamp().div_euclid(60);
        if minute == self.minute {
            return;
        }
        let untold = self.untold + self.left_out;
        *self = Self { minute, untold, ..Self::default() };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000 + second, 0).unwrap()
    }

    fn account(number: u128) -> Source {
        Source::Account(Uuid::from_u128(number))
    }

    #[test]
    fn one_source_has_its_share_and_leaves_room_for_others() {
        let mut bound = Bound::default();
        let taken = (0..1_000).filter(|_| bound.takes(&account(1), at(0))).count();
        assert_eq!(taken, PER_SOURCE_MAX as usize);
        assert!(bound.takes(&account(2), at(1)), "another account is still heard");
        assert!(bound.takes(&Source::Address(None), at(1)), "and so is a stranger");
    }

    #[test]
    fn many_sources_have_the_minutes_share_together_and_the_rest_is_told_once() {
        let mut bound = Bound::default();
        let taken = (0..1_000).filter(|number| bound.takes(&account(*number), at(0))).count();
        assert_eq!(taken, IN_ALL_MAX as usize);
        assert!(bound.by_source.len() <= IN_ALL_MAX as usize, "memory is bounded, too");
        assert_eq!(bound.left_out(at(1)), 0, "the minute is not over");
        assert_eq!(bound.left_out(at(60)), 880);
        assert_eq!(bound.left_out(at(61)), 0);
        assert!(bound.takes(&account(1), at(61)), "a new minute begins anew");
    }

    #[test]
    fn what_was_left_out_is_told_at_the_end() {
        let mut bound = Bound::default();
        let taken = (0..31).filter(|_| bound.takes(&account(1), at(0))).count();
        assert_eq!((taken, bound.left_out_so_far(), bound.left_out_so_far()), (30, 1, 0));
    }
}
