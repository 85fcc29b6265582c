//! What is expected: who sees what of it, in which order, and how it is shown.

use chrono::{DateTime, Days, NaiveDate, Utc};
use events::values::MemberRole::Owner;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    fixtures::{Story, restaurant_details, supplier_details, wanted},
    visibility::{OTHER_RESTAURANT, OTHER_SUPPLIER, PRODUCT, RESTAURANT, SUPPLIER, Town},
    world::{Caller, World, id, now, time},
};

const HORIZON: usize = 14;
const RUN: u128 = 7_000;

pub fn origin() -> NaiveDate {
    now().date_naive()
}

impl World {
    /// A run that is shown.
    pub async fn forecast_run(&self, finished_at: DateTime<Utc>) {
        let sql =
            "INSERT INTO forecast.runs (run_id, slot, origin_day, input_position, engine_version, started_at,
                       finished_at)
                   VALUES ($1, 1, $2, 42, '1', $3, $3)";
        let query = sqlx::query(sql).bind(id(RUN)).bind(origin()).bind(finished_at);
        query.execute(&self.pool).await.unwrap();
        let sql = "INSERT INTO forecast.current (run_id, slot) VALUES ($1, 1)";
        sqlx::query(sql).bind(id(RUN)).execute(&self.pool).await.unwrap();
    }

    /// Every day `units` at least, a unit more from level to level; tried on four days, three of which lay inside.
    pub async fn forecast(&self, product: Uuid, supplier: Uuid, restaurant: Option<Uuid>, units: i64) {
        let days = 1..=i64::try_from(HORIZON).unwrap();
        let levels = 0..i64::try_from(forecasting::LEVELS.len()).unwrap();
        let flat: Vec<i64> =
            levels.clone().flat_map(|level| vec![(units + level) * 1_000; HORIZON]).collect();
        let sums: Vec<i64> =
            levels.flat_map(|level| days.clone().map(move |days| (units + level) * 1_000 * days)).collect();
        let sql = "INSERT INTO forecast.series (slot, supplier_id, product_id, restaurant_id, class, method, mean,
                       quantiles, cumulative, backtest_days, backtest_inside, backtest_band, backtest_mean, mase_millionths, bias_millionths,
                       is_drifting)
                   VALUES (1, $1, $2, $3, 'smooth', 'combined', $4, $5, $6, 4, 3, $7, '{2500,2500,2500,2500}', 712500, -25000, false)";
        sqlx::query(sql)
            .bind(supplier)
            .bind(product)
            .bind(restaurant)
            .bind(vec![units * 1_000 + 500; HORIZON])
            .bind(flat)
            .bind(sums)
            .bind([1_000_i64, 2_500, 4_000].repeat(4))
            .execute(&self.pool)
            .await
            .unwrap();
    }

    /// A month of demand: every day `units`, from its first day.
    pub async fn demand(&self, product: Uuid, supplier: Uuid, restaurant: Uuid, month: &str, units: i64) {
        let sql = "INSERT INTO demand.months (product_id, restaurant_id, month, supplier_id, wanted, received, censored)
                   VALUES ($1, $2, $3::text::date, $4, $5, array_fill(0::bigint, '{31}'), 4)";
        let query = sqlx::query(sql).bind(product).bind(restaurant).bind(month).bind(supplier);
        query.bind(vec![units * 1_000; 31]).execute(&self.pool).await.unwrap();
    }
}

/// The town with a forecast of each side, made that night.
async fn town() -> Town {
    let town = Town::new().await;
    let world = &town.world;
    let (product, supplier) = (id(PRODUCT), id(SUPPLIER));
    world.product(id(31), id(OTHER_SUPPLIER), "Torsk", "T-2", None).await;
    world.forecast_run(time("2026-11-20T02:00:00Z")).await;
    world.forecast(product, supplier, Some(id(RESTAURANT)), 2).await;
    world.forecast(product, supplier, Some(id(OTHER_RESTAURANT)), 3).await;
    world.forecast(product, supplier, None, 5).await;
    world.forecast(id(31), id(OTHER_SUPPLIER), Some(id(RESTAURANT)), 1).await;
    world.forecast(id(31), id(OTHER_SUPPLIER), None, 1).await;
    for (restaurant, units) in [(RESTAURANT, 2), (OTHER_RESTAURANT, 3)] {
        for month in ["2026-09-01", "2026-10-01", "2026-11-01"] {
            world.demand(product, supplier, id(restaurant), month, units).await;
        }
    }
    town
}

