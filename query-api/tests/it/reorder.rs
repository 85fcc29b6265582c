//! What is suggested to a restaurant, held against the rows that it is made from.

use std::collections::BTreeSet;

use chrono::{DateTime, Days, NaiveDate, Utc};
use events::{
    product::{Product, ProductDetails, ProductEvent},
    supplier::{DeliveryTerms, SupplierDetails},
    values::{Currency, MemberRole::Owner, Quantity},
};
use serde_json::{Value, json};
use sqlx::types::Json;
use uuid::Uuid;

use crate::{
    fixtures::{Story, folded, restaurant_details, supplier_details, wanted},
    visibility::{EVERYBODY, RESTAURANT, SUPPLIER, Town},
    world::{Caller, World, id, now, time},
};

const RUN: u128 = 500;
/// The fixtures' orders are of products from here on.
const FIRST: u128 = 900;

fn today() -> NaiveDate {
    // A Friday, ten o'clock in Sweden.
    "2026-11-20".parse().unwrap()
}

fn on_mondays_and_thursdays() -> SupplierDetails {
    SupplierDetails {
        delivery_terms: Some(DeliveryTerms {
            weekdays: BTreeSet::from([1, 4]),
            cutoff_minute: 14 * 60,
            lead_days: 1,
            minimum_order_minor: 300_000,
            delivers_on_holidays: true,
        }),
        ..supplier_details("Grönsakskompaniet")
    }
}

/// A restaurant that buys of one supplier, and its owner.
async fn kitchen() -> (World, Caller) {
    let world = World::new().await;
    let buyer = Caller::new(2, "RESTAURANT");
    world.account(buyer).await;
    world.restaurant(id(RESTAURANT), restaurant_details("Äppelträdet"), &[(buyer, Owner)]).await;
    world.supplier(id(SUPPLIER), on_mondays_and_thursdays(), &[]).await;
    (world, buyer)
}

/// A product that costs 10.00.
async fn product(world: &World, number: u128, details: ProductDetails, active: bool) {
    let mut events = vec![ProductEvent::ProductCreated {
        supplier_id: id(SUPPLIER).into(),
        details: ProductDetails { name: format!("Vara {number}"), unit: "KGM".to_owned(), ..details },
        unit_price_minor: 1_000,
        currency: Currency::SEK,
    }];
    events.extend((!active).then_some(ProductEvent::ProductDeactivated {}));
    let sql = "INSERT INTO read.products (product_id, supplier_id, active, search, created_at, state)
               VALUES ($1, $2, $3, '', $4, $5)";
    let state = Json(folded::<Product>(now(), &events));
    let query = sqlx::query(sql).bind(id(number)).bind(id(SUPPLIER)).bind(active).bind(now()).bind(state);
    query.execute(&world.pool).await.unwrap();
}

/// The run of last night, or of some nights ago.
async fn run(world: &World, finished_at: DateTime<Utc>, origin_day: NaiveDate) {
    let sql = "INSERT INTO forecast.runs (run_id, slot, origin_day, input_position, engine_version, started_at, finished_at)
               VALUES ($1, 1, $2, 40, '1', $3, $3)";
    sqlx::query(sql).bind(id(RUN)).bind(origin_day).bind(finished_at).execute(&world.pool).await.unwrap();
    let sql = "INSERT INTO forecast.current (run_id, slot) VALUES ($1, 1)";
    sqlx::query(sql).bind(id(RUN)).execute(&world.pool).await.unwrap();
}

