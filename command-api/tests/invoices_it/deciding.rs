//! What people decide about invoices.

use axum::http::Method;
use events::invoice::HoldReason;
use serde_json::{Value, json};

use crate::{
    forms::{Part, file, form},
    market::Market,
    world::World,
};

/// An invoice whose first line asks for more than was agreed, disputed with the answer.
async fn disputed(world: &World, market: &Market) -> String {
    let order_id = market.received_order(world).await.to_string();
    let xml = String::from_utf8(file("food/food-01-produce.xml")).unwrap();
    let dearer = [
        ("34.90", "44.90"),
        ("436.25", "561.25"),
        ("1862.25", "1987.25"),
        ("111.74", "119.24"),
        ("1973.99", "2106.49"),
    ];
    let xml = dearer.iter().fold(xml, |xml, (was, is)| xml.replace(was, is));
    let parts: [Part<'_>; 2] = [("order_id", "", order_id.as_bytes()), ("file", "a.xml", xml.as_bytes())];
    let answer = world.send(&market.seller, form("/invoices", &parts)).await.is(201);
    assert_eq!(answer.body["status"], "disputed", "{}", answer.body);
    answer.text("id")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_differs_is_accepted_by_the_restaurant_and_not_by_the_supplier() {
    let world = World::new().await;
    let market = Market::open(&world).await;
    let id = disputed(&world, &market).await;
    let path = format!("/invoices/{id}/accept");
    let reason = json!({"reason": "Avtalat per telefon"});
    world.post(&market.seller, &path, &reason).await.refuses(403, "forbidden");
    world.post(&market.buyer, &path, &json!({})).await.is(422);
    let answer = world.post(&market.buyer, &path, &reason).await.is(200);
    assert_eq!(answer.body["status"], "matched_with_variance", "{}", answer.body);
    assert_eq!(answer.body["accepted"]["reason"], "Avtalat per telefon");
    world.post(&market.buyer, &path, &reason).await.refuses(409, "invalid_transition");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_complaint_names_lines() {
    let world = World::new().await;
    let market = Market::open(&world).await;
    let id = disputed(&world, &market).await;
    let body = json!({"reason": "Skämda", "lines": ["1"]});
    let answer = world.post(&market.buyer, &format!("/invoices/{id}/dispute"), &body).await.is(200);
    assert_eq!(answer.body["dispute"]["lines"], json!(["1"]), "{}", answer.body);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_person_enters_what_no_program_could_read() {
    let world = World::with(command_api::invoices::Readers::none()).await;
    let market = Market::open(&world).await;
    let order_id = market.received_order(&world).await.to_string();
    let pdf = file("pages/food-01-produce.pdf");
    let parts: [Part<'_>; 2] = [("order_id", "", order_id.as_bytes()), ("file", "a.pdf", &pdf)];
    let id = world.send(&market.buyer, form("/invoices", &parts)).await.is(201).text("id");
    world.read_all().await;
    assert_eq!(world.invoice(&id).await.state.held_for, [HoldReason::NeedsManualEntry]);
    let line = |id: &str, name: &str, quantity: &str, unit: &str, price: &str, sku: &str| {
        json!({"id": id, "sku": sku, "name": name, "quantity": quantity, "unit": unit, "unit_price": price,
            "tax_rate": 6})
    };
    let document = json!({
        "number": "260512", "issue_date": "2026-05-12", "delivery_date": "2026-05-12", "currency": "SEK",
        "seller": {"name": "Grönsakskompaniet Påhittet AB", "org_number": "551000-0119"},
        "payment": {"bankgiro": "9991233"},
        "lines": [
            line("1", "Tomat", "12.5", "kg", "34.90", "10-2201"),
            line("2", "Gurka", "3", "XBX", "118", "10-2207"),
            line("3", "Sallad", "18", "EA", "14.50", "10-3310"),
            line("4", "Potatis", "4", "XBG", "129", "10-4105"),
            line("5", "Lök", "2", "XBG", "48.50", "10-4440"),
            line("6", "Dill", "20", "EA", "9.90", "10-5120"),
        ],
        "totals": {"net_cents": 186_225, "tax_cents": 11_174, "payable_cents": 197_399}
    });
    let path = format!("/invoices/{id}/correct");
    let answer = world.post(&market.buyer, &path, &json!({"document": document})).await.is(200);
    assert_eq!(answer.body["status"], "matched", "{}", answer.body);
    assert!(!answer.body["corrected"].as_array().unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn terms_are_set_by_who_pays() {
    let world = World::new().await;
    let market = Market::open(&world).await;
    let path =
        format!("/restaurants/{}/suppliers/{}/matching-terms", market.restaurant_id, market.supplier_id);
    let terms = json!({
        "price_basis_points": 3000, "price_effect_min_cents": 500, "quantity_basis_points": 0,
        "catch_weight_basis_points": 1000, "catch_weight_units": ["kg"], "rounding_max_cents": 100,
        "unplanned_charge_max_cents": 0, "requires_receipt": true
    });
    let put = async |who, terms: &Value| world.call(Method::PUT, who, &path, terms).await;
    put(&market.seller, &terms).await.refuses(404, "restaurant_not_found");
    let mut wrong = terms.clone();
    wrong["price_basis_points"] = json!(10_001);
    assert_eq!(put(&market.buyer, &wrong).await.is(422).body["details"][0]["field"], "price_basis_points");
    let answer = put(&market.buyer, &terms).await.is(200);
    assert_eq!(answer.body["catch_weight_units"], json!(["KGM"]), "{}", answer.body);
    assert_eq!(answer.body["version"], 1);
}
