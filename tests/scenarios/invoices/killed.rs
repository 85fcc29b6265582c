//! kill -9 while pages are being read and while a batch is half taken in.

use std::collections::BTreeSet;

use harness::{Upload, until};
use serde_json::{Value, json};

use super::world::{Form, World, reads_pages, test_file};

const XML: usize = 16;
const PDF: usize = 4;

impl World {
    /// kill -9, a new start, and the leases of the dead run out, which otherwise takes minutes.
    async fn kill_and_start_again(&mut self) {
        self.iris.kill();
        for table in ["jobs WHERE finished_at IS NULL", "batches WHERE taken_in_at IS NULL"] {
            let (name, which) = table.split_once(' ').unwrap();
            let release = format!("UPDATE invoicing.{name} SET lease_until = now() {which}");
            sqlx::query(&release).execute(&self.database.pool).await.unwrap();
        }
        self.iris.launch().await;
    }

    async fn batch(&self, path: &str) -> Value {
        self.people.supplier.get(path).await.expect(200).body
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_is_read_once_whatever_dies() {
    if !reads_pages() {
        return;
    }
    let mut world = World::open().await;
    let orders = world.people.received_many("order", XML + PDF).await;
    let mut upload = Upload::default();
    for (index, order) in orders.iter().enumerate() {
        let (form, end) = if index < XML { (Form::Xml, "xml") } else { (Form::Pdf, "pdf") };
        upload = upload.and_file(&format!("{index}.{end}"), &world.people.issued(order, form).await);
    }
    upload = upload.and_file("fientlig.xml", &test_file("hostile/entity-expansion.xml"));
    let sent = world.people.supplier.insist_upload("/invoice-batches", "batch", &upload).await;
    let path = format!("/invoice-batches/{}", sent.text("id"));

    // Spread over the batch by what the log holds; where exactly it hits is up to chance.
    for third in 1..=2 {
        until("more of the batch is taken in", async || {
            let taken_in = usize::try_from(world.events("InvoiceReceived").await).unwrap();
            taken_in >= third * (XML + PDF) / 3
        })
        .await;
        world.kill_and_start_again().await;
    }
    // The same request again is the same batch.
    let again = world.people.supplier.insist_upload("/invoice-batches", "batch", &upload).await;
    assert_eq!(again.body["id"], sent.body["id"]);

    // And once more in the middle of a page.
    let scan = Upload::file("scan.png", &test_file("pages/food-01-produce.png"));
    let scan = world.people.supplier.insist_upload("/invoices", "scan", &scan).await.text("id");
    let being_read = "SELECT count(*) FROM invoicing.jobs WHERE lane = 'ocr' AND lease_owner IS NOT NULL";
    until("the scan is being read", async || world.count(being_read).await == 1).await;
    world.kill_and_start_again().await;

    until("the batch is finished", async || world.batch(&path).await["status"] == "finished").await;
    world.everything_is_read().await;
    let batch = world.batch(&path).await;
    let files = i64::try_from(orders.len() + 1).unwrap();
    assert_eq!((&batch["files_total"], &batch["percent"]), (&json!(files), &json!(100)));
    assert_eq!(batch["outcomes"], json!({"matched": orders.len(), "refused": 1}));
    let read = world.people.read(&scan).await;
    assert_eq!(read["payable_cents"], 197_399, "{read}");

    let listed = world.people.supplier.get(&format!("{path}/files?limit=1000")).await.expect(200).body;
    let invoices: BTreeSet<String> = listed["items"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|file| Some(file["invoice_id"].as_str()?.to_owned()))
        .collect();
    assert_eq!(invoices.len(), orders.len(), "each file is an invoice of its own");
    for (event_type, times) in [
        ("InvoiceReceived", orders.len() + 1),
        ("InvoiceExtracted", orders.len() + 1),
        ("InvoiceMatched", orders.len()),
        ("OrderBilled", orders.len()),
    ] {
        assert_eq!(world.events(event_type).await, i64::try_from(times).unwrap(), "{event_type}, once each");
    }
    assert!(world.iris.once("doctor").contains("postgres-es: ok"));
    harness::expect_sound(&world.database.pool).await;
}
