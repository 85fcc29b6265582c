//! The story of an order, from nothing to what was received.

use command_api::{Caller, domain::restaurant::EndTrial};
use events::values::{RestaurantId, Role};
use serde_json::{Value, json};

use crate::world::{PASSWORD, World, in_world};

#[tokio::test]
async fn an_order_goes_from_the_cart_to_what_was_received() {
    in_world(async |world| {
        let market = world.market().await;
        let tomato = json!({
            "supplier_id": market.supplier_id, "name": "Tomat, kvist", "sku": "T-1", "unit": "kg",
            "price_cents": 2990, "tax_category": "food", "stock_qty": "120", "gtin": "7310865004703"
        });
        let tomato = world.post(&market.supplier, "/products", tomato).await.is(201);
        assert_eq!((tomato.text("unit"), tomato.text("stock_qty")), ("KGM".to_owned(), "120".to_owned()));
        assert_eq!(tomato.body["tax_rate"], 6, "food is taxed at 6 per cent on that day");
        let product_id = tomato.id();

        let cart = json!({"restaurant_id": market.restaurant_id});
        let cart = world.post(&market.restaurant, "/carts", cart).await.is(201);
        let cart_id = cart.id();
        assert_eq!(cart.header("location"), format!("/api/v1/carts/{cart_id}"));
        world.add_item(&market, &cart_id, &product_id, json!(1.5)).await.is(201);
        let cart = world.add_item(&market, &cart_id, &product_id, json!("1")).await.is(201);
        assert_eq!(cart.body["items"][0]["qty"], "2.5", "the same product again adds up");
        assert_eq!((&cart.body["total_cents"], &cart.body["tax_cents"]), (&json!(7924), &json!(449)));

        let body = json!({
            "cart_id": cart_id, "payment_method": "invoice", "requested_delivery_date": "2026-11-21",
            "note": "Före tio, tack.", "expected_total_cents": 7924
        });
        let order = world.order_with(&market.restaurant, "story", body).await.is(201);
        let order_id = order.id();
        assert_eq!(order.header("location"), format!("/api/v1/orders/{order_id}"));
        assert_eq!(order.header("etag"), "\"1\"");
        assert_eq!(order.header("iris-position"), world.head().await.to_string());
        assert_eq!(order.body["status"], "placed");
        assert_eq!(order.body["created_by"], market.restaurant.id.to_string());
        assert_eq!(world.stock_of(&market, &product_id).await, "117.5");

        let at = |verb: &str| format!("/orders/{order_id}/{verb}");
        let confirmed = world.post(&market.supplier, &at("confirm"), json!({})).await.is(200);
        assert_eq!(
            (&confirmed.body["status"], &confirmed.body["revision"]),
            (&json!("confirmed"), &json!(2))
        );
        let line_id = confirmed.body["lines"][0]["line_id"].clone();
        let short = json!({"lines": [{"line_id": line_id, "delivered_qty": "2"}]});
        let delivered = world.post(&market.supplier, &at("deliver"), short).await.is(200);
        assert_eq!(delivered.body["invoice_number"], 1);
        assert_eq!(
            world.stock_of(&market, &product_id).await,
            "118",
            "the short half kilo is available again"
        );
        let claim = json!({"lines": [{"line_id": line_id, "received_qty": 1.5, "reason": "Möglig"}]});
        let received = world.post(&market.restaurant, &at("confirm-delivery"), claim).await.is(200);
        let line = &received.body["lines"][0];
        assert_eq!((&line["received_qty"], &line["claim_reason"]), (&json!("1.5"), &json!("Möglig")));
        the_history_names_request_and_actor(world, &order_id, &market.restaurant.id.to_string()).await;
    })
    .await;
}

