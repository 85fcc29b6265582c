//! Pages: complete, in order, and bounded.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use events::values::MemberRole::Owner;
use uuid::Uuid;

use crate::{
    fixtures::{Story, restaurant_details, supplier_details, wanted},
    world::{Answer, Caller, World, id, now},
};

const RESTAURANTS: [u128; 3] = [20, 21, 22];
const SUPPLIERS: [u128; 3] = [10, 11, 12];

/// What the filters look at.
#[derive(Clone, Debug)]
struct Known {
    id: Uuid,
    restaurant: u128,
    supplier: u128,
    status: &'static str,
    placed_at: DateTime<Utc>,
}

type Keep<'a> = Box<dyn Fn(&Known) -> bool + 'a>;

fn admin() -> Caller {
    Caller::new(1, "ADMIN")
}

/// 90 orders over three restaurants and three suppliers, three at each moment: ids break ties.
async fn market(world: &World) -> Vec<Known> {
    for supplier in SUPPLIERS {
        world.supplier(id(supplier), supplier_details("Säljare"), &[]).await;
    }
    for restaurant in RESTAURANTS {
        world.restaurant(id(restaurant), restaurant_details("Köpare"), &[]).await;
    }
    let mut known = Vec::new();
    for number in 0..90u128 {
        let restaurant = RESTAURANTS[(number % 3) as usize];
        let supplier = SUPPLIERS[(number / 3 % 3) as usize];
        let placed_at = now() - TimeDelta::hours(i64::try_from(number / 3).unwrap());
        let lines = [wanted("Tomater", 1_000, 100, 600)];
        let story = Story::placed_at(1_000 + number * 10, id(restaurant), id(supplier), &lines, placed_at);
        let story = match number % 4 {
            0 => story,
            1 => story.confirmed(),
            2 => story.cancelled(),
            _ => story.confirmed().delivered(1, &[1_000]),
        };
        world.order(&story).await;
        let status = story.order.state.status.name();
        known.push(Known { id: story.id, restaurant, supplier, status, placed_at });
    }
    known.sort_by_key(|order| std::cmp::Reverse((order.placed_at, order.id)));
    known
}

/// All pages of a list by cursor.
async fn walk(world: &World, caller: Caller, path: &str, limit: u32) -> Vec<Uuid> {
    let mut ids = Vec::new();
    let mut cursor = String::new();
    loop {
        let answer = world.get(caller, &format!("{path}limit={limit}{cursor}")).await;
        ids.extend(answer.ids());
        let Some(next) = next_cursor(&answer) else { return ids };
        cursor = format!("&cursor={next}");
    }
}

fn next_cursor(answer: &Answer) -> Option<String> {
    answer.json()["next_cursor"].as_str().map(ToOwned::to_owned)
}

#[tokio::test]
async fn every_filter_and_every_pair_of_filters_gives_what_a_plain_loop_gives() {
    let world = World::new().await;
    let known = market(&world).await;
    let (from, to) = (now() - TimeDelta::hours(20), now() - TimeDelta::hours(5));
    let stamp = |moment: DateTime<Utc>| moment.to_rfc3339_opts(chrono::SecondsFormat::Secs, true);
    let filters: Vec<(String, Keep<'_>)> = vec![
        (format!("restaurant_id={}&", id(20)), Box::new(|order| order.restaurant == 20)),
        (format!("supplier_id={}&", id(11)), Box::new(|order| order.supplier == 11)),
        ("status=delivered&".to_owned(), Box::new(|order| order.status == "delivered")),
        (format!("placed_from={}&", stamp(from)), Box::new(|order| order.placed_at >= from)),
        (format!("placed_to={}&", stamp(to)), Box::new(|order| order.placed_at < to)),
    ];
    for (index, (first, keep_first)) in filters.iter().enumerate() {
        for (second, keep_second) in &filters[index..] {
            let both = if first == second { String::new() } else { second.clone() };
            let expected: Vec<Uuid> = known
                .iter()
                .filter(|order| keep_first(order) && keep_second(order))
                .map(|order| order.id)
                .collect();
            assert!(!expected.is_empty(), "{first}{both} must keep something");
            let path = format!("/api/v1/orders?{first}{both}");
            assert_eq!(walk(&world, admin(), &path, 7).await, expected, "{path}");
            let counted = world.get(admin(), &format!("{path}count=true&limit=1")).await.json();
            assert_eq!(counted["total"], expected.len(), "{path}");
        }
    }
}

