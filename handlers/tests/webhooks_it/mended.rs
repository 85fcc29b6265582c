//! A database that fails for a moment costs no more than that moment.

use std::time::Duration;

use crate::world::World;

/// A world where nothing that is dropped would be taken up again within the test.
async fn world(test: &str) -> World {
    let mut world = World::new(test).await;
    world.settings.lease = Duration::from_mins(5);
    world
}

async fn until_something_failed(world: &World, before: i64) {
    world
        .until(&format!(
            "SELECT xact_rollback > {before} FROM pg_stat_database WHERE datname = current_database()"
        ))
        .await;
}

async fn failures(world: &World) -> i64 {
    world.value("SELECT xact_rollback FROM pg_stat_database WHERE datname = current_database()").await
}

#[tokio::test]
async fn a_lane_that_cannot_be_let_go_at_once_is_let_go_later() {
    let mut world = world("let_go_later").await;
    world.endpoint("a").await;
    world.receiver.hold("a");
    let running = world.start();
    world.product().await;
    world.fan_out().await;
    world.receiver.until_waiting(1).await;
    let before = failures(&world).await;
    world.execute("REVOKE UPDATE ON webhooks.lanes FROM iris_handler").await;
    world.receiver.let_go("a");
    until_something_failed(&world, before).await;
    world.execute("GRANT UPDATE ON webhooks.lanes TO iris_handler").await;
    world.until_quiet().await;
    running.stop().await;
    world.end().await;
}

#[tokio::test]
async fn a_result_that_cannot_be_written_at_once_is_written_later() {
    let mut world = world("written_later").await;
    world.endpoint("a").await;
    world.receiver.hold("a");
    let running = world.start();
    world.product().await;
    world.fan_out().await;
    world.receiver.until_waiting(1).await;
    let before = failures(&world).await;
    world.execute("REVOKE INSERT ON webhooks.attempts FROM iris_handler").await;
    world.receiver.let_go("a");
    until_something_failed(&world, before).await;
    world.execute("GRANT INSERT ON webhooks.attempts TO iris_handler").await;
    world.until_quiet().await;
    assert_eq!(world.receiver.positions("a").len(), 1, "it is sent once");
    running.stop().await;
    world.end().await;
}

#[tokio::test]
async fn a_stop_ends_though_no_result_can_be_written() {
    let mut world = world("stop_without").await;
    world.settings.drain = Duration::from_millis(200);
    world.endpoint("a").await;
    world.receiver.hold("a");
    let running = world.start();
    world.product().await;
    world.fan_out().await;
    world.receiver.until_waiting(1).await;
    let mut tx = platform::db::begin(&world.pool).await.unwrap();
    sqlx::query("LOCK TABLE webhooks.attempts").execute(&mut *tx).await.unwrap();
    world.receiver.let_go("a");
    world
        .until("SELECT EXISTS (SELECT 1 FROM pg_locks WHERE NOT granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))")
        .await;
    tokio::time::timeout(crate::world::LIMIT, running.stop()).await.expect("it ends");
    tx.rollback().await.unwrap();
    world.end().await;
}
