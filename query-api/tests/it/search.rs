//! `GET /products?q=`: forgiving, best first.

use uuid::Uuid;

use crate::world::{Caller, World, id};

const NAMES: [(&str, &str, Option<&str>); 9] = [
    ("Tomater", "10-2201", None),
    ("Tomater krossade på burk 2,5 kg", "10-2202", None),
    ("Gurka svensk 12-pack", "10-2207", Some("7310865004703")),
    ("Gräddfil 3 dl", "20-1000", None),
    ("Vispgrädde 36 %", "20-1001", None),
    ("Köttbullar", "30-0001", None),
    ("Räksallad", "40-0001", None),
    ("Öl mellan 33 cl", "50-0001", None),
    ("Sallad isberg", "10-3310", None),
];

async fn shop() -> World {
    let world = World::new().await;
    for (index, (name, sku, gtin)) in NAMES.into_iter().enumerate() {
        world.product(id(index as u128), id(10 + index as u128 % 2), name, sku, gtin).await;
    }
    world
}

async fn found(world: &World, query: &str) -> Vec<&'static str> {
    let answer = world.get(Caller::new(1, "RESTAURANT"), &format!("/api/v1/products?q={query}")).await;
    let name = |found: Uuid| NAMES[(0..NAMES.len()).find(|index| id(*index as u128) == found).unwrap()].0;
    answer.ids().into_iter().map(name).collect()
}

#[tokio::test]
async fn typing_errors_are_forgiven() {
    let world = shop().await;
    for (query, best) in [
        ("tomatr", "Tomater"),
        ("TOMATER", "Tomater"),
        ("tomaetr", "Tomater"),
        ("gurkka", "Gurka svensk 12-pack"),
        ("kottbullar", "Köttbullar"),
        ("vispgr%C3%A4de", "Vispgrädde 36 %"),
        ("isbergsallad", "Sallad isberg"),
        ("%C3%B6l", "Öl mellan 33 cl"),
    ] {
        assert_eq!(found(&world, query).await.first(), Some(&best), "{query}");
    }
    assert_eq!(found(&world, "skruvdragare").await, Vec::<&str>::new());
}

#[tokio::test]
async fn a_number_given_whole_comes_first_and_the_closer_name_before_the_longer() {
    let world = shop().await;
    assert_eq!(found(&world, "10-2202").await[0], "Tomater krossade på burk 2,5 kg");
    assert_eq!(found(&world, "7310865004703").await, ["Gurka svensk 12-pack"]);
    assert_eq!(found(&world, "tomater").await[..2], ["Tomater", "Tomater krossade på burk 2,5 kg"]);
}

#[tokio::test]
async fn matches_page_by_cursor_within_their_query_and_filters() {
    let world = shop().await;
    let caller = Caller::new(1, "RESTAURANT");
    for index in 0..30u128 {
        world.product(id(100 + index), id(10), "Tomater", &format!("X-{index}"), None).await;
    }
    let (mut ids, mut cursor) = (Vec::new(), String::new());
    loop {
        let path = format!("/api/v1/products?q=tomater&supplier_id={}&limit=7&count=true{cursor}", id(10));
        let answer = world.get(caller, &path).await;
        ids.extend(answer.ids());
        assert_eq!(answer.json()["total"], 31);
        let Some(next) = answer.json()["next_cursor"].as_str().map(ToOwned::to_owned) else { break };
        cursor = format!("&cursor={next}");
    }
    let distinct: std::collections::BTreeSet<_> = ids.iter().collect();
    assert_eq!((ids.len(), distinct.len()), (31, 31));
    let foreign = world.get(caller, &format!("/api/v1/products?q=tomat&limit=7{cursor}")).await;
    foreign.refused(422, "invalid_cursor");
    let inactive = world.get(caller, "/api/v1/products?q=tomater&active=false").await;
    assert!(inactive.ids().is_empty());
}

#[tokio::test]
async fn whatever_is_typed_is_a_query() {
    let world = shop().await;
    for query in ["%25", "'", "%22%3B--", "%5C", "%E2%9C%93", "a", "%25%25%25", "1%27%20OR%201=1"] {
        let answer = world.get(Caller::new(1, "ADMIN"), &format!("/api/v1/products?q={query}")).await;
        assert_eq!(answer.status, 200, "{query}");
    }
    world.get(Caller::new(1, "ADMIN"), "/api/v1/products?q=").await.refused(422, "invalid");
}