/// Product and restaurant of each item, by their numbers.
fn places(body: &Value) -> Vec<(Uuid, Option<Uuid>)> {
    let items = body["items"].as_array().unwrap_or_else(|| panic!("{body}"));
    let of = |value: &Value| value.as_str().map(|text| text.parse().unwrap());
    items.iter().map(|item| (of(&item["product_id"]).unwrap(), of(&item["restaurant_id"]))).collect()
}

async fn listed(town: &Town, name: &str, query: &str) -> Vec<(Uuid, Option<Uuid>)> {
    places(&town.world.get(town.caller(name), &format!("/api/v1/forecasts{query}")).await.json())
}

#[tokio::test]
async fn restaurants_see_their_own_and_suppliers_the_totals_of_theirs() {
    let town = town().await;
    let (tomato, cod) = (id(PRODUCT), id(31));
    let [own, other] = [Some(id(RESTAURANT)), Some(id(OTHER_RESTAURANT))];
    let of_buyer = vec![(tomato, own), (cod, own)];
    let all = vec![(tomato, own), (tomato, other), (tomato, None), (cod, own), (cod, None)];
    for (name, expected) in [
        ("admin", all.clone()),
        ("auditor", all),
        ("buyer", of_buyer.clone()),
        ("buyer_staff", of_buyer.clone()),
        ("buyers_partner", of_buyer),
        ("stranger", vec![(tomato, other)]),
        ("seller", vec![(tomato, None)]),
        ("seller_staff", vec![(tomato, None)]),
        ("sellers_partner", vec![(tomato, None)]),
        ("rival", vec![(cod, None)]),
        ("partner", vec![]),
    ] {
        assert_eq!(listed(&town, name, "").await, expected, "{name}");
    }
    let of_supplier = format!("?supplier_id={}", id(SUPPLIER));
    assert_eq!(listed(&town, "buyer", &of_supplier).await, [(tomato, own)]);
    assert_eq!(listed(&town, "admin", &of_supplier).await, [(tomato, None)], "its totals");
    assert_eq!(listed(&town, "rival", &of_supplier).await, []);
    let of_product = format!("?product_id={cod}");
    assert_eq!(listed(&town, "buyer", &of_product).await, [(cod, own)]);
    assert_eq!(listed(&town, "admin", &of_product).await, [(cod, own), (cod, None)]);
    let of_restaurant = format!("?restaurant_id={}", id(RESTAURANT));
    assert_eq!(listed(&town, "buyer", &of_restaurant).await.len(), 2);
    assert_eq!(listed(&town, "admin", &of_restaurant).await, [(tomato, own), (cod, own)]);
}

#[tokio::test]
async fn a_restaurant_that_one_may_not_see_is_not_found_and_one_that_one_sells_to_is_refused() {
    let town = town().await;
    let path = |restaurant: Uuid| format!("/api/v1/forecasts?restaurant_id={restaurant}");
    let world = &town.world;
    for name in ["seller", "seller_staff"] {
        world.get(town.caller(name), &path(id(RESTAURANT))).await.refused(403, "members_only");
    }
    for name in ["rival", "stranger", "partner", "sellers_partner"] {
        world.get(town.caller(name), &path(id(RESTAURANT))).await.refused(404, "restaurant_not_found");
    }
    world.get(town.caller("admin"), &path(id(999))).await.refused(404, "restaurant_not_found");
    world.get(town.caller("admin"), "/api/v1/forecasts?product=1").await.refused(422, "invalid");
    world.get(town.caller("admin"), "/api/v1/forecasts?product_id=1").await.refused(422, "invalid");
    world.get(town.caller("admin"), "/api/v1/forecasts?cursor=x").await.refused(422, "invalid_cursor");
}

