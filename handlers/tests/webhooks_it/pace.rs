//! No faster, and no more at once, than an endpoint takes.

use chrono::{DateTime, TimeDelta, Utc};
use events::webhook_endpoint::EndpointOwner;

use crate::world::World;

#[tokio::test]
async fn no_second_has_more_requests_than_the_endpoint_takes() {
    let mut world = World::new("rate").await;
    let mut details = world.details("a");
    details.rate_per_second_max = Some(5);
    world.endpoint_with(EndpointOwner::Platform, details, false).await;
    let running = world.start();
    for _ in 0..12 {
        world.product().await;
    }
    world.fan_out().await;
    // The clock moves only once what is allowed at that moment has been sent.
    for sent in 1..=12 {
        world.until_attempts(sent).await;
        world.advance(TimeDelta::milliseconds(201));
    }
    world.until_quiet().await;
    let begun: Vec<DateTime<Utc>> =
        sqlx::query_scalar("SELECT attempted_at FROM webhooks.attempts ORDER BY attempted_at")
            .fetch_all(&world.pool)
            .await
            .unwrap();
    for from in &begun {
        let within = begun.iter().filter(|at| *at >= from && **at - *from < TimeDelta::seconds(1)).count();
        assert!(within <= 5, "{within} within a second from {from}");
    }
    running.stop().await;
    world.end().await;
}

#[tokio::test]
async fn no_more_at_once_than_the_endpoint_takes_and_none_takes_all() {
    let mut world = World::new("in_flight").await;
    world.settings.in_flight_max = 6;
    world.settings.in_flight_per_lane_max = 4;
    let mut details = world.details("three");
    details.in_flight_max = 3;
    world.endpoint_with(EndpointOwner::Platform, details, false).await;
    let mut details = world.details("greedy");
    details.in_flight_max = 1_000;
    world.endpoint_with(EndpointOwner::Platform, details, false).await;
    world.receiver.hold("three");
    world.receiver.hold("greedy");
    let running = world.start();
    for _ in 0..20 {
        world.product().await;
    }
    world.fan_out().await;
    // Six permits: whoever comes first takes three or four, and the other the rest.
    world.receiver.until_waiting(6).await;
    let (three, greedy) = (world.receiver.received("three").len(), world.receiver.received("greedy").len());
    assert!(three <= 3 && greedy <= 4 && three + greedy == 6, "{three} and {greedy}");
    world.receiver.let_go("three");
    world.receiver.let_go("greedy");
    world.until_quiet().await;
    assert_eq!(world.receiver.waiting_most(), 6);
    assert_eq!(world.receiver.positions("three").len() + world.receiver.positions("greedy").len(), 40);
    running.stop().await;
    world.end().await;
}
