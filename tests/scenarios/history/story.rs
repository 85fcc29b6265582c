//! The story of one order, from its cart to its invoice, through two processes.

use harness::{Upload, until};
use reqwest::Method;
use serde_json::json;
use uuid::Uuid;

use super::world::{World, golden};

/// Ids, times, positions and traces are other ones in every run.
fn settled(text: &str) -> String {
    let mut settled = String::new();
    for line in text.lines() {
        let line = match line.split_once(" UTC  ") {
            Some((_time, rest)) => format!("TIME  {rest}"),
            None if line.starts_with("    position ") => "    POSITION, REQUEST, TRACE".to_owned(),
            None => line.to_owned(),
        };
        let words = line.split(' ').map(|word| {
            let (bare, stop) = word.split_at(word.trim_end_matches(['.', ':', ',']).len());
            let is_hash = bare.len() == 64 && bare.bytes().all(|byte| byte.is_ascii_hexdigit());
            if Uuid::try_parse(bare).is_ok() || is_hash { format!("ID{stop}") } else { word.to_owned() }
        });
        settled.push_str(&words.collect::<Vec<_>>().join(" ").replace('\u{a0}', " "));
        settled.push('\n');
    }
    settled
}

/// Below a thousand, as stories have it.
fn amount(cents: &serde_json::Value) -> String {
    let cents = cents.as_i64().unwrap();
    format!("{},{:02} SEK", cents / 100, cents % 100)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_through_two_processes_is_told_from_its_cart_to_its_invoice() {
    let world = World::open().await;
    let beside = world.iris.beside().await;
    let other = beside.client().logged_in("restaurant@iris.test").await;
    let (tomatoes, dill) = (world.product("tomater").await, world.product("dill").await);
    let order = world.order(&other, &[(&tomatoes, "10"), (&dill, "4")]).await;
    let path = format!("/orders/{order}");
    let seller = beside.client().logged_in("supplier@iris.test").await;
    let placed = world.restaurant.get(&path).await.expect(200).body;
    let line = placed["lines"][0]["line_id"].clone();
    world.supplier.post(&format!("{path}/confirm"), &json!({})).await.expect(200);
    let short = json!({"lines": [{"line_id": line, "delivered_qty": "8.5"}]});
    seller.post(&format!("{path}/deliver"), &short).await.expect(200);
    let claim = json!({"lines": [{"line_id": line, "received_qty": "8.5"}]});
    let received = world.restaurant.post(&format!("{path}/confirm-delivery"), &claim).await.expect(200);
    let position = received.position().to_string();
    let headers = [("accept", "application/xml"), ("iris-min-position", position.as_str())];
    let xml = seller.send(Method::GET, &format!("{path}/invoice"), &headers, None).await.unwrap().expect(200);
    let invoice = seller.upload("/invoices", &Upload::file("faktura.xml", &xml.bytes)).await.expect(201);
    assert_eq!(invoice.text("status"), "matched");
    world.caught_up().await;

    let path = format!("/audit/orders/{order}/story");
    let mut told = String::new();
    until("the story is there", async || {
        let answer = world.auditor.send(Method::GET, &path, &[("accept", "text/plain")], None).await.unwrap();
        told = String::from_utf8(answer.bytes).unwrap();
        answer.status == 200
    })
    .await;
    // What depends on the VAT of the day, and how long the file is.
    let delivered = world.auditor.get(&format!("/orders/{order}")).await.expect(200).body;
    let told = settled(&told)
        .replace(&amount(&placed["total_cents"]), "TOTAL")
        .replace(&amount(&delivered["invoice_total_cents"]), "INVOICED")
        .replace(&format!("{} bytes", xml.bytes.len()), "SOME bytes");
    assert!(told == golden("order_story.txt"), "the story now reads:\n{told}");
    // The restaurant is not told of the supplier's stock, nor the supplier of the cart.
    let part = async |client: &harness::Client| client.get(&path).await.expect(200).body.to_string();
    let (buyers, sellers) = (part(&world.restaurant).await, part(&seller).await);
    assert!(!buyers.contains("\"stock\"") && buyers.contains("\"cart\""));
    assert!(!sellers.contains("\"cart\"") && sellers.contains("\"stock\""));
    assert!(buyers.contains("InvoiceMatched") && sellers.contains("InvoiceMatched"));
}
