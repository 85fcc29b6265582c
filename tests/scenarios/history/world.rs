//! A running Iris with trade on it, its command line, and its auditor.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Output,
};

use events::history_line::{HistoryEnd, HistoryLine, read_history_line};
use harness::{Client, IrisProcess, TestDatabase, until};
use reqwest::Method;
use serde_json::{Value, json};

pub struct World {
    pub database: TestDatabase,
    pub iris: IrisProcess,
    pub restaurant: Client,
    pub supplier: Client,
    pub auditor: Client,
    pub restaurant_id: String,
    folder: PathBuf,
}

impl World {
    pub async fn open() -> Self {
        let database = TestDatabase::create().await;
        let iris = IrisProcess::start(&database).await;
        let restaurant = iris.client().logged_in("restaurant@iris.test").await;
        let me = restaurant.get("/me").await.expect(200).body;
        let folder = std::env::temp_dir().join(format!("iris-test-history-{}", database.name));
        fs::create_dir_all(&folder).unwrap();
        Self {
            supplier: iris.client().logged_in("supplier@iris.test").await,
            auditor: iris.client().logged_in("auditor@iris.test").await,
            restaurant_id: me["memberships"][0]["id"].as_str().unwrap().to_owned(),
            restaurant,
            database,
            iris,
            folder,
        }
    }

    pub fn file(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// A product of the demo's first supplier.
    pub async fn product(&self, query: &str) -> Value {
        self.restaurant.get(&format!("/products?q={query}")).await.expect(200).body["items"][0].clone()
    }

    /// An order at whichever process the client talks to; its id.
    pub async fn order(&self, at: &Client, items: &[(&Value, &str)]) -> String {
        let opened = self.restaurant.post("/carts", &json!({"restaurant_id": self.restaurant_id})).await;
        let cart = opened.expect(201).text("id");
        for (product, qty) in items {
            let item = json!({"product_id": product["id"], "qty": qty});
            self.restaurant.post(&format!("/carts/{cart}/items"), &item).await.expect(201);
        }
        let body = json!({"cart_id": cart, "payment_method": "invoice"});
        at.try_post("/orders", &cart, &body).await.unwrap().expect(201).text("id")
    }

    /// `iris events …` on this world's database.
    pub fn events(&self, arguments: &[&str]) -> Output {
        self.iris.command("events").args(arguments).output().unwrap()
    }

    /// `iris events …` on another database.
    pub fn events_on(&self, database: &TestDatabase, arguments: &[&str]) -> Output {
        let mut command = self.iris.command("events");
        command.env("DATABASE_URL", database.url()).args(arguments).output().unwrap()
    }

    /// Exports up to a position, and returns the file's bytes.
    pub fn export(&self, name: &str, upto: i64) -> Vec<u8> {
        let (file, upto) = (self.file(name), upto.to_string());
        let output = self.events(&["export", "--to", &upto, file.to_str().unwrap()]);
        succeeded(&output);
        fs::read(file).unwrap()
    }

    /// The log over HTTP, as lines.
    pub async fn lines(&self, query: &str) -> Result<Vec<u8>, reqwest::Error> {
        let path = format!("/audit/events{query}");
        let accept = [("accept", "application/x-ndjson")];
        Ok(self.auditor.send(Method::GET, &path, &accept, None).await?.expect(200).bytes)
    }

    /// Waits until every read model is where the log ends.
    pub async fn caught_up(&self) {
        until("the read models are there", async || {
            let sql =
                "SELECT min(c.position) = (SELECT position FROM public.log_head) FROM read.checkpoints c";
            sqlx::query_scalar(sql).fetch_one(&self.database.pool).await.unwrap()
        })
        .await;
    }
}

impl Drop for World {
    fn drop(&mut self) {
        let _best_effort = fs::remove_dir_all(&self.folder);
    }
}

#[track_caller]
pub fn succeeded(output: &Output) {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[track_caller]
pub fn failed(output: &Output, because: &str) {
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success() && said.contains(because), "{said}");
}

/// What the last line says.
pub fn end_of(lines: &[u8]) -> HistoryEnd {
    let text = std::str::from_utf8(lines).unwrap();
    match read_history_line(text.lines().last().unwrap()).unwrap() {
        HistoryLine::End(end) => end,
        HistoryLine::Event(event) => panic!("cut at {}", event.global_position),
    }
}

/// The text of a file beside the scenarios.
pub fn golden(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/history");
    fs::read_to_string(folder.join(name)).unwrap()
}
