//! The same request again.

use std::collections::HashSet;

use axum::http::Method;
use serde_json::json;
use tokio::task::JoinSet;

use crate::world::in_world;

#[tokio::test]
async fn the_same_key_and_body_get_the_same_answer_and_nothing_new() {
    in_world(async |world| {
        let market = world.market().await;
        let product_id = world.product(&market, "A", 10).await;
        let cart_id = world.cart(&market, &[(&product_id, 1)]).await;
        let first = world.order(&market.restaurant, &cart_id, "k").await.is(201);
        let head = world.head().await;

        let again = world.order(&market.restaurant, &cart_id, "k").await.is(200);
        assert_eq!(again.header("idempotency-replayed"), "true");
        assert_eq!(again.header("iris-position"), first.header("iris-position"));
        assert_eq!(again.header("etag"), first.header("etag"));
        assert_eq!(again.body, first.body);
        assert!(!first.headers.contains_key("idempotency-replayed"));
        let other = json!({"cart_id": cart_id, "payment_method": "card"});
        world.order_with(&market.restaurant, "k", other).await.refuses(422, "idempotency_key_reused");
        let reordered = json!({"payment_method": "invoice", "cart_id": cart_id});
        world.order_with(&market.restaurant, "k", reordered).await.is(200);
        assert_eq!(world.head().await, head, "nothing new happened");
    })
    .await;
}

#[tokio::test]
async fn a_key_is_its_account_s_and_its_operation_s() {
    in_world(async |world| {
        let market = world.market().await;
        let body = json!({"restaurant_id": market.restaurant_id});
        let keyed = [("idempotency-key", "k")];
        let call = async |who| world.call(Method::POST, who, "/carts", Some(body.clone()), &keyed).await;
        let first = call(&market.restaurant).await.is(201).id();
        let replayed = call(&market.restaurant).await.is(200);
        assert_eq!(replayed.id(), first);
        assert_ne!(call(&market.admin).await.is(201).id(), first, "another account's key is another key");
        let product_id = world.product(&market, "A", 10).await;
        let item = json!({"product_id": product_id, "qty": 1});
        let path = format!("/carts/{first}/items");
        world.call(Method::POST, &market.restaurant, &path, Some(item.clone()), &keyed).await.is(201);
        let replayed =
            world.call(Method::POST, &market.restaurant, &path, Some(item.clone()), &keyed).await.is(200);
        assert_eq!(replayed.body["items"][0]["qty"], "1", "it did not add up");
        let other = world.cart(&market, &[]).await;
        let path = format!("/carts/{other}/items");
        let elsewhere = world.call(Method::POST, &market.restaurant, &path, Some(item), &keyed).await;
        elsewhere.refuses(422, "idempotency_key_reused");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn twenty_at_once_with_one_key_are_one_order() {
    in_world(async |world| {
        let market = world.market().await;
        let product_id = world.product(&market, "A", 100).await;
        let cart_id = world.cart(&market, &[(&product_id, 1)]).await;
        let mut requests = JoinSet::new();
        for _ in 0..20 {
            let (caller, restaurant, cart_id) = (world.caller(), market.restaurant.clone(), cart_id.clone());
            requests.spawn(async move {
                let body = json!({"cart_id": cart_id, "payment_method": "card"});
                caller.order_with(&restaurant, "one", body).await
            });
        }
        let answers = requests.join_all().await;
        let created = answers.iter().filter(|answer| answer.status == 201).count();
        assert_eq!(created, 1);
        assert!(answers.iter().all(|answer| matches!(answer.status, 200 | 201)));
        let ids: HashSet<String> = answers.iter().map(super::world::Answer::id).collect();
        assert_eq!(ids.len(), 1);
        assert_eq!(world.stock_of(&market, &product_id).await, "99");
    })
    .await;
}

#[tokio::test]
async fn an_order_needs_a_key_and_every_key_must_be_sane() {
    in_world(async |world| {
        let market = world.market().await;
        let body = json!({"cart_id": market.restaurant_id, "payment_method": "invoice"});
        let keyless = world.post(&market.restaurant, "/orders", body.clone()).await;
        keyless.refuses(400, "idempotency_key_required");
        let long = "k".repeat(256);
        for key in ["", "a b", &long] {
            world
                .order_with(&market.restaurant, key, body.clone())
                .await
                .refuses(400, "invalid_idempotency_key");
            let cart = json!({"restaurant_id": market.restaurant_id});
            let headers = [("idempotency-key", key)];
            let cart = world.call(Method::POST, &market.restaurant, "/carts", Some(cart), &headers).await;
            cart.refuses(400, "invalid_idempotency_key");
        }
    })
    .await;
}

#[tokio::test]
async fn a_refused_request_leaves_its_key_free() {
    in_world(async |world| {
        let market = world.market().await;
        let product_id = world.product(&market, "A", 10).await;
        let cart_id = world.cart(&market, &[]).await;
        world.order(&market.restaurant, &cart_id, "k").await.refuses(409, "cart_empty");
        world.add_item(&market, &cart_id, &product_id, json!(1)).await.is(201);
        world.order(&market.restaurant, &cart_id, "k").await.is(201);
    })
    .await;
}
