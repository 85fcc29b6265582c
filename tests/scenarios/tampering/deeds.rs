//! What one who may do everything in the database could do to the log.

use std::pin::pin;

use events::{audit::FaultKind, canonical::recorded_hash, log::copy_events};
use futures::TryStreamExt as _;
use harness::ordering::fresh;
use sqlx::PgConnection;

/// Where the log ends, and where its seals do.
#[derive(Clone, Copy)]
pub struct Scene {
    pub head: i64,
    pub sealed: i64,
}

/// The same numbers for the same seed.
pub struct Dice(pub u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn between(&mut self, first: i64, last: i64) -> i64 {
        let width = u64::try_from(last - first + 1).unwrap();
        first + i64::try_from(self.next() % width).unwrap()
    }

    fn coin(&mut self) -> bool {
        self.next().is_multiple_of(2)
    }
}

/// A kind of tampering; what it does, and what must be said of it.
#[derive(Clone, Copy)]
pub enum Deed {
    /// One column, the hash left as it was.
    Alter(&'static str),
    /// One column and the hash.
    AlterAndHash(&'static str),
    /// A sequence of what is not sealed, and the hash.
    SkipSequence,
    Delete,
    DeleteAndRenumber,
    /// Another event where one stands, for which the index has to go.
    Double,
    /// Behind the end; the head stays.
    Append,
    /// Behind the end with the head moved, but with no right hash.
    AppendWithWrongHash,
    InsertAndRenumber,
    Exchange,
    /// One event put where another was, far before it.
    Displace,
    MoveHeadOn,
    MoveHeadBehindSeals,
    MoveHeadBehindTail,
    AlterSeal(&'static str),
    DeleteSeal,
    DeleteLastSeal,
}

/// Every kind once.
pub fn deeds() -> Vec<(String, Deed)> {
    const COLUMNS: [&str; 9] = [
        "payload = '{\"altered\":true}'",
        "metadata = '{\"altered\":true}'",
        "actor = 'system:nobody'",
        "recorded_at = recorded_at + interval '1 microsecond'",
        "event_type = 'SomethingElse'",
        "aggregate_id = gen_random_uuid()::text",
        "sequence = sequence + 100",
        "command_id = gen_random_uuid()",
        "event_id = gen_random_uuid()",
    ];
    // These leave what was hashed as it was, or cannot be hashed at all.
    const SPELT: [&str; 4] = [
        "aggregate_id = upper('{' || aggregate_id || '}')",
        "aggregate_id = replace(aggregate_id, '-', '')",
        "aggregate_id = 'x'",
        "recorded_at = 'infinity'",
    ];
    const SEAL: [&str; 6] = [
        "root = sha256(root)",
        "leaves = sha256('x') || substring(leaves FROM 33)",
        "signature = sha256(signature) || sha256('x')",
        "previous = sha256(previous)",
        "sealed_at = sealed_at + interval '1 microsecond'",
        "key_id = repeat('0', 64)",
    ];
    let altered = COLUMNS.map(|column| (format!("alter {column}"), Deed::Alter(column)));
    let spelt = SPELT.map(|column| (format!("alter {column}"), Deed::Alter(column)));
    let hashed = COLUMNS.map(|column| (format!("alter and hash {column}"), Deed::AlterAndHash(column)));
    let seals = SEAL.map(|column| (format!("alter a seal's {column}"), Deed::AlterSeal(column)));
    let others = [
        ("skip a sequence", Deed::SkipSequence),
        ("delete", Deed::Delete),
        ("delete and renumber", Deed::DeleteAndRenumber),
        ("double", Deed::Double),
        ("append", Deed::Append),
        ("append with a wrong hash", Deed::AppendWithWrongHash),
        ("insert and renumber", Deed::InsertAndRenumber),
        ("exchange", Deed::Exchange),
        ("displace", Deed::Displace),
        ("move the head on", Deed::MoveHeadOn),
        ("move the head behind the seals", Deed::MoveHeadBehindSeals),
        ("move the head behind the tail", Deed::MoveHeadBehindTail),
        ("delete a seal", Deed::DeleteSeal),
        ("delete the last seal", Deed::DeleteLastSeal),
    ];
    let others = others.map(|(name, deed)| (name.to_owned(), deed));
    altered.into_iter().chain(spelt).chain(hashed).chain(seals).chain(others).collect()
}

impl Deed {
    /// Does it, and says what must be found first.
    #[expect(clippy::too_many_lines, reason = "one arm per deed")]
    pub async fn done(self, tx: &mut PgConnection, dice: &mut Dice, scene: Scene) -> (i64, FaultKind) {
        let Scene { head, sealed } = scene;
        match self {
            Self::Alter(column) => {
                let position = dice.between(1, head);
                alter(tx, position, column).await;
                (position, FaultKind::Altered)
            }
            Self::AlterAndHash(column) => {
                let position = dice.between(1, sealed);
                alter(tx, position, column).await;
                rehash(tx, position).await;
                (position, FaultKind::Altered)
            }
            Self::SkipSequence => {
                let position = dice.between(sealed + 1, head);
                alter(tx, position, "sequence = sequence + 100").await;
                rehash(tx, position).await;
                (position, FaultKind::OutOfSequence)
            }
            Self::Delete => {
                let position = dice.between(1, head);
                run(tx, &format!("DELETE FROM public.events WHERE global_position = {position}")).await;
                (position, FaultKind::Missing)
            }
            Self::DeleteAndRenumber => {
                // Of the last sealed one nobody can say whether it is gone or was altered.
                let position = dice.between(1, sealed - 1);
                run(tx, &format!("DELETE FROM public.events WHERE global_position = {position}")).await;
                renumber(tx, position, -1).await;
                if dice.coin() {
                    run(tx, "UPDATE public.log_head SET position = position - 1").await;
                }
                (position, FaultKind::Missing)
            }
            Self::Double => {
                let position = dice.between(1, sealed);
                sqlx::raw_sql("DROP INDEX public.events_global_position").execute(&mut *tx).await.unwrap();
                forge(tx, position, dice.coin()).await;
                (position, FaultKind::Inserted)
            }
            Self::Append => {
                forge(tx, head + 1, true).await;
                (head + 1, FaultKind::Inserted)
            }
            Self::AppendWithWrongHash => {
                forge(tx, head + 1, false).await;
                run(tx, "UPDATE public.log_head SET position = position + 1").await;
                (head + 1, FaultKind::Altered)
            }
            Self::InsertAndRenumber => {
                let position = dice.between(1, sealed);
                renumber(tx, position - 1, 1).await;
                forge(tx, position, dice.coin()).await;
                if dice.coin() {
                    run(tx, "UPDATE public.log_head SET position = position + 1").await;
                }
                (position, FaultKind::Inserted)
            }
            Self::Exchange => {
                let one = dice.between(1, sealed - 1);
                let other = dice.between(one + 1, sealed);
                place(tx, one, 1_000_000).await;
                place(tx, other, one).await;
                place(tx, 1_000_000, other).await;
                (one, FaultKind::Reordered)
            }
            Self::Displace => {
                let one = dice.between(1, sealed - 2);
                let other = dice.between(one + 1, sealed - 1);
                run(tx, &format!("DELETE FROM public.events WHERE global_position = {one}")).await;
                place(tx, other, one).await;
                (one, FaultKind::Reordered)
            }
            Self::MoveHeadOn => {
                run(tx, "UPDATE public.log_head SET position = position + 1").await;
                (head + 1, FaultKind::Missing)
            }
            Self::MoveHeadBehindSeals => {
                let position = dice.between(0, sealed - 1);
                run(tx, &format!("UPDATE public.log_head SET position = {position}")).await;
                (position + 1, FaultKind::Head)
            }
            Self::MoveHeadBehindTail => {
                let position = dice.between(sealed, head - 1);
                run(tx, &format!("UPDATE public.log_head SET position = {position}")).await;
                (position + 1, FaultKind::Inserted)
            }
            Self::AlterSeal(column) => {
                let (number, first) = seal(tx, dice, 0).await;
                run(tx, &format!("UPDATE audit.seals SET {column} WHERE number = {number}")).await;
                (first, FaultKind::SealBroken)
            }
            Self::DeleteSeal => {
                let (number, first) = seal(tx, dice, 1).await;
                run(tx, &format!("DELETE FROM audit.seals WHERE number = {number}")).await;
                (first, FaultKind::SealBroken)
            }
            Self::DeleteLastSeal => {
                let (number, first): (i64, i64) = sqlx::query_as(
                    "SELECT number, first_position FROM audit.seals ORDER BY number DESC LIMIT 1",
                )
                .fetch_one(&mut *tx)
                .await
                .unwrap();
                run(tx, &format!("DELETE FROM audit.seals WHERE number = {number}")).await;
                (first, FaultKind::SealBroken)
            }
        }
    }
}

/// An event of a stream of its own, at that position.
pub async fn forge(tx: &mut PgConnection, position: i64, with_right_hash: bool) {
    run(
        tx,
        &format!(
            "INSERT INTO public.events (aggregate_type, aggregate_id, sequence, event_type, event_version, payload, \
                 metadata, global_position, event_id, recorded_at, command_id, actor, content_hash) \
             SELECT aggregate_type, '{}', 1, event_type, event_version, payload, metadata, {position}, '{}', \
                 recorded_at, command_id, actor, sha256('x') \
             FROM public.events ORDER BY global_position LIMIT 1",
            fresh(),
            fresh()
        ),
    )
    .await;
    if with_right_hash {
        rehash(tx, position).await;
    }
}

/// Gives the event at that position the hash that its bytes have now.
pub async fn rehash(tx: &mut PgConnection, position: i64) {
    let event = {
        let mut events = pin!(copy_events(tx, position - 1, position).await.unwrap());
        let event = events.try_next().await.unwrap().unwrap().remove(0);
        assert!(events.try_next().await.unwrap().is_none());
        event
    };
    let sql = "UPDATE public.events SET content_hash = $2 WHERE global_position = $1";
    sqlx::query(sql).bind(position).bind(recorded_hash(&event).as_slice()).execute(tx).await.unwrap();
}

async fn alter(tx: &mut PgConnection, position: i64, column: &str) {
    run(tx, &format!("UPDATE public.events SET {column} WHERE global_position = {position}")).await;
}

/// Moves all events behind that position, by way of where there are none: the index allows no two at one place.
async fn renumber(tx: &mut PgConnection, behind: i64, by: i64) {
    let far = 10_000_000;
    run(tx, &format!("UPDATE public.events SET global_position = global_position + {far} WHERE global_position > {behind}"))
        .await;
    let back = far - by;
    run(tx, &format!("UPDATE public.events SET global_position = global_position - {back} WHERE global_position > {far}"))
        .await;
}

async fn place(tx: &mut PgConnection, from: i64, to: i64) {
    run(tx, &format!("UPDATE public.events SET global_position = {to} WHERE global_position = {from}")).await;
}

/// One of the seals but for the last `but` ones.
async fn seal(tx: &mut PgConnection, dice: &mut Dice, but: i64) -> (i64, i64) {
    let sql = "SELECT max(number) FROM audit.seals";
    let last: i64 = sqlx::query_scalar(sql).fetch_one(&mut *tx).await.unwrap();
    let number = dice.between(1, last - but);
    let sql = "SELECT first_position FROM audit.seals WHERE number = $1";
    (number, sqlx::query_scalar(sql).bind(number).fetch_one(tx).await.unwrap())
}

async fn run(tx: &mut PgConnection, sql: &str) {
    let done = sqlx::query(sql).execute(tx).await.unwrap();
    assert!(done.rows_affected() > 0, "{sql}");
}
