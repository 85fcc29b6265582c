//! The story of an order, over HTTP, through every role.

use events::values::Quantity;
use harness::{Client, IrisProcess, TestDatabase, client::Answer};
use reqwest::Method;
use serde_json::{Value, json};

struct Market {
    _iris: IrisProcess,
    _database: TestDatabase,
    restaurant: Client,
    supplier: Client,
    admin: Client,
    restaurant_id: String,
}

async fn market() -> Market {
    let database = TestDatabase::create().await;
    let iris = IrisProcess::start(&database).await;
    let restaurant = iris.client().logged_in("restaurant@iris.test").await;
    let restaurant_id =
        restaurant.get("/me").await.expect(200).body["memberships"][0]["id"].as_str().unwrap().to_owned();
    Market {
        supplier: iris.client().logged_in("supplier@iris.test").await,
        admin: iris.client().logged_in("admin@iris.test").await,
        restaurant,
        restaurant_id,
        _iris: iris,
        _database: database,
    }
}

impl Market {
    async fn product(&self, query: &str) -> Value {
        self.restaurant.get(&format!("/products?q={query}")).await.expect(200).body["items"][0].clone()
    }

    async fn cart(&self, items: &[(&Value, &str)]) -> String {
        let opened =
            self.restaurant.post("/carts", &json!({"restaurant_id": self.restaurant_id})).await.expect(201);
        let cart = opened.text("id");
        for (product, qty) in items {
            let item = json!({"product_id": product["id"], "qty": qty});
            self.restaurant.post(&format!("/carts/{cart}/items"), &item).await.expect(201);
        }
        cart
    }

    async fn place(&self, cart: &str) -> Answer {
        let body = json!({"cart_id": cart, "payment_method": "invoice"});
        self.restaurant.try_post("/orders", cart, &body).await.unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_is_placed_confirmed_delivered_short_and_received() {
    let market = market().await;
    let (tomatoes, dill) = (market.product("tomater").await, market.product("dill").await);
    let cart = market.cart(&[(&tomatoes, "10"), (&dill, "4")]).await;

    let order = market.place(&cart).await.expect(201);
    let path = format!("/orders/{}", order.text("id"));
    assert_eq!(order.text("status"), "placed");
    // Read-your-writes: the read side has it once the position is asked for.
    let read = market.supplier.get_at(&path, order.position()).await.expect(200);
    assert_eq!(read.body, order.body, "both sides show the same order");
    assert_eq!(read.headers["etag"], "\"1\"");

    let confirmed = market.supplier.post(&format!("{path}/confirm"), &json!({})).await.expect(200);
    assert_eq!(confirmed.text("status"), "confirmed");
    let line = order.body["lines"][0]["line_id"].clone();
    let short = json!({"lines": [{"line_id": line, "delivered_qty": "8.5"}]});
    let delivered = market.supplier.post(&format!("{path}/deliver"), &short).await.expect(200);
    assert_eq!(delivered.body["lines"][0]["delivered_qty"], "8.5");
    assert_eq!(delivered.body["lines"][1]["delivered_qty"], "4");
    let claim = json!({"lines": [{"line_id": line, "received_qty": 8, "reason": "bruised"}]});
    let received = market.restaurant.post(&format!("{path}/confirm-delivery"), &claim).await.expect(200);
    assert_eq!(received.body["lines"][0]["received_qty"], "8");

    // What was not delivered is available again; what was, has left.
    let product = format!("/products/{}", tomatoes["id"].as_str().unwrap());
    let after = market.restaurant.get_at(&product, received.position()).await.expect(200);
    let before: Quantity = tomatoes["stock_qty"].as_str().unwrap().parse().unwrap();
    assert_eq!(after.text("stock_qty"), (before - Quantity(8_500)).to_string());

    // The invoice follows what was delivered, with the rate of the day.
    let invoice = market.restaurant.get_at(&format!("{path}/invoice"), received.position()).await.expect(200);
    assert_eq!(invoice.body["number"], 1);
    assert_eq!(invoice.body["total_cents"], delivered.body["invoice_total_cents"]);
    for accept in ["application/pdf", "application/xml"] {
        let document = market
            .restaurant
            .send(Method::GET, &format!("{path}/invoice"), &[("accept", accept)], None)
            .await
            .unwrap()
            .expect(200);
        assert!(document.headers["content-type"].to_str().unwrap().starts_with(accept));
    }
    let metrics =
        market.restaurant.get(&format!("/suppliers/{}/metrics", order.text("supplier_id"))).await.expect(200);
    assert_eq!(metrics.body["orders_delivered"], 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cart_of_two_suppliers_becomes_two_orders_or_none() {
    let market = market().await;
    let (tomatoes, salmon) = (market.product("tomater").await, market.product("lax").await);
    assert_ne!(tomatoes["supplier_id"], salmon["supplier_id"]);

    let too_much = market.cart(&[(&tomatoes, "1"), (&salmon, "100000")]).await;
    let refused = market.place(&too_much).await.expect(409);
    assert_eq!(refused.text("code"), "insufficient_stock");
    assert_eq!(refused.body["details"][0]["asked"], "100000");

    let cart = market.cart(&[(&tomatoes, "1"), (&salmon, "2")]).await;
    let checkout = market.place(&cart).await.expect(201);
    let orders = checkout.body["orders"].as_array().unwrap();
    assert_eq!(orders.len(), 2);
    assert!(orders.iter().all(|order| order["checkout_id"] == checkout.body["checkout_id"]));
    let total: i64 = orders.iter().map(|order| order["total_cents"].as_i64().unwrap()).sum();
    let cart = market.restaurant.get_at(&format!("/carts/{cart}"), checkout.position()).await.expect(200);
    assert_eq!(
        (cart.text("status"), cart.body["total_cents"].as_i64()),
        ("converted".to_owned(), Some(total))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn cancelling_gives_the_stock_back_and_each_side_has_its_time() {
    let market = market().await;
    let dill = market.product("dill").await;
    let place = async || {
        let cart = market.cart(&[(&dill, "3")]).await;
        format!("/orders/{}", market.place(&cart).await.expect(201).text("id"))
    };
    let reason = json!({"reason": "kitchen is closed"});

    let first = place().await;
    let cancelled = market.restaurant.post(&format!("{first}/cancel"), &reason).await.expect(200);
    assert_eq!(cancelled.text("status"), "cancelled");

    let second = place().await;
    market.supplier.post(&format!("{second}/confirm"), &json!({})).await.expect(200);
    let late = market.restaurant.post(&format!("{second}/cancel"), &reason).await.expect(409);
    assert_eq!(late.text("code"), "invalid_transition");
    market.supplier.post(&format!("{second}/cancel"), &reason).await.expect(200);

    let third = place().await;
    let rejected =
        market.admin.post(&format!("{third}/reject"), &json!({"reason": "no lorry"})).await.expect(200);
    let product = format!("/products/{}", dill["id"].as_str().unwrap());
    let after = market.restaurant.get_at(&product, rejected.position()).await.expect(200);
    assert_eq!(after.text("stock_qty"), dill["stock_qty"].as_str().unwrap());
}
