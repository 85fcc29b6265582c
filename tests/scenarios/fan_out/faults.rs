//! Real processes that die while people trade.

use std::sync::atomic::{AtomicUsize, Ordering};

use harness::{PrivateServers, Receiver, TestDatabase, until};

use super::world::World;

const ORDERS: usize = 24;

/// Trades, and lets `fault` happen in the middle of it, several times.
macro_rules! while_trading {
    ($world:ident, $times:literal, $fault:expr) => {{
        let clients = $world.clients();
        let received = AtomicUsize::new(0);
        let trading = async {
            clients.trade_much("order", ORDERS).await;
            received.store(usize::MAX, Ordering::Relaxed);
        };
        let faults = async {
            for turn in 1..=$times {
                // Spread over the run by what the log holds; where exactly it hits is up to chance.
                until("more is traded", async || {
                    let placed: i64 = sqlx::query_scalar(
                        "SELECT count(*) FROM public.events WHERE event_type = 'OrderPlaced'",
                    )
                    .fetch_one(&$world.database.pool)
                    .await
                    .unwrap_or_default();
                    usize::try_from(placed).unwrap() >= turn * ORDERS / ($times + 1)
                        || received.load(Ordering::Relaxed) == usize::MAX
                })
                .await;
                $fault.await;
            }
        };
        tokio::join!(trading, faults);
    }};
}

#[tokio::test(flavor = "multi_thread")]
async fn the_program_is_killed_between_effect_and_acknowledgement() {
    let mut world = World::open("killed", Receiver::start().await).await;
    while_trading!(world, 4, async {
        world.iris.kill();
        world.iris.launch().await;
    });
    world.partner_has_heard_everything().await;
    world.every_mail_was_sent_once().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nats_is_killed_at_any_moment() {
    let mut world = World::open("nats-killed", Receiver::start().await).await;
    while_trading!(world, 4, async {
        world.nats.kill();
        world.nats.launch().await;
    });
    world.partner_has_heard_everything().await;
    world.every_mail_was_sent_once().await;
    world.the_stream_holds_everything_once().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_storage_of_nats_is_deleted_while_it_runs() {
    let mut world = World::open("nats-robbed", Receiver::start().await).await;
    while_trading!(world, 1, async {
        world.nats.delete_storage();
        // It goes on from memory until it is started again, and then has nothing.
        world.clients().trade("meanwhile").await;
        world.nats.kill();
        world.nats.launch().await;
    });
    world.partner_has_heard_everything().await;
    world.every_mail_was_sent_once().await;
    world.the_stream_holds_everything_once().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_storage_of_nats_is_deleted_while_it_stands_still() {
    let mut world = World::open("nats-empty", Receiver::start().await).await;
    while_trading!(world, 2, async {
        world.nats.kill();
        world.nats.delete_storage();
        world.nats.launch().await;
    });
    world.partner_has_heard_everything().await;
    world.every_mail_was_sent_once().await;
    world.the_stream_holds_everything_once().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_tail_of_nats_storage_is_rolled_back() {
    let mut world = World::open("nats-rolled-back", Receiver::start().await).await;
    world.clients().trade("before").await;
    world.partner_has_heard_everything().await;
    world.nats.kill();
    world.nats.remember_storage();
    world.nats.launch().await;
    while_trading!(world, 1, async {
        world.nats.kill();
        world.nats.roll_back_storage();
        world.nats.launch().await;
    });
    world.partner_has_heard_everything().await;
    world.every_mail_was_sent_once().await;
    world.the_stream_holds_everything_once().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn postgres_is_killed() {
    let servers = PrivateServers::start("fan-out");
    let database = TestDatabase::create_on(&servers.database_url).await;
    let world = World::open_on("postgres-killed", Receiver::start().await, database).await;
    while_trading!(world, 2, async {
        servers.kill_postgres().await;
        until("postgres is back", async || {
            sqlx::query("SELECT 1").execute(&world.database.pool).await.is_ok()
        })
        .await;
    });
    world.partner_has_heard_everything().await;
    world.every_mail_was_sent_once().await;
    world.the_stream_holds_everything_once().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_partner_that_fails_at_first_hears_everything_in_order_later() {
    let failures = AtomicUsize::new(0);
    let partner = Receiver::answering(move |_, _| {
        // The second attempt comes after five seconds.
        if failures.fetch_add(1, Ordering::Relaxed) == 0 {
            axum::http::StatusCode::INTERNAL_SERVER_ERROR
        } else {
            axum::http::StatusCode::OK
        }
    })
    .await;
    let world = World::open("failing", partner).await;
    world.clients().trade("order").await;
    world.partner_has_heard_everything().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_processes_share_the_work_and_one_dies() {
    let mut world = World::open("two", Receiver::start().await).await;
    let beside = world.iris.beside().await;
    while_trading!(world, 2, async {
        world.iris.kill();
        world.iris.launch().await;
    });
    world.partner_has_heard_everything().await;
    world.every_mail_was_sent_once().await;
    drop(beside);
}
