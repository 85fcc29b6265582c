//! Every refusal of a well-formed command, as clients get it.

use events::values::Role;
use serde_json::json;

use crate::world::in_world;

#[tokio::test]
async fn placing_is_refused_for_each_of_its_reasons() {
    in_world(async |world| {
        let market = world.market().await;
        let product_id = world.product(&market, "A", 10).await;
        let cart = async |qty| world.cart(&market, &[(&product_id, qty)]).await;
        let order = async |cart_id: &str, key: &str| world.order(&market.restaurant, cart_id, key).await;

        let missing = uuid::Uuid::nil().to_string();
        order(&missing, "missing").await.refuses(404, "cart_not_found");
        order(&world.cart(&market, &[]).await, "empty").await.refuses(409, "cart_empty");
        let short = order(&cart(11).await, "short").await.refuses(409, "insufficient_stock");
        let detail = &short.body["details"][0];
        assert_eq!((&detail["asked"], &detail["available"]), (&json!("11"), &json!("10")));
        assert_eq!(detail["product_id"], product_id);

        let full = cart(1).await;
        let dearer = json!({"cart_id": full, "payment_method": "cash", "expected_total_cents": 1});
        let refused =
            world.order_with(&market.restaurant, "dearer", dearer).await.refuses(409, "price_changed");
        let detail = &refused.body["details"][0];
        assert_eq!((&detail["expected_cents"], &detail["actual_cents"]), (&json!(1), &json!(1250)));
        let past =
            json!({"cart_id": full, "payment_method": "cash", "requested_delivery_date": "2026-11-19"});
        let refused = world.order_with(&market.restaurant, "past", past).await.refuses(422, "invalid");
        assert_eq!(refused.faults(), ["requested_delivery_date in_the_past"]);

        let suspend = format!("/restaurants/{}/suspend", market.restaurant_id);
        world.post_nothing(&market.admin, &suspend).await.is(200);
        let refused = order(&full, "suspended").await.refuses(409, "restaurant_not_approved");
        assert_eq!(refused.body["details"][0]["state"], "suspended");
        let reinstate = format!("/restaurants/{}/reinstate", market.restaurant_id);
        world.post_nothing(&market.admin, &reinstate).await.is(200);

        let supplier = format!("/suppliers/{}", market.supplier_id);
        world.post_nothing(&market.admin, &format!("{supplier}/suspend")).await.is(200);
        order(&full, "no-seller").await.refuses(409, "supplier_suspended");
        world.post_nothing(&market.admin, &format!("{supplier}/reinstate")).await.is(200);

        world.delete(&market.supplier, &format!("/products/{product_id}")).await.is(200);
        let refused = order(&full, "inactive").await.refuses(409, "product_inactive");
        assert_eq!(refused.body["details"][0]["product_id"], product_id);
        world
            .patch(&market.supplier, &format!("/products/{product_id}"), json!({"active": true}))
            .await
            .is(200);

        order(&full, "placed").await.is(201);
        order(&full, "again").await.refuses(409, "cart_converted");
        world.add_item(&market, &full, &product_id, json!(1)).await.refuses(409, "cart_converted");
    })
    .await;
}

#[tokio::test]
async fn carts_refuse_what_they_cannot_hold() {
    in_world(async |world| {
        let market = world.market().await;
        let cart_id = world.cart(&market, &[]).await;
        let missing = uuid::Uuid::nil().to_string();
        let refused = world.add_item(&market, &cart_id, &missing, json!(1)).await.refuses(422, "invalid");
        assert_eq!(refused.faults(), ["product_id product_not_found"]);

        let product_id = world.product(&market, "A", 10).await;
        world.delete(&market.supplier, &format!("/products/{product_id}")).await.is(200);
        world.add_item(&market, &cart_id, &product_id, json!(1)).await.refuses(409, "product_inactive");

        let foreign = json!({"name": "Grosshandel", "contact_email": "a@b.example", "currency": "EUR"});
        let supplier_id = world.post(&market.admin, "/suppliers", foreign).await.is(201).id();
        let euros = world.product_of(&market.admin, &supplier_id, "A", 10).await;
        let refused =
            world.add_item(&market, &cart_id, &euros, json!(1)).await.refuses(409, "currency_mismatch");
        let detail = &refused.body["details"][0];
        assert_eq!((&detail["product_currency"], &detail["cart_currency"]), (&json!("EUR"), &json!("SEK")));
    })
    .await;
}