/// Two units a day of a product; of the sum, half to two and a half times that, by level.
async fn forecast(world: &World, number: u128) {
    let mean = vec![2_000_i64; 14];
    let tenths = [5, 7, 10, 11, 14, 17, 20, 25];
    let sums = tenths.iter().flat_map(|tenths| (1..=14).map(move |day| 2_000 * day * tenths / 10));
    let sql = "INSERT INTO forecast.series (slot, supplier_id, product_id, restaurant_id, class, method, mean, quantiles,
                   cumulative, backtest_days, backtest_inside, backtest_band, backtest_mean, is_drifting)
               VALUES (1, $1, $2, $3, 'smooth', 'test', $4, $5, $5, 28, 27, '{}', '{}', false)";
    let query = sqlx::query(sql).bind(id(SUPPLIER)).bind(id(number)).bind(id(RESTAURANT)).bind(mean);
    query.bind(sums.collect::<Vec<i64>>()).execute(&world.pool).await.unwrap();
}

/// Ordered every week until that day.
async fn bought_until(world: &World, number: u128, last: NaiveDate) {
    for month in ["2026-08-01", "2026-09-01", "2026-10-01", "2026-11-01"] {
        let month: NaiveDate = month.parse().unwrap();
        let days = month.iter_days().take(31);
        let is_bought = |day: NaiveDate| day <= last && (last - day).num_days() % 7 == 0;
        let wanted: Vec<i64> = days.map(|day| if is_bought(day) { 14_000 } else { 0 }).collect();
        let sql =
            "INSERT INTO demand.months VALUES ($1, $2, $3, $4, $5, array_fill(0::bigint, ARRAY[31]), 0)";
        let query = sqlx::query(sql).bind(id(number)).bind(id(RESTAURANT)).bind(month).bind(id(SUPPLIER));
        query.bind(wanted).execute(&world.pool).await.unwrap();
    }
}

async fn bought_product(world: &World, number: u128, details: ProductDetails) {
    product(world, number, details, true).await;
    forecast(world, number).await;
    bought_until(world, number, today()).await;
}

async fn suggestions(world: &World, caller: Caller, query: &str) -> Value {
    let answer = world
        .get(caller, &format!("/api/v1/restaurants/{}/reorder-suggestions{query}", id(RESTAURANT)))
        .await;
    assert_eq!(answer.status, 200, "{}", answer.json());
    answer.json()
}

fn qty(value: &Value) -> i64 {
    value.as_str().unwrap().parse::<Quantity>().unwrap().0
}

fn lines(answer: &Value) -> Vec<Value> {
    let suppliers = answer["suppliers"].as_array().unwrap().iter();
    suppliers.flat_map(|supplier| supplier["lines"].as_array().unwrap().clone()).collect()
}

/// The numbers of a line lead to its suggestion, by what the answer itself says of them.
#[track_caller]
fn recomputes(line: &Value) {
    let why = &line["why"];
    let [target, expected] = ["target_qty", "expected_qty"].map(|name| qty(&why[name]));
    let [there, coming, pack] = ["on_hand_qty", "on_order_qty", "pack_qty"].map(|name| qty(&why[name]));
    let need = target - there - coming;
    assert_eq!(qty(&why["need_qty"]), need, "{line}");
    let cap = why["shelf_life_cap_qty"].as_str().map(|cap| cap.parse::<Quantity>().unwrap().0);
    let wanted = cap.map_or(need, |cap| need.min(cap));
    assert_eq!(why["capped_by_shelf_life"], wanted < need, "{line}");
    let (full, rest) = (wanted / pack, wanted % pack);
    let (packs, rounding) = match rest {
        0 => (full, "exact"),
        rest if 2 * rest >= pack => (full + 1, "up"),
        _ if expected - there - coming > full * pack => (full + 1, "up_to_expected"),
        _ => (full, "down"),
    };
    assert_eq!((&line["packs"], why["rounding"].as_str()), (&json!(packs), Some(rounding)), "{line}");
    assert_eq!(qty(&line["suggested_qty"]), packs * pack, "{line}");
    let cents = line["unit_price_cents"].as_i64().unwrap();
    assert_eq!(line["line_total_cents"], cents * packs * pack / 1_000, "{line}");
}

