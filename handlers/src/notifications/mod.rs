//! Notifications: who is told of an event, and the mails and pushes that tell it.
//!
//! 1. [`consumer`]: in the transaction that moves its position, an event becomes one notification per person
//!    (`recipients` says who, `story` and `templates` say what), and one message per channel (`decide` says
//!    when, or why not), rendered once and for all.
//! 2. `lane`: one process at a time sends the messages of a channel, as fast as the provider lets it, and
//!    records what came of them. At least once towards the provider; its idempotency key makes that once.
//!    `standing` looks again before each attempt: at quiet hours, what is wanted, and who works where.
//! 3. `digests` and `schedule`: what is told once a day, and what is told later.
//!
//! What is shown in the application is the notification itself: nothing is lost while providers are down.

mod consumer;
mod decide;
mod differences;
mod digests;
mod facts;
mod fcm;
mod folder;
mod forget;
mod lane;
mod messages;
mod metrics;
mod outcome;
mod pace;
mod queue;
mod quiet_hours;
mod recipients;
mod resend;
mod schedule;
mod settings;
mod settle;
mod standing;
mod story;
mod tell;
mod templates;
mod wording;

use std::sync::Arc;

use platform::{
    clock::{Clock, Ids},
    personal::PersonalKeys,
};
use sqlx::PgPool;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

pub use self::{
    consumer::NotificationConsumer,
    fcm::Fcm,
    folder::MailFolder,
    resend::Resend,
    settings::{MailChannel, NotificationSettings, SettingsError, Tempo},
};
use self::{
    decide::Configured,
    lane::{Lane, Provider},
    messages::Channel,
    tell::Teller,
    templates::Templates,
};
use crate::consumer::{Consumer, HandleError};

/// Tells people of events. Several processes may run it at once.
pub struct Notifications {
    pool: PgPool,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn Ids>,
    teller: Arc<Teller>,
    wake: Arc<Notify>,
    providers: Vec<(Channel, Provider)>,
    tempo: Tempo,
    personal: PersonalKeys,
}

impl Notifications {
    /// On that database, whose login may do what `iris_handler` may.
    pub fn new(
        pool: PgPool,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn Ids>,
        settings: NotificationSettings,
    ) -> Self {
        metrics::describe();
        let NotificationSettings { public_url, links, mail, push, tempo, vault } = settings;
        let personal = PersonalKeys::new(pool.clone(), vault);
        let configured = Configured { email: mail.is_some(), push: push.is_some() };
        let templates = Templates::new();
        let teller = Teller { ids: Arc::clone(&ids), links, public_url, configured, templates };
        let mail = mail.map(|mail| (Channel::Email, mail.into()));
        let push = push.map(|fcm| (Channel::Push, Provider::Fcm(fcm)));
        Self {
            pool,
            clock,
            ids,
            teller: Arc::new(teller),
            wake: Arc::new(Notify::new()),
            providers: mail.into_iter().chain(push).collect(),
            tempo,
            personal,
        }
    }

    /// What is to be given public events; wakes [`Self::run`] of the same value.
    pub fn consumer(&self) -> Arc<dyn Consumer> {
        Arc::new(NotificationConsumer::new(Arc::clone(&self.teller), Arc::clone(&self.wake)))
    }

    /// Sends messages, closes digests and tells what is due, until told to stop; what is under way then is
    /// brought to its end.
    pub async fn run(&self, stop: CancellationToken) {
        let lanes = self.providers.iter().map(|(channel, provider)| {
            let lane = Lane {
                channel: *channel,
                provider: provider.clone(),
                pool: self.pool.clone(),
                clock: Arc::clone(&self.clock),
                holder: self.ids.next(),
                wake: Arc::clone(&self.wake),
                tempo: self.tempo,
                personal: self.personal.clone(),
            };
            lane.run(stop.clone())
        });
        let measuring = metrics::measure(&self.pool, &*self.clock, &stop);
        tokio::join!(futures::future::join_all(lanes), self.tell_what_is_due(&stop), measuring);
    }

    async fn tell_what_is_due(&self, stop: &CancellationToken) {
        while !stop.is_cancelled() {
            match self.tell_some_of_what_is_due().await {
                Ok(0) => {}
                Ok(_) => {
                    self.wake.notify_waiters();
                    continue;
                }
                Err(error) => tracing::warn!(%error, "what is due cannot be told yet"),
            }
            tokio::select! {
                () = stop.cancelled() => {}
                () = tokio::time::sleep(self.tempo.poll_every) => {}
            }
        }
    }

    async fn tell_some_of_what_is_due(&self) -> Result<usize, HandleError> {
        let now = self.clock.now();
        let closed = digests::close_due(&self.pool, &self.teller, now).await?;
        Ok(closed + schedule::tell_due(&self.pool, &self.teller, now).await?)
    }
}

impl std::fmt::Debug for Notifications {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Notifications")
    }
}
