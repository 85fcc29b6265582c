//! The lane of a channel: one process at a time sends on it, as fast as the provider lets it.

use std::{pin::Pin, sync::Arc};

use futures::{FutureExt as _, StreamExt as _, stream::FuturesUnordered};
use platform::{
    clock::Clock,
    personal::{PersonalError, PersonalKeys, envelope},
};
use sqlx::PgPool;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{
    fcm::Fcm,
    folder::MailFolder,
    messages::Channel,
    metrics,
    outcome::{Hold, Outcome, UNCERTAIN_MAX},
    pace::{Allowance, Pace},
    queue::{self, Lease, Message},
    resend::Resend,
    settings::{MailChannel, Tempo},
    settle::{SettleError, Tried, settle},
};

/// Requests under way at once.
const UNDER_WAY_MAX: usize = 8;

/// Who takes the messages of a channel.
#[derive(Clone, Debug)]
pub(crate) enum Provider {
    Resend(Resend),
    Folder(MailFolder),
    Fcm(Fcm),
}

/// One process's part in a channel.
pub(crate) struct Lane {
    pub(crate) channel: Channel,
    pub(crate) provider: Provider,
    pub(crate) pool: PgPool,
    pub(crate) clock: Arc<dyn Clock>,
    /// Who takes part, as the lease names it.
    pub(crate) holder: Uuid,
    pub(crate) wake: Arc<Notify>,
    pub(crate) tempo: Tempo,
    /// Opens the addresses that mails go to.
    pub(crate) personal: PersonalKeys,
}

type Sending = Pin<Box<dyn Future<Output = (Tried, Option<Allowance>)> + Send>>;

/// What is under way.
#[derive(Default)]
struct InHand {
    sendings: FuturesUnordered<Sending>,
    ids: Vec<Uuid>,
    pace: Pace,
}

impl InHand {
    fn let_go(&mut self) {
        self.sendings = FuturesUnordered::new();
        self.ids.clear();
    }
}

impl Lane {
    /// Sends what is due, until told to stop; what is under way then is brought to its end.
    pub(crate) async fn run(self, stop: CancellationToken) {
        let mut in_hand = InHand::default();
        let mut held = None;
        while !stop.is_cancelled() {
            match queue::lease(&self.pool, self.channel, self.holder, self.tempo.lease).await {
                Ok(Some(lease)) => {
                    held = Some(lease);
                    self.hold(lease, &mut in_hand, &stop).await;
                }
                Ok(None) => {
                    // Whoever has it now sends what was under way again, under the same keys.
                    in_hand.let_go();
                    self.pause(&stop).await;
                }
                Err(error) => {
                    tracing::warn!(%error, channel = self.channel.name(), "a channel cannot be taken");
                    self.pause(&stop).await;
                }
            }
        }
        if let Some(lease) = held {
            self.finish(lease, &mut in_hand).await;
        }
    }

    /// Sends under that lease for a third of its length: then it is time to renew it.
    async fn hold(&self, lease: Lease, in_hand: &mut InHand, stop: &CancellationToken) {
        let renewal = tokio::time::sleep(self.tempo.lease / 3);
        tokio::pin!(renewal);
        loop {
            if !self.fill(lease, in_hand).await {
                return self.pause(stop).await;
            }
            tokio::select! {
                Some(first) = in_hand.sendings.next() => {
                    if !self.settle(lease, first, in_hand).await {
                        return self.pause(stop).await;
                    }
                }
                () = self.woken() => {}
                () = &mut renewal => return,
                () = stop.cancelled() => return,
            }
        }
    }

    /// Records what is still under way, and gives the channel to whoever wants it.
    async fn finish(&self, lease: Lease, in_hand: &mut InHand) {
        while let Some(next) = in_hand.sendings.next().await {
            if !self.settle(lease, next, in_hand).await {
                break;
            }
        }
        if let Err(error) = queue::release(&self.pool, self.channel, self.holder).await {
            tracing::warn!(%error, channel = self.channel.name(), "a channel cannot be given back");
        }
    }

    /// Takes on as many messages as there is room for; false where the database does not answer.
    async fn fill(&self, lease: Lease, in_hand: &mut InHand) -> bool {
        let now = self.clock.now();
        // After a pause one message goes ahead, and the rest once the provider has taken it.
        let under_way_max = if lease.paused_until.is_some() { 1 } else { UNDER_WAY_MAX };
        let room = under_way_max.saturating_sub(in_hand.sendings.len());
        let allowed = in_hand.pace.allowed(room, now);
        if allowed == 0 || lease.paused_until.is_some_and(|until| now < until) {
            return true;
        }
        let taken = queue::take(&self.pool, self.channel, allowed, &in_hand.ids, now).await;
        let messages = match taken {
            Ok(messages) => messages,
            Err(error) => {
                tracing::warn!(%error, channel = self.channel.name(), "messages cannot be taken");
                return false;
            }
        };
        in_hand.pace.take(messages.len());
        for message in messages {
            in_hand.ids.push(message.message_id);
            let too_uncertain = message.is_too_uncertain(now);
            let (provider, clock) = (self.provider.clone(), Arc::clone(&self.clock));
            let personal = self.personal.clone();
            in_hand.sendings.push(Box::pin(send(provider, clock, personal, message, too_uncertain)));
        }
        true
    }

