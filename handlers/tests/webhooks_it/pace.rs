//! No faster, and no more at once, than an endpoint takes.

use chrono::{DateTime, TimeDelta, Utc};
use events::webhook_endpoint::EndpointOwner;
use platform::clock::{Clock as _, SystemClock};

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
    // Six permits, one of which is kept for an endpoint that has none: whoever comes first takes three or four,
    // and the other the rest.
    world.receiver.until_waiting(5).await;
    let (three, greedy) = (world.receiver.received("three").len(), world.receiver.received("greedy").len());
    assert!(three <= 3 && greedy <= 4 && three + greedy == 5, "{three} and {greedy}");
    world.receiver.let_go("three");
    world.receiver.let_go("greedy");
    world.until_quiet().await;
    assert_eq!(world.receiver.waiting_most(), 5);
    assert_eq!(world.receiver.positions("three").len() + world.receiver.positions("greedy").len(), 40);
    running.stop().await;
    world.end().await;
}

#[tokio::test]
async fn endpoints_that_are_slow_leave_room_for_the_others() {
    let mut world = World::new("slow").await;
    world.settings.in_flight_max = 16;
    for path in ["slow1", "slow2", "slow3"] {
        let mut details = world.details(path);
        details.in_flight_max = 64;
        world.endpoint_with(EndpointOwner::Platform, details, false).await;
        world.receiver.hold(path);
    }
    let running = world.start();
    for _ in 0..30 {
        world.product().await;
    }
    world.fan_out().await;
    world.receiver.until_waiting(12).await;
    world.endpoint("quick").await;
    for _ in 0..10 {
        world.product().await;
    }
    world.fan_out().await;
    world.receiver.until("quick", 10).await;
    for path in ["slow1", "slow2", "slow3"] {
        world.receiver.let_go(path);
    }
    world.until_quiet().await;
    running.stop().await;
    world.end().await;
}

#[tokio::test]
async fn where_all_lanes_are_held_they_take_turns() {
    let mut world = World::new("turns").await;
    world.settings.lanes_max = 1;
    world.settings.turn = std::time::Duration::from_millis(100);
    let mut details = world.details("busy");
    details.rate_per_second_max = Some(1);
    world.endpoint_with(EndpointOwner::Platform, details, false).await;
    let running = world.start();
    for _ in 0..10 {
        world.product().await;
    }
    world.fan_out().await;
    // The clock stands still: what else it is to be sent waits for ever.
    world.receiver.until("busy", 1).await;
    world.endpoint("other").await;
    world.product().await;
    world.fan_out().await;
    // What gives way now comes after it.
    world.advance(TimeDelta::milliseconds(1));
    world.receiver.until("other", 1).await;
    running.stop().await;
    world.end().await;
}

#[tokio::test]
async fn receivers_that_do_not_say_whether_they_agree_do_not_take_all_lanes() {
    let mut world = World::new("handshakes").await;
    world.settings.lanes_max = 4;
    world.settings.handshakes_max = 1;
    let running = world.start();
    for path in ["silent1", "silent2", "silent3", "silent4", "silent5"] {
        world.receiver.hold(path);
        let details = world.details(path);
        world.endpoint_with(EndpointOwner::Platform, details, true).await;
    }
    world.fan_out().await;
    world.receiver.until_waiting(1).await;
    world.endpoint("a").await;
    world.product().await;
    world.fan_out().await;
    world.receiver.until("a", 1).await;
    assert_eq!(world.receiver.waiting_most(), 1);
    running.stop().await;
    world.end().await;
}

#[tokio::test]
async fn a_clock_that_was_ahead_for_a_moment_holds_nothing_back() {
    let mut world = World::new("ahead").await;
    // Once as who queues, then as another who sends, and whose clock is the database's.
    world.clock.set(SystemClock.now() + TimeDelta::minutes(40));
    let details = world.details("a");
    world.endpoint_with(EndpointOwner::Platform, details, false).await;
    world.product().await;
    world.fan_out().await;
    world.clock.set(SystemClock.now());
    let running = world.start();
    world.until_quiet().await;

    assert_eq!(world.receiver.positions("a").len(), 1);
    running.stop().await;
    world.end().await;
}
