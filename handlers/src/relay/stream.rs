//! The stream on the server: made, looked at, and measured against the log.

use std::time::Duration;

use async_nats::jetstream::{
    Context, ErrorCode,
    context::GetStreamErrorKind,
    message::StreamMessage,
    stream::{Config, DiscardPolicy, Info, RawMessageErrorKind, RetentionPolicy, StorageType, Stream},
};
use sqlx::PgConnection;
use uuid::Uuid;

use super::trouble::Trouble;
use crate::wire::{Place, STREAM, SUBJECTS, event_id_of};

/// The stream as this process knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Tail {
    /// When the stream was made, in nanoseconds of Unix time: another time, another stream.
    pub(super) created_ns: i128,
    /// How many messages it holds.
    pub(super) messages: u64,
    /// Its last sequence. Known within a session only, never stored: a stream that was lost and made anew
    /// uses the same numbers for other messages.
    pub(super) sequence: u64,
    /// Position of the last message of ours; 0 where there is none.
    pub(super) position: i64,
}

/// A message of ours.
#[derive(Clone, Copy)]
struct Mark {
    position: i64,
    event_id: Uuid,
}

/// Makes the stream where it is missing, and finds out where it ends.
///
/// The stream's own last message is asked, never a stored number: the server acknowledges what it has not
/// yet written, so what was published may be gone. A stream of another log (the database was made anew or
/// restored, NATS was not) is deleted and refilled: all it holds can be had from the log, and its readers
/// would take another log's events for ours.
pub(super) async fn settle(
    context: &Context,
    connection: &mut PgConnection,
    duplicate_window: Duration,
) -> Result<Tail, Trouble> {
    let wanted = wanted(duplicate_window);
    let stream = open(context, &wanted).await?;
    let mark = last_of_ours(&stream).await?;
    if let Some(mark) = mark
        && !is_in_the_log(connection, mark).await?
    {
        tracing::error!(
            position = mark.position,
            "{STREAM} holds the events of another log; it is made anew and filled from this one"
        );
        context.delete_stream(STREAM).await.map_err(Trouble::stream)?;
        let stream = open(context, &wanted).await?;
        return Ok(tail_of(stream.cached_info(), None));
    }
    Ok(tail_of(stream.cached_info(), mark))
}

/// Whether the stream is still what this process left.
pub(super) async fn check(context: &Context, known: Tail) -> Result<(), Trouble> {
    let stream = context.get_stream(STREAM).await.map_err(Trouble::stream)?;
    let seen = tail_of(stream.cached_info(), None);
    // Deleting the last messages leaves the last sequence as it is, so messages are counted, too.
    let is_same = seen == Tail { position: seen.position, ..known };
    if is_same { Ok(()) } else { Err(Trouble::Changed) }
}

async fn open(context: &Context, wanted: &Config) -> Result<Stream, Trouble> {
    match context.get_stream(STREAM).await {
        Ok(stream) => {
            let differing = differences(&stream.cached_info().config, wanted);
            if !differing.is_empty() {
                tracing::warn!(?differing, "{STREAM} is configured otherwise than it should be");
            }
            Ok(stream)
        }
        Err(error) if is_missing(&error.kind()) => {
            tracing::info!("{STREAM} is not there; it is made");
            context.create_stream(wanted).await.map_err(Trouble::stream)
        }
        Err(error) => Err(Trouble::stream(error)),
    }
}

fn is_missing(kind: &GetStreamErrorKind) -> bool {
    matches!(kind, GetStreamErrorKind::JetStream(error) if error.error_code() == ErrorCode::STREAM_NOT_FOUND)
}

fn tail_of(info: &Info, mark: Option<Mark>) -> Tail {
    Tail {
        created_ns: info.created.unix_timestamp_nanos(),
        messages: info.state.messages,
        sequence: info.state.last_sequence,
        position: mark.map_or(0, |mark| mark.position),
    }
}

