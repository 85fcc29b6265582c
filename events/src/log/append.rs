//! Append: the only place that writes the log.

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, Row};
use uuid::Uuid;

use super::{ApiKeyChanges, ClaimChange, Head, StoredAnswer};
use crate::{
    canonical::content_hash,
    envelope::{NewEvent, StreamRef},
};

/// What is recorded together, or not at all.
#[derive(Debug, Default)]
pub struct Append {
    /// In the order of their positions; each stream's sequences follow on what it has.
    pub events: Vec<NewEvent>,
    /// Answers of the commands that carried a key. Their position counts from the head that the
    /// append starts at: 0 stands for that head, n for the n-th event.
    pub answers: Vec<StoredAnswer>,
    /// Claims taken and released; unique by claim.
    pub claims: Vec<ClaimChange>,
    /// States of long streams.
    pub snapshots: Vec<StateSnapshot>,
    /// Keys that texts of these events are sealed with, of subjects that had none.
    pub person_keys: Vec<NewPersonKey>,
    /// Whose keys are destroyed: what was ever sealed with them counts as erased.
    pub destroyed_subjects: Vec<Uuid>,
    /// Accounts whose logins end with it: their refresh tokens are good for nothing from its commit on.
    pub ended_logins: Vec<Uuid>,
    /// What becomes of the rows of API keys.
    pub api_keys: ApiKeyChanges,
    /// When all this was decided.
    pub recorded_at: DateTime<Utc>,
}

/// A key of `personal.keys` whose first text is recorded with it, or neither of them is.
#[derive(Clone, Debug)]
pub struct NewPersonKey {
    /// Its name.
    pub key_id: Uuid,
    /// The account or organisation whose texts it seals.
    pub subject: Uuid,
    /// Sealed under the process's own secret.
    pub wrapped: Vec<u8>,
}

/// A state to start loading from.
#[derive(Debug)]
pub struct StateSnapshot {
    /// Whose.
    pub stream: StreamRef,
    /// After which event.
    pub sequence: i64,
    /// Which shape.
    pub state_version: i32,
    /// JSON.
    pub state: String,
}

macro_rules! append_common {
    () => {
        "\
WITH head AS (
    UPDATE public.log_head SET position = position + $1
    WHERE id = 1 AND position = $2 AND epoch = $3
    RETURNING position - $1 AS base
), recorded AS (
    INSERT INTO public.events (aggregate_type, aggregate_id, sequence, event_type, event_version, payload,
        metadata, global_position, event_id, recorded_at, command_id, actor, content_hash, supplier_id, restaurant_id)
    SELECT e.kind, e.id, e.sequence, e.event_type, e.event_version, e.payload::json,
        e.metadata::json, head.base + e.place, e.event_id, e.recorded_at, e.command_id, e.actor, e.content_hash,
        e.supplier_id, e.restaurant_id
    FROM head, unnest($4::text[], $5::text[], $6::bigint[], $7::text[], $8::text[], $9::text[], $10::text[],
        $11::uuid[], $12::timestamptz[], $13::uuid[], $14::text[], $15::bytea[], $16::uuid[], $17::uuid[])
        WITH ORDINALITY AS e(kind, id, sequence, event_type, event_version, payload, metadata, event_id, recorded_at,
            command_id, actor, content_hash, supplier_id, restaurant_id, place)
), answered AS (
    INSERT INTO public.idempotency (scope, key, request_hash, command_id, status, response, position, created_at)
    SELECT a.scope, a.key, a.request_hash, a.command_id, a.status, a.response, head.base + a.place, $18
    FROM head, unnest($19::text[], $20::text[], $21::bytea[], $22::uuid[], $23::smallint[], $24::text[],
        $25::bigint[]) AS a(scope, key, request_hash, command_id, status, response, place)
)"
    };
}

