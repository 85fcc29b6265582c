//! The loop: take what waits, decide it while the append before it is under way, send it the moment that has landed.

use std::{sync::Arc, time::Instant};

use events::log::read_head;
use platform::clock::{Clock, Ids};
use tokio::{sync::mpsc, task::JoinError};

use super::{
    BATCH_MAX, Queued,
    batch::{Failed, Sent, Told, Worker, answer},
    draft::Draft,
    flight::{Flight, Landed},
    lookups::decide_rest,
    metrics,
    session::{LookUps, Session},
};

/// What was taken from the queue and is not yet sent.
struct Gathered {
    commands: Vec<Queued>,
    /// Decisions on the first of them.
    draft: Option<Draft>,
    began: Instant,
}

impl Gathered {
    fn nothing() -> Self {
        Self { commands: Vec::with_capacity(BATCH_MAX), draft: None, began: Instant::now() }
    }
}

/// Serves the queue until it is closed and empty.
pub async fn run(
    mut queue: mpsc::Receiver<Queued>,
    session: Session,
    look_ups: LookUps,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn Ids>,
    told: Told,
) {
    let mut worker = Worker::new(session, look_ups, clock, ids, told);
    let mut flight: Option<Flight> = None;
    loop {
        let mut gathered = Gathered::nothing();
        if let Some(mut under_way) = flight.take() {
            let landed = worker.gather_until_landed(&mut queue, &mut gathered, &mut under_way).await;
            if !worker.land(&under_way, landed).await {
                // What was decided on it fell with it, even where the log ends at the same position now.
                gathered.draft = None;
            }
        }
        if gathered.commands.is_empty() {
            if queue.recv_many(&mut gathered.commands, BATCH_MAX).await == 0 {
                return;
            }
            gathered.began = Instant::now();
            // Nobody waits for these any more, and nothing of them has begun: leave them out.
            gathered.commands.retain(|queued| !queued.reply.is_closed());
        }
        if !gathered.commands.is_empty() {
            flight = worker.send(gathered, &mut queue).await;
        }
    }
}

impl Worker {
    /// Takes what comes and decides it on what the append under way leaves, until that has landed.
    async fn gather_until_landed(
        &mut self,
        queue: &mut mpsc::Receiver<Queued>,
        gathered: &mut Gathered,
        flight: &mut Flight,
    ) -> Result<Landed, JoinError> {
        let mut may_take = true;
        loop {
            let known = gathered.commands.len();
            tokio::select! {
                biased;
                landed = flight.landed() => return landed,
                taken = queue.recv_many(&mut gathered.commands, BATCH_MAX - known),
                    if may_take && known < BATCH_MAX =>
                {
                    if known == 0 {
                        gathered.began = Instant::now();
                    }
                    let is_closed = taken == 0;
                    // Only the new ones: nothing of them has begun.
                    let mut place = 0;
                    gathered.commands.retain(|queued| {
                        place += 1;
                        place <= known || !queued.reply.is_closed()
                    });
                    may_take = !is_closed && self.decide_meanwhile(gathered, flight).await;
                }
            }
        }
    }

    /// False where what was taken has to wait until the append has landed.
    async fn decide_meanwhile(&mut self, gathered: &mut Gathered, flight: &Flight) -> bool {
        let under_way = &flight.under_way;
        let known = gathered.draft.as_ref().map_or(0, Draft::len);
        if !under_way.allows(&gathered.commands[known..]) {
            return false;
        }
        let Self { look_ups, cache, clock, ids, .. } = self;
        let Ok(connection) = look_ups.connection().await else { return false };
        let draft = gathered.draft.get_or_insert_with(|| Draft::at(under_way.head, clock.now()));
        let decided =
            decide_rest(draft, &gathered.commands, connection, Some(under_way), cache, &**ids).await;
        if let Err(error) = &decided {
            tracing::debug!(%error, "nothing can be looked up meanwhile");
            look_ups.disconnect();
            gathered.draft = None;
        }
        decided.is_ok()
    }

    /// Takes over what an append left, or sees to it that its callers are answered all the same. False where it did
    /// not end as it was expected to.
    async fn land(&mut self, flight: &Flight, landed: Result<Landed, JoinError>) -> bool {
        let is_recorded = matches!(landed, Ok(Landed::Recorded(_)));
        match landed {
            Ok(Landed::Recorded(connection)) => {
                self.session.give_back(connection, Some(flight.under_way.head));
                self.keep(&flight.under_way.written);
            }
            Ok(Landed::HeadMoved(connection, batch)) => {
                metrics::retried("head_moved");
                self.session.give_back(connection, None);
                self.has_rivals = true;
                self.serve(batch, flight.began, None).await;
            }
            Ok(Landed::Failed(error, batch, decided)) => {
                let failed = Failed { error, sent: Sent::Append(decided) };
                self.serve(batch, flight.began, Some(failed)).await;
            }
            // Its callers were told that the outcome is not known, for nobody answers them any more.
            Err(error) => {
                tracing::error!(%error, "an append died");
                self.session.disconnect();
                self.cache.clear();
            }
        }
        is_recorded
    }

    /// Sends what was gathered. Where that is not right any more, or nothing is to be recorded, it is served at once.
    async fn send(&mut self, gathered: Gathered, queue: &mut mpsc::Receiver<Queued>) -> Option<Flight> {
        let Gathered { commands, draft, began } = gathered;
        // A new connection comes with a new head, and with no states: they went with the old one. And where others
        // write as well, an append that does not wait for its turn would be made for nothing as a rule.
        if self.session.connection().await.is_err() || self.has_rivals {
            self.serve_in_turn(commands, began, queue).await;
            return None;
        }
        let head = self.session.head;
        let mut draft =
            draft.filter(|draft| draft.head == head).unwrap_or_else(|| Draft::at(head, self.clock.now()));
        let Self { session, cache, ids, .. } = self;
        let connection = session.connection().await.expect("it was there a moment ago");
        if let Err(error) = decide_rest(&mut draft, &commands, connection, None, cache, &**ids).await {
            self.serve(commands, began, Some(error.into())).await;
            return None;
        }
        let mut decided = Box::new(draft.finish());
        self.keep(&std::mem::take(&mut decided.loaded));
        if decided.records_nothing() {
            // Refusals and replays rest on the log as well: had another process written meanwhile, what
            // was refused might be right by now.
            let connection = self.session.connection().await.expect("it was there a moment ago");
            match read_head(connection).await {
                Ok(found) if found == head => answer(commands, decided.verdicts, head.position),
                Ok(_) => self.serve(commands, began, None).await,
                Err(error) => self.serve(commands, began, Some(error.into())).await,
            }
            return None;
        }
        let connection = self.session.take().expect("it was there a moment ago");
        Some(Flight::start(connection, head, commands, decided, began, Arc::clone(&self.told)))
    }
}