#[tokio::test]
async fn a_forecast_tells_its_run_its_days_and_how_it_has_done() {
    let town = town().await;
    let path = format!("/api/v1/forecasts?product_id={}", id(PRODUCT));
    let body = town.world.get(town.caller("seller"), &path).await.json();
    let item = &body["items"][0];
    assert_eq!(
        (&item["name"], &item["unit"], &item["class"], &item["method"]),
        (&json!("Tomater"), &json!("KGM"), &json!("smooth"), &json!("combined"))
    );
    let run = json!({"id": id(RUN), "origin_day": "2026-11-20", "computed_at": "2026-11-20T02:00:00Z",
        "input_position": 42, "engine_version": "1"});
    assert_eq!(item["run"], run);
    assert_eq!(item["days"].as_array().unwrap().len(), HORIZON);
    let quantiles = json!({"0.025": "5", "0.1": "6", "0.5": "7", "0.6": "8", "0.8": "9", "0.9": "10", "0.95": "11",
        "0.975": "12"});
    let day =
        json!({"day": "2026-12-03", "expected": "5.5", "low": "5", "high": "12", "quantiles": quantiles});
    assert_eq!(item["days"][13], day);
    assert_eq!(item["cumulative"][2]["days"], 3);
    assert_eq!(item["cumulative"][2]["quantiles"]["0.9"], "30");
    assert_eq!(item["cumulative"].as_array().unwrap().len(), HORIZON);
    let backtest = &item["backtest"];
    assert_eq!(backtest["sentence"], "of the last 4 days, 3 lay inside the band");
    assert_eq!((&backtest["days"], &backtest["inside"]), (&json!(4), &json!(3)));
    assert_eq!((&backtest["mase"], &backtest["bias_percent"]), (&json!(0.7125), &json!(-2.5)));
    let first = json!({"day": "2026-11-16", "actual": "5", "low": "1", "expected": "2.5", "high": "4"});
    assert_eq!(backtest["history"][0], first, "both restaurants together");
    assert_eq!(backtest["history"][3]["day"], "2026-11-19");
    assert_eq!((&item["drifting"], &item["stale"]), (&json!(false), &json!(false)));
    let own = town.world.get(town.caller("buyer"), "/api/v1/forecasts").await.json();
    assert_eq!(own["items"][0]["backtest"]["history"][0]["actual"], "2", "its own days, without asking");
    let totals = town.world.get(town.caller("seller"), "/api/v1/forecasts").await.json();
    assert_eq!(totals["items"][0]["backtest"]["history"], json!([]));
}

#[tokio::test]
async fn a_forecast_is_stale_once_a_night_was_missed_and_there_is_none_before_the_first() {
    let town = Town::new().await;
    let world = &town.world;
    let empty = world.get(town.caller("admin"), "/api/v1/forecasts?count=true").await.json();
    assert_eq!((&empty["items"], &empty["total"]), (&json!([]), &json!(0)));
    world.forecast_run(time("2026-11-18T20:59:59Z")).await;
    world.forecast(id(PRODUCT), id(SUPPLIER), None, 5).await;
    let body = world.get(town.caller("seller"), "/api/v1/forecasts").await.json();
    assert_eq!(body["items"][0]["stale"], true, "36 hours and a second");
}

/// 20 products at 3 restaurants, and in total.
async fn market(world: &World) -> (Caller, Caller) {
    let (buyer, seller) = (Caller::new(2, "RESTAURANT"), Caller::new(3, "SUPPLIER"));
    world.supplier(id(10), supplier_details("S"), &[(seller, Owner)]).await;
    world.supplier(id(11), supplier_details("S2"), &[(seller, Owner)]).await;
    for restaurant in [20, 21, 22] {
        let members = [(buyer, Owner)];
        let members = if restaurant < 22 { &members[..] } else { &[] };
        world.restaurant(id(restaurant), restaurant_details("R"), members).await;
    }
    world.forecast_run(now()).await;
    for product in 100..120 {
        let supplier = id(10 + product % 2);
        world.product(id(product), supplier, "P", &product.to_string(), None).await;
        for restaurant in [20, 21, 22] {
            world.forecast(id(product), supplier, Some(id(restaurant)), 1).await;
        }
        world.forecast(id(product), supplier, None, 3).await;
    }
    (buyer, seller)
}

