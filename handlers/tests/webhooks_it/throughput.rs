//! A measurement, not a test: how fast deliveries are queued and sent, receiver and database on the same
//! machine. Run by hand: `… nextest run -p handlers --run-ignored only -E 'test(deliveries_per_second)'
//! --no-capture`.

use std::time::{Duration, Instant};

use handlers::webhooks::WebhookSettings;

use crate::world::World;

const ENDPOINTS: usize = 200;
const EVENTS: usize = 100;

#[tokio::test(flavor = "multi_thread")]
#[ignore = "a measurement"]
async fn deliveries_per_second() {
    for dead in [0, ENDPOINTS / 5] {
        let mut world = World::new("throughput").await;
        world.settings = WebhookSettings::default();
        for number in 0..ENDPOINTS {
            let path = format!("e{number}");
            world.endpoint(&path).await;
            if number < dead {
                world.receiver.answer_status(&path, 500);
            }
        }
        world.fan_out().await;
        for _ in 0..EVENTS {
            world.product().await;
        }
        let begun = Instant::now();
        world.fan_out().await;
        tell("queued", ENDPOINTS * EVENTS, begun.elapsed());

        let begun = Instant::now();
        let before = transactions(&world).await;
        let running = world.start();
        while world.receiver.count() < ENDPOINTS * EVENTS * 4 / 5 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        let healthy = (ENDPOINTS - dead) * EVENTS;
        let count = "SELECT count(*) FROM webhooks.deliveries WHERE state = 'delivered'";
        // Seldom: counting takes from what is measured.
        while world.value::<i64>(count).await < i64::try_from(healthy).unwrap() {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        tell(&format!("delivered beside {dead} dead endpoints"), healthy, begun.elapsed());
        let wasted = "SELECT count(*) FROM webhooks.attempts WHERE outcome <> 'delivered'";
        println!("{} attempts at the dead", world.value::<i64>(wasted).await);
        running.stop().await;
        println!("{} transactions", transactions(&world).await - before);
        world.end().await;
    }
}

async fn transactions(world: &World) -> i64 {
    world.execute("SELECT pg_stat_force_next_flush()").await;
    world.value("SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()").await
}

#[expect(clippy::cast_precision_loss, reason = "a measurement")]
fn tell(what: &str, count: usize, took: Duration) {
    println!("{count} {what} in {took:.2?}: {:.0} per second", count as f64 / took.as_secs_f64());
}
