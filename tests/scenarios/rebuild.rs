//! Read models folded again from position 0 are the live ones, row by row.

use std::sync::Arc;

use command_api::domain::order::{CancelOrder, ConfirmOrder, MarkDelivered};
use events::values::OrderId;
use harness::{Ordering, TestDatabase, ordering::place, until};
use platform::clock::SystemClock;
use projections::{SchemaName, all, compare, drop_scratch, rebuild_into};
use tokio_util::sync::CancellationToken;

#[tokio::test(flavor = "multi_thread")]
async fn rebuilding_every_read_model_gives_the_same_rows() {
    let database = TestDatabase::create().await;
    let market = Ordering::open(&database.options).await;
    let stop = CancellationToken::new();
    let head = market.committer.head();
    let live = tokio::spawn(projections::run(
        database.pool.clone(),
        Arc::new(SystemClock),
        head.clone(),
        stop.clone(),
    ));
    let (scarce, plenty) = (market.product(40).await, market.product(1_000).await);
    for turn in 0..30_usize {
        let cart = market.cart(&[(scarce, 2), (plenty, 3)]).await;
        let Ok(outcome) = market.submit(place(cart), &turn.to_string()).await else { continue };
        let body: serde_json::Value = serde_json::from_str(&outcome.body).unwrap();
        let order_id: OrderId = body["id"].as_str().unwrap().parse().unwrap();
        if turn % 3 == 0 {
            market.accept(CancelOrder { order_id, reason: "closed".to_owned() }).await;
        } else if turn % 3 == 1 {
            market.accept(ConfirmOrder { order_id }).await;
            market.accept(MarkDelivered { order_id, lines: vec![] }).await;
        }
    }
    let last = *head.borrow();
    until("the live read models are there", async || {
        let slowest: Option<i64> = sqlx::query_scalar("SELECT min(position) FROM read.checkpoints")
            .fetch_one(&database.pool)
            .await
            .unwrap();
        slowest == Some(last)
    })
    .await;

    let scratch: SchemaName = "read_again".parse().unwrap();
    let position = rebuild_into(&database.pool, &scratch, &all(), &SystemClock, &stop).await.unwrap();

    assert_eq!(position, last);
    let rows: i64 =
        sqlx::query_scalar("SELECT count(*) FROM read_again.orders").fetch_one(&database.pool).await.unwrap();
    assert!(rows > 20, "{rows} orders were folded");
    assert_eq!(compare(&database.pool, &SchemaName::live(), &scratch, &all()).await.unwrap(), []);
    // The comparison can tell a difference.
    sqlx::query("UPDATE read_again.orders SET status = 'placed' WHERE status = 'cancelled'")
        .execute(&database.pool)
        .await
        .unwrap();
    assert_ne!(compare(&database.pool, &SchemaName::live(), &scratch, &all()).await.unwrap(), []);
    drop_scratch(&database.pool, &scratch).await.unwrap();
    stop.cancel();
    live.await.unwrap().unwrap();
}
