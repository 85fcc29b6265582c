//! How every story ends: the log is whole, others read the same of it, and so does whoever reads it again.

use command_api::second_reader;
use events::log::check_log;
use platform::clock::SystemClock;
use projections::{SchemaName, all, compare, drop_scratch, rebuild_into};
use sqlx::PgPool;
use tokio_util::sync::CancellationToken;

use crate::until;

/// Looks at everything once nothing happens any more.
///
/// # Panics
/// If the log breaks a promise, or is read otherwise by another reader or a second time.
pub async fn expect_sound(pool: &PgPool) {
    let mut connection = pool.acquire().await.expect("the database answers");
    let check = check_log(&mut connection).await.expect("the log is read to its end");
    drop(connection);
    assert_eq!(check.faults, [], "the log keeps its promises");
    let different = second_reader::compare_all(pool, |_| {}).await.expect("both read it");
    assert_eq!(different, [], "postgres-es reads the same states");
    until("the read models are there", async || {
        let behind =
            "SELECT EXISTS (SELECT FROM read.checkpoints c, public.log_head h WHERE c.position < h.position)";
        let is_behind: bool = sqlx::query_scalar(behind).fetch_one(pool).await.expect("the database answers");
        !is_behind
    })
    .await;
    let (again, stop) = ("read_again".parse::<SchemaName>().expect("a name"), CancellationToken::new());
    rebuild_into(pool, &again, &all(), &SystemClock, &stop).await.expect("it is folded");
    let different = compare(pool, &SchemaName::live(), &again, &all()).await.expect("both are there");
    assert_eq!(different, [], "the read models are what the log says");
    drop_scratch(pool, &again).await.expect("it is dropped");
}
