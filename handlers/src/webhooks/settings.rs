//! What can be set about webhooks; the defaults are what production uses.

use std::time::Duration;

use chrono::TimeDelta;

/// How webhooks are sent. Spans that stretch over days are measured by [`platform::clock::Clock`], so
/// that a test can travel through them; waits within a process by the runtime.
#[derive(Clone, Debug)]
pub struct WebhookSettings {
    /// Who asks, in the validation handshake: a host name.
    pub origin: String,
    /// The wait before each attempt, from the one before; as many attempts as there are waits.
    ///
    /// # Source
    /// The schedule that Standard Webhooks 1.0 gives as an example: ten attempts in 75 h 35 m.
    pub schedule: Vec<TimeDelta>,
    /// Each wait is stretched or cut by up to this part of it, so that those who failed together do not
    /// come back together.
    pub jitter: f64,
    /// Failed attempts after which a delivery no longer holds up the later ones of its aggregate, where
    /// the endpoint's order is `ordered`.
    pub step_aside_after: i32,
    /// Requests under way at once in this process. A quarter is kept for endpoints that have none under way.
    pub in_flight_max: usize,
    /// Of those, to one endpoint: none can take them all.
    pub in_flight_per_lane_max: usize,
    /// Lanes held at once by this process.
    pub lanes_max: usize,
    /// How long a lane is held at a stretch while as many are held as may be, so that others have their turn.
    pub turn: Duration,
    /// Receivers asked at once whether they agree: they may take their time, and each takes up a lane.
    pub handshakes_max: usize,
    /// Deliveries fetched at once for a lane, at most.
    pub refill_max: usize,
    /// Results written by one statement.
    pub commit_max: usize,
    /// How long a lane stays ours without a sign of life.
    pub lease: Duration,
    /// How often to look for what other processes have queued.
    pub poll: Duration,
    /// How long a lane is kept after its last delivery: the next is often near.
    pub linger: Duration,
    /// How long requests under way are waited for at a stop.
    pub drain: Duration,
    /// Failures in a row that open the breaker.
    pub breaker_failures: i32,
    /// How long it stays open the first time; doubles.
    pub breaker_first: TimeDelta,
    /// How long it stays open at most.
    pub breaker_max: TimeDelta,
    /// What a receiver may ask for in `Retry-After` at most.
    pub retry_after_max: TimeDelta,
    /// How long a lane goes at half its rate after a receiver said that it was too fast.
    pub slowed_for: TimeDelta,
    /// How long nothing was delivered before an endpoint is disabled.
    pub disable_after: TimeDelta,
    /// Attempts that failed in that time, at least.
    pub disable_failures_min: i64,
    /// Between the first and the last of them, at least.
    pub disable_span_min: TimeDelta,
    /// When the owner is warned, after the first failure; ascending.
    pub warnings: Vec<TimeDelta>,
    /// The wait before each validation handshake, from the one before; the last repeats.
    pub handshake_schedule: Vec<TimeDelta>,
    /// Requests per minute that we ask the receiver to allow.
    pub handshake_rate_per_minute: u32,
    /// Deliveries of replays that may wait for one endpoint: the rest stays in the log.
    pub replay_pending_max: i64,
    /// Positions that a replay reads at once.
    pub replay_positions_max: i64,
}

impl Default for WebhookSettings {
    fn default() -> Self {
        let (seconds, minutes, hours) = (TimeDelta::seconds, TimeDelta::minutes, TimeDelta::hours);
        Self {
            origin: "iris.test".to_owned(),
            schedule: vec![
                TimeDelta::zero(),
                seconds(5),
                minutes(5),
                minutes(30),
                hours(2),
                hours(5),
                hours(10),
                hours(14),
                hours(20),
                hours(24),
            ],
            jitter: 0.2,
            step_aside_after: 3,
            in_flight_max: 256,
            in_flight_per_lane_max: 64,
            lanes_max: 512,
            turn: Duration::from_secs(5),
            handshakes_max: 64,
            refill_max: 128,
            commit_max: 256,
            lease: Duration::from_secs(30),
            poll: Duration::from_millis(250),
            linger: Duration::from_millis(100),
            drain: Duration::from_secs(20),
            breaker_failures: 5,
            breaker_first: seconds(30),
            breaker_max: minutes(15),
            retry_after_max: hours(24),
            slowed_for: minutes(1),
            disable_after: hours(120),
            disable_failures_min: 20,
            disable_span_min: hours(12),
            warnings: vec![hours(1), hours(24), hours(72)],
            handshake_schedule: vec![seconds(0), minutes(1), minutes(10), hours(1), hours(6)],
            handshake_rate_per_minute: 600,
            replay_pending_max: 1_000,
            replay_positions_max: 500,
        }
    }
}
