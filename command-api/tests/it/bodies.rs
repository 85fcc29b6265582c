//! Bodies that cannot be meant: every fault at once, each by name.

use axum::http::Method;
use events::values::Role;
use serde_json::{Value, json};

use crate::world::in_world;

#[tokio::test]
async fn all_faults_of_a_body_come_at_once() {
    in_world(async |world| {
        let market = world.market().await;
        let product = json!({
            "supplier_id": "x", "name": "a\nb", "sku": "", "unit": "kilo", "price_cents": 12.5, "stock_qty": "1.0001",
            "low_stock_qty": -1, "gtin": "7310865004704", "description": 7, "colour": "red"
        });
        let refused = world.post(&market.supplier, "/products", product).await.refuses(422, "invalid");
        assert_eq!(
            refused.faults(),
            [
                "colour unknown_field",
                "description wrong_type",
                "gtin invalid_gtin",
                "low_stock_qty must_not_be_negative",
                "name control_character",
                "price_cents wrong_type",
                "sku too_short",
                "stock_qty too_many_decimals",
                "supplier_id invalid_id",
                "tax_rate missing",
                "unit unknown_unit",
            ]
        );
        let supplier = json!({
            "name": "x".repeat(201), "contact_email": "nobody", "country": "SWE", "lat": 91, "lon": "18", "gln": "1",
            "currency": "kr", "city": "", "bankgiro": "999-1234", "plusgiro": "1", "iban": "SE36 5000 0000 0549 1000 0003"
        });
        let refused = world.post(&market.admin, "/suppliers", supplier).await.refuses(422, "invalid");
        assert_eq!(
            refused.faults(),
            [
                "bankgiro invalid_bankgiro",
                "city too_short",
                "contact_email invalid_email",
                "country unknown_country",
                "currency unknown_value",
                "gln invalid_gln",
                "iban invalid_iban",
                "lat out_of_range",
                "lon wrong_type",
                "name too_long",
                "plusgiro invalid_plusgiro",
            ]
        );
    })
    .await;
}

#[tokio::test]
async fn of_two_fields_that_exclude_each_other_exactly_one_is_taken() {
    in_world(async |world| {
        let market = world.market().await;
        let product = |more: Value| {
            let mut body = json!({
                "supplier_id": market.supplier_id, "name": "x", "sku": "S", "unit": "KGM", "price_cents": 1
            });
            body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            body
        };
        let both = product(json!({"tax_rate": 6, "tax_category": "food"}));
        let refused = world.post(&market.supplier, "/products", both).await.refuses(422, "invalid");
        assert_eq!(refused.faults(), ["tax_category both_given"]);
        let neither =
            world.post(&market.supplier, "/products", product(json!({}))).await.refuses(422, "invalid");
        assert_eq!(neither.faults(), ["tax_rate missing"]);
        for rate in [json!(100.01), json!(-1), json!("6.005"), json!("six")] {
            let refused = world.post(&market.supplier, "/products", product(json!({"tax_rate": rate}))).await;
            assert_eq!(refused.refuses(422, "invalid").faults(), ["tax_rate invalid_tax_rate"]);
        }
        let id = world.product(&market, "A", 1).await;
        let stock = format!("/products/{id}/stock");
        for (body, fault) in [
            (json!({"reason": "x"}), "change missing"),
            (json!({"change": 1, "counted": 1, "reason": "x"}), "counted both_given"),
            (json!({"change": 1}), "reason missing"),
            (json!({"counted": -1, "reason": "x"}), "counted must_not_be_negative"),
        ] {
            let refused = world.post(&market.supplier, &stock, body).await.refuses(422, "invalid");
            assert_eq!(refused.faults(), [fault]);
        }
        let revision = json!({"tax_rate": 6, "tax_category": "food", "name": null});
        let refused =
            world.patch(&market.supplier, &format!("/products/{id}"), revision).await.refuses(422, "invalid");
        assert_eq!(refused.faults(), ["name wrong_type", "tax_category both_given"]);
    })
    .await;
}

