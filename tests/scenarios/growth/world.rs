//! A market on a log of small partitions.

use std::path::PathBuf;

use chrono::DateTime;
use events::{
    archive::{
        ArchiveError, Partition, TakenAway, check_archive, obstacles, partitions, record_archive,
        store_states, take_away, write_archive,
    },
    audit::{Asked, Sealing, SigningKey, Verification, seal_next, verify},
    log::read_head,
};
use harness::{Ordering, TestDatabase, ordering::place};
use platform::clock::{Clock as _, SystemClock};
use sqlx::{Connection as _, Executor as _, PgConnection};

/// Partitions made from now on hold so many positions; there is none yet, as if nobody had made them in time.
pub async fn shrink(database: &TestDatabase, positions: i64) {
    let sql = format!(
        "DROP TABLE log.events_1;
         CREATE OR REPLACE FUNCTION public.events_per_partition() RETURNS bigint LANGUAGE sql IMMUTABLE
             AS $$ SELECT {positions}::bigint $$;"
    );
    database.pool.execute(sql.as_str()).await.unwrap();
}

pub struct World {
    pub database: TestDatabase,
    pub market: Ordering,
    pub key: SigningKey,
    /// Where the files are.
    pub place: PathBuf,
}

impl Drop for World {
    fn drop(&mut self) {
        let _best_effort = std::fs::remove_dir_all(&self.place);
    }
}

impl World {
    /// Orders over some partitions of 100 positions, sealed; the seals do not end where partitions do.
    pub async fn open() -> Self {
        let database = TestDatabase::create().await;
        shrink(&database, 100).await;
        let market = Ordering::open(&database.options).await;
        let product = market.product(1_000).await;
        for _ in 0..60 {
            let cart = market.cart(&[(product, 1)]).await;
            market.submit(place(cart), &cart.to_string()).await.unwrap();
        }
        let place = std::env::temp_dir().join(format!("iris-growth-{}", database.name));
        std::fs::create_dir_all(&place).unwrap();
        let key = SigningKey::from_base64(&SigningKey::generate()).unwrap();
        let world = Self { database, market, key, place };
        world.seal().await;
        world
    }

    pub async fn connection(&self) -> PgConnection {
        PgConnection::connect_with(&self.database.options).await.unwrap()
    }

    pub async fn seal(&self) {
        loop {
            let mut transaction = platform::db::begin(&self.database.pool).await.unwrap();
            let sealed = seal_next(&mut transaction, &self.key, 37, SystemClock.now()).await.unwrap();
            transaction.commit().await.unwrap();
            if sealed == Sealing::Idle {
                return;
            }
        }
    }

    pub async fn head(&self) -> i64 {
        read_head(&mut self.connection().await).await.unwrap().position
    }

    /// The log against its seals, and against the files if they are at hand.
    pub async fn verified(&self, with_files: bool) -> Verification {
        let trusted = [self.key.public()];
        let archives = with_files.then_some(self.place.as_path());
        let asked = Asked { trusted: &trusted, archives, ..Asked::ALL };
        verify(&mut self.connection().await, &asked, |_| {}).await.unwrap()
    }

    /// The oldest partition that is not archived.
    pub async fn oldest(&self) -> Partition {
        let all = partitions(&mut self.connection().await).await.unwrap();
        all.into_iter().find(|partition| !partition.is_archived()).unwrap()
    }

    /// As `iris events archive` does; `goes_on` is asked at every step of it.
    pub async fn archive(
        &self,
        partition: &Partition,
        goes_on: &mut (impl FnMut() -> bool + Send),
    ) -> Result<(), ArchiveError> {
        let mut owner = self.connection().await;
        let now = SystemClock.now();
        assert_eq!(obstacles(&mut owner, partition, now).await.unwrap(), []);
        let path = self.place.join(partition.file_name());
        if !path.exists() {
            write_archive(&mut owner, partition, &path, |_| goes_on()).await?;
        }
        let checked = check_archive(&mut owner, partition, &path, |_, _| goes_on()).await?;
        record_archive(&mut owner, partition, &checked, "system:test", now).await?;
        store_states(&mut owner, partition, |_| goes_on()).await?;
        take_away(&mut owner, partition, TakenAway::Dropped, now, goes_on).await
    }

    /// Every column of every event, as one number.
    pub async fn sum(&self) -> String {
        sqlx::query_scalar(
            "SELECT md5(string_agg(e::text, '|' ORDER BY e.global_position)) FROM public.events e",
        )
        .fetch_one(&self.database.pool)
        .await
        .unwrap()
    }
}

/// Long before any event.
pub fn long_ago() -> DateTime<chrono::Utc> {
    DateTime::UNIX_EPOCH
}
