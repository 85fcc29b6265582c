//! The core of every projection: stored states, plus events, give new states.
//!
//! One query loads the states of all streams that a batch touches, one statement writes them back; what
//! lies between is memory. Streams that begin in the batch are asked for too: a miss costs one probe of
//! the index, and finding a row where none can be is how an event applied twice is noticed.

use std::sync::Arc;

use std::collections::{BTreeMap, BTreeSet};

use events::{Fold, Folded, RecordedEvent};
use sqlx::{PgConnection, Row};
use uuid::Uuid;

use crate::{
    projection::{ProjectError, ReadTable},
    schema::SchemaName,
};

/// States by stream id; sorted, so that rows are written in the order of their index.
pub(crate) type States<S> = BTreeMap<Uuid, Folded<S>>;

/// The stored states of the streams that these events are of.
pub(crate) async fn load_in_tx<S: Fold>(
    tx: &mut PgConnection,
    schema: &SchemaName,
    table: ReadTable,
    events: &[Arc<RecordedEvent>],
) -> Result<States<S>, ProjectError> {
    let ReadTable { name, key } = table;
    let sql = format!("SELECT {key} AS id, state::text AS state FROM {schema}.{name} WHERE {key} = ANY($1)");
    let rows = sqlx::query(&sql).bind(streams_of(events)).fetch_all(tx).await?;
    let mut states = States::new();
    for row in &rows {
        let id = row.try_get("id")?;
        states.insert(id, parse_state(id, row.try_get("state")?)?);
    }
    Ok(states)
}

/// Applies the events to their streams' states; a stream without one begins.
pub(crate) fn apply<S: Fold>(
    states: &mut States<S>,
    events: &[Arc<RecordedEvent>],
) -> Result<(), ProjectError> {
    for event in events {
        apply_one(states.entry(event.stream_id).or_default(), event)?;
    }
    Ok(())
}

/// Applies one event, and names its stream where that fails.
pub(crate) fn apply_one<S: Fold>(folded: &mut Folded<S>, event: &RecordedEvent) -> Result<(), ProjectError> {
    folded.apply_recorded(event).map_err(|source| ProjectError::Fold { key: event.stream_id, source })
}

/// Both steps: the states as the events leave them.
pub(crate) async fn fold_in_tx<S: Fold>(
    tx: &mut PgConnection,
    schema: &SchemaName,
    table: ReadTable,
    events: &[Arc<RecordedEvent>],
) -> Result<States<S>, ProjectError> {
    let mut states = load_in_tx(tx, schema, table, events).await?;
    apply(&mut states, events)?;
    Ok(states)
}

/// The ids of the streams that these events are of, each once.
pub(crate) fn streams_of(events: &[Arc<RecordedEvent>]) -> Vec<Uuid> {
    events.iter().map(|event| event.stream_id).collect::<BTreeSet<_>>().into_iter().collect()
}

/// A stored state.
pub(crate) fn parse_state<S: Fold>(key: Uuid, json: &str) -> Result<Folded<S>, ProjectError> {
    serde_json::from_str(json).map_err(|source| ProjectError::StoredState { key, source })
}

/// One array of a set-wise statement.
pub(crate) fn column<S, T>(states: &States<S>, of: impl Fn(&Folded<S>) -> T) -> Vec<T> {
    states.values().map(of).collect()
}

/// The array of keys.
pub(crate) fn ids<S>(states: &States<S>) -> Vec<Uuid> {
    states.keys().copied().collect()
}

/// The array of states.
pub(crate) fn states_json<S: Fold>(states: &States<S>) -> Vec<String> {
    column(states, state_json)
}

/// A state as it is stored.
pub(crate) fn state_json<S: Fold>(folded: &Folded<S>) -> String {
    serde_json::to_string(folded).expect("folds are JSON by their types")
}