#[tokio::test]
async fn a_full_cart_takes_no_further_product() {
    in_world(async |world| {
        let market = world.market().await;
        let cart_id = world.cart(&market, &[]).await;
        for number in 0..500 {
            let product_id = world.product(&market, &format!("P-{number}"), 1).await;
            world.add_item(&market, &cart_id, &product_id, json!(1)).await.is(201);
        }
        let product_id = world.product(&market, "P-500", 1).await;
        let refused =
            world.add_item(&market, &cart_id, &product_id, json!(1)).await.refuses(409, "cart_full");
        assert_eq!(refused.body["details"][0]["items_max"], 500);
    })
    .await;
}

#[tokio::test]
async fn a_wrong_state_is_named() {
    in_world(async |world| {
        let market = world.market().await;
        let order = world.placed(&market, "A", 2).await;
        let line_id = order.body["lines"][0]["line_id"].clone();
        let at = |verb: &str| format!("/orders/{}/{verb}", order.id());
        let is_wrong_state = async |verb: &str, state: &str| {
            let who = if verb == "confirm-delivery" { &market.restaurant } else { &market.supplier };
            let body = if verb == "reject" { Some(json!({"reason": "x"})) } else { None };
            let answer = world.call(axum::http::Method::POST, who, &at(verb), body, &[]).await;
            let refused = answer.refuses(409, "invalid_transition");
            assert_eq!(refused.body["details"][0]["state"], state, "{verb}");
        };
        is_wrong_state("deliver", "placed").await;
        is_wrong_state("confirm-delivery", "placed").await;
        world.post_nothing(&market.supplier, &at("confirm")).await.is(200);
        is_wrong_state("confirm", "confirmed").await;
        is_wrong_state("reject", "confirmed").await;

        let lines = json!({"lines": [
            {"line_id": line_id, "delivered_qty": 3},
            {"line_id": uuid::Uuid::nil(), "delivered_qty": 1},
            {"line_id": line_id, "delivered_qty": 1},
            {"line_id": line_id, "delivered_qty": 1}
        ]});
        let refused = world.post(&market.supplier, &at("deliver"), lines).await.refuses(422, "invalid");
        let faults = [
            "lines[0].delivered_qty exceeds_ordered",
            "lines[1].line_id unknown_line",
            "lines[3].line_id duplicate_line",
        ];
        assert_eq!(refused.faults(), faults);
        world.post_nothing(&market.supplier, &at("deliver")).await.is(200);
        is_wrong_state("deliver", "delivered").await;
        let more = json!({"lines": [{"line_id": line_id, "received_qty": 2.001}]});
        let refused =
            world.post(&market.restaurant, &at("confirm-delivery"), more).await.refuses(422, "invalid");
        assert_eq!(refused.faults(), ["lines[0].received_qty exceeds_delivered"]);
        world.post_nothing(&market.restaurant, &at("confirm-delivery")).await.is(200);
        is_wrong_state("confirm-delivery", "received").await;

        let suppliers = format!("/suppliers/{}", market.supplier_id);
        let refused = world.post_nothing(&market.admin, &format!("{suppliers}/reinstate")).await;
        assert_eq!(refused.refuses(409, "invalid_transition").body["details"][0]["state"], "active");
        let restaurants = format!("/restaurants/{}", market.restaurant_id);
        let refused = world.post_nothing(&market.admin, &format!("{restaurants}/approve")).await;
        assert_eq!(refused.refuses(409, "invalid_transition").body["details"][0]["state"], "approved");
    })
    .await;
}

#[tokio::test]
async fn members_and_numbers_are_unique() {
    in_world(async |world| {
        let market = world.market().await;
        let members = format!("/suppliers/{}/members", market.supplier_id);
        let again = json!({"email": "SUPPLIER@iris.test", "role": "STAFF"});
        world.post(&market.supplier, &members, again).await.refuses(409, "already_member");
        let own = format!("{members}/{}", market.supplier.id);
        world.delete(&market.supplier, &own).await.refuses(409, "last_owner");
        world.patch(&market.supplier, &own, json!({"role": "STAFF"})).await.refuses(409, "last_owner");

        let first = world.product(&market, "T-1", 5).await;
        let second = world.product(&market, "T-2", 5).await;
        let taken = json!({
            "supplier_id": market.supplier_id, "name": "x", "sku": "t-1", "unit": "H87", "price_cents": 1, "tax_rate": "12.5"
        });
        let refused = world.post(&market.supplier, "/products", taken).await.refuses(409, "sku_taken");
        assert_eq!(refused.body["details"][0]["product_id"], first);
        let renamed = world.patch(&market.supplier, &format!("/products/{second}"), json!({"sku": "T-1"})).await;
        renamed.refuses(409, "sku_taken");

        let other = world.account("other@iris.test", Role::Supplier).await;
        let other_id = world.supplier(&market.admin, &other).await;
        world.product_of(&other, &other_id, "T-1", 5).await;
    })
    .await;
}