// Claims, snapshots, keys of people and machines and ends of logins are rare; leaving them out of the common statement
// spares planning and running eight empty branches per order.
const APPEND_WITH_RARE: &str = concat!(
    append_common!(),
    ", claimed AS (
    INSERT INTO public.claims (scope, value, holder)
    SELECT c.scope, c.value::citext, c.holder
    FROM head, unnest($26::text[], $27::text[], $28::uuid[]) AS c(scope, value, holder)
    WHERE c.holder IS NOT NULL
    ON CONFLICT (scope, value) DO UPDATE SET holder = EXCLUDED.holder
), released AS (
    DELETE FROM public.claims held
    USING head, unnest($26::text[], $27::text[], $28::uuid[]) AS c(scope, value, holder)
    WHERE c.holder IS NULL AND held.scope = c.scope AND held.value = c.value::citext
), snapped AS (
    INSERT INTO public.snapshots (aggregate_type, aggregate_id, sequence, state_version, state)
    SELECT s.kind, s.id, s.sequence, s.state_version, s.state::json
    FROM head, unnest($29::text[], $30::text[], $31::bigint[], $32::int[], $33::text[])
        AS s(kind, id, sequence, state_version, state)
    ON CONFLICT (aggregate_type, aggregate_id) DO UPDATE
    SET sequence = EXCLUDED.sequence, state_version = EXCLUDED.state_version, state = EXCLUDED.state
), keyed AS (
    INSERT INTO personal.keys (key_id, subject, wrapped)
    SELECT k.key_id, k.subject, k.wrapped
    FROM head, unnest($34::uuid[], $35::uuid[], $36::bytea[]) AS k(key_id, subject, wrapped)
), destroyed AS (
    DELETE FROM personal.keys k USING head WHERE k.subject = ANY($37::uuid[])
), ended AS (
    UPDATE auth.families f SET revoked_at = $18 FROM head
    WHERE f.account_id = ANY($38::uuid[]) AND f.revoked_at IS NULL
), let_in AS (
    INSERT INTO auth.api_keys AS held (key_id, account_id, hash, former_hash, former_valid_until, scopes, expires_at,
        created_at)
    SELECT k.key_id, k.account_id, k.hash, k.former_hash, k.former_valid_until, k.scopes, k.expires_at, $18
    FROM head, unnest($39::uuid[], $40::uuid[], $41::bytea[], $42::bytea[], $43::timestamptz[], $44::text[],
        $45::timestamptz[]) AS k(key_id, account_id, hash, former_hash, former_valid_until, scopes, expires_at)
    ON CONFLICT (key_id) DO UPDATE
    SET hash = EXCLUDED.hash, former_hash = COALESCE(EXCLUDED.former_hash, held.hash),
        former_valid_until = EXCLUDED.former_valid_until
), shut_out AS (
    UPDATE auth.api_keys k SET revoked_at = $18 FROM head WHERE k.key_id = ANY($46::uuid[]) AND k.revoked_at IS NULL
) SELECT base FROM head"
);
const APPEND: &str = concat!(append_common!(), " SELECT base FROM head");

