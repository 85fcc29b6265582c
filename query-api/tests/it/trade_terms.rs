//! Contract prices, inventories, and products by their kind.

use events::{
    product::{Product, ProductDetails, ProductEvent},
    trade_relation::MatchingTerms,
    values::Currency,
};
use serde_json::{Value, json};

use crate::{
    fixtures::folded,
    visibility::{OTHER_RESTAURANT, OTHER_SUPPLIER, PRODUCT, RESTAURANT, SUPPLIER, Town},
    world::{Caller, World, id},
};

const NAMES: [(u128, &str); 3] = [(31, "Gurka"), (32, "Dill"), (33, "Dill")];

fn prices_path(supplier: u128, restaurant: u128) -> String {
    format!("/api/v1/suppliers/{}/restaurants/{}/contract-prices", id(supplier), id(restaurant))
}

fn inventory_path(restaurant: u128) -> String {
    format!("/api/v1/restaurants/{}/inventory", id(restaurant))
}

/// The names and ids of a list, page after page of two.
async fn leafed_through(town: &Town, path: &str) -> Vec<(Value, Value)> {
    let (mut found, mut next) = (Vec::new(), String::new());
    loop {
        let page = town.world.get(town.caller("buyer"), &format!("{path}?limit=2{next}")).await.json();
        let items = page["items"].as_array().unwrap();
        found.extend(items.iter().map(|item| (item["name"].clone(), item["product_id"].clone())));
        match page["next_cursor"].as_str() {
            Some(cursor) => next = format!("&cursor={cursor}"),
            None => return found,
        }
    }
}

/// Dill twice, cucumber and tomatoes: equal names are told apart by the id.
fn by_name() -> Vec<(Value, Value)> {
    let place = |name: &str, number| (json!(name), json!(id(number)));
    vec![place("Dill", 32), place("Dill", 33), place("Gurka", 31), place("Tomater", PRODUCT)]
}

async fn town() -> Town {
    let town = Town::new().await;
    for (number, name) in NAMES {
        town.world.product(id(number), id(SUPPLIER), name, &format!("X-{number}"), None).await;
    }
    town
}

#[tokio::test]
async fn contract_prices_are_shown_to_the_members_of_both_sides() {
    let town = Town::new().await;
    town.world.terms(id(RESTAURANT), id(SUPPLIER), MatchingTerms::default()).await;
    town.world.agreed_price(id(RESTAURANT), id(SUPPLIER), id(PRODUCT), 2_490).await;
    let path = prices_path(SUPPLIER, RESTAURANT);
    town.sees(&path, 200, &["admin", "auditor", "seller", "seller_staff", "buyer", "buyer_staff"]).await;
    let others = ["partner", "rival", "stranger", "buyers_partner", "sellers_partner"];
    town.sees(&path, 404, &others).await;
    // A supplier does not know who has not ordered from it.
    town.sees(&prices_path(SUPPLIER, OTHER_RESTAURANT), 200, &["admin", "auditor", "stranger"]).await;
    for (supplier, restaurant) in [(999, RESTAURANT), (SUPPLIER, 999)] {
        let answer = town.world.get(town.caller("admin"), &prices_path(supplier, restaurant)).await;
        answer.refused(404, "contract_prices_not_found");
    }
    let shown = town.world.get(town.caller("seller"), &format!("{path}?count=true")).await.json();
    assert_eq!(shown["total"], 1);
    assert_eq!(
        shown["items"][0],
        json!({
            "supplier_id": id(SUPPLIER), "restaurant_id": id(RESTAURANT), "product_id": id(PRODUCT),
            "name": "Tomater", "sku": "T-1", "unit": "KGM", "list_price_cents": 3490,
            "contract_price_cents": 2490, "currency": "SEK",
            "agreed": [{"price_cents": 2490, "valid_from": "2026-01-01", "valid_until": null}], "revision": 3
        })
    );
    let nothing = town.world.get(town.caller("buyer"), &prices_path(OTHER_SUPPLIER, RESTAURANT)).await;
    assert_eq!(nothing.json()["items"], json!([]), "another pair's are their own");
}

#[tokio::test]
async fn contract_prices_are_listed_by_name() {
    let town = town().await;
    town.world.terms(id(RESTAURANT), id(SUPPLIER), MatchingTerms::default()).await;
    for number in [PRODUCT, 31, 33, 32] {
        town.world.agreed_price(id(RESTAURANT), id(SUPPLIER), id(number), 100).await;
    }
    assert_eq!(leafed_through(&town, &prices_path(SUPPLIER, RESTAURANT)).await, by_name());
}

