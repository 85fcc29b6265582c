//! Two processes, what they stand on, and whoever they tell: everything that can be hurt.

use std::{fs, path::PathBuf, sync::Arc};

use events::audit::SigningKey;
use futures::future::join_all;
use harness::{
    IrisProcess, NatsServer, PrivateServers, Proxy, Receiver, TestDatabase, Wire, expect_sound, faketime,
    until,
};
use tokio::sync::Mutex;

use super::{
    history::History,
    injury::Body,
    plan::{Plan, TRADERS},
    traders::{Market, Trader},
};
use crate::fan_out::world::World as FanOut;

/// Before, during and after.
pub struct World {
    /// One process with a partner, a provider of mail and a stream.
    pub iris: FanOut,
    beside: IrisProcess,
    /// Between each process and Postgres.
    to_database: [Proxy; 2],
    /// Between each process and NATS.
    to_nats: [Proxy; 2],
    clocks: [PathBuf; 2],
}

impl World {
    pub async fn open(servers: &PrivateServers, seed: u64) -> Self {
        // A server that was killed by the plan before comes back by itself.
        until("postgres answers", async || sqlx::PgPool::connect(&servers.database_url).await.is_ok()).await;
        let database = TestDatabase::create_on(&servers.database_url).await;
        let nats = NatsServer::start(&format!("faults-{seed}")).await;
        let (server, stream) = (database.options.get_port(), nats.port());
        let to_database = [Proxy::before(server).await, Proxy::before(server).await];
        let to_nats = [Proxy::before(stream).await, Proxy::before(stream).await];
        let clocks = [0, 1]
            .map(|process| std::env::temp_dir().join(format!("iris-clock-{}-{process}", database.name)));
        for clock in &clocks {
            fs::write(clock, "+0").unwrap();
        }
        let (clock_library, key) = (faketime(), SigningKey::generate());
        let settings = |process: usize| {
            [
                ("NATS_URL", format!("nats://127.0.0.1:{}", to_nats[process].port)),
                ("AUDIT_SIGNING_KEY", key.clone()),
                ("LD_PRELOAD", clock_library.to_str().unwrap().to_owned()),
                ("FAKETIME_TIMESTAMP_FILE", clocks[process].to_str().unwrap().to_owned()),
                ("FAKETIME_CACHE_DURATION", "1".to_owned()),
                // Waiting takes as long as ever.
                ("FAKETIME_DONT_FAKE_MONOTONIC", "1".to_owned()),
            ]
        };
        let first = settings(0);
        let first: Vec<_> = first.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let reached = database.through(to_database[0].port);
        let iris = FanOut::open_with(Receiver::start().await, nats, reached, &first).await;
        let beside = {
            let (here, there) = (to_database[0].port.to_string(), to_database[1].port.to_string());
            let url = iris.iris.database_url().replacen(&here, &there, 1);
            let second = settings(1);
            let mut second: Vec<_> = second.iter().map(|(name, value)| (*name, value.as_str())).collect();
            second.push(("DATABASE_URL", &url));
            iris.iris.beside_with(&second).await
        };
        Self { iris, beside, to_database, to_nats, clocks }
    }

    /// Everybody trades while the faults of the plan come.
    pub async fn live_through(&mut self, plan: &Plan, servers: &PrivateServers) -> History {
        let market = Arc::new(Market::open(&self.iris, &self.beside).await);
        let began_at = self.head().await;
        let traders = join_all((0..TRADERS).map(|number| {
            let trader = Trader::new(number, plan, Arc::clone(&market));
            async move { tokio::spawn(trader.trade()).await.unwrap() }
        }));
        let body = Body {
            servers,
            database: &self.iris.database.name,
            processes: [Mutex::new(&mut self.iris.iris), Mutex::new(&mut self.beside)],
            nats: Mutex::new(&mut self.iris.nats),
            to_database: &self.to_database,
            to_nats: &self.to_nats,
            clocks: &self.clocks,
        };
        let faults = async {
            join_all(plan.injuries.iter().map(async |(after, injury)| {
                market.has_done(*after).await;
                body.suffer(*injury).await;
            }))
            .await;
            market.close();
        };
        let (histories, ()) = tokio::join!(traders, faults);
        History::of(histories, began_at)
    }

    /// Nothing is broken any more.
    pub async fn heal(&mut self) {
        for wire in self.to_database.iter().chain(&self.to_nats) {
            wire.set(Wire::Whole);
        }
        until("postgres answers", async || {
            let pool = &self.iris.database.pool;
            sqlx::query("SELECT 1").execute(pool).await.is_ok()
        })
        .await;
        for process in [&mut self.iris.iris, &mut self.beside] {
            assert!(!process.has_ended(), "a process ended by itself");
            until("a process is well again", async || process.is_ready().await).await;
        }
    }

    pub async fn everybody_reads_the_same(&self) {
        self.iris.partner_has_heard_everything().await;
        self.iris.every_mail_was_sent_once().await;
        self.somebody_was_told_of_every_order().await;
        self.iris.the_stream_holds_everything_once().await;
        expect_sound(&self.iris.database.pool).await;
        self.everything_is_sealed().await;
        for check in [["audit", "verify"], ["demand", "check"]] {
            let checked = self.iris.iris.command(check[0]).arg(check[1]).output().unwrap();
            let (said, complaint) =
                (String::from_utf8_lossy(&checked.stdout), String::from_utf8_lossy(&checked.stderr));
            assert!(checked.status.success(), "{check:?}: {said}{complaint}");
        }
    }

    /// Neither process does anything until both are resumed.
    pub fn pause(&self) {
        self.iris.iris.pause();
        self.beside.pause();
    }

    pub fn resume(&self) {
        self.iris.iris.resume();
        self.beside.resume();
    }

    /// Its room is needed for the next.
    pub async fn remove(self) {
        let Self { iris, beside, clocks, .. } = self;
        drop(beside);
        let FanOut { database, iris, .. } = iris;
        drop(iris);
        database.remove().await;
        for clock in &clocks {
            fs::remove_file(clock).unwrap();
        }
    }

    async fn head(&self) -> i64 {
        let sql = "SELECT position FROM public.log_head";
        sqlx::query_scalar(sql).fetch_one(&self.iris.database.pool).await.unwrap()
    }

    pub async fn somebody_was_told_of_every_order(&self) {
        let sql = "SELECT count(*) FROM public.events e \
                   WHERE e.event_type = 'OrderPlaced' AND e.global_position > $1 \
                     AND NOT EXISTS (SELECT FROM notifications.notifications n WHERE n.position = e.global_position)";
        let untold: i64 = sqlx::query_scalar(sql)
            .bind(self.iris.registered_at)
            .fetch_one(&self.iris.database.pool)
            .await
            .unwrap();
        assert_eq!(untold, 0, "orders that nobody was told of");
    }

    async fn everything_is_sealed(&self) {
        let sql =
            "SELECT h.position = (SELECT max(s.last_position) FROM audit.seals s) FROM public.log_head h";
        until("everything is sealed", async || {
            let sealed: Option<bool> =
                sqlx::query_scalar(sql).fetch_one(&self.iris.database.pool).await.unwrap();
            sealed == Some(true)
        })
        .await;
    }
}