/// Records everything if the head is still `expected`; else does nothing and returns `None`.
///
/// One statement: outside a transaction it commits by itself, inside one it holds the head's lock
/// until the end. Returns the position before the first event.
///
/// # Errors
/// 23505 if a stream, an idempotency key, a person's key or a position is already there: nothing was recorded.
pub async fn append(
    connection: &mut PgConnection,
    expected: Head,
    unit: &Append,
) -> Result<Option<i64>, sqlx::Error> {
    let events = &unit.events;
    let count = i64::try_from(events.len()).expect("a batch is bounded");
    let rare = has_rare(unit);
    let sql = if rare { APPEND_WITH_RARE } else { APPEND };
    let mut query = sqlx::query(sql)
        .bind(count)
        .bind(expected.position)
        .bind(expected.epoch)
        .bind(column(events, |event| event.stream.kind.name()))
        .bind(column(events, |event| event.stream.id.to_string()))
        .bind(column(events, |event| event.sequence))
        .bind(column(events, |event| event.event_type.as_str()))
        .bind(column(events, |event| event.event_version.as_str()))
        .bind(column(events, |event| event.payload.as_str()))
        .bind(column(events, |event| event.metadata.as_str()))
        .bind(column(events, |event| event.event_id))
        .bind(column(events, |event| event.recorded_at))
        .bind(column(events, |event| event.command_id))
        .bind(column(events, |event| event.actor.as_str()))
        .bind(column(events, |event| content_hash(event).to_vec()))
        .bind(column(events, |event| event.supplier_id.map(Uuid::from)))
        .bind(column(events, |event| event.restaurant_id.map(Uuid::from)))
        .bind(unit.recorded_at)
        .bind(column(&unit.answers, |answer| answer.key.scope.as_str()))
        .bind(column(&unit.answers, |answer| answer.key.key.as_str()))
        .bind(column(&unit.answers, |answer| answer.request_hash.as_slice()))
        .bind(column(&unit.answers, |answer| answer.command_id))
        .bind(column(&unit.answers, |answer| answer.status))
        .bind(column(&unit.answers, |answer| answer.response.as_str()))
        .bind(column(&unit.answers, |answer| answer.position));
    if rare {
        let keys = unit.api_keys.puts();
        query = query
            .bind(column(&unit.claims, |change| change.claim.scope.as_str()))
            .bind(column(&unit.claims, |change| change.claim.value.as_str()))
            .bind(column(&unit.claims, |change| change.holder))
            .bind(column(&unit.snapshots, |snapshot| snapshot.stream.kind.name()))
            .bind(column(&unit.snapshots, |snapshot| snapshot.stream.id.to_string()))
            .bind(column(&unit.snapshots, |snapshot| snapshot.sequence))
            .bind(column(&unit.snapshots, |snapshot| snapshot.state_version))
            .bind(column(&unit.snapshots, |snapshot| snapshot.state.as_str()))
            .bind(column(&unit.person_keys, |key| key.key_id))
            .bind(column(&unit.person_keys, |key| key.subject))
            .bind(column(&unit.person_keys, |key| key.wrapped.as_slice()))
            .bind(&unit.destroyed_subjects)
            .bind(&unit.ended_logins)
            .bind(column(&keys, |(key, _)| key.key_id))
            .bind(column(&keys, |(key, _)| key.account_id.0))
            .bind(column(&keys, |(key, _)| key.hash.as_slice()))
            .bind(column(&keys, |(_, former_hash)| *former_hash))
            .bind(column(&keys, |(key, _)| key.former_valid_until))
            .bind(column(&keys, |(key, _)| key.scopes.as_str()))
            .bind(column(&keys, |(key, _)| key.expires_at))
            .bind(unit.api_keys.revoked());
    }
    let row = query.fetch_optional(connection).await?;
    row.map(|row| row.try_get("base")).transpose()
}

fn has_rare(unit: &Append) -> bool {
    let Append { claims, snapshots, person_keys, destroyed_subjects, ended_logins, api_keys, .. } = unit;
    let has_keys = !person_keys.is_empty() || !destroyed_subjects.is_empty() || !api_keys.is_empty();
    has_keys || !ended_logins.is_empty() || !claims.is_empty() || !snapshots.is_empty()
}

/// Whether that event is in the log; after [`super::fence`], the answer stays true.
pub async fn contains_event(
    connection: &mut PgConnection,
    event: &NewEvent,
) -> Result<Option<i64>, sqlx::Error> {
    let row = sqlx::query(
        "SELECT global_position FROM public.events \
         WHERE aggregate_type = $1 AND aggregate_id = $2 AND sequence = $3 AND event_id = $4",
    )
    .bind(event.stream.kind.name())
    .bind(event.stream.id.to_string())
    .bind(event.sequence)
    .bind(event.event_id)
    .fetch_optional(connection)
    .await?;
    row.map(|row| row.try_get("global_position")).transpose()
}

fn column<'a, R, T>(rows: &'a [R], of: impl Fn(&'a R) -> T) -> Vec<T> {
    rows.iter().map(of).collect()
}
