//! What suggestions and prices stand on: what products and suppliers say, contract prices, counted shelves.

use events::values::Role;
use serde_json::{Value, json};

use crate::{
    trade::Market,
    world::{Account, Answer, World, in_world},
};

#[tokio::test]
async fn a_product_says_its_kind_how_long_it_keeps_and_its_pack() {
    in_world(async |world| {
        let market = world.market().await;
        let mut body = json!({
            "supplier_id": market.supplier_id, "name": "Tomater", "sku": "T-1", "unit": "KGM", "price_cents": 2990,
            "tax_category": "food", "category": " Grönsaker ", "shelf_life_days": 7, "pack_qty": "2.50"
        });
        let product = world.post(&market.supplier, "/products", body.clone()).await.is(201);
        let path = format!("/products/{}", product.id());
        let facts = |answer: &Answer| {
            ["category", "shelf_life_days", "pack_qty"].map(|field| answer.body[field].clone())
        };
        assert_eq!(facts(&product), [json!("grönsaker"), json!(7), json!("2.5")]);
        // What is absent stays, null clears.
        let patched = world.patch(&market.supplier, &path, json!({"shelf_life_days": null})).await.is(200);
        assert_eq!(facts(&patched), [json!("grönsaker"), Value::Null, json!("2.5")]);
        let cleared = json!({"category": null, "pack_qty": null});
        let patched = world.patch(&market.supplier, &path, cleared).await.is(200);
        assert_eq!(facts(&patched), [Value::Null, Value::Null, Value::Null]);
        let bad = json!({"category": "a\tb", "shelf_life_days": 3651, "pack_qty": 0});
        body.as_object_mut().unwrap().extend(bad.as_object().unwrap().clone());
        let faults =
            ["category control_character", "pack_qty must_be_positive", "shelf_life_days out_of_range"];
        assert_eq!(world.post(&market.supplier, "/products", body).await.refuses(422, "invalid").faults(), faults);
        let refused = world.patch(&market.supplier, &path, bad).await.refuses(422, "invalid");
        assert_eq!(refused.faults(), faults);
    })
    .await;
}

#[tokio::test]
async fn a_supplier_says_when_it_delivers() {
    in_world(async |world| {
        let market = world.market().await;
        let path = format!("/suppliers/{}", market.supplier_id);
        let terms = json!({"weekdays": ["friday", "tuesday"], "order_by": "14:00", "lead_days": 1});
        let said = world.patch(&market.supplier, &path, json!({"delivery_terms": terms})).await.is(200);
        let expected = json!({
            "weekdays": ["tuesday", "friday"], "order_by": "14:00", "lead_days": 1, "minimum_order_cents": 0,
            "delivers_on_holidays": false
        });
        assert_eq!(said.body["delivery_terms"], expected);
        let same = world.patch(&market.supplier, &path, json!({"city": "Lund"})).await.is(200);
        assert_eq!(same.body["delivery_terms"], expected);
        let bad = json!({"name": "", "delivery_terms": {
            "weekdays": [], "order_by": "2 pm", "lead_days": -1, "minimum_order_cents": 1.5, "days": 1
        }});
        let refused = world.patch(&market.supplier, &path, bad).await.refuses(422, "invalid");
        assert_eq!(
            refused.faults(),
            [
                "delivery_terms.days unknown_field",
                "delivery_terms.lead_days out_of_range",
                "delivery_terms.minimum_order_cents wrong_type",
                "delivery_terms.order_by invalid_time_of_day",
                "delivery_terms.weekdays too_few",
                "name too_short",
            ]
        );
        let cleared = world.patch(&market.supplier, &path, json!({"delivery_terms": null})).await.is(200);
        assert_eq!(cleared.body["delivery_terms"], Value::Null);
        let new = json!({"name": "N", "contact_email": "n@iris.test", "delivery_terms": terms});
        let new = world.post(&market.admin, "/suppliers", new).await.is(201);
        assert_eq!(new.body["delivery_terms"], expected);
    })
    .await;
}

fn price_path(market: &Market, product_id: &str) -> String {
    let Market { supplier_id, restaurant_id, .. } = market;
    format!("/suppliers/{supplier_id}/restaurants/{restaurant_id}/contract-prices/{product_id}")
}

async fn agree(world: &World, who: &Account, market: &Market, product_id: &str, body: Value) -> Answer {
    world.put(who, &price_path(market, product_id), body).await
}

/// The first item's price, where it is from, and its quantity.
fn item(cart: &Answer) -> (Value, Value, Value) {
    let item = &cart.body["items"][0];
    (item["unit_price_cents"].clone(), item["price_source"].clone(), item["qty"].clone())
}

fn costs(cents: i64, source: &str, qty: &str) -> (Value, Value, Value) {
    (json!(cents), json!(source), json!(qty))
}

