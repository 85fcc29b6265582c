//! Who may do what: what one may not know exists is not found, what one may see but not do is forbidden.

use axum::http::Method;
use events::values::Role;
use serde_json::{Value, json};

use crate::{
    trade::Market,
    world::{Account, World, in_world},
};

/// Every command there is, with a body that would be taken.
async fn commands(world: &World, market: &Market) -> Vec<(Method, String, Option<Value>)> {
    let order = world.placed(market, "ACCESS", 1).await;
    let product_id = order.body["lines"][0]["product_id"].as_str().unwrap().to_owned();
    let cart_id = world.cart(market, &[(&product_id, 1)]).await;
    let item_id = order.body["lines"][0]["line_id"].as_str().unwrap().to_owned();
    let party = json!({"name": "x", "contact_email": "a@b.example"});
    let reason = json!({"reason": "x"});
    let member = json!({"email": "new@iris.test", "role": "STAFF"});
    let product = json!({
        "supplier_id": market.supplier_id, "name": "x", "sku": "NEW", "unit": "KGM", "price_cents": 1, "tax_rate": 6
    });
    let mut all = vec![
        (Method::POST, "/suppliers".to_owned(), Some(party.clone())),
        (Method::POST, "/restaurants".to_owned(), Some(party)),
        (Method::POST, "/products".to_owned(), Some(product)),
        (Method::PATCH, format!("/products/{product_id}"), Some(json!({"name": "y"}))),
        (Method::DELETE, format!("/products/{product_id}"), None),
        (Method::POST, format!("/products/{product_id}/stock"), Some(json!({"change": 1, "reason": "x"}))),
        (Method::POST, "/carts".to_owned(), Some(json!({"restaurant_id": market.restaurant_id}))),
        (Method::POST, format!("/carts/{cart_id}/items"), Some(json!({"product_id": product_id, "qty": 1}))),
        (Method::PATCH, format!("/carts/{cart_id}/items/{item_id}"), Some(json!({"qty": 1}))),
        (Method::DELETE, format!("/carts/{cart_id}/items/{item_id}"), None),
        (Method::POST, "/orders".to_owned(), Some(json!({"cart_id": cart_id, "payment_method": "invoice"}))),
    ];
    for verb in ["confirm", "deliver", "confirm-delivery"] {
        all.push((Method::POST, format!("/orders/{}/{verb}", order.id()), None));
    }
    for verb in ["reject", "cancel"] {
        all.push((Method::POST, format!("/orders/{}/{verb}", order.id()), Some(reason.clone())));
    }
    for (party, owner) in [
        (format!("/suppliers/{}", market.supplier_id), market.supplier.id),
        (format!("/restaurants/{}", market.restaurant_id), market.restaurant.id),
    ] {
        all.push((Method::PATCH, party.clone(), Some(json!({"city": "x"}))));
        all.push((Method::POST, format!("{party}/suspend"), None));
        all.push((Method::POST, format!("{party}/reinstate"), None));
        all.push((Method::POST, format!("{party}/members"), Some(member.clone())));
        all.push((Method::PATCH, format!("{party}/members/{owner}"), Some(json!({"role": "STAFF"}))));
        all.push((Method::DELETE, format!("{party}/members/{owner}"), None));
        all.push((Method::POST, format!("{party}/partners"), Some(json!({"email": "till@partner.example"}))));
        all.push((Method::DELETE, format!("{party}/partners/{owner}"), None));
    }
    all.push((Method::POST, format!("/restaurants/{}/approve", market.restaurant_id), None));
    all
}

async fn try_all(
    world: &World,
    who: &Account,
    commands: &[(Method, String, Option<Value>)],
) -> Vec<(String, u16)> {
    let mut answers = Vec::new();
    for (method, path, body) in commands {
        let headers = [("idempotency-key", "try")];
        let answer = world.call(method.clone(), who, path, body.clone(), &headers).await;
        answers.push((format!("{method} {path}"), answer.status));
    }
    answers
}

