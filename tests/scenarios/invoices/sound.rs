//! How every story ends: the log is whole, others read the same of it, and so does whoever reads it again.

use command_api::second_reader;
use events::log::check_log;
use harness::until;
use platform::clock::SystemClock;
use projections::{SchemaName, all, compare, drop_scratch, rebuild_into};
use tokio_util::sync::CancellationToken;

use super::world::World;

impl World {
    /// Looks at everything once nothing happens any more.
    pub async fn expect_sound(&self) {
        let pool = &self.database.pool;
        let check = check_log(&mut pool.acquire().await.unwrap()).await.unwrap();
        assert_eq!(check.faults, [], "the log keeps its promises");
        let different = second_reader::compare_all(pool, |_| {}).await.unwrap();
        assert_eq!(different, [], "postgres-es reads the same states");
        let head = self.count("SELECT position FROM public.log_head").await;
        until("the read models are there", async || {
            self.count("SELECT coalesce(min(position), 0) FROM read.checkpoints").await == head
        })
        .await;
        let (again, stop) = ("read_again".parse::<SchemaName>().unwrap(), CancellationToken::new());
        rebuild_into(pool, &again, &all(), &SystemClock, &stop).await.unwrap();
        let different = compare(pool, &SchemaName::live(), &again, &all()).await.unwrap();
        assert_eq!(different, [], "the read models are what the log says");
        drop_scratch(pool, &again).await.unwrap();
    }
}