#[tokio::test]
async fn every_number_of_a_suggestion_is_there_and_leads_to_it() {
    let (world, buyer) = kitchen().await;
    run(&world, time("2026-11-20T01:04:00Z"), today()).await;
    let of = |pack: i64, days| ProductDetails {
        pack: Some(Quantity(pack)),
        shelf_life_days: days,
        ..Default::default()
    };
    bought_product(&world, FIRST, of(5_000, None)).await;
    bought_product(&world, FIRST + 1, of(2_500, Some(10))).await;
    bought_product(&world, FIRST + 2, of(1_000, Some(2))).await;
    // What came last, and what is to come: three of the first product.
    let line = [wanted("Vara 900", 3_000, 1_000, 600)];
    let received = Story::placed_at(50, id(RESTAURANT), id(SUPPLIER), &line, time("2026-11-12T09:00:00Z"));
    world.order(&received.confirmed().delivered(1, &[3_000]).received(&[3_000], "")).await;
    let coming = Story::placed_at(60, id(RESTAURANT), id(SUPPLIER), &line, time("2026-11-19T09:00:00Z"));
    world.order(&coming.confirmed()).await;

    let answer = suggestions(&world, buyer, "").await;
    assert_eq!(answer["forecast_run"]["id"], json!(id(RUN)));
    assert_eq!((&answer["stale"], &answer["truncated"]), (&json!(false), &json!(false)));
    let supplier = &answer["suppliers"][0];
    assert_eq!(
        [&supplier["next_delivery"], &supplier["order_by"], &supplier["following_delivery"]],
        [&json!("2026-11-23"), &json!("2026-11-22T13:00:00Z"), &json!("2026-11-26")]
    );
    // Friday to Wednesday.
    assert_eq!((&supplier["covers_days"], &supplier["minimum_order_cents"]), (&json!(6), &json!(300_000)));
    let lines = lines(&answer);
    assert_eq!(lines.len(), 3);
    lines.iter().for_each(recomputes);

    // The first: ordered oftenest. A staple, so that 0.95: two units, six days, twice that. Received at this very moment,
    // as the fixtures have it, and so none of it used.
    let first = &lines[0];
    assert_eq!(first["product_id"], json!(id(FIRST)));
    let why = &first["why"];
    assert_eq!((&why["service_level"], &why["target_qty"]), (&json!(0.95), &json!("24")));
    assert_eq!((&why["on_hand"], &why["on_hand_qty"]), (&json!("unknown"), &json!("3")));
    assert_eq!((&why["on_order_qty"], &why["need_qty"]), (&json!("3"), &json!("18")));
    assert_eq!((&first["suggested_qty"], &first["line_total_cents"]), (&json!("20"), &json!(20_000)));
    assert_eq!((&why["frequency"], &why["class"]), (&json!(1.0), &json!("smooth")));
    let sentence = why["sentence"].as_str().unwrap();
    assert!(
        sentence
            .starts_with("Over the next 6 days 12 KGM are expected, and 95 % of the time no more than 24")
    );

    // What keeps for ten days is wanted less surely, and what keeps for two is not ordered for six.
    let by_product = |number| lines.iter().find(|line| line["product_id"] == json!(id(number))).unwrap();
    assert_eq!(by_product(FIRST + 1)["why"]["service_level"], 0.8);
    assert_eq!(by_product(FIRST + 2)["why"]["capped_by_shelf_life"], true);

    // What is missing to the minimum, and what could be ordered earlier: staples alone.
    let total: i64 = lines.iter().map(|line| line["line_total_cents"].as_i64().unwrap()).sum();
    assert_eq!(supplier["suggested_total_cents"], total);
    assert_eq!(supplier["below_minimum_cents"], 300_000 - total);
    let advanced: Vec<&Value> = supplier["could_be_advanced"].as_array().unwrap().iter().collect();
    assert_eq!(advanced.len(), 1, "{supplier}");
    assert_eq!(advanced[0]["product_id"], json!(id(FIRST)));

    // What is asked for is obeyed.
    let surer = suggestions(&world, buyer, "?service=0.975").await;
    assert!(self::lines(&surer).iter().all(|line| line["why"]["service_level"] == 0.975));
    let nobodys = suggestions(&world, buyer, &format!("?supplier_id={}", id(999))).await;
    assert_eq!((&nobodys["suppliers"], &nobodys["standing"]), (&json!([]), &json!([])));
    let standing = answer["standing"].as_array().unwrap();
    assert_eq!(standing.len(), 1);
    assert_eq!((&standing[0]["product_id"], &standing[0]["last_qty"]), (&json!(id(FIRST)), &json!("3")));
}