#[tokio::test]
async fn a_member_of_several_organisations_sees_each_order_once_in_one_order() {
    let world = World::new().await;
    let known = market(&world).await;
    let caller = Caller::new(2, "RESTAURANT");
    let sql = "INSERT INTO read.memberships (account_id, organisation_kind, organisation_id, role)
               VALUES ($1, 'restaurant', $2, 'OWNER'), ($1, 'restaurant', $3, 'STAFF'), ($1, 'supplier', $4, 'STAFF')";
    let query = sqlx::query(sql).bind(caller.id).bind(id(20)).bind(id(21)).bind(id(12));
    query.execute(&world.pool).await.unwrap();
    let mine = |order: &&Known| matches!(order.restaurant, 20 | 21) || order.supplier == 12;
    let expected: Vec<Uuid> = known.iter().filter(mine).map(|order| order.id).collect();
    assert_eq!(walk(&world, caller, "/api/v1/orders?", 7).await, expected);
    let mut by_offset = Vec::new();
    while by_offset.len() < expected.len() {
        let path = format!("/api/v1/orders?limit=7&count=true&offset={}", by_offset.len());
        let answer = world.get(caller, &path).await;
        assert_eq!(answer.json()["total"], expected.len());
        by_offset.extend(answer.ids());
    }
    assert_eq!(by_offset, expected);

    let seller_alone = format!("/api/v1/orders?restaurant_id={}&", id(22));
    let through_supplier = |order: &&Known| order.restaurant == 22 && order.supplier == 12;
    let expected: Vec<Uuid> = known.iter().filter(through_supplier).map(|order| order.id).collect();
    assert_eq!(walk(&world, caller, &seller_alone, 3).await, expected);
}

