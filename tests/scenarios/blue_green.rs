//! A read model is built again and exchanged by the program's own commands, under orders and reads over HTTP:
//! no read fails, nothing is lost, whoever is killed in the middle.

use std::{
    process::{Command, Output, Stdio},
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
};

use futures::future::join_all;
use harness::{Client, IrisProcess, TestDatabase, until};
use platform::clock::SystemClock;
use projections::{SchemaName, all, compare, drop_scratch, rebuild_into};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

const BUYERS: usize = 3;
const READERS: usize = 4;
/// What the load writes and reads; restaurants go with suppliers.
const EXCHANGED: [&str; 4] = ["orders", "carts", "catalogue", "restaurants"];

/// A running load, and what it has done.
#[derive(Default)]
struct Load {
    stop: AtomicBool,
    orders: AtomicUsize,
    reads: AtomicUsize,
}

impl Load {
    async fn buy(&self, client: &Client, who: usize, restaurant_id: &Value, product_id: &Value) {
        while !self.stop.load(Ordering::Relaxed) {
            let turn = self.orders.fetch_add(1, Ordering::Relaxed);
            let opened = client.post("/carts", &json!({"restaurant_id": restaurant_id})).await.expect(201);
            let items = format!("/carts/{}/items", opened.text("id"));
            client.post(&items, &json!({"product_id": product_id, "qty": "0.01"})).await.expect(201);
            let placing = json!({"cart_id": opened.text("id"), "payment_method": "invoice"});
            let key = format!("{who}-{turn}");
            client.try_post("/orders", &key, &placing).await.unwrap().expect(201);
        }
    }

    /// Single orders and lists by every filter: prepared on the server's connections long before the exchange.
    async fn read(&self, client: &Client, restaurant_id: &str) {
        while !self.stop.load(Ordering::Relaxed) {
            for query in ["", "?status=placed&limit=5", "?count=true"] {
                let list = client.get(&format!("/orders{query}")).await.expect(200);
                let Some(order_id) = list.body["items"][0]["id"].as_str() else { continue };
                client.get(&format!("/orders/{order_id}")).await.expect(200);
            }
            client.get(&format!("/orders?restaurant_id={restaurant_id}")).await.expect(200);
            client.get("/products?q=tomat").await.expect(200);
            client.get("/restaurants?limit=3").await.expect(200);
            self.reads.fetch_add(6, Ordering::Relaxed);
        }
    }

    /// Returns once both sides have gone on.
    async fn goes_on(&self) {
        let (orders, reads) = (self.orders.load(Ordering::Relaxed), self.reads.load(Ordering::Relaxed));
        until("orders and reads go on", async || {
            self.orders.load(Ordering::Relaxed) > orders + 2 * BUYERS
                && self.reads.load(Ordering::Relaxed) > reads + 12 * READERS
        })
        .await;
    }
}

/// `iris projections …`, while the load goes on.
async fn command(iris: &IrisProcess, arguments: &[&str]) -> Output {
    let mut command: Command = iris.command("projections");
    command.args(arguments);
    tokio::task::spawn_blocking(move || command.output().expect("iris runs"))
        .await
        .expect("it does not panic")
}

async fn succeed(iris: &IrisProcess, arguments: &[&str]) -> String {
    let output = command(iris, arguments).await;
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text")
}

async fn last_position(database: &TestDatabase) -> i64 {
    sqlx::query_scalar("SELECT position FROM public.log_head").fetch_one(&database.pool).await.unwrap()
}

async fn caught_up(database: &TestDatabase) {
    let last = last_position(database).await;
    until("the read models are there", async || {
        let slowest: i64 = sqlx::query_scalar("SELECT min(position) FROM read.checkpoints")
            .fetch_one(&database.pool)
            .await
            .unwrap();
        slowest >= last
    })
    .await;
}

