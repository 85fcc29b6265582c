//! How long to wait before trying again.

use std::time::Duration;

/// Doubles from `first` to `max`. Without jitter: a handful of tasks on one server is no stampede.
#[derive(Debug)]
pub struct Backoff {
    first: Duration,
    max: Duration,
    next: Duration,
}

impl Backoff {
    /// The first wait, and the longest.
    pub const fn new(first: Duration, max: Duration) -> Self {
        Self { first, max, next: first }
    }

    /// True before the first failure and after a success.
    pub fn is_fresh(&self) -> bool {
        self.next == self.first
    }

    /// The next wait.
    pub fn failed(&mut self) -> Duration {
        let wait = self.next;
        self.next = (wait * 2).min(self.max);
        wait
    }

    /// The next failure is a first one again.
    pub fn succeeded(&mut self) {
        self.next = self.first;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_doubles_up_to_the_limit_and_starts_over_after_a_success() {
        let mut backoff = Backoff::new(Duration::from_millis(100), Duration::from_millis(500));
        let waits: Vec<u128> = (0..5).map(|_| backoff.failed().as_millis()).collect();
        assert_eq!(waits, [100, 200, 400, 500, 500]);
        backoff.succeeded();
        assert!(backoff.is_fresh());
        assert_eq!(backoff.failed().as_millis(), 100);
    }
}
