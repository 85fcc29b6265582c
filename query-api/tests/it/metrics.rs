//! Supplier metrics over a window.

use serde_json::json;

use crate::{
    fixtures::supplier_details,
    world::{Caller, World, id},
};

const COLUMNS: &str = "supplier_id, day, placed, confirmed, cancelled_by_restaurant, cancelled_by_supplier,
    delivered, delivered_on_time, delivered_with_date, ordered_qty, delivered_qty, received_qty,
    claimed_lines, confirm_seconds";

async fn day(world: &World, day: &str, sums: [i64; 12]) {
    let placeholders: Vec<String> = (3..15).map(|number| format!("${number}")).collect();
    let sql = format!(
        "INSERT INTO read.supplier_days ({COLUMNS}) VALUES ($1, $2::text::date, {})",
        placeholders.join(",")
    );
    let query = sums.into_iter().fold(sqlx::query(&sql).bind(id(10)).bind(day), sqlx::query::Query::bind);
    query.execute(&world.pool).await.unwrap();
}

#[tokio::test]
async fn a_window_adds_up_its_days_and_divides_once() {
    let world = World::new().await;
    world.supplier(id(10), supplier_details("Grönsakskompaniet"), &[]).await;
    day(&world, "2026-11-20", [3, 2, 1, 0, 2, 1, 1, 4_000, 3_000, 3_000, 1, 600]).await;
    day(&world, "2026-10-22", [1, 1, 0, 0, 1, 0, 1, 1_000, 1_000, 500, 0, 0]).await;
    day(&world, "2026-10-21", [4, 4, 0, 2, 4, 4, 4, 9_000, 9_000, 9_000, 9, 9]).await;
    let caller = Caller::new(1, "RESTAURANT");
    let path = format!("/api/v1/suppliers/{}/metrics", id(10));
    let expected = json!({
        "supplier_id": id(10), "from": "2026-10-22", "to": "2026-11-20",
        "orders_placed": 4, "orders_confirmed": 3, "orders_delivered": 3,
        "fill_rate": 0.8, "on_time_rate": 0.5, "average_confirm_seconds": 200.0, "cancellation_rate": 0.25,
        "cancelled_by_supplier": 0, "cancelled_by_restaurant": 1, "claimed_lines": 1, "price_accuracy": null
    });
    assert_eq!(world.get(caller, &path).await.json(), expected, "the last 30 days");
    let one = world.get(caller, &format!("{path}?from=2026-10-21&to=2026-10-21")).await.json();
    assert_eq!((one["orders_placed"].as_i64(), one["cancellation_rate"].as_f64()), (Some(4), Some(0.5)));
}

async fn invoice(world: &World, number: u128, day: &str, lines: i64, price_over: i64) {
    let sql = "INSERT INTO read.invoiced_prices (invoice_id, supplier_id, day, lines, price_over, state) \
               VALUES ($1, $2, $3::text::date, $4, $5, '{}')";
    let query = sqlx::query(sql).bind(id(number)).bind(id(10)).bind(day).bind(lines).bind(price_over);
    query.execute(&world.pool).await.unwrap();
}

#[tokio::test]
async fn price_accuracy_is_of_all_compared_lines_of_the_window() {
    let world = World::new().await;
    world.supplier(id(10), supplier_details("Grönsakskompaniet"), &[]).await;
    let caller = Caller::new(1, "RESTAURANT");
    let path = format!("/api/v1/suppliers/{}/metrics", id(10));
    invoice(&world, 30, "2026-11-20", 0, 0).await;
    assert_eq!(world.get(caller, &path).await.json()["price_accuracy"], json!(null), "nothing was compared");
    invoice(&world, 31, "2026-11-20", 7, 1).await;
    invoice(&world, 32, "2026-10-22", 1, 1).await;
    invoice(&world, 33, "2026-10-21", 9, 9).await;
    assert_eq!(world.get(caller, &path).await.json()["price_accuracy"], json!(0.75));
    let earlier = world.get(caller, &format!("{path}?from=2026-10-21&to=2026-10-21")).await.json();
    assert_eq!(earlier["price_accuracy"], json!(0.0));
}

#[tokio::test]
async fn a_rate_of_nothing_is_null_and_an_unknown_supplier_is_not_found() {
    let world = World::new().await;
    world.supplier(id(10), supplier_details("Grönsakskompaniet"), &[]).await;
    let caller = Caller::new(1, "SUPPLIER");
    let metrics = world.get(caller, &format!("/api/v1/suppliers/{}/metrics", id(10))).await.json();
    for rate in
        ["fill_rate", "on_time_rate", "average_confirm_seconds", "cancellation_rate", "price_accuracy"]
    {
        assert_eq!(metrics[rate], json!(null), "{rate}");
    }
    assert_eq!(metrics["orders_placed"], 0);
    let unknown = format!("/api/v1/suppliers/{}/metrics", id(11));
    world.get(caller, &unknown).await.refused(404, "supplier_not_found");
    let backwards = format!("/api/v1/suppliers/{}/metrics?from=2026-11-02&to=2026-11-01", id(10));
    world.get(caller, &backwards).await.refused(422, "invalid");
    let no_day = format!("/api/v1/suppliers/{}/metrics?from=2026-02-30", id(10));
    world.get(caller, &no_day).await.refused(422, "invalid");
}
