//! Postgres has no room left, and gets some again.

use std::sync::atomic::{AtomicUsize, Ordering as Atomic};

use futures::future::join_all;
use harness::{Ordering, PrivateServers, TestDatabase, expect_sound, ordering::place, until};
use platform::clock::SystemClock;
use tokio_util::sync::CancellationToken;

const CLIENTS: usize = 8;
const ORDERS_EACH: usize = 60;
const DISK: u64 = 400 << 20;

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_refuses_orders_and_loses_none() {
    let servers = PrivateServers::start_on_disk_of(DISK, "full-disk");
    let database = TestDatabase::create_on(&servers.database_url).await;
    let market = Ordering::open(&database.options).await;
    let product = market.product(100_000).await;
    let mut carts = Vec::new();
    for _ in 0..CLIENTS * ORDERS_EACH {
        carts.push(market.cart(&[(product, 1)]).await);
    }
    let (acknowledged, refused) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let clients = carts.chunks(ORDERS_EACH).map(async |carts| {
        for cart in carts {
            // As a client would: the same key until there is an answer.
            while market.submit(place(*cart), &cart.to_string()).await.is_err() {
                refused.fetch_add(1, Atomic::Relaxed);
            }
            acknowledged.fetch_add(1, Atomic::Relaxed);
        }
    });
    let disk = async {
        until("some orders are in", async || acknowledged.load(Atomic::Relaxed) > CLIENTS * 5).await;
        servers.fill_disk();
        until("there is no room for more", async || refused.load(Atomic::Relaxed) > 0).await;
        servers.free_disk();
    };
    tokio::join!(join_all(clients), disk);

    until("postgres answers", async || sqlx::query("SELECT 1").execute(&database.pool).await.is_ok()).await;
    let placed: i64 =
        sqlx::query_scalar("SELECT count(*) FROM public.events WHERE event_type = 'OrderPlaced'")
            .fetch_one(&database.pool)
            .await
            .unwrap();
    assert_eq!(usize::try_from(placed).unwrap(), CLIENTS * ORDERS_EACH, "every order, and none twice");
    let stop = CancellationToken::new();
    let head = market.committer.head();
    let running = tokio::spawn(projections::run(
        database.pool.clone(),
        std::sync::Arc::new(SystemClock),
        head,
        stop.clone(),
    ));
    expect_sound(&database.pool).await;
    stop.cancel();
    running.await.unwrap().unwrap();
}
