//! Every process under its own login of the database: each can do its work, with no right beyond it.

use std::{
    net::TcpListener,
    process::{Child, Stdio},
};

use harness::{Client, IrisProcess, NatsServer, TestDatabase, until};
use serde_json::json;
use sqlx::Connection as _;

/// The subcommand of each process and its login.
const PROCESSES: [(&str, &str); 6] = [
    ("command-api", "iris_command_api"),
    ("query-api", "iris_query_api"),
    ("projections", "iris_projections"),
    ("relay", "iris_relays"),
    ("handlers", "iris_handlers"),
    ("scheduler", "iris_schedulers"),
];
/// Of the logins on the test server, which is gone with the tests.
const PASSWORD: &str = "of-the-tests";

/// One process; killed with this value.
struct Process {
    base: String,
    child: Child,
}

impl Drop for Process {
    fn drop(&mut self) {
        let _gone = self.child.kill();
        let _ended = self.child.wait();
    }
}

fn url_of(database: &TestDatabase, login: &str) -> String {
    let (host, port) = (database.options.get_host(), database.options.get_port());
    format!("postgres://{login}:{PASSWORD}@{host}:{port}/{}", database.name)
}

async fn make_logins(database: &TestDatabase) {
    let mut admin = sqlx::PgConnection::connect_with(&database.options).await.unwrap();
    for (_, login) in PROCESSES {
        let sql = format!(
            "DO $$ BEGIN CREATE ROLE {login} LOGIN; \
             EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$; \
             ALTER ROLE {login} PASSWORD '{PASSWORD}'"
        );
        sqlx::raw_sql(&sql).execute(&mut admin).await.unwrap();
    }
}

async fn start(serving: &IrisProcess, database: &TestDatabase, nats: &NatsServer, place: usize) -> Process {
    let (role, login) = PROCESSES[place];
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let child = serving
        .command(role)
        .env("DATABASE_URL", url_of(database, login))
        .env("NATS_URL", nats.url())
        .env("HTTP_ADDR", format!("127.0.0.1:{port}"))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let process = Process { base: format!("http://127.0.0.1:{port}"), child };
    until(role, async || {
        let ready = reqwest::get(format!("{}/health/ready", process.base)).await;
        ready.is_ok_and(|answer| answer.status().is_success())
    })
    .await;
    process
}

#[tokio::test(flavor = "multi_thread")]
async fn every_process_does_its_work_under_its_own_login() {
    let database = TestDatabase::create().await;
    make_logins(&database).await;
    // Migrates, which grants, and puts in the demo's market; the processes then go on alone.
    let mut serving = IrisProcess::start(&database).await;
    assert_eq!(serving.stop().await, Some(0));
    let nats = NatsServer::start("logins").await;
    let mut processes = Vec::new();
    for place in 0..PROCESSES.len() {
        processes.push(start(&serving, &database, &nats, place).await);
    }
    let [commands, reads] = [&processes[0].base, &processes[1].base];
    let buyer = Client::new(commands).logged_in("restaurant@iris.test").await;
    let token = {
        let body = json!({"email": "restaurant@iris.test", "password": "iris-dev"});
        Client::new(commands).post("/auth/dev/login", &body).await.expect(200).text("access_token")
    };
    let reader = Client::new(reads).with_token(&token);
    let me = reader.get("/me").await.expect(200);
    let restaurant = me.body["memberships"][0]["id"].as_str().unwrap().to_owned();
    let products = reader.get("/products?limit=1&active=true").await.expect(200);
    let product = products.body["items"][0]["id"].clone();

    let cart = buyer.post("/carts", &json!({ "restaurant_id": restaurant })).await.expect(201);
    let item = json!({ "product_id": product, "qty": 1 });
    buyer.post(&format!("/carts/{}/items", cart.text("id")), &item).await.expect(201);
    let order = json!({ "cart_id": cart.text("id"), "payment_method": "invoice" });
    let order = buyer.insist("/orders", "an-order", &order).await.expect(201);
    let path = format!("/orders/{}", order.text("id"));
    // Folded by one process, read by another; and what it set off arrived by way of the relay and the handlers.
    reader.get_at(&path, order.position()).await.expect(200);
    until("the relay and the consumers have come as far as the log", async || {
        let behind: i64 = sqlx::query_scalar(
            "SELECT count(*) FROM fanout.followers f, public.log_head h WHERE f.position < h.position",
        )
        .fetch_one(&database.pool)
        .await
        .unwrap();
        let followers: i64 = sqlx::query_scalar("SELECT count(*) FROM fanout.followers")
            .fetch_one(&database.pool)
            .await
            .unwrap();
        followers > 1 && behind == 0
    })
    .await;
    for process in &processes {
        let health = reqwest::get(format!("{}/health", process.base)).await.unwrap();
        assert!(health.status().is_success(), "{}", health.text().await.unwrap());
    }
    // Exports and as of a time run under the same login: the log as one sees it, and no row of another's.
    let history = reader.get(&format!("/audit/orders/{}", order.text("id"))).await.expect(200);
    assert_eq!(history.body["order"]["id"], order.body["id"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_that_no_policy_binds_is_named() {
    let database = TestDatabase::create().await;
    let mut iris = IrisProcess::start(&database).await;
    assert_eq!(iris.stop().await, Some(0));
    let log = std::env::temp_dir().join(format!("iris-test-logins-{}.log", database.name));
    let file = std::fs::File::create(&log).unwrap();
    let child = iris
        .command("serve")
        .env("DATABASE_URL", database.url())
        .stdout(file.try_clone().unwrap())
        .stderr(file)
        .spawn()
        .unwrap();
    let _process = Process { base: String::new(), child };
    until("the superuser is named", async || {
        std::fs::read_to_string(&log).is_ok_and(|said| said.contains("is a superuser"))
    })
    .await;
    std::fs::remove_file(&log).unwrap();
}
