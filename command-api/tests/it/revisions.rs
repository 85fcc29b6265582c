//! `If-Match`: commands on what the caller has seen.

use axum::http::Method;
use serde_json::json;

use crate::world::in_world;

#[tokio::test]
async fn a_stale_revision_is_refused_and_the_last_one_taken() {
    in_world(async |world| {
        let market = world.market().await;
        let order = world.placed(&market, "A", 1).await;
        let path = format!("/orders/{}/confirm", order.id());
        let confirm = async |tag: &str| {
            world.call(Method::POST, &market.supplier, &path, None, &[("if-match", tag)]).await
        };
        for stale in ["\"0\"", "2", "\"99\""] {
            let refused = confirm(stale).await.refuses(412, "stale_revision");
            assert_eq!(refused.body["details"][0]["revision"], 1);
        }
        for malformed in ["W/\"1\"", "\"1\",\"2\"", "one", "\"1"] {
            confirm(malformed).await.refuses(400, "invalid_if_match");
        }
        let confirmed = confirm(order.header("etag")).await.is(200);
        assert_eq!(confirmed.header("etag"), "\"2\"");
    })
    .await;
}

#[tokio::test]
async fn every_kind_of_resource_has_revisions() {
    in_world(async |world| {
        let market = world.market().await;
        let product_id = world.product(&market, "A", 10).await;
        let cart_id = world.cart(&market, &[(&product_id, 1)]).await;
        let order = json!({"cart_id": cart_id, "payment_method": "invoice"});
        for (method, path, body) in [
            (Method::PATCH, format!("/suppliers/{}", market.supplier_id), json!({"city": "Lund"})),
            (Method::PATCH, format!("/restaurants/{}", market.restaurant_id), json!({"city": "Lund"})),
            (Method::PATCH, format!("/products/{product_id}"), json!({"name": "Ny"})),
            (Method::DELETE, format!("/products/{product_id}"), json!({})),
            (Method::POST, format!("/products/{product_id}/stock"), json!({"counted": 9, "reason": "x"})),
            (Method::POST, format!("/carts/{cart_id}/items"), json!({"product_id": product_id, "qty": 1})),
            (Method::POST, "/orders".to_owned(), order),
        ] {
            let headers = [("if-match", "\"77\""), ("idempotency-key", "k")];
            let refused = world.call(method, &market.admin, &path, Some(body), &headers).await;
            refused.refuses(412, "stale_revision");
        }
        let any = [("if-match", "*")];
        let body = Some(json!({"name": "Ny"}));
        world
            .call(Method::PATCH, &market.supplier, &format!("/products/{product_id}"), body, &any)
            .await
            .is(200);
    })
    .await;
}
