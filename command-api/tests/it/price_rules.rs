//! Price rules over HTTP: what is taken, and what is told of what is not.

use serde_json::{Value, json};

use crate::world::in_world;

fn rule(supplier_id: &str, kind: &Value) -> Value {
    json!({"supplier_id": supplier_id, "category": "Dairy", "rule": kind, "limits": {"floor_cents": 900}})
}

#[tokio::test]
async fn a_rule_begins_as_a_dry_run_with_what_was_not_said_filled_in() {
    in_world(async |world| {
        let market = world.market().await;
        let body = rule(&market.supplier_id, &json!({"kind": "demand_index"}));
        let made = world.post(&market.supplier, "/price-rules", body.clone()).await.is(201);
        assert_eq!(made.body["mode"], "dry_run");
        assert_eq!(made.body["category"], "dairy");
        assert_eq!(made.body["rule"]["dead_band_bps"], 1_500);
        assert_eq!(made.body["limits"]["day_down_max_bps"], 1_000);
        let again = world.post(&market.supplier, "/price-rules", body).await.is(409);
        assert_eq!(again.body["code"], "price_rule_taken");
        assert_eq!(again.body["details"][0]["price_rule_id"], made.body["id"]);

        let path = format!("/price-rules/{}", made.id());
        let hidden = world.patch(&market.restaurant, &path, json!({"mode": "active"})).await.is(404);
        assert_eq!(hidden.body["code"], "price_rule_not_found");
        let active = world.patch(&market.supplier, &path, json!({"mode": "active"})).await.is(200);
        assert_eq!((&active.body["mode"], &active.body["revision"]), (&json!("active"), &json!(2)));
    })
    .await;
}

#[tokio::test]
async fn all_that_cannot_be_meant_is_refused() {
    in_world(async |world| {
        let market = world.market().await;
        let supplier_id = &market.supplier_id;
        let refused = [
            rule(supplier_id, &json!({"kind": "competitors"})),
            rule(supplier_id, &json!({"kind": "expiry"})),
            rule(supplier_id, &json!({"kind": "expiry", "aim": "waste", "step_bps": 1})),
            rule(supplier_id, &json!({"kind": "slow_mover", "days_without_order": 1, "step_bps": 100})),
            json!({"supplier_id": supplier_id, "rule": {"kind": "demand_index"}, "limits": {"floor_cents": 1}}),
        ];
        for body in refused {
            world.post(&market.supplier, "/price-rules", body).await.is(422);
        }
        let product = world.product(&market, "A-1", 5).await;
        let path = format!("/products/{product}");
        let taken = json!({"change": "-1", "reason": "sold", "expires_on": "2026-12-01"});
        let refused = world.post(&market.supplier, &format!("{path}/stock"), taken).await.is(422);
        assert_eq!(refused.body["details"][0]["field"], "expires_on");
        let came = json!({"change": "4", "reason": "delivery", "expires_on": "2026-12-01"});
        world.post(&market.supplier, &format!("{path}/stock"), came).await.is(200);
        let nothing = world.post_nothing(&market.supplier, &format!("{path}/price/undo")).await.is(409);
        assert_eq!(nothing.body["code"], "invalid_transition");
    })
    .await;
}