#[tokio::test]
async fn what_was_agreed_is_what_a_cart_costs_and_what_is_ordered() {
    in_world(async |world| {
        let market = world.market().await;
        let product_id = world.product(&market, "A", 100).await;
        let from_now_on = json!({"price_cents": 800, "valid_from": "2020-01-01"});
        let agreed = agree(world, &market.admin, &market, &product_id, from_now_on.clone()).await.is(200);
        let shown = &agreed.body;
        assert_eq!((&shown["list_price_cents"], &shown["contract_price_cents"]), (&json!(1000), &json!(800)));
        assert_eq!(shown["agreed"], json!([{"price_cents": 800, "valid_from": "2020-01-01", "valid_until": null}]));
        let again = agree(world, &market.admin, &market, &product_id, from_now_on).await.is(200);
        assert_eq!(again.header("etag"), agreed.header("etag"), "the same again is nothing new");

        let cart_id = world.cart(&market, &[]).await;
        let cart = world.add_item(&market, &cart_id, &product_id, json!(2)).await.is(201);
        assert_eq!(item(&cart), costs(800, "contract", "2"));
        // What comes ahead is not for today, and a list price is not for this restaurant.
        let ahead = json!({"price_cents": 1, "valid_from": "2999-01-01"});
        agree(world, &market.admin, &market, &product_id, ahead).await.is(200);
        world.patch(&market.supplier, &format!("/products/{product_id}"), json!({"price_cents": 1500})).await.is(200);
        let cart = world.add_item(&market, &cart_id, &product_id, json!(1)).await.is(201);
        assert_eq!(item(&cart), costs(800, "contract", "3"));

        // The end of it, which leaves the cart as it was promised; whoever touches it gets the price of that moment.
        let ended = world.delete(&market.admin, &price_path(&market, &product_id)).await.is(200);
        assert_eq!((&ended.body["contract_price_cents"], &ended.body["agreed"]), (&Value::Null, &json!([])));
        let nothing = world.delete(&market.admin, &price_path(&market, &product_id)).await;
        nothing.refuses(404, "contract_price_not_found");
        let placing = |cents: i64| {
            json!({"cart_id": cart_id, "payment_method": "invoice", "expected_total_cents": cents})
        };
        world.order_with(&market.restaurant, "o", placing(5_625)).await.refuses(409, "price_changed");
        let order = world.order_with(&market.restaurant, "p", placing(3_000)).await.is(201);
        assert_eq!(order.body["lines"][0]["unit_price_cents"], 800);

        let other = world.cart(&market, &[]).await;
        let cart = world.add_item(&market, &other, &product_id, json!(1)).await.is(201);
        assert_eq!(item(&cart), costs(1500, "list", "1"));
        let terms = json!({"price_cents": 700, "valid_from": "2020-01-01", "valid_until": "2999-01-01"});
        agree(world, &market.admin, &market, &product_id, terms).await.is(200);
        let item_path = format!("/carts/{other}/items/{}", cart.body["items"][0]["id"].as_str().unwrap());
        let cart = world.patch(&market.restaurant, &item_path, json!({"qty": 4})).await.is(200);
        assert_eq!(item(&cart), costs(700, "contract", "4"));
    })
    .await;
}

#[tokio::test]
async fn a_price_is_for_one_restaurant_alone() {
    in_world(async |world| {
        let market = world.market().await;
        let product_id = world.product(&market, "A", 100).await;
        let terms = json!({"price_cents": 1, "valid_from": "2020-01-01"});
        agree(world, &market.admin, &market, &product_id, terms).await.is(200);
        let neighbour = world.account("neighbour@iris.test", Role::Restaurant).await;
        let restaurant_id = world.restaurant(&market.admin, &neighbour).await;
        let neighbours = Market { restaurant: neighbour, restaurant_id, ..market };
        let cart_id = world.cart(&neighbours, &[]).await;
        let cart = world.add_item(&neighbours, &cart_id, &product_id, json!(1)).await.is(201);
        assert_eq!(item(&cart), costs(1000, "list", "1"));
    })
    .await;
}

