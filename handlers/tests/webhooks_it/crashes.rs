//! Processes that die, stand still, or are several.

use std::{collections::HashSet, time::Duration};

use crate::{receiver::Received, world::World};

#[tokio::test]
async fn what_was_sent_and_not_committed_is_sent_again_with_the_same_id_and_in_order() {
    let mut world = World::new("crash").await;
    world.endpoint("a").await;
    world.receiver.hold("a");
    let running = world.start();
    let product = world.product().await;
    let second = world.reprice(product, 1).await;
    world.fan_out().await;
    world.receiver.until("a", 1).await;
    running.kill().await;
    world.receiver.let_go("a");
    assert_eq!(world.value::<i64>("SELECT count(*) FROM webhooks.attempts").await, 0);

    world.expire_leases().await;
    let running = world.start();
    world.until_quiet().await;
    assert_eq!(world.receiver.positions("a"), [second - 1, second - 1, second]);
    let received = world.receiver.received("a");
    assert_eq!(received[0].id(), received[1].id());
    assert_eq!(received[0].body, received[1].body);
    running.stop().await;
    world.end().await;
}

#[tokio::test]
async fn killed_again_and_again_nothing_is_lost_and_no_order_is_turned_around() {
    let mut world = World::new("kills").await;
    world.endpoint("a").await;
    let mut products = Vec::new();
    for _ in 0..10 {
        products.push(world.product().await);
    }
    for cents in 0..10 {
        for product in &products {
            world.reprice(*product, cents).await;
        }
    }
    world.fan_out().await;
    for stage in 1..=4 {
        let running = world.start();
        world.until_attempts(stage * 20).await;
        running.kill().await;
        world.expire_leases().await;
    }
    let running = world.start();
    world.until_quiet().await;
    running.stop().await;
    let received = world.receiver.received("a");
    let positions: HashSet<i64> = received.iter().map(Received::position).collect();
    assert_eq!(positions.len(), 110);
    for product in &products {
        // The first time that each came: the request of one that was killed may still be on its way when its
        // successor has long sent it again, and is then one the receiver knows by its id.
        let mut seen = HashSet::new();
        let of_it: Vec<i64> = received
            .iter()
            .filter(|r| String::from_utf8_lossy(&r.body).contains(&product.to_string()))
            .map(Received::position)
            .filter(|position| seen.insert(*position))
            .collect();
        assert!(of_it.is_sorted(), "{of_it:?}");
    }
    world.end().await;
}

#[tokio::test]
async fn two_dispatchers_share_the_work_and_send_nothing_twice() {
    let mut world = World::new("two").await;
    for path in ["a", "b", "c", "d", "e"] {
        world.endpoint(path).await;
    }
    let (one, two) = (world.start(), world.start());
    for _ in 0..30 {
        let product = world.product().await;
        world.reprice(product, 1).await;
        world.fan_out().await;
    }
    world.until_quiet().await;
    for path in ["a", "b", "c", "d", "e"] {
        let positions = world.receiver.positions(path);
        let unique: HashSet<_> = positions.iter().collect();
        assert_eq!((positions.len(), unique.len()), (60, 60), "{path}");
    }
    one.stop().await;
    two.stop().await;
    world.end().await;
}

#[tokio::test]
async fn a_process_whose_lane_was_taken_over_writes_nothing() {
    let mut world = World::new("zombie").await;
    world.endpoint("a").await;
    world.receiver.hold("a");
    let running = world.start();
    world.product().await;
    world.fan_out().await;
    world.receiver.until("a", 1).await;
    // Somebody else has it now.
    world
        .execute(
            "UPDATE webhooks.lanes SET fence = fence + 1, holder = gen_random_uuid(), \
             lease_until = clock_timestamp() + interval '1 hour'",
        )
        .await;
    world.receiver.let_go("a");
    // And dies in its turn. Had the first one written, there would be nothing left to send.
    world.expire_leases().await;
    world.receiver.until("a", 2).await;
    world.until_quiet().await;
    assert_eq!(world.value::<i64>("SELECT count(*) FROM webhooks.attempts").await, 1);
    assert_eq!(world.value::<i32>("SELECT attempts FROM webhooks.deliveries").await, 1);
    running.stop().await;
    world.end().await;
}

#[tokio::test]
async fn a_stop_waits_for_what_is_under_way_and_leaves_no_lease() {
    let mut world = World::new("stop").await;
    world.endpoint("a").await;
    world.receiver.hold("a");
    let running = world.start();
    world.product().await;
    world.product().await;
    world.fan_out().await;
    world.receiver.until("a", 2).await;
    let stopped = tokio::spawn(running.stop());
    world.receiver.let_go("a");
    stopped.await.unwrap();
    assert_eq!(world.value::<i64>("SELECT count(*) FROM webhooks.attempts").await, 2);
    assert_eq!(world.value::<i64>("SELECT count(*) FROM webhooks.lanes WHERE holder IS NOT NULL").await, 0);
    world.end().await;
}

#[tokio::test]
async fn what_is_queued_while_a_lane_is_let_go_is_not_overlooked() {
    let mut world = World::new("release").await;
    world.settings.linger = Duration::from_secs(2);
    world.endpoint("a").await;
    let running = world.start();
    world.product().await;
    world.fan_out().await;
    world.until_attempts(1).await;
    // By another process: nobody tells this one, and it commits while the lane's last statement waits for it.
    world.product().await;
    let mut tx = platform::db::begin(&world.pool).await.unwrap();
    world.fan_out_in_tx(&mut tx).await;
    world
        .until(
            "SELECT EXISTS (SELECT 1 FROM pg_stat_activity WHERE datname = current_database() \
               AND wait_event_type = 'Lock' AND query LIKE 'UPDATE webhooks.lanes%holder = NULL%')",
        )
        .await;
    tx.commit().await.unwrap();
    world.until_quiet().await;
    assert_eq!(world.receiver.positions("a").len(), 2);
    running.stop().await;
    world.end().await;
}

#[tokio::test]
async fn a_database_that_cuts_its_connections_loses_nothing() {
    let mut world = World::new("cut").await;
    // What a connection died in the middle of is taken up when its lease has run out.
    world.settings.lease = Duration::from_secs(4);
    for path in ["a", "b", "c"] {
        world.endpoint(path).await;
    }
    world.fan_out().await;
    let running = world.start();
    for round in 1..=5 {
        for _ in 0..20 {
            world.product().await;
        }
        world.fan_out().await;
        world.until_attempts(round * 30).await;
        world
            .execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
                 WHERE datname = current_database() AND pid <> pg_backend_pid() \
                   AND query LIKE '%webhooks.%'",
            )
            .await;
    }
    world.until_quiet().await;
    for path in ["a", "b", "c"] {
        let positions: HashSet<i64> = world.receiver.positions(path).into_iter().collect();
        assert_eq!(positions.len(), 100, "{path}");
    }
    running.stop().await;
    world.end().await;
}

#[tokio::test]
async fn a_lane_that_cannot_be_read_holds_up_no_other() {
    let mut world = World::new("unreadable").await;
    let bad = world.endpoint("bad").await;
    world.endpoint("a").await;
    world.product().await;
    world.fan_out().await;
    world
        .execute(&format!("UPDATE webhooks.lanes SET state = '{{\"state\": 1}}' WHERE endpoint_id = '{bad}'"))
        .await;
    let running = world.start();
    world.receiver.until("a", 1).await;
    running.stop().await;
    world.end().await;
}
