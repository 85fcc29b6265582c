//! What a batch is decided on that the process does not know: answers given before, streams, claims.

use std::collections::HashMap;

use events::log::{IdempotencyKey, find_answers, holders_of, load_streams};
use platform::clock::Ids;
use sqlx::PgConnection;

use super::{
    Queued,
    cache::StateCache,
    draft::{Draft, Found, Missing},
    flight::UnderWay,
};

/// Decides all of the batch that is not decided yet, looking up what that takes.
///
/// # Errors
/// The database's: what was decided until then stands, if the batch is tried again on the same head.
pub async fn decide_rest(
    draft: &mut Draft,
    batch: &[Queued],
    connection: &mut PgConnection,
    under_way: Option<&UnderWay>,
    cache: &mut StateCache,
    ids: &dyn Ids,
) -> Result<(), sqlx::Error> {
    let arrived = &batch[draft.len()..];
    find_earlier_answers(&mut draft.found, arrived, under_way, connection).await?;
    draft.found.standing.load(connection, arrived).await?;
    loop {
        let missing = draft.decide(batch, under_way, cache, ids);
        if missing.is_nothing() {
            return Ok(());
        }
        load(&mut draft.found, missing, connection).await?;
    }
}

async fn find_earlier_answers(
    found: &mut Found,
    arrived: &[Queued],
    under_way: Option<&UnderWay>,
    connection: &mut PgConnection,
) -> Result<(), sqlx::Error> {
    let keys = arrived.iter().filter_map(|queued| queued.submission.key.as_ref()).map(|request| &request.key);
    let (given, unknown): (HashMap<_, _>, Vec<IdempotencyKey>) =
        keys.fold(Default::default(), |(mut given, mut unknown), key| {
            match under_way.and_then(|under_way| under_way.answer_to(key)) {
                Some(answer) => _ = given.insert(key.clone(), answer),
                None => unknown.push(key.clone()),
            }
            (given, unknown)
        });
    found.answered.extend(given);
    if !unknown.is_empty() {
        let answers = find_answers(connection, &unknown).await?;
        found.answered.extend(answers.into_iter().map(|answer| (answer.key.clone(), answer)));
    }
    Ok(())
}

async fn load(found: &mut Found, missing: Missing, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    if !missing.streams.is_empty() {
        let wanted: Vec<_> = missing.streams.values().map(|need| (need.stream, need.state_version)).collect();
        let mut histories = load_streams(connection, &wanted).await?;
        for (stream, need) in missing.streams {
            match (need.fold)(histories.remove(&stream).unwrap_or_default()) {
                Ok(state) => {
                    found.loaded.insert(stream, state);
                }
                Err(error) => {
                    tracing::error!(%stream, error = &error as &dyn std::error::Error, "a stream cannot be read");
                    found.unreadable.insert(stream);
                }
            }
        }
    }
    if !missing.claims.is_empty() {
        let holders = holders_of(connection, &missing.claims).await?;
        found.holders.extend(missing.claims.into_iter().zip(holders));
    }
    Ok(())
}
