//! Pages: taken in at once, read in the background.

use command_api::invoices::{Lane, Readers};
use events::{
    invoice::{HoldReason, InvoiceStatus},
    values::Role,
};
use invoicing::invoice::Source;
use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::{
    forms::{blank_pdf, file, form, produce},
    market::Market,
    world::{Person, World},
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pdf_is_read_after_the_answer_and_held_against_its_order() {
    let world = World::new().await;
    let market = Market::open(&world).await;
    let order_id = market.received_order(&world).await.to_string();
    let pdf = file("pages/food-01-produce.pdf");
    let request = form("/invoices", &[("order_id", "", order_id.as_bytes()), ("file", "maj.pdf", &pdf)]);
    let answer = world.send(&market.seller, request).await.is(201);
    assert_eq!((&answer.body["status"], &answer.body["document"]), (&json!("received"), &json!(null)));
    assert_eq!(world.count("SELECT count(*) FROM invoicing.jobs WHERE lane = 'text'").await, 1);

    world.read_all().await;
    let invoice = world.invoice(&answer.text("id")).await.state;
    let document = invoice.document().unwrap();
    assert_eq!(document.totals.payable_minor.as_ref().unwrap().value, 197_399);
    assert_eq!(document.lines.len(), 6);
    assert_eq!(document.lines[0].quantity.source, Source::Text);
    assert!(invoice.reading.as_ref().unwrap().doubts.is_empty());
    // It names an order by a number of the restaurant's own; which one that is, its sender has said.
    assert_eq!((invoice.status, &*invoice.held_for), (InvoiceStatus::Matched, &[][..]));
    assert_eq!(invoice.trade.map(|trade| trade.order_id.to_string()), Some(order_id));
    let page = &invoice.reading.as_ref().unwrap().pages[0];
    let png = world.invoices.blobs.get(&page.sha256).await.unwrap().unwrap();
    assert!(png.starts_with(b"\x89PNG") && page.width > 500 && page.dpi > 0);
    let done = "SELECT count(*) FROM invoicing.jobs WHERE finished_at IS NOT NULL AND percent = 100";
    assert_eq!(world.count(done).await, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_scan_is_read_by_ocr() {
    let world = World::new().await;
    let market = Market::open(&world).await;
    let answer = world.upload(&market.buyer, "scan.pdf", &file("pages/food-01-produce.png")).await.is(201);
    assert_eq!(answer.body["file"]["media_type"], "image/png");
    assert_eq!(world.count("SELECT count(*) FROM invoicing.jobs WHERE lane = 'ocr'").await, 1);
    let stop = CancellationToken::new();
    assert!(!world.invoices.read_next(Lane::Text, &stop).await.unwrap(), "it waits in its own lane");
    world.read_all().await;
    let invoice = world.invoice(&answer.text("id")).await.state;
    let document = invoice.document().unwrap();
    assert_eq!(document.totals.payable_minor.as_ref().unwrap().value, 197_399);
    assert_eq!(document.lines[0].quantity.source, Source::Ocr);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_on_which_nothing_is_found_is_for_a_person() {
    let world = World::new().await;
    let sender = Person::new(Role::Admin);
    let answer = world.upload(&sender, "blank.pdf", &blank_pdf()).await.is(201);
    assert_eq!(world.count("SELECT count(*) FROM invoicing.jobs WHERE lane = 'ocr'").await, 1);
    world.read_all().await;
    let invoice = world.invoice(&answer.text("id")).await.state;
    assert_ne!(invoice.status, InvoiceStatus::Received);
    assert!(!invoice.status.is_matched());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_the_programs_pages_are_held_for_a_person_and_xml_is_not() {
    let world = World::with(Readers::none()).await;
    let market = Market::open(&world).await;
    let order_id = market.received_order(&world).await.to_string();
    let with_order =
        |bytes: &[u8]| form("/invoices", &[("order_id", "", order_id.as_bytes()), ("file", "a", bytes)]);
    let pdf = world.send(&market.seller, with_order(&file("pages/food-01-produce.pdf"))).await.is(201);
    world.read_all().await;
    let invoice = world.invoice(&pdf.text("id")).await.state;
    assert_eq!(invoice.held_for, [HoldReason::NeedsManualEntry]);
    let xml = world.send(&market.seller, with_order(&produce(Some(&order_id)))).await.is(201);
    assert_eq!(xml.body["status"], "matched", "{}", xml.body);
}