#[tokio::test]
async fn quantities_money_and_days_are_bounded() {
    in_world(async |world| {
        let market = world.market().await;
        let product_id = world.product(&market, "A", 1).await;
        let cart_id = world.cart(&market, &[]).await;
        for (qty, fault) in [
            (json!(0), "qty must_be_positive"),
            (json!("-1"), "qty must_be_positive"),
            (json!(0.0001), "qty too_many_decimals"),
            (json!("1,5"), "qty invalid_number"),
            (json!(1e15), "qty out_of_range"),
            (json!([1]), "qty wrong_type"),
        ] {
            let refused = world.add_item(&market, &cart_id, &product_id, qty).await.refuses(422, "invalid");
            assert_eq!(refused.faults(), [fault]);
        }
        let order = json!({
            "cart_id": 1, "payment_method": "barter", "requested_delivery_date": "20/11/2026", "expected_total_cents": -1,
            "note": "x".repeat(1001)
        });
        let refused = world.order_with(&market.restaurant, "k", order).await.refuses(422, "invalid");
        assert_eq!(
            refused.faults(),
            [
                "cart_id wrong_type",
                "expected_total_cents out_of_range",
                "note too_long",
                "payment_method unknown_value",
                "requested_delivery_date invalid_date",
            ]
        );
        let placed = world.placed(&market, "B", 1).await;
        let lines: Vec<Value> = vec![json!({"line_id": placed.id(), "delivered_qty": 1}); 501];
        let path = format!("/orders/{}/deliver", placed.id());
        let refused = world.post(&market.supplier, &path, json!({"lines": lines})).await.refuses(422, "invalid");
        assert_eq!(refused.faults(), ["lines too_many"]);
        let lines = json!({"lines": [{"line_id": placed.id()}, {"delivered_qty": "1.2345", "extra": 1}, 7]});
        let refused = world.post(&market.supplier, &path, lines).await.refuses(422, "invalid");
        assert_eq!(
            refused.faults(),
            [
                "lines[0].delivered_qty missing",
                "lines[1].delivered_qty too_many_decimals",
                "lines[1].extra unknown_field",
                "lines[1].line_id missing",
                "lines[2] wrong_type",
            ]
        );
    })
    .await;
}

#[tokio::test]
async fn what_the_database_could_not_store_is_refused_before() {
    in_world(async |world| {
        let market = world.market().await;
        let order = world.placed(&market, "A", 1).await;
        let cancel = format!("/orders/{}/cancel", order.id());
        for reason in ["a\u{0}b", "a\u{1b}[31m", "a\u{85}b"] {
            let refused = world.post(&market.restaurant, &cancel, json!({"reason": reason})).await;
            assert_eq!(refused.faults(), ["reason control_character"]);
        }
        let restaurant = format!("/restaurants/{}", market.restaurant_id);
        for (prefs, fault) in [
            (json!({"a": "x\u{0}"}), "delivery_prefs.a control_character"),
            (json!({"a": 0.5}), "delivery_prefs decimal_number"),
            (json!({"a": "x".repeat(9000)}), "delivery_prefs too_long"),
            (json!("mornings"), "delivery_prefs wrong_type"),
        ] {
            let refused =
                world.patch(&market.restaurant, &restaurant, json!({"delivery_prefs": prefs})).await;
            assert_eq!(refused.refuses(422, "invalid").faults(), [fault]);
        }
    })
    .await;
}

#[tokio::test]
async fn commands_without_a_body_take_none_or_an_empty_object() {
    in_world(async |world| {
        let market = world.market().await;
        let order = world.placed(&market, "A", 1).await;
        let confirm = format!("/orders/{}/confirm", order.id());
        let refused =
            world.post(&market.supplier, &confirm, json!({"note": "soon"})).await.refuses(422, "invalid");
        assert_eq!(refused.faults(), ["note unknown_field"]);
        world.post(&market.supplier, &confirm, json!([])).await.refuses(422, "wrong_type");
        world.post(&market.supplier, &confirm, json!({})).await.is(200);
    })
    .await;
}

#[tokio::test]
async fn what_is_no_json_is_told_apart_from_what_is_wrong_json() {
    in_world(async |world| {
        let admin = world.account("admin@iris.test", Role::Admin).await;
        let authorization = format!("Bearer {}", admin.token);
        let headers = [("authorization", authorization.as_str())];
        let send =
            async |bytes: &[u8]| world.send(Method::POST, "/suppliers", Some(bytes.to_vec()), &headers).await;
        for bytes in [&b"{"[..], b"", b"{\"name\":\"a\",\"name\":\"b\"}", b"\xff"] {
            send(bytes).await.refuses(400, "invalid_json");
        }
        send(&vec![b' '; 1_100_000]).await.refuses(413, "payload_too_large");
        send(b"7").await.refuses(422, "wrong_type");
        let get = world.send(Method::GET, "/suppliers", None, &headers).await;
        get.refuses(405, "method_not_allowed");
    })
    .await;
}