    /// Records what is done, all of it at once; false where it could not be recorded.
    async fn settle(&self, lease: Lease, first: (Tried, Option<Allowance>), in_hand: &mut InHand) -> bool {
        let mut done = vec![first];
        while let Some(Some(next)) = in_hand.sendings.next().now_or_never() {
            done.push(next);
        }
        let now = self.clock.now();
        let mut tried = Vec::with_capacity(done.len());
        for (one, allowance) in done {
            in_hand.ids.retain(|id| *id != one.message.message_id);
            if let Outcome::TooFast(wait) = one.outcome {
                in_hand.pace.block(wait, now);
            }
            if let Some(allowance) = allowance {
                in_hand.pace.learn(allowance, in_hand.sendings.len(), now);
            }
            tried.push(one);
        }
        match settle(&self.pool, self.channel, lease.fence, &tried, now).await {
            Ok(()) => {
                for tried in &tried {
                    metrics::tried(self.channel, tried, now);
                }
                // A pause, and its end, are in the lease from the next one on.
                let works = |tried: &Tried| tried.outcome.shows_that_the_channel_works();
                let is_resumed = lease.paused_until.is_some() && tried.iter().any(works);
                !is_resumed && !tried.iter().any(|tried| matches!(tried.outcome, Outcome::Held(_)))
            }
            Err(SettleError::Lost) => {
                in_hand.let_go();
                tracing::warn!(channel = self.channel.name(), "a channel was taken over by another process");
                false
            }
            // They stay queued and due, and are sent again, under the same keys.
            Err(SettleError::Database(error)) => {
                tracing::warn!(%error, channel = self.channel.name(), "what was sent cannot be recorded");
                false
            }
        }
    }

    async fn woken(&self) {
        tokio::select! {
            () = self.wake.notified() => {}
            () = tokio::time::sleep(self.tempo.poll_every) => {}
        }
    }

    async fn pause(&self, stop: &CancellationToken) {
        tokio::select! {
            () = stop.cancelled() => {}
            () = tokio::time::sleep(self.tempo.poll_every) => {}
        }
    }
}

async fn send(
    provider: Provider,
    clock: Arc<dyn Clock>,
    personal: PersonalKeys,
    mut message: Message,
    too_uncertain: bool,
) -> (Tried, Option<Allowance>) {
    if too_uncertain {
        let hours = UNCERTAIN_MAX.num_hours();
        let outcome = Outcome::Refused(format!("outcome_unknown_for_{hours}_hours"));
        return (Tried { message, outcome }, None);
    }
    match opened(&personal, message.recipient.take()).await {
        Ok(recipient) => message.recipient = recipient,
        Err(outcome) => return (Tried { message, outcome }, None),
    }
    let (outcome, allowance) = match &provider {
        Provider::Resend(resend) => resend.send(&message).await,
        Provider::Folder(folder) => (folder.send(&message).await, None),
        Provider::Fcm(fcm) => (fcm.send(&message, clock.now()).await, None),
    };
    (Tried { message, outcome }, allowance)
}

/// The address in the clear, for the one request that needs it; pushes have none.
async fn opened(personal: &PersonalKeys, recorded: Option<String>) -> Result<Option<String>, Outcome> {
    let Some(line) = recorded else { return Ok(None) };
    let Some(envelope) = envelope::find(&line).into_iter().next() else { return Ok(Some(line)) };
    match personal.open(envelope.sealed, envelope.subject).await {
        Ok(Some(address)) => Ok(Some(address)),
        Ok(None) => Err(Outcome::Suppressed("recipient_erased")),
        Err(error @ (PersonalError::Database(_) | PersonalError::KeyNotNow(_))) => {
            tracing::warn!(%error, "an address cannot be opened yet");
            Err(Outcome::retry_certain("address_unavailable"))
        }
        Err(error) => {
            tracing::error!(
                error = &error as &dyn std::error::Error,
                "addresses cannot be opened: see SECRETS_KEY"
            );
            Err(Outcome::Held(Hold::OurFault("address_cannot_be_opened".to_owned())))
        }
    }
}

impl From<MailChannel> for Provider {
    fn from(channel: MailChannel) -> Self {
        match channel {
            MailChannel::Resend(resend) => Self::Resend(resend),
            MailChannel::Folder(folder) => Self::Folder(folder),
        }
    }
}

impl std::fmt::Debug for Lane {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Lane").field("channel", &self.channel).finish_non_exhaustive()
    }
}