#[tokio::test]
async fn auditors_and_partners_change_nothing_whatever_they_are_members_of() {
    in_world(async |world| {
        let market = world.market().await;
        let commands = commands(world, &market).await;
        let auditor = world.account("auditor@iris.test", Role::Auditor).await;
        let partner = world.account("partner@iris.test", Role::Partner).await;
        for (path, who) in [
            ("suppliers", &auditor),
            ("restaurants", &auditor),
            ("suppliers", &partner),
            ("restaurants", &partner),
        ] {
            let id = if path == "suppliers" { &market.supplier_id } else { &market.restaurant_id };
            let member = json!({"email": who.email, "role": "OWNER"});
            world.post(&market.admin, &format!("/{path}/{id}/members"), member).await.is(201);
        }
        let head = world.head().await;
        for (command, status) in try_all(world, &auditor, &commands).await {
            assert_eq!(status, 403, "an auditor sees everything: {command}");
        }
        for (command, status) in try_all(world, &partner, &commands).await {
            assert!(matches!(status, 403 | 404), "{command}: {status}");
        }
        assert_eq!(world.head().await, head);
    })
    .await;
}

#[tokio::test]
async fn strangers_learn_nothing_of_restaurants_carts_and_orders() {
    in_world(async |world| {
        let market = world.market().await;
        let commands = commands(world, &market).await;
        let head = world.head().await;
        for role in [Role::Supplier, Role::Restaurant] {
            let stranger = world.account(&format!("{role}-stranger@iris.test"), role).await;
            for (command, status) in try_all(world, &stranger, &commands).await {
                // Suppliers and products are public, and so is that only ADMIN registers anybody.
                let is_public = command.contains("/suppliers")
                    || command.contains("/products")
                    || command == "POST /restaurants";
                assert_eq!(status, if is_public { 403 } else { 404 }, "{command}");
            }
        }
        assert_eq!(world.head().await, head + 2, "two accounts, nothing else");
    })
    .await;
}

#[tokio::test]
async fn what_is_hidden_answers_as_what_is_not_there() {
    in_world(async |world| {
        let market = world.market().await;
        let order = world.placed(&market, "A", 1).await;
        let stranger = world.account("stranger@iris.test", Role::Restaurant).await;
        let absent = uuid::Uuid::nil().to_string();
        let ask = async |id: &str| {
            let body = json!({"reason": "x"});
            world.post(&stranger, &format!("/orders/{id}/cancel"), body).await.refuses(404, "order_not_found")
        };
        let (hidden, missing) = (ask(&order.id()).await, ask(&absent).await);
        assert_eq!(hidden.text("message").replace(&order.id(), &absent), missing.text("message"));
        assert_eq!(hidden.body["details"], missing.body["details"]);
        world.post(&stranger, "/orders/no-id/cancel", json!({"reason": "x"})).await.refuses(404, "not_found");
    })
    .await;
}

#[tokio::test]
async fn each_side_does_its_own_part_and_staff_manage_nobody() {
    in_world(async |world| {
        let market = world.market().await;
        let order = world.placed(&market, "A", 1).await;
        let at = |verb: &str| format!("/orders/{}/{verb}", order.id());
        world.post_nothing(&market.restaurant, &at("confirm")).await.refuses(403, "forbidden");
        world.post_nothing(&market.supplier, &at("confirm-delivery")).await.refuses(403, "forbidden");

        let staff = world.account("staff@iris.test", Role::Restaurant).await;
        let party = format!("/restaurants/{}", market.restaurant_id);
        let member = json!({"email": staff.email, "role": "STAFF"});
        world.post(&market.restaurant, &format!("{party}/members"), member.clone()).await.is(201);
        world.post(&staff, "/carts", json!({"restaurant_id": market.restaurant_id})).await.is(201);
        world.patch(&staff, &party, json!({"city": "Lund"})).await.refuses(403, "forbidden");
        world.post(&staff, &format!("{party}/members"), member).await.refuses(403, "forbidden");
        world.post_nothing(&market.restaurant, &format!("{party}/suspend")).await.refuses(403, "forbidden");
    })
    .await;
}

#[tokio::test]
async fn without_a_good_token_nothing_is_done() {
    in_world(async |world| {
        let market = world.market().await;
        let body = json!({"restaurant_id": market.restaurant_id});
        let nobody = world.post_openly("/carts", body.clone()).await.refuses(401, "unauthorized");
        assert_eq!(nobody.header("www-authenticate"), "Bearer");
        let forged = Account { token: format!("{}x", market.admin.token), ..market.admin.clone() };
        world.post(&forged, "/carts", body.clone()).await.refuses(401, "unauthorized");
        let token = world.token(market.restaurant.id, "restaurant@iris.test", "EMPEROR");
        let emperor = Account { token, ..market.restaurant.clone() };
        world.post(&emperor, "/carts", body).await.refuses(401, "unauthorized");
    })
    .await;
}
