//! A running Iris, the people of its demo, and orders that have come far enough to be invoiced.

use std::{fs, path::PathBuf};

use harness::{Client, IrisProcess, TestDatabase, client::Answer, until};
use reqwest::Method;
use serde_json::{Value, json};

/// Iris, and who trades on it.
pub struct World {
    pub database: TestDatabase,
    pub iris: IrisProcess,
    pub people: People,
}

/// Both sides of the demo's trade.
#[derive(Clone)]
pub struct People {
    pub restaurant: Client,
    pub supplier: Client,
    pub admin: Client,
    pub restaurant_id: String,
    /// What is ordered: whole pieces, and one thing by weight.
    products: Vec<(String, &'static str)>,
}

/// What a supplier sends: the same invoice in both forms.
#[derive(Clone, Copy)]
pub enum Form {
    /// Peppol BIS Billing 3.0.
    Xml,
    /// A page with text.
    Pdf,
}

impl World {
    /// Iris with its demo, and enough in stock.
    pub async fn open() -> Self {
        let database = TestDatabase::create().await;
        let iris = IrisProcess::start(&database).await;
        let people = People::log_in(&iris).await;
        Self { database, iris, people }
    }

    /// How many rows, or whatever else the query counts.
    pub async fn count(&self, sql: &str) -> i64 {
        sqlx::query_scalar(sql).fetch_one(&self.database.pool).await.unwrap()
    }

    /// So many events of that type are in the log.
    pub async fn events(&self, event_type: &str) -> i64 {
        sqlx::query_scalar("SELECT count(*) FROM public.events WHERE event_type = $1")
            .bind(event_type)
            .fetch_one(&self.database.pool)
            .await
            .unwrap()
    }

    /// Waits until nothing is left to be read.
    pub async fn everything_is_read(&self) {
        until("everything is read", async || {
            self.count("SELECT count(*) FROM invoicing.jobs WHERE finished_at IS NULL").await == 0
        })
        .await;
    }
}

impl People {
    async fn log_in(iris: &IrisProcess) -> Self {
        let restaurant = iris.client().logged_in("restaurant@iris.test").await;
        let supplier = iris.client().logged_in("supplier@iris.test").await;
        let admin = iris.client().logged_in("admin@iris.test").await;
        let organisation =
            async |who: &Client| who.get("/me").await.expect(200).body["memberships"][0]["id"].clone();
        let restaurant_id = organisation(&restaurant).await.as_str().unwrap().to_owned();
        let supplier_id = organisation(&supplier).await;
        let offers = format!("/products?supplier_id={}&limit=100", supplier_id.as_str().unwrap());
        let offered = supplier.get(&offers).await.expect(200);
        let mut products = Vec::new();
        for (sku, quantity) in [("FG-1001", "2.5"), ("FG-1010", "12"), ("FG-1020", "1")] {
            let items = offered.body["items"].as_array().unwrap();
            let product = items.iter().find(|product| product["sku"] == sku).unwrap();
            let id = product["id"].as_str().unwrap().to_owned();
            let plenty = json!({"counted": "5000", "reason": "Inventering"});
            supplier.post(&format!("/products/{id}/stock"), &plenty).await.expect(200);
            products.push((id, quantity));
        }
        Self { restaurant, supplier, admin, restaurant_id, products }
    }

    /// The same people at another process.
    pub async fn at(iris: &IrisProcess) -> Self {
        Self::log_in(iris).await
    }

    /// An order that was placed, confirmed and sent off; its id.
    pub async fn delivered(&self, name: &str) -> String {
        let opening = json!({"restaurant_id": self.restaurant_id});
        let cart = self.restaurant.insist("/carts", &format!("{name}-cart"), &opening).await.text("id");
        for (index, (product_id, quantity)) in self.products.iter().enumerate() {
            let adding = json!({"product_id": product_id, "qty": quantity});
            let key = format!("{name}-item-{index}");
            self.restaurant.insist(&format!("/carts/{cart}/items"), &key, &adding).await;
        }
        let placing = json!({"cart_id": cart, "payment_method": "invoice"});
        let order = self.restaurant.insist("/orders", name, &placing).await.expect(201).text("id");
        for step in ["confirm", "deliver"] {
            let key = format!("{name}-{step}");
            self.supplier.insist(&format!("/orders/{order}/{step}"), &key, &json!({})).await.expect(200);
        }
        order
    }

    /// The restaurant says that all of it came.
    pub async fn receive(&self, order: &str) -> Answer {
        let path = format!("/orders/{order}/confirm-delivery");
        self.restaurant.insist(&path, &format!("{order}-received"), &json!({})).await.expect(200)
    }

    /// An order of which everything came.
    pub async fn received(&self, name: &str) -> String {
        let order = self.delivered(name).await;
        self.receive(&order).await;
        order
    }

    /// Several of them, four at a time.
    pub async fn received_many(&self, name: &str, count: usize) -> Vec<String> {
        let buyers = (0..4).map(async |buyer| {
            let mut orders = Vec::new();
            for turn in (buyer..count).step_by(4) {
                orders.push(self.received(&format!("{name}-{turn}")).await);
            }
            orders
        });
        futures::future::join_all(buyers).await.concat()
    }

    /// The invoice that Iris makes out for the supplier of that order.
    pub async fn issued(&self, order: &str, form: Form) -> Vec<u8> {
        let accept = match form {
            Form::Xml => "application/xml",
            Form::Pdf => "application/pdf",
        };
        let path = format!("/orders/{order}/invoice");
        let mut issued = Vec::new();
        // The read side may be a moment behind the delivery.
        until("the invoice is issued", async || {
            let answer = self.supplier.send(Method::GET, &path, &[("accept", accept)], None).await.unwrap();
            issued = answer.bytes;
            answer.status == 200
        })
        .await;
        issued
    }

    /// Waits until the restaurant sees the invoice read, and returns it.
    pub async fn read(&self, invoice_id: &str) -> Value {
        let path = format!("/invoices/{invoice_id}");
        let mut seen = Value::Null;
        until("the invoice is read", async || {
            let answer = self.admin.get(&path).await;
            seen = answer.body;
            answer.status == 200 && seen["status"] != "received"
        })
        .await;
        seen
    }
}

/// The same UBL under another number: another invoice for the same goods.
pub fn renumbered(xml: &[u8], number: &str) -> Vec<u8> {
    let xml = String::from_utf8(xml.to_vec()).unwrap();
    let (before, rest) = xml.split_once("<cbc:ID>").unwrap();
    let (_, after) = rest.split_once("</cbc:ID>").unwrap();
    format!("{before}<cbc:ID>{number}</cbc:ID>{after}").into_bytes()
}

/// A file of the tests' own invoices.
pub fn test_file(path: &str) -> Vec<u8> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("invoices");
    fs::read(folder.join(path)).unwrap()
}

/// Whether this machine can read the pages of a PDF; says so where it cannot.
pub fn reads_pages() -> bool {
    let is_there = std::process::Command::new("pdftotext").arg("-v").output().is_ok();
    if !is_there {
        eprintln!("skipped: poppler is not installed");
    }
    is_there
}
