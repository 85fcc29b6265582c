//! Carts made of suggestions.

use std::sync::Arc;

use command_api::{SuggestedNow, Suggesting, Suggestions, SuggestionsAway};
use events::values::{AccountId, ProductId, Quantity, RestaurantId, Role, SupplierId};
use serde_json::{Value, json};
use sqlx::Row;
use uuid::Uuid;

use crate::world::{World, in_world};

/// Stands in for the read side, which this crate does not know: suggests what it was told to.
struct Told(Result<SuggestedNow, SuggestionsAway>);

impl Suggestions for Told {
    fn to(
        &self,
        _: (AccountId, Role),
        _: RestaurantId,
        _: Option<SupplierId>,
        _: Option<u16>,
    ) -> Suggesting<'_> {
        Box::pin(async { self.0.clone() })
    }
}

fn told(lines: &[(&str, i64)]) -> Arc<dyn Suggestions> {
    let line = |(id, units): &(&str, i64)| (ProductId(id.parse().unwrap()), Quantity::units(*units));
    let lines = lines.iter().map(line).collect();
    Arc::new(Told(Ok(SuggestedNow { forecast_run_id: Some(Uuid::from_u128(7)), lines })))
}

/// What the last cart's event says: the run, and product, suggested and taken of every line.
async fn evidence(world: &World) -> Value {
    let sql = "SELECT payload::text AS payload FROM public.events WHERE event_type = 'CartFilledFromSuggestions' \
               ORDER BY global_position DESC LIMIT 1";
    let row = sqlx::query(sql).fetch_one(&world.pool).await.unwrap();
    serde_json::from_str(row.get("payload")).unwrap()
}

#[tokio::test]
async fn one_call_makes_a_cart_of_all_that_is_suggested_once() {
    in_world(async |world| {
        let market = world.market().await;
        let (a, b) = (world.product(&market, "A", 10).await, world.product(&market, "B", 10).await);
        let client = world.suggesting(told(&[(&a, 2), (&b, 30)]));
        let path = format!("/restaurants/{}/reorder-suggestions/cart", market.restaurant_id);
        let ask = async || {
            let key = [("idempotency-key", "monday")];
            client.call(axum::http::Method::POST, &market.restaurant, &path, Some(json!({})), &key).await
        };
        let made = ask().await.is(201);
        assert_eq!(made.body["status"], "open");
        let items = made.body["items"].as_array().unwrap();
        let shown: Vec<_> =
            items.iter().map(|item| (item["product_id"].clone(), item["qty"].clone())).collect();
        assert_eq!(shown, [(json!(a), json!("2")), (json!(b), json!("30"))]);
        assert!(made.header("location").ends_with(&made.id()));
        // Nothing is ordered by it, so that there may be more in it than is in stock.
        let again = ask().await.is(200);
        assert_eq!(again.body, made.body);
        assert_eq!(again.header("idempotency-replayed"), "true");

        // The cart is one like any other.
        let item = json!({"qty": "3"});
        let path = format!("/carts/{}/items/{}", made.id(), items[0]["id"].as_str().unwrap());
        world.patch(&market.restaurant, &path, item).await.is(200);
    })
    .await;
}

#[tokio::test]
async fn what_a_person_changed_stands_beside_what_was_suggested() {
    in_world(async |world| {
        let market = world.market().await;
        let (a, b) = (world.product(&market, "A", 10).await, world.product(&market, "B", 10).await);
        let c = world.product(&market, "C", 10).await;
        let path = format!("/restaurants/{}/reorder-suggestions/cart", market.restaurant_id);
        let lines = json!({"lines": [{"product_id": a, "qty": "5"}, {"product_id": c, "qty": 1}]});
        let client = world.suggesting(told(&[(&a, 2), (&b, 30)]));
        client.post(&market.restaurant, &path, lines.clone()).await.is(201);
        let expected = json!({"CartFilledFromSuggestions": {
            "forecast_run_id": Uuid::from_u128(7),
            "lines": [
                {"product_id": a, "suggested": 2000, "taken": 5000},
                {"product_id": c, "suggested": 0, "taken": 1000},
                {"product_id": b, "suggested": 30000, "taken": 0},
            ]
        }});
        assert_eq!(evidence(world).await, expected);

        // Where nobody can say what is suggested, lines make a cart all the same, and nothing is made up.
        world
            .suggesting(Arc::new(Told(Err(SuggestionsAway))))
            .post(&market.restaurant, &path, lines.clone())
            .await
            .is(201);
        assert_eq!(
            evidence(world).await["CartFilledFromSuggestions"]["lines"][0],
            json!({"product_id": a, "taken": 5000})
        );
        world.post(&market.restaurant, &path, lines).await.is(201);
    })
    .await;
}

#[tokio::test]
async fn a_cart_that_cannot_be_made_says_of_every_line_why() {
    in_world(async |world| {
        let market = world.market().await;
        let (a, gone) = (world.product(&market, "A", 10).await, world.product(&market, "B", 10).await);
        world.delete(&market.supplier, &format!("/products/{gone}")).await.is(200);
        let missing = Uuid::nil().to_string();
        let path = format!("/restaurants/{}/reorder-suggestions/cart", market.restaurant_id);
        let line = |id: &str| json!({"product_id": id, "qty": 1});
        let head = world.head().await;
        let lines = json!({"lines": [line(&a), line(&gone), line(&missing), line(&a)]});
        let refused = world.post(&market.restaurant, &path, lines).await.refuses(409, "lines_unusable");
        assert_eq!(
            refused.faults(),
            [
                "lines[1].product_id product_inactive",
                "lines[2].product_id product_not_found",
                "lines[3].product_id duplicate_product"
            ]
        );
        let other = json!({"supplier_id": missing, "lines": [line(&a)]});
        let refused = world.post(&market.restaurant, &path, other).await.refuses(409, "lines_unusable");
        assert_eq!(refused.faults(), ["lines[0].product_id other_supplier"]);
        let nothing = world.suggesting(told(&[]));
        nothing.post(&market.restaurant, &path, json!({})).await.refuses(409, "nothing_suggested");
        let away = world.suggesting(Arc::new(Told(Err(SuggestionsAway))));
        away.post(&market.restaurant, &path, json!({})).await.refuses(503, "suggestions_unavailable");
        // Commands alone: nobody here knows what is suggested.
        let refused = world.post(&market.restaurant, &path, json!({})).await.is(422);
        assert_eq!(refused.faults(), ["lines required"]);
        let refused = world.post(&market.restaurant, &path, json!({"lines": []})).await.is(422);
        assert_eq!(refused.faults(), ["lines too_few"]);
        world
            .post(&market.supplier, &path, json!({"lines": [line(&a)]}))
            .await
            .refuses(404, "restaurant_not_found");
        assert_eq!(world.head().await, head, "none of it changed anything");
    })
    .await;
}