#[tokio::test]
async fn a_member_of_one_organisation_gets_of_its_orders_what_each_filter_keeps() {
    let world = World::new().await;
    let known = market(&world).await;
    let (buyer, seller) = (Caller::new(2, "RESTAURANT"), Caller::new(3, "SUPPLIER"));
    let sql = "INSERT INTO read.memberships (account_id, organisation_kind, organisation_id, role)
               VALUES ($1, 'restaurant', $2, 'OWNER'), ($3, 'supplier', $4, 'OWNER')";
    let query = sqlx::query(sql).bind(buyer.id).bind(id(20)).bind(seller.id).bind(id(11));
    query.execute(&world.pool).await.unwrap();
    let filters: Vec<(String, Keep<'_>)> = vec![
        (String::new(), Box::new(|_| true)),
        ("status=delivered&".to_owned(), Box::new(|order| order.status == "delivered")),
        (format!("supplier_id={}&", id(11)), Box::new(|order| order.supplier == 11)),
        (
            format!("supplier_id={}&status=delivered&", id(11)),
            Box::new(|order| order.supplier == 11 && order.status == "delivered"),
        ),
        (format!("restaurant_id={}&", id(20)), Box::new(|order| order.restaurant == 20)),
    ];
    let sides: [(Caller, Keep<'_>); 2] =
        [(buyer, Box::new(|order| order.restaurant == 20)), (seller, Box::new(|order| order.supplier == 11))];
    for (caller, is_own) in &sides {
        for (filter, keep) in &filters {
            let own = known.iter().filter(|order| is_own(order) && keep(order));
            let expected: Vec<Uuid> = own.map(|order| order.id).collect();
            let path = format!("/api/v1/orders?{filter}");
            assert_eq!(walk(&world, *caller, &path, 7).await, expected, "{} {path}", caller.role);
        }
    }
}

#[tokio::test]
async fn pages_neither_skip_nor_repeat_while_orders_come_in() {
    let world = World::new().await;
    let known = market(&world).await;
    let (mut seen, mut cursor, mut number) = (Vec::new(), String::new(), 90_000u128);
    loop {
        let answer = world.get(admin(), &format!("/api/v1/orders?limit=10{cursor}")).await;
        seen.extend(answer.ids());
        let Some(next) = next_cursor(&answer) else { break };
        cursor = format!("&cursor={next}");
        // One before everything seen so far, and one at the very moment of the page's last order.
        let last = known.iter().find(|order| Some(&order.id) == seen.last()).unwrap().placed_at;
        for at in [now() + TimeDelta::hours(1), last] {
            number += 10;
            let lines = [wanted("Gurka", 1_000, 100, 600)];
            let story = Story::placed_at(number, id(20), id(10), &lines, at);
            world.order(&story).await;
        }
        // What was at that moment has a smaller id, so the newcomer lies before the cursor.
        assert!(id(number) > *seen.last().unwrap());
    }
    assert_eq!(seen, known.iter().map(|order| order.id).collect::<Vec<_>>());
}

#[tokio::test]
async fn all_lists_page_by_cursor() {
    let world = World::new().await;
    let owner = Caller::new(3, "RESTAURANT");
    for number in 0..23u128 {
        world.supplier(id(1_000 + number), supplier_details("S"), &[]).await;
        world.restaurant(id(2_000 + number), restaurant_details("R"), &[(owner, Owner)]).await;
        world.product(id(3_000 + number), id(1_000), "Tomater", &format!("T-{number}"), None).await;
        let created = now() - TimeDelta::minutes(i64::try_from(number % 5).unwrap());
        world.cart(id(4_000 + number), id(2_000 + number % 3), created).await;
        let member = Caller::new(5_000 + number, "RESTAURANT");
        world.account(member).await;
        sqlx::query("INSERT INTO read.memberships VALUES ($1, 'supplier', $2, 'STAFF')")
            .bind(member.id)
            .bind(id(1_000))
            .execute(&world.pool)
            .await
            .unwrap();
    }
    for caller in [admin(), owner] {
        for (list, first) in
            [("suppliers", 1_000), ("restaurants", 2_000), ("products", 3_000), ("carts", 4_000)]
        {
            let ids = walk(&world, caller, &format!("/api/v1/{list}?"), 5).await;
            let expected: BTreeSet<Uuid> = (0..23).map(|number| id(first + number)).collect();
            assert_eq!((ids.len(), ids.into_iter().collect::<BTreeSet<_>>()), (23, expected), "{list}");
        }
    }
    let members = format!("/api/v1/suppliers/{}/members", id(1_000));
    let first = world.get(admin(), &format!("{members}?limit=20")).await;
    let cursor = next_cursor(&first).unwrap();
    let rest = world.get(admin(), &format!("{members}?cursor={cursor}")).await.json();
    assert_eq!(rest["items"].as_array().unwrap().len(), 3);
    assert_eq!(rest["next_cursor"], serde_json::Value::Null);
}

#[tokio::test]
async fn page_parameters_out_of_bounds_are_refused() {
    let world = World::new().await;
    for list in ["suppliers", "restaurants", "products", "carts", "orders"] {
        for bad in [
            "limit=0",
            "limit=101",
            "limit=x",
            "offset=-1",
            "cursor=AAAA",
            "nonsense=1",
            "count=yes",
            "q=%00",
        ] {
            let answer = world.get(admin(), &format!("/api/v1/{list}?{bad}")).await;
            assert_eq!(answer.status, 422, "{list} {bad}");
            assert_eq!(answer.json()["error"], "ValidationError");
        }
        let whole = world.get(admin(), &format!("/api/v1/{list}?limit=100&offset=5")).await.json();
        let empty = serde_json::json!({"items": [], "limit": 100, "offset": 5, "next_cursor": null});
        assert_eq!(whole, empty);
    }
    let faults = world.get(admin(), "/api/v1/orders?limit=0&status=lost&supplier_id=7&placed_to=today").await;
    let body = faults.refused(422, "invalid");
    let mut fields: Vec<&str> =
        body["details"].as_array().unwrap().iter().map(|fault| fault["field"].as_str().unwrap()).collect();
    fields.sort_unstable();
    assert_eq!(fields, ["limit", "placed_to", "status", "supplier_id"], "all faults at once");
}

/// Not "the database does not answer": whoever asks for less is answered.
#[tokio::test]
async fn a_read_that_takes_too_long_is_given_up_and_says_what_to_ask_for() {
    let world = World::new().await;
    let mut locked = platform::db::begin(&world.pool).await.unwrap();
    sqlx::query("LOCK TABLE read.orders IN ACCESS EXCLUSIVE MODE").execute(&mut *locked).await.unwrap();
    world.get(admin(), "/api/v1/orders?offset=5000000").await.refused(503, "took_too_long");
    locked.rollback().await.unwrap();
    assert_eq!(world.get(admin(), "/api/v1/orders?offset=5000000").await.status, 200);
}

#[tokio::test]
async fn a_changed_cursor_or_one_of_another_list_is_refused() {
    let world = World::new().await;
    market(&world).await;
    let cursor = next_cursor(&world.get(admin(), "/api/v1/orders?limit=1").await).unwrap();
    let letter = if cursor.ends_with('A') { "B" } else { "A" };
    let changed = format!("{}{letter}", &cursor[..cursor.len() - 1]);
    world.get(admin(), &format!("/api/v1/orders?cursor={cursor}")).await.ids();
    for (list, bad) in [("orders", &changed), ("orders", &cursor[..20].to_owned()), ("suppliers", &cursor)] {
        let answer = world.get(admin(), &format!("/api/v1/{list}?cursor={bad}")).await;
        answer.refused(422, "invalid_cursor");
    }
}