#[tokio::test]
async fn pages_neither_skip_nor_repeat_whoever_asks_and_whatever_for() {
    let world = World::new().await;
    let (buyer, seller) = market(&world).await;
    let admin = Caller::new(1, "ADMIN");
    for (caller, filter, count) in [
        (admin, String::new(), 80),
        (admin, format!("&restaurant_id={}", id(21)), 20),
        (admin, format!("&supplier_id={}", id(10)), 10),
        (admin, format!("&product_id={}", id(104)), 4),
        (buyer, String::new(), 40),
        (buyer, format!("&supplier_id={}", id(11)), 20),
        (seller, String::new(), 20),
        (seller, format!("&supplier_id={}", id(11)), 10),
    ] {
        let whole =
            world.get(caller, &format!("/api/v1/forecasts?limit=100&count=true{filter}")).await.json();
        let expected = places(&whole);
        assert_eq!((expected.len(), &whole["total"]), (count, &json!(count)), "{filter}");
        // A product's restaurants rise, and its total is last.
        let order =
            |(product, restaurant): &(Uuid, Option<Uuid>)| (*product, restaurant.is_none(), *restaurant);
        assert!(expected.is_sorted_by_key(order), "{filter}");
        let mut paged = Vec::new();
        let mut cursor = String::new();
        loop {
            let page = world.get(caller, &format!("/api/v1/forecasts?limit=3{filter}{cursor}")).await.json();
            paged.extend(places(&page));
            let Some(next) = page["next_cursor"].as_str() else { break };
            cursor = format!("&cursor={next}");
        }
        assert_eq!(paged, expected, "{filter}");
        let skipped = world.get(caller, &format!("/api/v1/forecasts?limit=2&offset=2{filter}")).await.json();
        assert_eq!(places(&skipped), expected[2..4], "{filter}");
    }
}

/// Rows that scans of the half that is shown have touched so far, seen by one connection alone.
async fn touched(world: &World) -> i64 {
    sqlx::query("SELECT pg_stat_force_next_flush()").execute(&world.pool).await.unwrap();
    let sql = "SELECT seq_tup_read + idx_tup_fetch FROM pg_stat_all_tables
               WHERE relid = 'forecast.series_1'::regclass";
    sqlx::query_scalar(sql).fetch_one(&world.pool).await.unwrap()
}

#[tokio::test]
async fn a_page_of_forecasts_reads_few_rows_whatever_the_filter() {
    let world = World::with(1, std::time::Duration::from_secs(20)).await;
    let (buyer, seller) = market(&world).await;
    let others = "INSERT INTO forecast.series (slot, supplier_id, product_id, restaurant_id, class, method, mean,
            quantiles, cumulative, backtest_days, backtest_inside, backtest_band, backtest_mean, mase_millionths, bias_millionths,
            is_drifting)
        SELECT 1, md5('s' || n % 30)::uuid, md5('p' || n % 500)::uuid, md5('r' || n)::uuid, 'smooth', 'combined',
               array_fill(0::bigint, '{14}'), array_fill(0::bigint, '{112}'), array_fill(0::bigint, '{112}'), 0, 0,
               '{}', '{}', NULL, NULL, false
        FROM generate_series(1, 20000) n";
    sqlx::query(others).execute(&world.pool).await.unwrap();
    sqlx::query("ANALYZE forecast.series").execute(&world.pool).await.unwrap();
    let admin = Caller::new(1, "ADMIN");
    for (caller, filter) in [
        (admin, String::new()),
        (admin, format!("restaurant_id={}", id(21))),
        (admin, format!("supplier_id={}", id(10))),
        (admin, format!("product_id={}", id(104))),
        (buyer, String::new()),
        (buyer, format!("supplier_id={}", id(11))),
        (seller, String::new()),
        (seller, format!("product_id={}", id(104))),
    ] {
        let first = world.get(caller, &format!("/api/v1/forecasts?limit=3&{filter}")).await.json();
        let cursor =
            first["next_cursor"].as_str().map(|cursor| format!("&cursor={cursor}")).unwrap_or_default();
        // More than five times: Postgres may then prefer a plan that knows no values.
        for _ in 0..7 {
            let before = touched(&world).await;
            let page = world.get(caller, &format!("/api/v1/forecasts?limit=3&{filter}{cursor}")).await.json();
            assert!(!places(&page).is_empty(), "{filter}");
            let cost = touched(&world).await - before;
            assert!((1..=60).contains(&cost), "{cost} rows read: {filter}");
        }
    }
}

fn plot(product: Uuid, query: &str) -> String {
    format!("/api/v1/forecasts/{product}/plot.svg{query}")
}

