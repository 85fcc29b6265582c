//! The log as the outside hears it, from a real log: `read_public`.

use command_api::domain::order::{CancelOrder, ConfirmOrder, MarkDelivered};
use events::{
    public::{PublicBatch, read_public},
    values::OrderId,
};
use harness::{Ordering, TestDatabase, ordering::place};

async fn order(market: &Ordering, units: i64, key: &str) -> OrderId {
    let product = market.product(10).await;
    let cart = market.cart(&[(product, units)]).await;
    let outcome = market.submit(place(cart), key).await.unwrap();
    let body: serde_json::Value = serde_json::from_str(&outcome.body).unwrap();
    body["id"].as_str().unwrap().parse().unwrap()
}

fn names(batch: &PublicBatch) -> Vec<&'static str> {
    batch.events.iter().map(|event| event.public_type().name).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_outside_hears_its_part_in_order_however_it_is_cut() {
    let database = TestDatabase::create().await;
    let market = Ordering::open(&database.options).await;
    let delivered = order(&market, 2, "first").await;
    market.accept(ConfirmOrder { order_id: delivered }).await;
    market.accept(MarkDelivered { order_id: delivered, lines: vec![] }).await;
    let cancelled = order(&market, 3, "second").await;
    market.accept(CancelOrder { order_id: cancelled, reason: "closed".to_owned() }).await;
    let mut connection = database.pool.acquire().await.unwrap();

    let whole = read_public(&mut connection, 0, 10_000).await.unwrap();

    let heard = names(&whole);
    assert_eq!(
        heard,
        [
            "iris.restaurant.approved.v1",
            "iris.product.created.v1",
            "iris.order.placed.v1",
            "iris.order.confirmed.v1",
            "iris.delivery.marked.v1",
            "iris.product.created.v1",
            "iris.order.placed.v1",
            "iris.order.cancelled.v1",
        ]
    );
    assert_eq!(whole.upto, whole.head);
    assert!(whole.head > 20, "carts, stock and registrations are in the log, too: {}", whole.head);
    assert!(whole.unreadable.is_empty());
    assert!(whole.events.is_sorted_by(|one, next| one.position < next.position));
    for event in &whole.events[2..5] {
        assert_eq!(event.subject, delivered.0);
        assert_eq!(event.audience.supplier_id, Some(market.supplier_id), "known from the order's beginning");
        assert_eq!(event.audience.restaurant_id, Some(market.restaurant_id));
    }

    // In the smallest steps, each of which begins where an order's beginning is far behind.
    let (mut after, mut pieces) = (0, Vec::new());
    while after < whole.head {
        let piece = read_public(&mut connection, after, 1).await.unwrap();
        assert_eq!(piece.upto, after + 1);
        after = piece.upto;
        pieces.extend(piece.events);
    }
    assert_eq!(pieces, whole.events);
    let end = read_public(&mut connection, whole.head, 100).await.unwrap();
    assert!(end.events.is_empty() && end.upto == whole.head, "nothing new is no step");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_cannot_be_read_is_named_and_stops_no_other() {
    let database = TestDatabase::create().await;
    let market = Ordering::open(&database.options).await;
    let order_id = order(&market, 2, "first").await;
    market.accept(ConfirmOrder { order_id }).await;
    market.accept(MarkDelivered { order_id, lines: vec![] }).await;
    let mut connection = database.pool.acquire().await.unwrap();
    // Nobody can do this to a log in operation: the trigger is there to refuse it.
    sqlx::query("ALTER TABLE public.events DISABLE TRIGGER USER").execute(&mut *connection).await.unwrap();
    let spoilt: i64 = sqlx::query_scalar(
        "UPDATE public.events SET payload = '{}' WHERE event_type = 'OrderConfirmed' RETURNING global_position",
    )
    .fetch_one(&mut *connection)
    .await
    .unwrap();

    let batch = read_public(&mut connection, 0, 10_000).await.unwrap();

    let unreadable: Vec<i64> = batch.unreadable.iter().map(|(position, _)| *position).collect();
    assert_eq!(unreadable, [spoilt]);
    assert!(
        names(&batch).ends_with(&["iris.order.placed.v1", "iris.delivery.marked.v1"]),
        "{:?}",
        names(&batch)
    );
    assert_eq!(batch.upto, batch.head);
}