/// The live rows are those of one fold from the first event on.
async fn expect_sound(database: &TestDatabase) {
    caught_up(database).await;
    let (scratch, stop): (SchemaName, _) = ("read_again".parse().unwrap(), CancellationToken::new());
    rebuild_into(&database.pool, &scratch, &all(), &SystemClock, &stop).await.unwrap();
    assert_eq!(compare(&database.pool, &SchemaName::live(), &scratch, &all()).await.unwrap(), []);
    drop_scratch(&database.pool, &scratch).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn read_models_are_exchanged_under_load_and_no_read_fails() {
    let database = TestDatabase::create().await;
    let mut iris = IrisProcess::start(&database).await;
    let client = iris.client().logged_in("restaurant@iris.test").await;
    let restaurant_id = client.get("/me").await.body["memberships"][0]["id"].clone();
    let product_id = client.get("/products?q=tomater").await.body["items"][0]["id"].clone();
    let load = Load::default();

    let buying = join_all((0..BUYERS).map(|who| load.buy(&client, who, &restaurant_id, &product_id)));
    let reading = join_all((0..READERS).map(|_| load.read(&client, restaurant_id.as_str().unwrap())));
    let operating = async {
        load.goes_on().await;
        let listed = succeed(&iris, &["list"]).await;
        assert!(listed.lines().any(|line| line.starts_with("orders ") && line.ends_with("live")), "{listed}");
        for name in EXCHANGED {
            succeed(&iris, &["rebuild", name]).await;
            load.goes_on().await;
            let said = succeed(&iris, &["swap", name, "--verify"]).await;
            assert!(said.contains(&format!("{name} is live at position")), "{said}");
            load.goes_on().await;
        }
        // And back, and what is left of it all is gone.
        succeed(&iris, &["swap", "orders", "--back", "--verify"]).await;
        load.goes_on().await;
        succeed(&iris, &["discard", "orders"]).await;
        for name in EXCHANGED.iter().filter(|name| **name != "orders") {
            succeed(&iris, &["drop-old", name]).await;
        }
        load.goes_on().await;
        load.stop.store(true, Ordering::Relaxed);
    };
    tokio::join!(buying, reading, operating);
    expect_sound(&database).await;
    assert_eq!(succeed(&iris, &["parked"]).await, "nothing is parked\n");
    assert_eq!(iris.stop().await, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rebuild_that_is_killed_goes_on_and_an_exchange_needs_no_running_projections() {
    let database = TestDatabase::create().await;
    let mut iris = IrisProcess::start(&database).await;
    let client = iris.client().logged_in("restaurant@iris.test").await;
    let restaurant_id = client.get("/me").await.body["memberships"][0]["id"].clone();
    let product_id = client.get("/products?q=tomater").await.body["items"][0]["id"].clone();
    let order = async |who: usize, orders: usize| {
        let load = Load::default();
        let buying = load.buy(&client, who, &restaurant_id, &product_id);
        let enough = async {
            until("so many orders are in", async || load.orders.load(Ordering::Relaxed) > orders).await;
            load.stop.store(true, Ordering::Relaxed);
        };
        tokio::join!(buying, enough);
        caught_up(&database).await;
    };
    order(0, 20).await;
    for (who, name) in [(1, "carts"), (2, "orders")] {
        succeed(&iris, &["rebuild", name]).await;
        order(who, 5).await;
        kill_within_a_batch(&iris, &database, name).await;
        succeed(&iris, &["rebuild", name]).await;
        succeed(&iris, &["swap", name, "--verify"]).await;
        succeed(&iris, &["drop-old", name]).await;
    }
    succeed(&iris, &["rebuild", "orders"]).await;

    // Nobody folds the live rows meanwhile.
    iris.kill();
    succeed(&iris, &["swap", "orders", "--verify"]).await;
    // Rows of another program: the role ends with what is to be run, and runs once it was.
    sqlx::query("UPDATE read.checkpoints SET version = 0 WHERE name = 'carts'")
        .execute(&database.pool)
        .await
        .unwrap();
    let ended = command(&iris, &[]).await;
    assert!(!ended.status.success());
    let said = String::from_utf8_lossy(&ended.stderr).into_owned();
    assert!(
        said.contains("run `iris projections rebuild carts`, then `iris projections swap carts`"),
        "{said}"
    );
    succeed(&iris, &["rebuild", "carts"]).await;
    succeed(&iris, &["swap", "carts"]).await;
    iris.launch().await;
    client.post("/carts", &json!({"restaurant_id": restaurant_id})).await.expect(201);
    expect_sound(&database).await;
}

/// kill -9 of a rebuild that has moved its checkpoint, and not yet written its rows.
async fn kill_within_a_batch(iris: &IrisProcess, database: &TestDatabase, name: &str) {
    let table = format!("read_next_{name}.{name}");
    let mut holding = platform::db::begin(&database.pool).await.unwrap();
    sqlx::query(&format!("LOCK TABLE {table} IN EXCLUSIVE MODE")).execute(&mut *holding).await.unwrap();
    let mut command: Command = iris.command("projections");
    command.args(["rebuild", name]).stdout(Stdio::null()).stderr(Stdio::null());
    let mut rebuilding = command.spawn().unwrap();
    until("it waits within its batch", async || {
        sqlx::query_scalar(
            "SELECT EXISTS (SELECT 1 FROM pg_locks WHERE relation = to_regclass($1) \
             AND mode = 'RowExclusiveLock' AND NOT granted)",
        )
        .bind(&table)
        .fetch_one(&database.pool)
        .await
        .unwrap()
    })
    .await;
    rebuilding.kill().unwrap();
    rebuilding.wait().unwrap();
    holding.rollback().await.unwrap();
}