async fn the_history_names_request_and_actor(world: &World, order_id: &str, account_id: &str) {
    let (actor, metadata): (String, String) = sqlx::query_as(
        "SELECT actor, metadata::text FROM public.events \
         WHERE aggregate_type = 'order' AND aggregate_id = $1 AND sequence = 1",
    )
    .bind(order_id)
    .fetch_one(&world.pool)
    .await
    .unwrap();
    assert_eq!(actor, format!("account:{account_id}:RESTAURANT"));
    let metadata: Value = serde_json::from_str(&metadata).unwrap();
    assert_eq!(metadata["correlation_id"], metadata["request_id"]);
    assert!(metadata["traceparent"].as_str().unwrap().starts_with("00-"));
}

#[tokio::test]
async fn a_cart_of_two_suppliers_becomes_two_orders_of_one_checkout() {
    in_world(async |world| {
        let market = world.market().await;
        let other = world.account("other@iris.test", Role::Supplier).await;
        let other_id = world.supplier(&market.admin, &other).await;
        let first = world.product(&market, "A", 10).await;
        let second = world.product_of(&other, &other_id, "A", 10).await;
        let cart_id = world.cart(&market, &[(&first, 2), (&second, 3)]).await;

        let checkout = world.order(&market.restaurant, &cart_id, "two").await.is(201);
        let orders = checkout.body["orders"].as_array().unwrap();
        assert_eq!(orders.len(), 2);
        assert!(orders.iter().all(|order| order["checkout_id"] == checkout.body["checkout_id"]));
        assert!(!checkout.headers.contains_key("location"), "a checkout has no address");
        let id = orders[1]["id"].as_str().unwrap();
        world.post(&other, &format!("/orders/{id}/confirm"), json!({})).await.is(200);
        let foreign =
            world.post(&market.supplier, &format!("/orders/{id}/reject"), json!({"reason": "x"})).await;
        foreign.refuses(404, "order_not_found");
    })
    .await;
}

#[tokio::test]
async fn what_is_rejected_or_cancelled_is_available_again() {
    in_world(async |world| {
        let market = world.market().await;
        let product_id = world.product(&market, "A", 10).await;
        let order = async |key: &str| {
            let cart_id = world.cart(&market, &[(&product_id, 4)]).await;
            world.order(&market.restaurant, &cart_id, key).await.is(201).id()
        };
        let reason = json!({"reason": "Slut"});

        let id = order("rejected").await;
        assert_eq!(world.stock_of(&market, &product_id).await, "6");
        let rejected =
            world.post(&market.supplier, &format!("/orders/{id}/reject"), reason.clone()).await.is(200);
        assert_eq!(
            (&rejected.body["status"], &rejected.body["cancelled_by"]),
            (&json!("cancelled"), &json!("supplier"))
        );
        assert_eq!(world.stock_of(&market, &product_id).await, "10");

        let id = order("cancelled").await;
        let cancelled =
            world.post(&market.restaurant, &format!("/orders/{id}/cancel"), reason.clone()).await.is(200);
        assert_eq!(cancelled.body["cancelled_by"], "restaurant");
        assert_eq!(world.stock_of(&market, &product_id).await, "10");

        let id = order("confirmed").await;
        world.post_nothing(&market.supplier, &format!("/orders/{id}/confirm")).await.is(200);
        let late = world.post(&market.restaurant, &format!("/orders/{id}/cancel"), reason.clone()).await;
        late.refuses(409, "invalid_transition");
        world.post(&market.admin, &format!("/orders/{id}/cancel"), reason).await.is(200);
        assert_eq!(world.stock_of(&market, &product_id).await, "10");
    })
    .await;
}

