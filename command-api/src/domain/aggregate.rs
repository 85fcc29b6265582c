//! cqrs-es on our decisions: the adapter that its `TestFramework` drives.

use cqrs_es::{Aggregate, event_sink::EventSink};
use serde::{Deserialize, Serialize};

use super::{Decide, refusal::Refusal};

/// A state as a cqrs-es aggregate. Everything it does is [`Decide::decide`] and `Fold::apply`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(transparent, bound = "")]
pub struct AggregateOf<S: Decide>(pub S);

impl<S: Decide> Aggregate for AggregateOf<S>
where
    S::Command: Send,
{
    const TYPE: &'static str = S::KIND.name();
    type Command = S::Command;
    type Event = S::Event;
    type Error = Refusal;
    type Services = ();

    async fn handle(&mut self, command: S::Command, (): &(), sink: &EventSink<Self>) -> Result<(), Refusal> {
        for event in self.0.decide(command)? {
            sink.write(event, self).await;
        }
        Ok(())
    }

    fn apply(&mut self, event: S::Event) {
        self.0.apply(&event);
    }
}
