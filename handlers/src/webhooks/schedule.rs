//! When a delivery that failed is tried again.

use chrono::TimeDelta;
use rand::Rng;

/// The wait after that many attempts, before chance has stretched or cut it; `None` when they are used up.
pub(super) fn wait_after(schedule: &[TimeDelta], attempts: i32) -> Option<TimeDelta> {
    schedule.get(usize::try_from(attempts).ok()?).copied()
}

/// The wait, stretched or cut by up to `jitter` of it.
pub(super) fn jittered(wait: TimeDelta, jitter: f64, chance: &mut impl Rng) -> TimeDelta {
    let factor = if jitter > 0.0 { chance.random_range(1.0 - jitter..=1.0 + jitter) } else { 1.0 };
    let std = wait.to_std().unwrap_or_default().mul_f64(factor);
    TimeDelta::from_std(std).unwrap_or(wait)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::webhooks::WebhookSettings;

    #[test]
    fn ten_attempts_within_seventy_five_hours_and_a_half() {
        let schedule = WebhookSettings::default().schedule;
        let waits: Vec<_> = (1..).map_while(|attempts| wait_after(&schedule, attempts)).collect();
        assert_eq!(waits.len(), 9);
        let total: TimeDelta = waits.iter().sum();
        assert_eq!(total, TimeDelta::hours(75) + TimeDelta::minutes(35) + TimeDelta::seconds(5));
        assert_eq!(wait_after(&schedule, 10), None);
        assert_eq!(wait_after(&schedule, 400), None);
    }

    #[test]
    fn chance_stays_within_a_fifth_and_is_used() {
        let mut chance = rand::rng();
        let wait = TimeDelta::seconds(100);
        let waits: Vec<_> = (0..200).map(|_| jittered(wait, 0.2, &mut chance)).collect();
        assert!(waits.iter().all(|wait| (80..=120).contains(&wait.num_seconds())));
        assert!(waits.iter().any(|wait| *wait != waits[0]));
        assert_eq!(jittered(wait, 0.0, &mut chance), wait);
    }
}