#[tokio::test]
async fn organisations_say_who_they_are_and_are_revised() {
    in_world(async |world| {
        let admin = world.account("admin@iris.test", Role::Admin).await;
        let body = json!({
            "name": " Grossisten ", "contact_email": "Order@Grossisten.example", "phone": "+46 8 123", "city": "Stockholm",
            "country": "SE", "lat": 59.2907, "lon": -18, "gln": "7300010000001", "currency": "EUR"
        });
        let supplier = world.post(&admin, "/suppliers", body).await.is(201);
        assert_eq!((supplier.text("name"), supplier.text("currency")), ("Grossisten".to_owned(), "EUR".to_owned()));
        assert_eq!((&supplier.body["lat"], &supplier.body["lon"]), (&json!(59.2907), &json!(-18.0)));
        let path = format!("/suppliers/{}", supplier.id());
        assert_eq!(supplier.header("location"), format!("/api/v1{path}"));

        let same = world.patch(&admin, &path, json!({})).await.is(200);
        assert_eq!(same.body["revision"], 1, "an empty patch changes nothing");
        let accounts = json!({"bankgiro": "999-1233", "plusgiro": "90 00 00-1", "iban": "SE35 5000 0000 0549 1000 0003"});
        let paid_to = world.patch(&admin, &path, accounts).await.is(200);
        let accounts = ["bankgiro", "plusgiro", "iban"].map(|account| paid_to.text(account));
        assert_eq!(accounts, ["9991233", "9000001", "SE3550000000054910000003"]);
        let moved = world.patch(&admin, &path, json!({"plusgiro": null})).await.is(200);
        assert_eq!((&moved.body["bankgiro"], &moved.body["plusgiro"]), (&json!("9991233"), &Value::Null));
        let revised = world.patch(&admin, &path, json!({"city": "Lund", "phone": null, "lat": null})).await.is(200);
        assert_eq!((&revised.body["city"], &revised.body["phone"]), (&json!("Lund"), &Value::Null));
        assert_eq!((&revised.body["lat"], &revised.body["lon"]), (&Value::Null, &json!(-18.0)), "absent stays");

        let body = json!({
            "name": "Bistro", "contact_email": "kok@bistro.example", "delivery_prefs": {"before": 10, "days": ["mon"]}
        });
        let restaurant = world.post(&admin, "/restaurants", body).await.is(201);
        assert_eq!((restaurant.text("status"), &restaurant.body["active"]), ("registered".to_owned(), &json!(false)));
        assert_eq!(restaurant.body["delivery_prefs"]["before"], 10);
        let path = format!("/restaurants/{}", restaurant.id());
        let approved = world.post_nothing(&admin, &format!("{path}/approve")).await.is(200);
        assert_eq!(approved.body["trial_ends_at"], "2026-11-27T09:00:00Z");
        let suspended = world.post(&admin, &format!("{path}/suspend"), json!({"reason": "Obetalt"})).await.is(200);
        assert_eq!(suspended.body["status"], "suspended");
        let reinstated = world.post_nothing(&admin, &format!("{path}/reinstate")).await.is(200);
        assert_eq!(reinstated.body["status"], "approved");
        let cleared = world.patch(&admin, &path, json!({"delivery_prefs": null})).await.is(200);
        assert_eq!(cleared.body["delivery_prefs"], Value::Null);
    })
    .await;
}

#[tokio::test]
async fn a_trials_end_goes_on_record_once_it_has_come_and_once() {
    in_world(async |world| {
        let market = world.market().await;
        let restaurant_id = RestaurantId(market.restaurant_id.parse().unwrap());
        let ended = async || -> i64 {
            let sql = "SELECT count(*) FROM public.events WHERE event_type = 'TrialEnded'";
            sqlx::query_scalar(sql).fetch_one(&mut *world.owner().await).await.unwrap()
        };
        let end = async || {
            let end = EndTrial { restaurant_id };
            world.submit(Caller::system("scheduler"), end).await.unwrap();
        };
        end().await;
        assert_eq!(ended().await, 0, "it is not over");
        world.clock.advance(chrono::TimeDelta::days(7));
        end().await;
        end().await;
        assert_eq!(ended().await, 1);
    })
    .await;
}