/// Walks back from the end over what is deleted or not ours.
async fn last_of_ours(stream: &Stream) -> Result<Option<Mark>, Trouble> {
    let state = &stream.cached_info().state;
    if state.messages == 0 {
        return Ok(None);
    }
    let mut sequence = state.last_sequence;
    let mut has_asked = false;
    while sequence >= state.first_sequence.max(1) {
        match stream.get_raw_message(sequence).await {
            Ok(message) => {
                if let Some(mark) = mark_of(&message) {
                    return Ok(Some(mark));
                }
                tracing::warn!(subject = %message.subject, sequence, "a message in {STREAM} is not Iris's");
                sequence -= 1;
            }
            Err(error) if error.kind() != RawMessageErrorKind::NoMessageFound => {
                return Err(Trouble::stream(error));
            }
            // Of a deleted end, the server knows where it begins; a walk might take a million questions.
            Err(_) if !has_asked => {
                has_asked = true;
                let Some(last) = last_there(stream).await? else { return Ok(None) };
                sequence = last.min(sequence - 1);
            }
            Err(_) => sequence -= 1,
        }
    }
    Ok(None)
}

async fn last_there(stream: &Stream) -> Result<Option<u64>, Trouble> {
    match stream.get_last_raw_message_by_subject(SUBJECTS).await {
        Ok(message) => Ok(Some(message.sequence)),
        Err(error) if error.kind() == RawMessageErrorKind::NoMessageFound => Ok(None),
        Err(error) => Err(Trouble::stream(error)),
    }
}

fn mark_of(message: &StreamMessage) -> Option<Mark> {
    let position = Place::of(Some(&message.headers))?.position;
    Some(Mark { position, event_id: event_id_of(&message.headers)? })
}

async fn is_in_the_log(connection: &mut PgConnection, mark: Mark) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar(
        "SELECT EXISTS (SELECT 1 FROM public.events WHERE global_position = $1 AND event_id = $2 \
                        AND (SELECT public.expect_events($1 - 1, $1)))",
    )
    .bind(mark.position)
    .bind(mark.event_id)
    .fetch_one(connection)
    .await
}

/// In a file, without limits: what is outside can be read from the first event on.
fn wanted(duplicate_window: Duration) -> Config {
    Config {
        name: STREAM.to_owned(),
        description: Some("Public events of Iris, in the order of its log".to_owned()),
        subjects: vec![SUBJECTS.to_owned()],
        storage: StorageType::File,
        retention: RetentionPolicy::Limits,
        discard: DiscardPolicy::Old,
        max_messages: -1,
        max_messages_per_subject: -1,
        max_bytes: -1,
        max_consumers: -1,
        num_replicas: 1,
        duplicate_window,
        allow_direct: true,
        ..Config::default()
    }
}

/// The names of the settings that an operator, or an older program, made otherwise. They are told, not
/// changed: some cannot be, and who changed them may have had a reason.
fn differences(found: &Config, wanted: &Config) -> Vec<&'static str> {
    let comparisons = [
        ("subjects", found.subjects == wanted.subjects),
        ("storage", found.storage == wanted.storage),
        ("retention", found.retention == wanted.retention),
        ("discard", found.discard == wanted.discard),
        ("max_msgs", found.max_messages == wanted.max_messages),
        ("max_msgs_per_subject", found.max_messages_per_subject == wanted.max_messages_per_subject),
        ("max_bytes", found.max_bytes == wanted.max_bytes),
        ("max_age", found.max_age == wanted.max_age),
        ("max_consumers", found.max_consumers == wanted.max_consumers),
        ("num_replicas", found.num_replicas == wanted.num_replicas),
        ("duplicate_window", found.duplicate_window == wanted.duplicate_window),
        ("allow_direct", found.allow_direct == wanted.allow_direct),
        ("no_ack", found.no_ack == wanted.no_ack),
        ("sealed", found.sealed == wanted.sealed),
    ];
    comparisons.into_iter().filter(|(_, is_same)| !is_same).map(|(name, _)| name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_is_named() {
        let wanted = wanted(Duration::from_mins(2));
        assert_eq!(differences(&wanted, &wanted), Vec::<&str>::new());
        let found =
            Config { max_age: Duration::from_secs(1), storage: StorageType::Memory, ..wanted.clone() };
        assert_eq!(differences(&found, &wanted), ["storage", "max_age"]);
    }
}