#[tokio::test]
async fn a_plot_is_seen_by_those_who_see_its_forecast() {
    let town = town().await;
    let own = format!("?restaurant_id={}", id(RESTAURANT));
    let members = ["admin", "auditor", "buyer", "buyer_staff", "buyers_partner"];
    town.sees(&plot(id(PRODUCT), &own), 200, &members).await;
    let each_its_own = [
        "admin",
        "auditor",
        "seller",
        "seller_staff",
        "buyer",
        "buyer_staff",
        "stranger",
        "buyers_partner",
        "sellers_partner",
    ];
    town.sees(&plot(id(PRODUCT), ""), 200, &each_its_own).await;
    let world = &town.world;
    world.get(town.caller("rival"), &plot(id(PRODUCT), "")).await.refused(404, "forecast_not_found");
    world.get(town.caller("admin"), &plot(id(999), "")).await.refused(404, "forecast_not_found");
    world.get(town.caller("admin"), &plot(id(PRODUCT), "?day=1")).await.refused(422, "invalid");
}

#[tokio::test]
async fn a_plot_is_one_well_formed_picture_that_runs_nothing() {
    let town = town().await;
    let world = &town.world;
    let name = "</title><script>alert(1)</script> & \"Torsk\"";
    world.product(id(32), id(SUPPLIER), name, "T-3", None).await;
    world.forecast(id(32), id(SUPPLIER), None, 4).await;
    let answer = world.get(town.caller("seller"), &plot(id(32), "")).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), "image/svg+xml");
    assert_eq!(answer.header("cache-control"), "private, no-store");
    let policy = answer.header("content-security-policy");
    assert!(policy.starts_with("default-src 'none'; style-src 'sha256-"), "{policy}");
    let text = String::from_utf8(answer.bytes).unwrap();
    assert!(text.starts_with("<svg ") && !text.contains("<script"), "{text}");
    let (mut reader, mut depth, mut elements) = (quick_xml::Reader::from_str(&text), 0, 0);
    loop {
        match reader.read_event().unwrap() {
            quick_xml::events::Event::Start(_) => (depth, elements) = (depth + 1, elements + 1),
            quick_xml::events::Event::End(_) => depth -= 1,
            quick_xml::events::Event::Eof => break,
            _ => {}
        }
    }
    assert!(depth == 0 && elements > 100, "{depth} {elements}");
    assert!(text.contains("<desc id="), "told in words as well");
}

#[tokio::test]
async fn a_plot_shows_every_day_that_something_was_wanted_and_which_came_short() {
    let town = town().await;
    let answer = town.world.get(town.caller("seller"), &plot(id(PRODUCT), "")).await;
    let text = String::from_utf8(answer.bytes).unwrap();
    let first = origin() - Days::new(56);
    let came_short = ["2026-10-03", "2026-11-03"];
    for day in first.iter_days().take(56) {
        let short = if came_short.contains(&day.to_string().as_str()) { ", came short" } else { "" };
        assert!(text.contains(&format!("<title>{day}: 5{short}</title>")), "{day}");
    }
    assert!(text.contains("of the last 4 days, 3 lay inside the band"));
}

fn summary(day: &str) -> String {
    format!("/api/v1/suppliers/{}/daily-summary{day}", id(SUPPLIER))
}

/// One order for today, one for tomorrow by the day that it names, and one that is cancelled.
async fn orders(world: &World) {
    let yesterday = time("2026-11-19T10:00:00Z");
    let lines = [wanted("Tomater", 2_500, 3490, 600), wanted("Gurka", 1_000, 2000, 600)];
    let place = |number| Story::placed_at(number, id(RESTAURANT), id(SUPPLIER), &lines, yesterday);
    world.order(&place(5_000)).await;
    world.order(&place(5_100).confirmed()).await;
    world.order(&place(5_200).cancelled()).await;
    world.order(&Story::placed(5_300, id(RESTAURANT), id(SUPPLIER), &lines[..1])).await;
}

