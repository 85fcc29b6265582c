//! Row-level security by itself: the program has forgotten every ownership check, and still nobody gets what is
//! another's.

use uuid::Uuid;

use crate::{
    fixtures::{Story, wanted},
    row_security::{INVOICE, fill},
    visibility::{CART, EVERYBODY, ORDER, PRODUCT, RESTAURANT, SUPPLIER, Town},
    world::{World, id},
};

/// Everybody who sees an order between the two: their members, their partners, and who sees all.
const SIDES: [&str; 8] = [
    "admin",
    "auditor",
    "seller",
    "seller_staff",
    "buyer",
    "buyer_staff",
    "buyers_partner",
    "sellers_partner",
];
const RESTAURANTS_OWN: [&str; 4] = ["admin", "auditor", "buyer", "buyer_staff"];
const AUDITORS: [&str; 2] = ["admin", "auditor"];

async fn town() -> Town {
    let town = Town::in_world(World::that_checks_nothing().await).await;
    fill(&town).await;
    town
}

#[tokio::test]
async fn every_resource_stays_with_whose_it_is_though_no_code_asks() {
    let town = town().await;
    let (restaurant, order, invoice) = (id(RESTAURANT), id(ORDER), id(INVOICE));
    let by_owner: [(String, &[&str]); 19] = [
        (format!("/restaurants/{restaurant}"), &SIDES),
        (format!("/carts/{}", id(CART)), &RESTAURANTS_OWN),
        (format!("/restaurants/{restaurant}/reorder-suggestions"), &RESTAURANTS_OWN),
        (format!("/orders/{order}"), &SIDES),
        (format!("/orders/{order}/receipt"), &SIDES),
        (format!("/orders/{order}/invoice"), &SIDES),
        (format!("/invoices/{invoice}"), &SIDES),
        (format!("/invoices/{invoice}/comparison"), &SIDES),
        // To partners the default terms, for the row is not theirs.
        (format!("/restaurants/{restaurant}/suppliers/{}/matching-terms", id(SUPPLIER)), &SIDES),
        (format!("/webhook-endpoints/{}", id(90)), &["admin", "auditor", "buyer"]),
        (format!("/webhook-endpoints/{}/deliveries", id(90)), &["admin", "auditor", "buyer"]),
        (format!("/audit/orders/{order}"), &SIDES),
        (format!("/audit/orders/{order}/story"), &SIDES),
        (format!("/audit/streams/order/{order}"), &SIDES),
        (format!("/audit/views/{}", id(92)), &AUDITORS),
        (format!("/products/{}", id(PRODUCT)), &EVERYBODY),
        (format!("/suppliers/{}", id(SUPPLIER)), &EVERYBODY),
        (format!("/suppliers/{}/metrics", id(SUPPLIER)), &EVERYBODY),
        (
            format!("/forecasts/{}/plot.svg", id(PRODUCT)),
            &["admin", "auditor", "seller", "seller_staff", "sellers_partner"],
        ),
    ];
    for (path, expected) in by_owner {
        let path = format!("/api/v1{path}");
        town.sees(&path, 200, expected).await;
        let others: Vec<&str> = EVERYBODY.into_iter().filter(|name| !expected.contains(name)).collect();
        town.sees(&path, 404, &others).await;
        // What is nobody's is nobody's to see.
        town.sees(&path.replace(&last_id(&path), &id(999).to_string()), 200, &[]).await;
    }
}

/// Its last id, which is the resource's.
fn last_id(path: &str) -> String {
    let mut parts = path.rsplit('/').filter(|part| part.parse::<Uuid>().is_ok());
    parts.next().unwrap().to_owned()
}

#[tokio::test]
async fn every_list_holds_only_what_is_the_callers_though_no_code_asks() {
    let town = town().await;
    let lists: [(String, &[&str]); 15] = [
        (
            "/restaurants".to_owned(),
            &[
                "admin",
                "auditor",
                "seller",
                "seller_staff",
                "buyer",
                "buyer_staff",
                "stranger",
                "buyers_partner",
                "sellers_partner",
            ],
        ),
        ("/carts".to_owned(), &RESTAURANTS_OWN),
        ("/orders".to_owned(), &SIDES),
        ("/invoices".to_owned(), &SIDES),
        ("/webhook-endpoints".to_owned(), &["admin", "auditor", "buyer"]),
        // Who is another's colleague sees the restaurant and none of its people but itself.
        (format!("/restaurants/{}/members", id(RESTAURANT)), &RESTAURANTS_OWN),
        ("/audit/access".to_owned(), &AUDITORS),
        ("/audit/views".to_owned(), &AUDITORS),
        ("/jobs".to_owned(), &AUDITORS),
        ("/audit/events?stream_type=order".to_owned(), &SIDES),
        ("/suppliers".to_owned(), &EVERYBODY),
        ("/products".to_owned(), &EVERYBODY),
        ("/forecasts".to_owned(), &SIDES),
        (format!("/restaurants/{}/inventory", id(RESTAURANT)), &RESTAURANTS_OWN),
        // Not partners: what the two agreed on is theirs.
        (
            format!("/suppliers/{}/restaurants/{}/contract-prices", id(SUPPLIER), id(RESTAURANT)),
            &["admin", "auditor", "seller", "seller_staff", "buyer", "buyer_staff"],
        ),
    ];
    for (path, expected) in lists {
        let mut shown = Vec::new();
        for (name, caller) in &town.callers {
            let answer = town.world.get(*caller, &format!("/api/v1{path}")).await;
            let items = answer.json()["items"].as_array().map_or(0, Vec::len);
            if items > 0 {
                shown.push(*name);
            }
        }
        assert_eq!(shown, expected, "{path}");
    }
}

#[tokio::test]
async fn an_export_of_the_log_holds_nothing_of_others_though_no_code_asks() {
    let town = town().await;
    let lines = async |name| {
        let caller = town.caller(name);
        let accept = [("accept", "application/x-ndjson")];
        let answer = town.world.get_with(Some(caller), "/api/v1/audit/events", &accept).await;
        String::from_utf8(answer.bytes).unwrap().lines().count()
    };
    // The trade relation's event, the order's, and the last line.
    assert_eq!(lines("auditor").await, 3);
    assert_eq!(lines("buyer").await, 3);
    assert_eq!(lines("stranger").await, 1);
}

#[tokio::test]
async fn a_suppliers_day_is_empty_to_others_though_no_code_asks() {
    let town = town().await;
    let lines = [wanted("Tomater", 2_500, 3490, 600)];
    town.world.order(&Story::placed(5_000, id(RESTAURANT), id(SUPPLIER), &lines)).await;
    let path = format!("/api/v1/suppliers/{}/daily-summary?day=2026-11-21", id(SUPPLIER));
    let told = async |name| {
        let day = town.world.get(town.caller(name), &path).await.json();
        let products = day["outlook"]["products"].as_array().map_or(0, Vec::len);
        (day["due"][0]["orders"].as_u64(), products)
    };
    assert_eq!(told("seller").await, (Some(1), 1));
    assert_eq!(told("rival").await, (Some(0), 0));
    assert_eq!(told("partner").await, (Some(0), 0));
}
