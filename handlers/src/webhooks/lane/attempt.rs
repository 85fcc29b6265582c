//! What follows from an attempt.

use std::{cmp::max, time::Duration};

use chrono::{DateTime, TimeDelta, Utc};
use events::webhook_endpoint::{DeliveryOrder, DisabledReason};
use platform::egress::Sent;

use super::Lane;
use crate::webhooks::{
    metrics,
    outcome::{Fate, Judgement, Pulse, Wish, judge},
    request::{Answer, DueDelivery},
    schedule::{jittered, wait_after},
    writer::{Next, Record},
};

/// A request that is over.
pub(super) struct Attempted {
    pub(super) delivery: DueDelivery,
    /// Where it went: who answered answers for no other URL.
    pub(super) url: String,
    pub(super) begun_at: DateTime<Utc>,
    /// `None` where nothing could sign it.
    pub(super) sent: Option<Sent>,
}

impl Lane {
    /// Takes an attempt into account, and hands it to the writer.
    pub(super) async fn judge(&mut self, attempted: Attempted) {
        let now = self.running.clock.now();
        let (judgement, answer) = if let Some(sent) = &attempted.sent {
            let judgement = judge(sent.result.as_ref().map_err(|failure| *failure), now);
            metrics::attempted(judgement.outcome, sent.total);
            (judgement, Answer::of(sent))
        } else {
            metrics::attempted("unsigned", Duration::ZERO);
            (unsigned(), Answer::none())
        };
        let (fate, pulse) = (judgement.fate, judgement.pulse);
        // The endpoint may have got another URL while this was under way. Whoever is there now is not to be
        // left alone, warned of or disabled for what its predecessor said.
        if attempted.url == self.held.endpoint.details.url {
            self.feel(pulse, now).await;
            if judgement.wish == Wish::Stop {
                self.begin_parting(DisabledReason::Gone);
            }
        }
        let number = attempted.delivery.attempts + 1;
        let next = self.next(fate, number, now);
        if matches!(next, Next::Due { steps_aside: false, .. }) {
            // It stays where it is, and what waits for it waits on.
            self.taken.insert(attempted.delivery.delivery_id, false);
        }
        let record = Record {
            endpoint_id: self.held.endpoint_id,
            fence: self.held.fence,
            health_revision: self.held.health_revision,
            health: self.held.health.clone(),
            delivery_id: attempted.delivery.delivery_id,
            number,
            next,
            attempted_at: attempted.begun_at,
            outcome: judgement.outcome,
            answer,
            written: self.tell.clone(),
        };
        // The writer ends after every lane. If it has died, this one is lost, as it finds before it goes on.
        let _ = self.running.writer.send(record).await;
    }

    /// How the endpoint fares after that, and who is to be told.
    async fn feel(&mut self, pulse: Pulse, now: DateTime<Utc>) {
        let settings = &self.running.settings;
        let was_away = self.held.health.breaker_failures >= settings.breaker_failures;
        let opened_until = self.held.health.breaker_until;
        self.held.health.observe(pulse, settings, now);
        if let Some(until) = self.held.health.breaker_until.filter(|until| Some(*until) != opened_until) {
            // Endpoints of one server die together. Tried again together, they would hold up everybody else.
            let wait = jittered(until - now, settings.jitter, &mut rand::rng());
            self.held.health.breaker_until = Some(now + wait);
        }
        match pulse {
            // One that was away is not overrun by all that has waited: 1, 2, 4, 8 at once.
            Pulse::Overrun => {
                self.pace.slow_down(now + settings.slowed_for);
                if was_away {
                    self.ramp = 1;
                }
            }
            Pulse::Takes | Pulse::Answers if was_away => self.ramp = 1,
            Pulse::Takes => self.ramp = self.ramp.saturating_mul(2).min(settings.in_flight_per_lane_max),
            Pulse::Answers | Pulse::Absent => {}
        }
        // Of one that was away, a single delivery was fetched.
        self.is_stale |= was_away;
        if self.is_open() {
            self.forget_queue();
        }
        if pulse != Pulse::Takes {
            self.tell_owner(now).await;
        }
    }

    fn next(&self, fate: Fate, number: i32, now: DateTime<Utc>) -> Next {
        let settings = &self.running.settings;
        let hint = match fate {
            Fate::Delivered => return Next::Delivered,
            Fate::GivenUp => return Next::Cancelled,
            Fate::Retry(hint) => hint.unwrap_or(TimeDelta::zero()).min(settings.retry_after_max),
        };
        let Some(wait) = wait_after(&settings.schedule, number) else { return Next::Failed };
        let wait = max(jittered(wait, settings.jitter, &mut rand::rng()), hint);
        let is_ordered = self.held.endpoint.details.delivery_order == DeliveryOrder::Ordered;
        let steps_aside = is_ordered && number >= settings.step_aside_after;
        Next::Due { due: now + wait, steps_aside }
    }
}

/// Nothing was sent: a secret that cannot be opened is a fault of ours, and no reason to give an endpoint up.
fn unsigned() -> Judgement {
    Judgement { outcome: "unsigned", fate: Fate::Retry(None), pulse: Pulse::Answers, wish: Wish::GoOn }
}
