//! Many orders for the same few goods.

use serde_json::json;
use tokio::task::JoinSet;

use crate::world::in_world;

const ORDERS: usize = 80;
const UNITS: i64 = 25;

#[tokio::test(flavor = "multi_thread")]
async fn of_eighty_orders_for_twenty_five_units_exactly_twenty_five_are_placed() {
    in_world(async |world| {
        let market = world.market().await;
        let product_id = world.product(&market, "HOT", UNITS).await;
        let mut carts = Vec::with_capacity(ORDERS);
        for _ in 0..ORDERS {
            carts.push(world.cart(&market, &[(&product_id, 1)]).await);
        }
        let mut orders = JoinSet::new();
        for cart_id in carts {
            let (caller, restaurant) = (world.caller(), market.restaurant.clone());
            orders.spawn(async move {
                let body = json!({"cart_id": cart_id, "payment_method": "invoice"});
                caller.order_with(&restaurant, &cart_id, body).await
            });
        }
        let mut placed = 0;
        for answer in orders.join_all().await {
            if answer.status == 201 {
                placed += 1;
                continue;
            }
            let refused = answer.refuses(409, "insufficient_stock");
            let short = &refused.body["details"][0];
            assert_eq!((&short["asked"], &short["available"]), (&json!("1"), &json!("0")));
        }
        assert_eq!(placed, UNITS);
        assert_eq!(world.stock_of(&market, &product_id).await, "0");
        let promised = json!({"change": -1, "reason": "Svinn"});
        let refused = world.post(&market.supplier, &format!("/products/{product_id}/stock"), promised).await;
        let refused = refused.refuses(409, "stock_promised");
        assert_eq!(refused.body["details"][0]["promised"], "25");
    })
    .await;
}
