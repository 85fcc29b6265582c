//! Messages on their way: many unacknowledged at a time, acknowledged in order.

use std::collections::VecDeque;

use async_nats::{
    HeaderMap,
    header::{
        NATS_EXPECTED_LAST_MESSAGE_ID, NATS_EXPECTED_LAST_SEQUENCE, NATS_EXPECTED_STREAM, NATS_MESSAGE_ID,
    },
    jetstream::{
        Context,
        context::{PublishAckFuture, PublishErrorKind},
    },
};
use events::{public::PublicEvent, webhook_endpoint::PayloadStyle};

use super::{stream::Tail, trouble::Trouble};
use crate::wire::{Place, STREAM, subject_of};

const CLOUD_EVENT: &str = "application/cloudevents+json";

/// What came of sending an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sent {
    /// It is on its way.
    OnItsWay,
    /// The server takes no message of that size, now or later.
    TooLarge,
}

/// From the end of the stream onwards.
pub(super) struct Pipeline {
    context: Context,
    /// The stream as far as it is acknowledged.
    tail: Tail,
    /// The sequence after which the next message must come.
    expected: u64,
    /// The message id that it must follow, once this pipeline has sent one.
    expected_id: Option<String>,
    in_flight: VecDeque<(PublishAckFuture, i64)>,
    in_flight_max: usize,
    /// Positions taken since they were last asked for.
    taken: Vec<i64>,
}

impl Pipeline {
    pub(super) fn new(context: Context, tail: Tail, in_flight_max: usize) -> Self {
        let in_flight = VecDeque::with_capacity(in_flight_max);
        Self {
            context,
            tail,
            expected: tail.sequence,
            expected_id: None,
            in_flight,
            in_flight_max,
            taken: Vec::new(),
        }
    }

    pub(super) const fn tail(&self) -> Tail {
        self.tail
    }

    /// Sends an event on; waits for the oldest acknowledgement where too many are out.
    pub(super) async fn send(
        &mut self,
        event: &PublicEvent,
        previous: i64,
        is_renamed: bool,
    ) -> Result<Sent, Trouble> {
        if self.in_flight.len() >= self.in_flight_max {
            self.acknowledge().await?;
        }
        let message_id = self.message_id(event, is_renamed);
        let headers = self.headers(event, previous, &message_id);
        let body = event.to_cloud_event(PayloadStyle::Full);
        let sent = self.context.publish_with_headers(subject_of(event), headers, body.into()).await;
        match sent {
            Ok(ack) => {
                self.in_flight.push_back((ack, event.position));
                self.expected += 1;
                self.expected_id = Some(message_id);
                Ok(Sent::OnItsWay)
            }
            Err(error) if error.kind() == PublishErrorKind::MaxPayloadExceeded => Ok(Sent::TooLarge),
            Err(error) => Err(error.into()),
        }
    }

    /// Waits for everything that is out.
    pub(super) async fn drain(&mut self) -> Result<(), Trouble> {
        while !self.in_flight.is_empty() {
            self.acknowledge().await?;
        }
        Ok(())
    }

    /// The positions that the stream took since this was last asked, in order.
    pub(super) fn taken(&mut self) -> Vec<i64> {
        std::mem::take(&mut self.taken)
    }

    async fn acknowledge(&mut self) -> Result<(), Trouble> {
        let Some((ack, position)) = self.in_flight.pop_front() else { return Ok(()) };
        let ack = ack.await?;
        if ack.duplicate {
            return Err(Trouble::Remembered { position });
        }
        if ack.sequence != self.tail.sequence + 1 {
            return Err(Trouble::Changed);
        }
        self.tail = Tail { sequence: ack.sequence, position, messages: self.tail.messages + 1, ..self.tail };
        self.taken.push(position);
        Ok(())
    }

    /// The guard is what the message must follow: the server takes it there or not at all. So of two relays,
    /// or of one and a former leader that wakes from a pause, only one can write each place.
    ///
    /// It takes both of the guards that NATS has. The first message of a pipeline names the sequence alone:
    /// nats-server 2.9.10 forgets the last message's id at a restart if that is older than the duplicate
    /// window, and would refuse every message that names it from then on, while the sequence survives. Those
    /// behind it also name the id of the one before: were somebody to write n messages of his own into the
    /// stream, the n-th message under way would find the sequence that it expects, and be taken though
    /// those before it were refused. What was sent a moment ago the server knows, and if it was restarted
    /// since, the refusal only begins a new pipeline.
    fn headers(&self, event: &PublicEvent, previous: i64, message_id: &str) -> HeaderMap {
        let mut headers = Place { previous, position: event.position }.into_headers();
        headers.insert(NATS_MESSAGE_ID, message_id);
        headers.insert(NATS_EXPECTED_STREAM, STREAM);
        headers.insert(NATS_EXPECTED_LAST_SEQUENCE, self.expected.to_string());
        if let Some(expected_id) = &self.expected_id {
            headers.insert(NATS_EXPECTED_LAST_MESSAGE_ID, expected_id.as_str());
        }
        headers.insert("Content-Type", CLOUD_EVENT);
        headers
    }

    /// The event's own id, or, where the server still remembers that of a message which was deleted from
    /// the stream, one that the place in the stream makes another. In the body, the id is always the event's.
    fn message_id(&self, event: &PublicEvent, is_renamed: bool) -> String {
        if is_renamed {
            format!("{}.{}", event.event_id, self.expected + 1)
        } else {
            event.event_id.to_string()
        }
    }
}
