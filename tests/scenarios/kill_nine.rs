//! kill -9 of the program at any moment under sixteen clients: nothing acknowledged is lost, nothing
//! happens twice.

use std::{
    collections::HashMap,
    sync::atomic::{AtomicUsize, Ordering},
};

use events::log::check_log;
use futures::future::join_all;
use harness::{IrisProcess, TestDatabase, until};
use serde_json::json;

const CLIENTS: usize = 16;
const ORDERS_EACH: usize = 12;
const KILLS: usize = 5;

#[tokio::test(flavor = "multi_thread")]
async fn nothing_acknowledged_is_lost_and_nothing_happens_twice() {
    let database = TestDatabase::create().await;
    let mut iris = IrisProcess::start(&database).await;
    let restaurant = iris.client().logged_in("restaurant@iris.test").await;
    let restaurant_id = restaurant.get("/me").await.body["memberships"][0]["id"].clone();
    let product_id = restaurant.get("/products?q=vispgr%C3%A4dde").await.body["items"][0]["id"].clone();
    let acknowledged = AtomicUsize::new(0);

    let clients = (0..CLIENTS).map(async |number| {
        let mut orders = HashMap::new();
        for turn in 0..ORDERS_EACH {
            let key = format!("client-{number}-order-{turn}");
            let opening = json!({"restaurant_id": restaurant_id});
            let cart = restaurant.insist("/carts", &format!("{key}-cart"), &opening).await;
            let items = format!("/carts/{}/items", cart.text("id"));
            let adding = json!({"product_id": product_id, "qty": "1"});
            restaurant.insist(&items, &format!("{key}-item"), &adding).await;
            let placing = json!({"cart_id": cart.text("id"), "payment_method": "invoice"});
            let order = restaurant.insist("/orders", &key, &placing).await;
            assert!(order.status.is_success(), "{}", order.body);
            orders.insert(key, order.text("id"));
            acknowledged.fetch_add(1, Ordering::Relaxed);
        }
        orders
    });
    let killer = async {
        for kill in 1..=KILLS {
            // Spread over the run; where exactly within an order it hits is up to chance.
            let after = kill * CLIENTS * ORDERS_EACH / (KILLS + 1);
            until("more orders are in", async || acknowledged.load(Ordering::Relaxed) >= after).await;
            iris.kill();
            iris.launch().await;
        }
    };
    let (orders, ()) = tokio::join!(join_all(clients), killer);

    let orders: HashMap<String, String> = orders.into_iter().flatten().collect();
    let total = CLIENTS * ORDERS_EACH;
    assert_eq!(orders.len(), total);
    let mut in_log: Vec<String> =
        sqlx::query_scalar("SELECT aggregate_id FROM public.events WHERE event_type = 'OrderPlaced'")
            .fetch_all(&database.pool)
            .await
            .unwrap();
    let mut acknowledged: Vec<String> = orders.values().cloned().collect();
    in_log.sort();
    acknowledged.sort();
    assert_eq!(in_log, acknowledged, "every acknowledged order is in the log, and no other");

    let last: i64 =
        sqlx::query_scalar("SELECT position FROM public.log_head").fetch_one(&database.pool).await.unwrap();
    let product = restaurant.get_at(&format!("/products/{}", product_id.as_str().unwrap()), last).await;
    assert_eq!(product.text("stock_qty"), (240 - total).to_string(), "stock equals what was ordered");
    let listed = restaurant.get_at("/orders?limit=1&count=true", last).await;
    assert_eq!(listed.body["total"], total);

    let check = check_log(&mut database.pool.acquire().await.unwrap()).await.unwrap();
    assert_eq!(check.faults, []);
    assert!(iris.once("doctor").contains("postgres-es: ok"));
}