#[tokio::test]
async fn a_suppliers_day_tells_what_is_due_what_is_expected_and_what_falls_short() {
    let town = town().await;
    orders(&town.world).await;
    let index = "INSERT INTO forecast.demand_index VALUES ($1, $2, now(), $3, '{}', 0, 0, 9, 10850)";
    let query = sqlx::query(index).bind(id(PRODUCT)).bind(id(SUPPLIER)).bind(id(RUN));
    query.execute(&town.world.pool).await.unwrap();
    let body = town.world.get(town.caller("seller_staff"), &summary("")).await.json();
    assert_eq!((&body["day"], &body["truncated"]), (&json!("2026-11-20"), &json!(false)));
    let [today, tomorrow] = [&body["due"][0], &body["due"][1]];
    assert_eq!((&today["orders"], &today["lines"]), (&json!(2), &json!(4)));
    let products = today["products"].as_array().unwrap();
    let quantities: Vec<_> = products.iter().map(|product| (&product["name"], &product["qty"])).collect();
    assert_eq!(quantities, [(&json!("Gurka"), &json!("2")), (&json!("Tomater"), &json!("5"))]);
    assert_eq!((&tomorrow["day"], &tomorrow["orders"]), (&json!("2026-11-21"), &json!(1)));
    let outlook = &body["outlook"];
    assert_eq!((&outlook["from"], &outlook["to"]), (&json!("2026-11-20"), &json!("2026-11-26")));
    assert_eq!((&outlook["lead_days"], &outlook["short_products"]), (&json!(2), &json!(1)));
    let product = json!({
        "product_id": id(PRODUCT), "name": "Tomater", "unit": "KGM", "expected_qty": "49", "high_qty": "70",
        "on_hand_qty": "12.5", "promised_qty": "0.5", "available_qty": "12", "lead_time_qty": "20",
        "short_qty": "7.5", "demand_index": 1.085, "drifting": false
    });
    assert_eq!(outlook["products"], json!([product]), "the other supplier's are not its business");
    let quality = json!({"products": 1, "drifting": 0, "days": 4, "inside": 3,
        "sentence": "of the last 4 days, 3 lay inside the band"});
    assert_eq!(outlook["quality"], quality);
    let earlier = town.world.get(town.caller("admin"), &summary("?day=2026-11-21")).await.json();
    assert_eq!(earlier["due"][0]["orders"], 1);
}

#[tokio::test]
async fn a_suppliers_day_tells_of_200_products_those_that_fall_short_first_and_that_there_are_more() {
    let town = town().await;
    // 12 units of each are to be had, and 20 of the tomatoes are expected: the others suffice.
    for number in 1_000..1_200 {
        town.world.product(id(number), id(SUPPLIER), "Gurka", &number.to_string(), None).await;
        town.world.forecast(id(number), id(SUPPLIER), None, 0).await;
    }
    let body = town.world.get(town.caller("seller"), &summary("")).await.json();
    let products = body["outlook"]["products"].as_array().unwrap();
    assert_eq!((products.len(), &body["truncated"]), (200, &json!(true)));
    assert_eq!((&products[0]["name"], &products[0]["short_qty"]), (&json!("Tomater"), &json!("7.5")));
    assert_eq!((&products[1]["short_qty"], &body["outlook"]["short_products"]), (&json!("0"), &json!(1)));
    assert_eq!(body["outlook"]["quality"]["products"], 201, "of all of them");
}

#[tokio::test]
async fn a_suppliers_day_is_for_those_who_work_for_it() {
    let town = Town::new().await;
    town.sees(&summary(""), 200, &["admin", "auditor", "seller", "seller_staff"]).await;
    let others =
        ["partner", "rival", "buyer", "buyer_staff", "stranger", "buyers_partner", "sellers_partner"];
    town.sees(&summary(""), 403, &others).await;
    let world = &town.world;
    world.get(town.caller("buyer"), &summary("")).await.refused(403, "members_only");
    let unknown = format!("/api/v1/suppliers/{}/daily-summary", id(999));
    world.get(town.caller("admin"), &unknown).await.refused(404, "supplier_not_found");
    world.get(town.caller("seller"), &summary("?days=2")).await.refused(422, "invalid");
    let body = world.get(town.caller("seller"), &summary("")).await.json();
    assert_eq!(body["outlook"], json!(null), "before the first forecast");
}

#[tokio::test]
async fn a_suppliers_day_is_a_page_where_one_is_wanted() {
    let town = town().await;
    orders(&town.world).await;
    let accept = [("accept", "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8")];
    let page = town.world.get_with(Some(town.caller("seller")), &summary(""), &accept).await;
    assert_eq!((page.status.as_u16(), page.header("content-type")), (200, "text/html; charset=utf-8"));
    assert_eq!((page.header("vary"), page.header("cache-control")), ("accept", "private, no-store"));
    let policy = page.header("content-security-policy");
    assert!(policy.starts_with("default-src 'none'; style-src 'sha256-"), "{policy}");
    let text = String::from_utf8(page.bytes).unwrap();
    assert!(text.contains("<svg class=\"ip\"") && !text.contains("<script") && !text.contains("style="));
    assert!(text.contains("Gurka"), "{text}");
}
