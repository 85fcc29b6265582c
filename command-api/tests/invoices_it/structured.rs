//! Invoices as JSON.

use events::values::OrderId;
use serde_json::{Value, json};

use crate::{market::Market, world::World};

fn invoice(order_id: OrderId) -> Value {
    let line = |sku: &str, name: &str, unit: &str, quantity: &str, unit_price: &str| {
        json!({"sku": sku, "name": name, "quantity": quantity, "unit": unit, "unit_price": unit_price,
            "tax_rate": "6"})
    };
    json!({
        "kind": "invoice", "number": "260512", "issue_date": "2026-05-12", "due_date": "2026-06-11",
        "delivery_date": "2026-05-12", "currency": "SEK", "order_id": order_id,
        "payment": {"bankgiro": "999-1233", "reference": "26051284"},
        "seller": {"name": "Grönsakskompaniet Påhittet AB", "org_number": "551000-0119"},
        "lines": [
            line("10-2201", "Tomat kvist klass 1 Sverige", "KGM", "12.5", "34.90"),
            line("10-2207", "Gurka svensk 12-pack", "XBX", "3", "118.00"),
            line("10-3310", "Sallad isberg", "EA", "18", "14.50"),
            line("10-4105", "Potatis fast ekologisk 10 kg", "XBG", "4", "129.00"),
            line("10-4440", "Lök gul 5 kg", "XBG", "2", "48.50"),
            line("10-5120", "Dill bunt", "EA", "20", "9.90"),
        ],
        "totals": {"net_cents": 186_225, "tax_cents": 11_174, "payable_cents": 197_399}
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn json_is_matched_like_xml_and_kept_as_it_came() {
    let world = World::new().await;
    let market = Market::open(&world).await;
    let body = invoice(market.received_order(&world).await);
    let answer = world.post(&market.seller, "/invoices", &body).await.is(201);
    assert_eq!(answer.body["status"], "matched", "{}", answer.body);
    assert_eq!(answer.body["file"]["media_type"], "application/json");
    let sha256 = answer.body["file"]["sha256"].as_str().unwrap();
    assert_eq!(world.invoices.blobs.get(sha256).await.unwrap().unwrap(), body.to_string());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn json_that_does_not_add_up_is_rejected() {
    let world = World::new().await;
    let market = Market::open(&world).await;
    let mut body = invoice(market.received_order(&world).await);
    body["totals"]["payable_cents"] = json!(197_400);
    let answer = world.post(&market.seller, "/invoices", &body).await.is(201);
    assert_eq!(answer.body["status"], "rejected", "{}", answer.body);
    assert_eq!(answer.body["findings"][0]["rule"], "BR-CO-16");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_faults_of_json_come_at_once() {
    let world = World::new().await;
    let market = Market::open(&world).await;
    let order_id = market.order(&world).await;
    let mut body = invoice(order_id);
    body["currency"] = json!("kronor");
    body["lines"][3]["quantity"] = json!("1,5");
    body["surprise"] = json!(true);
    let answer = world.post(&market.seller, "/invoices", &body).await.is(422);
    let fields: Vec<_> =
        answer.body["details"].as_array().unwrap().iter().map(|fault| &fault["field"]).collect();
    assert_eq!(fields, ["currency", "lines[3].quantity", "surprise"]);
    body = invoice(order_id);
    body["lines"] = json!([]);
    let answer = world.post(&market.seller, "/invoices", &body).await.is(422);
    assert_eq!(answer.body["details"][0]["code"], "too_few");
    assert_eq!(world.kept(), 0);
}
