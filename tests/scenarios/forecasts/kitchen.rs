//! A restaurant that orders for days to come, and a program that looks at them from further on.

use std::process::{Command, Output};

use chrono::{DateTime, Days, NaiveTime, Utc};
use harness::{Client, IrisProcess, NatsServer, TestDatabase, faketime, until};
use platform::clock::{Clock as _, SystemClock};
use serde_json::{Value, json};

/// The world.
pub struct Kitchen {
    database: TestDatabase,
    _nats: NatsServer,
    pub iris: IrisProcess,
    restaurant: Client,
    restaurant_id: Value,
    products: Vec<Value>,
    opened_at: DateTime<Utc>,
}

impl Kitchen {
    pub async fn open(name: &str) -> Self {
        let database = TestDatabase::create().await;
        let nats = NatsServer::start(name).await;
        let iris = IrisProcess::start_with(&database, &[("NATS_URL", &nats.url())]).await;
        let restaurant = iris.client().logged_in("restaurant@iris.test").await;
        let supplier = iris.client().logged_in("supplier@iris.test").await;
        let restaurant_id = restaurant.get("/me").await.body["memberships"][0]["id"].clone();
        let supplier_id = supplier.get("/me").await.body["memberships"][0]["id"].clone();
        let offers = format!("/products?supplier_id={}&limit=2", supplier_id.as_str().unwrap());
        let offered = restaurant.get(&offers).await.body["items"].clone();
        let products: Vec<Value> = offered.as_array().unwrap().iter().map(|it| it["id"].clone()).collect();
        for product in &products {
            let stock = format!("/products/{}/stock", product.as_str().unwrap());
            supplier.post(&stock, &json!({"counted": "10000", "reason": "Inventering"})).await.expect(200);
        }
        let opened_at = SystemClock.now();
        Self { database, _nats: nats, iris, restaurant, restaurant_id, products, opened_at }
    }

    pub fn pool(&self) -> &sqlx::PgPool {
        &self.database.pool
    }

    pub async fn value<T>(&self, sql: &str) -> T
    where
        T: for<'r> sqlx::Decode<'r, sqlx::Postgres> + sqlx::Type<sqlx::Postgres> + Send + Unpin,
    {
        sqlx::query_scalar(sql).fetch_one(self.pool()).await.unwrap()
    }

    /// So much of each product, for that many days from now; returns the order's id.
    pub async fn order(&self, days_ahead: u64, quantities: &[u64]) -> String {
        let opening = json!({"restaurant_id": self.restaurant_id});
        let cart = self.restaurant.post("/carts", &opening).await.expect(201);
        for (product, quantity) in self.products.iter().zip(quantities) {
            let adding = json!({"product_id": product, "qty": quantity});
            self.restaurant.post(&format!("/carts/{}/items", cart.text("id")), &adding).await.expect(201);
        }
        let day = (self.opened_at + Days::new(days_ahead)).date_naive();
        let placing = json!({
            "cart_id": cart.text("id"), "payment_method": "invoice", "requested_delivery_date": day,
        });
        self.restaurant.insist("/orders", &cart.text("id"), &placing).await.text("id")
    }

    pub async fn cancel(&self, order: &str) {
        let reason = json!({"reason": "stängt"});
        self.restaurant.post(&format!("/orders/{order}/cancel"), &reason).await.expect(200);
    }

    /// Returns once the consumer of demand has come to the end of the log.
    pub async fn demand_has_seen_everything(&self) {
        until("demand has seen everything", async || {
            self.value::<bool>(
                "SELECT EXISTS (SELECT FROM fanout.followers f JOIN public.log_head h ON f.position = h.position \
                 WHERE f.name = 'demand')",
            )
            .await
        })
        .await;
    }

    /// Two at night, or one, so many days from now.
    pub fn night(&self, days_ahead: u64) -> String {
        self.at(days_ahead, NaiveTime::from_hms_opt(1, 0, 0).unwrap())
    }

    /// Another time of the same night.
    pub fn night_and_a_second(&self, days_ahead: u64) -> String {
        self.at(days_ahead, NaiveTime::from_hms_opt(1, 0, 1).unwrap())
    }

    fn at(&self, days_ahead: u64, time: NaiveTime) -> String {
        let day = (self.opened_at + Days::new(days_ahead)).date_naive();
        format!("{}Z", day.and_time(time).format("%Y-%m-%dT%H:%M:%S"))
    }

    /// `iris jobs run forecasts`, to be started in a process whose clock shows that time: one that has not come is
    /// refused, and nobody orders for days that are over.
    pub fn forecasts(&self, at: &str) -> Command {
        let mut command = self.iris.command("jobs");
        command.args(["run", "forecasts", "--at", at]);
        // What waits, waits as long as ever.
        command.env("LD_PRELOAD", faketime()).env("FAKETIME_DONT_FAKE_MONOTONIC", "1").env("TZ", "UTC");
        command.env("FAKETIME", format!("@{}", at.replace('T', " ").replace('Z', "")));
        command
    }

    pub fn run_forecasts(&self, at: &str) -> Output {
        self.forecasts(at).output().unwrap()
    }

    /// The supplier was told so often, and of each run once; and so was whoever listens to the stream.
    pub async fn is_published(&self, times: i64) {
        let told = "SELECT count(*) FROM public.events WHERE event_type = 'ForecastPublished'";
        assert_eq!(self.value::<i64>(told).await, times);
        until("the relay has published it", async || {
            self.value::<bool>(
                "SELECT f.position >= (SELECT max(global_position) FROM public.events \
                     WHERE event_type = 'ForecastPublished') \
                 FROM fanout.followers f WHERE f.name = 'relay'",
            )
            .await
        })
        .await;
    }
}
