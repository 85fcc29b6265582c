//! A process is paused at any moment, with or without the log's lock in its hands, while another goes on;
//! when it wakes, it has missed a lot, and does no harm.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use events::log::check_log;
use futures::future::join_all;
use harness::{Client, IrisProcess, TestDatabase, until};
use serde_json::{Value, json};

const CLIENTS: usize = 8;
const PAUSES: usize = 4;

/// Orders one unit again and again until told to stop; how many were acknowledged.
async fn order_until(
    stop: &AtomicBool,
    client: &Client,
    who: &str,
    ids: (&Value, &Value),
    count: &AtomicUsize,
) {
    let (restaurant_id, product_id) = ids;
    let mut turn = 0;
    while !stop.load(Ordering::Relaxed) {
        turn += 1;
        let opened = client.post("/carts", &json!({"restaurant_id": restaurant_id})).await.expect(201);
        let items = format!("/carts/{}/items", opened.text("id"));
        client.post(&items, &json!({"product_id": product_id, "qty": "0.01"})).await.expect(201);
        let placing = json!({"cart_id": opened.text("id"), "payment_method": "invoice"});
        let placed = client.try_post("/orders", &format!("{who}-{turn}"), &placing).await.unwrap();
        assert_eq!(placed.status, 201, "{}", placed.body);
        count.fetch_add(1, Ordering::Relaxed);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_was_paused_does_no_harm_and_holds_nobody_up_for_long() {
    let database = TestDatabase::create().await;
    let iris = IrisProcess::start(&database).await;
    let other = iris.beside().await;
    let (here, there) = (
        iris.client().logged_in("restaurant@iris.test").await,
        other.client().logged_in("restaurant@iris.test").await,
    );
    let restaurant_id = here.get("/me").await.body["memberships"][0]["id"].clone();
    let product_id = here.get("/products?q=tomater").await.body["items"][0]["id"].clone();
    let ids = (&restaurant_id, &product_id);
    let stop = AtomicBool::new(false);
    let (paused_side, other_side) = (AtomicUsize::new(0), AtomicUsize::new(0));

    let clients = join_all((0..CLIENTS).map(async |number| {
        let who = format!("client-{number}");
        if number % 2 == 0 {
            order_until(&stop, &here, &who, ids, &paused_side).await;
        } else {
            order_until(&stop, &there, &who, ids, &other_side).await;
        }
    }));
    let pauses = async {
        for _ in 0..PAUSES {
            let (mine, theirs) = (paused_side.load(Ordering::Relaxed), other_side.load(Ordering::Relaxed));
            until("both sides order", async || {
                paused_side.load(Ordering::Relaxed) > mine + 5
                    && other_side.load(Ordering::Relaxed) > theirs + 5
            })
            .await;
            iris.pause();
            let theirs = other_side.load(Ordering::Relaxed);
            until("the other goes on without it", async || other_side.load(Ordering::Relaxed) > theirs + 20)
                .await;
            iris.resume();
        }
        stop.store(true, Ordering::Relaxed);
    };
    tokio::join!(clients, pauses);

    let acknowledged = paused_side.load(Ordering::Relaxed) + other_side.load(Ordering::Relaxed);
    let placed: i64 =
        sqlx::query_scalar("SELECT count(*) FROM public.events WHERE event_type = 'OrderPlaced'")
            .fetch_one(&database.pool)
            .await
            .unwrap();
    assert_eq!(usize::try_from(placed).unwrap(), acknowledged, "what was acknowledged, and nothing twice");
    let check = check_log(&mut database.pool.acquire().await.unwrap()).await.unwrap();
    assert_eq!(check.faults, []);
}