#[tokio::test]
async fn members_come_change_and_go() {
    in_world(async |world| {
        let market = world.market().await;
        for (path, owner) in [
            (format!("/suppliers/{}/members", market.supplier_id), &market.supplier),
            (format!("/restaurants/{}/members", market.restaurant_id), &market.restaurant),
        ] {
            let invited = json!({"email": "Ny@iris.test", "role": "STAFF"});
            let member = world.post(owner, &path, invited).await.is(201);
            let at = format!("{path}/{}", member.text("account_id"));
            let changed = world.patch(owner, &at, json!({"role": "OWNER"})).await.is(200);
            assert_eq!(changed.body["role"], "OWNER");
            world.delete(owner, &at).await.is(200);
            world.delete(owner, &at).await.refuses(404, "member_not_found");
            world.patch(owner, &at, json!({"role": "OWNER"})).await.refuses(404, "member_not_found");
        }
    })
    .await;
}

#[tokio::test]
async fn products_are_revised_counted_and_taken_up_again() {
    in_world(async |world| {
        let market = world.market().await;
        let id = world.product(&market, "A", 10).await;
        let at = format!("/products/{id}");
        let revised = json!({"price_cents": 1250, "tax_category": "standard", "gtin": "96385074", "description": "Ny skörd"});
        let revised = world.patch(&market.supplier, &at, revised).await.is(200);
        assert_eq!((&revised.body["price_cents"], &revised.body["tax_category"]), (&json!(1250), &json!("standard")));
        let cleared = world.patch(&market.supplier, &at, json!({"gtin": null})).await.is(200);
        assert_eq!((&cleared.body["gtin"], &cleared.body["description"]), (&Value::Null, &json!("Ny skörd")));

        let stock = format!("{at}/stock");
        let less = world.post(&market.supplier, &stock, json!({"change": "-2.5", "reason": "Svinn"})).await.is(200);
        assert_eq!(less.body["stock_qty"], "7.5");
        let counted = world.post(&market.supplier, &stock, json!({"counted": 3, "reason": "Inventering"})).await.is(200);
        assert_eq!((counted.text("stock_qty"), counted.text("availability_status")), ("3".into(), "low_stock".into()));

        let gone = world.delete(&market.supplier, &at).await.is(200);
        assert_eq!((&gone.body["active"], gone.text("availability_status")), (&json!(false), "discontinued".to_owned()));
        let again = world.patch(&market.supplier, &at, json!({"active": true})).await.is(200);
        assert_eq!(again.body["active"], true);
    })
    .await;
}

#[tokio::test]
async fn items_of_a_cart_change_and_go() {
    in_world(async |world| {
        let market = world.market().await;
        let product_id = world.product(&market, "A", 10).await;
        let cart_id = world.cart(&market, &[]).await;
        let cart = world.add_item(&market, &cart_id, &product_id, json!(1)).await.is(201);
        let item = format!("/carts/{cart_id}/items/{}", cart.body["items"][0]["id"].as_str().unwrap());
        let changed = world.patch(&market.restaurant, &item, json!({"qty": "2.25"})).await.is(200);
        assert_eq!(changed.body["items"][0]["line_total_cents"], 2250);
        let emptied = world.delete(&market.restaurant, &item).await.is(200);
        assert_eq!(emptied.body["items"], json!([]));
        world.delete(&market.restaurant, &item).await.refuses(404, "item_not_found");
    })
    .await;
}

#[tokio::test]
async fn a_login_s_token_is_good_for_commands() {
    in_world(async |world| {
        let market = world.market().await;
        let credentials = json!({"email": "Restaurant@iris.test", "password": PASSWORD});
        let tokens = world.post_openly("/auth/dev/login", credentials).await.is(200);
        let account =
            crate::world::Account { token: tokens.text("access_token"), ..market.restaurant.clone() };
        world.post(&account, "/carts", json!({"restaurant_id": market.restaurant_id})).await.is(201);
    })
    .await;
}