#[tokio::test]
async fn a_supplier_agrees_with_whom_it_has_sold_to_on_its_own_products() {
    in_world(async |world| {
        let market = world.market().await;
        let product_id = world.product(&market, "A", 100).await;
        let terms = || json!({"price_cents": 800, "valid_from": "2020-01-01"});
        // Who has not ordered is not there for it; members of neither and of the restaurant may not.
        let unknown = agree(world, &market.supplier, &market, &product_id, terms()).await;
        unknown.refuses(404, "restaurant_not_found");
        agree(world, &market.restaurant, &market, &product_id, terms()).await.refuses(403, "forbidden");
        let ordered = "INSERT INTO read.orders (order_id, restaurant_id, supplier_id, status, placed_at, state) \
                       VALUES ($1::uuid, $2::uuid, $3::uuid, 'placed', now(), '{}')";
        let mut owner = world.owner().await;
        let query = sqlx::query(ordered).bind(&product_id).bind(&market.restaurant_id);
        query.bind(&market.supplier_id).execute(&mut *owner).await.unwrap();
        owner.commit().await.unwrap();
        agree(world, &market.supplier, &market, &product_id, terms()).await.is(200);
        world.delete(&market.supplier, &price_path(&market, &product_id)).await.is(200);

        let rival = world.account("rival@iris.test", Role::Supplier).await;
        let rivals = world.supplier(&market.admin, &rival).await;
        let foreign = world.product_of(&rival, &rivals, "R", 1).await;
        agree(world, &market.supplier, &market, &foreign, terms()).await.refuses(404, "product_not_found");
        agree(world, &rival, &market, &product_id, terms()).await.refuses(403, "forbidden");
        for (body, fault) in [
            (json!({"price_cents": 1, "valid_from": "2020-02-01", "valid_until": "2020-01-31"}), "before_first_day"),
            (json!({"price_cents": 1, "valid_from": "2020-01-01", "valid_until": "2020-01-31"}), "in_the_past"),
        ] {
            let refused = agree(world, &market.supplier, &market, &product_id, body).await.refuses(422, "invalid");
            assert_eq!(refused.faults(), [format!("valid_until {fault}")]);
        }
        let refused = agree(world, &market.supplier, &market, &product_id, json!({"price_cents": -1})).await;
        assert_eq!(refused.refuses(422, "invalid").faults(), ["price_cents out_of_range", "valid_from missing"]);
    })
    .await;
}

#[tokio::test]
async fn a_restaurant_says_what_is_on_its_shelves() {
    in_world(async |world| {
        let market = world.market().await;
        let (a, b) = (world.product(&market, "A", 1).await, world.product(&market, "B", 1).await);
        let path = format!("/restaurants/{}/inventory-counts", market.restaurant_id);
        let count = async |body: Value| world.post(&market.restaurant, &path, body).await;
        let found = json!([{"product_id": a, "qty": "2.5"}, {"product_id": b, "qty": 0}]);
        let counted = count(json!({"items": found, "counted_at": "2026-01-02T06:30:00Z"})).await.is(201);
        let shown = &counted.body;
        assert_eq!((&shown["counted_at"], counted.header("etag")), (&json!("2026-01-02T06:30:00Z"), "\"1\""));
        assert_eq!((&shown["items"][0]["qty"], &shown["items"][1]["qty"]), (&json!("2.5"), &json!("0")));
        assert_eq!((&shown["items"][0]["sku"], &shown["items"][0]["unit"]), (&json!("A"), &json!("KGM")));
        // Now, where nobody says when.
        let now = count(json!({"items": [{"product_id": a, "qty": 1}]})).await.is(201);
        assert!(now.text("counted_at").as_str() > "2026-01-02", "{}", now.text("counted_at"));

        let nobodys = "01939f2e-7a10-7c3e-9b1a-2f6d5c4b3a99";
        let late = "2026-01-01T00:00:00Z";
        for (body, faults) in [
            (json!({"items": []}), vec!["items too_few"]),
            (json!({}), vec!["items missing"]),
            (
                json!({"items": [{"product_id": "x", "qty": -1}], "counted_at": 7}),
                vec![
                    "counted_at wrong_type",
                    "items[0].product_id invalid_id",
                    "items[0].qty must_not_be_negative",
                ],
            ),
            (
                json!({"items": [{"product_id": nobodys, "qty": 1}]}),
                vec!["items[0].product_id product_not_found"],
            ),
            (
                json!({"items": [{"product_id": b, "qty": 1}, {"product_id": b, "qty": 2}]}),
                vec!["items[1].product_id duplicate"],
            ),
            (
                json!({"items": [{"product_id": b, "qty": 1}], "counted_at": late}),
                vec!["items[0].product_id counted_since"],
            ),
            (
                json!({"items": [{"product_id": b, "qty": 1}], "counted_at": "2999-01-01T00:00:00Z"}),
                vec!["counted_at in_the_future"],
            ),
        ] {
            assert_eq!(count(body).await.refuses(422, "invalid").faults(), faults);
        }
        world
            .post(&market.supplier, &path, json!({"items": found}))
            .await
            .refuses(404, "restaurant_not_found");
        world.post(&market.admin, &path, json!({"items": found})).await.is(201);
        let other = format!("/restaurants/{nobodys}/inventory-counts");
        world.post(&market.admin, &other, json!({"items": found})).await.refuses(404, "restaurant_not_found");
    })
    .await;
}