#[tokio::test]
async fn nothing_is_suggested_of_what_cannot_be_bought_or_is_bought_no_more() {
    let (world, buyer) = kitchen().await;
    assert_eq!(lines(&suggestions(&world, buyer, "").await), Vec::<Value>::new(), "no forecast yet");
    run(&world, time("2026-11-20T01:04:00Z"), today()).await;
    bought_product(&world, FIRST, ProductDetails::default()).await;
    product(&world, FIRST + 1, ProductDetails::default(), false).await;
    forecast(&world, FIRST + 1).await;
    bought_until(&world, FIRST + 1, today()).await;
    product(&world, FIRST + 2, ProductDetails::default(), true).await;
    forecast(&world, FIRST + 2).await;
    bought_until(&world, FIRST + 2, today() - Days::new(29)).await;
    let products = |answer: &Value| -> Vec<Value> {
        lines(answer).iter().map(|line| line["product_id"].clone()).collect()
    };
    let answer = suggestions(&world, buyer, "").await;
    assert_eq!(products(&answer), [json!(id(FIRST))]);

    // There is more than enough of it on its way.
    let line = [wanted("Vara 900", 90_000, 1_000, 600)];
    let coming = Story::placed_at(60, id(RESTAURANT), id(SUPPLIER), &line, time("2026-11-19T09:00:00Z"));
    world.order(&coming).await;
    assert_eq!(suggestions(&world, buyer, "").await["suppliers"], json!([]));
}

#[tokio::test]
async fn a_forecast_that_is_old_says_so_and_one_that_is_over_suggests_nothing() {
    for (finished_at, origin_day, is_shown) in
        [("2026-11-18T01:04:00Z", "2026-11-18", true), ("2026-11-01T01:04:00Z", "2026-11-01", false)]
    {
        let (world, buyer) = kitchen().await;
        run(&world, time(finished_at), origin_day.parse().unwrap()).await;
        bought_product(&world, FIRST, ProductDetails::default()).await;
        let answer = suggestions(&world, buyer, "").await;
        assert_eq!(answer["stale"], true);
        assert_eq!(!lines(&answer).is_empty(), is_shown, "{origin_day}");
    }
}

#[tokio::test]
async fn suggestions_are_the_restaurants_own() {
    let town = Town::new().await;
    let path = format!("/api/v1/restaurants/{}/reorder-suggestions", id(RESTAURANT));
    let own = ["admin", "auditor", "buyer", "buyer_staff"];
    town.sees(&path, 200, &own).await;
    let others: Vec<&str> = EVERYBODY.into_iter().filter(|name| !own.contains(name)).collect();
    town.sees(&path, 404, &others).await;
    let buyer = town.caller("buyer");
    let missing = Uuid::nil();
    let nowhere = format!("/api/v1/restaurants/{missing}/reorder-suggestions");
    town.world.get(buyer, &nowhere).await.refused(404, "restaurant_not_found");
    town.world.get(buyer, &format!("{path}?service=1")).await.refused(422, "invalid");
    assert_eq!(town.world.get(buyer, &format!("{path}?sevice=0.9")).await.status, 422);
}