#[tokio::test]
async fn an_inventory_is_for_those_who_work_there() {
    let town = Town::new().await;
    town.world.counted(id(RESTAURANT), id(PRODUCT), 2_500).await;
    let path = inventory_path(RESTAURANT);
    town.sees(&path, 200, &["admin", "auditor", "buyer", "buyer_staff"]).await;
    // They see the restaurant, and not what it has.
    town.sees(&path, 403, &["seller", "seller_staff", "buyers_partner"]).await;
    town.sees(&path, 404, &["partner", "rival", "stranger", "sellers_partner"]).await;
    town.world.get(town.caller("seller"), &path).await.refused(403, "members_only");
    let shown = town.world.get(town.caller("buyer_staff"), &format!("{path}?count=true")).await.json();
    assert_eq!(shown["total"], 1);
    let item = &shown["items"][0];
    assert_eq!((&item["qty"], &item["unit"], &item["sku"]), (&json!("2.5"), &json!("KGM"), &json!("T-1")));
    assert_eq!(item["supplier_id"], json!(id(SUPPLIER)));
    let others = town.world.get(town.caller("stranger"), &inventory_path(OTHER_RESTAURANT)).await;
    assert_eq!(others.json()["items"], json!([]));
}

#[tokio::test]
async fn an_inventory_is_listed_by_name() {
    let town = town().await;
    for number in [PRODUCT, 31, 33, 32] {
        town.world.counted(id(RESTAURANT), id(number), 1_000).await;
    }
    assert_eq!(leafed_through(&town, &inventory_path(RESTAURANT)).await, by_name());
}

/// Products of two suppliers; one in a thousand is of a rare kind.
async fn catalogue(world: &World) {
    let product = |category: &str| {
        let details = ProductDetails { category: Some(category.to_owned()), ..ProductDetails::default() };
        let created = ProductEvent::ProductCreated {
            supplier_id: id(10).into(),
            details,
            unit_price_minor: 100,
            currency: Currency::SEK,
        };
        sqlx::types::Json(folded::<Product>(crate::world::now(), &[created]))
    };
    let sql =
        "INSERT INTO read.products (product_id, supplier_id, active, search, created_at, category, state)
        SELECT md5('p' || n)::uuid, CASE WHEN n % 2000 = 0 THEN $1 ELSE $2 END, true, '',
               timestamptz '2026-11-20 09:00Z' - n * interval '1 second',
               CASE WHEN n % 1000 = 0 THEN 'tryffel' ELSE 'rotsaker' END,
               CASE WHEN n % 1000 = 0 THEN $3::jsonb ELSE $4::jsonb END
        FROM generate_series(1, 20000) n";
    let query = sqlx::query(sql).bind(id(10)).bind(id(11)).bind(product("tryffel")).bind(product("rotsaker"));
    query.execute(&world.pool).await.unwrap();
    sqlx::query("VACUUM ANALYZE read.products").execute(&world.pool).await.unwrap();
}

/// Rows that scans of the table have touched so far, seen by one connection alone.
async fn touched(world: &World) -> i64 {
    sqlx::query("SELECT pg_stat_force_next_flush()").execute(&world.pool).await.unwrap();
    let sql = "SELECT seq_tup_read + idx_tup_fetch FROM pg_stat_all_tables
               WHERE relid = 'read.products'::regclass";
    sqlx::query_scalar(sql).fetch_one(&world.pool).await.unwrap()
}

#[tokio::test]
async fn products_of_a_kind_are_found_without_reading_the_catalogue() {
    let world = World::with(1, std::time::Duration::from_secs(20)).await;
    catalogue(&world).await;
    let caller = Caller::new(1, "RESTAURANT");
    for (query, found) in [
        ("category=Tryffel".to_owned(), 20),
        (format!("category=%20TRYFFEL%20&supplier_id={}", id(10)), 10),
        (format!("category=tryffel&supplier_id={}&active=true", id(11)), 10),
        ("category=tryff".to_owned(), 0),
    ] {
        // More than five times: Postgres may then prefer a plan that knows no values.
        for _ in 0..7 {
            let before = touched(&world).await;
            let shown = world.get(caller, &format!("/api/v1/products?limit=100&{query}")).await;
            assert_eq!(shown.ids().len(), found, "{query}");
            let cost = touched(&world).await - before;
            assert!(cost <= 60, "{cost} rows read for {found} shown: {query}");
        }
    }
    for bad in ["category=", &format!("category={}", "x".repeat(61))] {
        assert_eq!(world.get(caller, &format!("/api/v1/products?{bad}")).await.status, 422, "{bad}");
    }
}
