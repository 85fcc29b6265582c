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
async fn what_many_have_is_found_by_the_words_that_are_meant() {
    let world = World::new().await;
    let caller = Caller::new(1, "RESTAURANT");
    for index in 0..110u128 {
        let name = if index == 7 { "Ekologisk tomat" } else { "Tomater ekologisk smör Öland" };
        world.product(id(100 + index), id(10 + index % 2), name, &format!("X-{index}"), None).await;
    }
    // Within a longer word, in a text shorter than all; a SKU that is all that was typed; and what only resembles.
    world.product(id(300), id(10), "Minitomater ekologisk", "Y", None).await;
    world.product(id(301), id(10), "Krossade tomater ekologisk på burk från Sicilien", "tomater", None).await;
    world.product(id(302), id(10), "Gurka ekologisk", "G-1", None).await;
    world
        .product(id(303), id(10), "Ekologiskasmör500g på Öland av det allra bästa som finns", "G-2", None)
        .await;
    for q in ["tomtaer%20ekologisk", "EKOLOGISK%20tomater", "tomater%20ekologsik", "tomater"] {
        let search = |rest: String| format!("/api/v1/products?q={q}&limit=40{rest}");
        let first = world.get(caller, &search("&count=true".to_owned())).await;
        assert_eq!(first.json()["total"], 111, "{q}");
        let (mut by_cursor, mut next) = (first.ids(), first.json()["next_cursor"].clone());
        while let Some(cursor) = next.as_str() {
            let answer = world.get(caller, &search(format!("&cursor={cursor}"))).await;
            by_cursor.extend(answer.ids());
            next = answer.json()["next_cursor"].clone();
        }
        let mut by_offset = Vec::new();
        for offset in [0, 40, 80] {
            by_offset.extend(world.get(caller, &search(format!("&offset={offset}"))).await.ids());
        }
        assert_eq!(by_cursor, by_offset, "{q}");
        assert_eq!(by_cursor.last(), Some(&id(300)), "{q}: within a word comes last");
        let whole = by_cursor.iter().position(|found| *found == id(301));
        assert_eq!(whole, Some(if q == "tomater" { 0 } else { 109 }), "{q}: its number, else the longest");
        assert!(!by_cursor.contains(&id(107)) && !by_cursor.contains(&id(302)), "{q}");
    }
    let butter = world.get(caller, "/api/v1/products?q=s%C3%B6mr%20ekologisk&count=true").await;
    assert_eq!(
        butter.json()["total"],
        110,
        "two letters swapped of four; one has both within one word, digits behind it"
    );
    // Fewer have both: then whatever resembles the query is of interest.
    let path = format!("/api/v1/products?q=tomtaer%20ekologisk&supplier_id={}&limit=100", id(11));
    let found = world.get(caller, &path).await.ids();
    assert!(found.contains(&id(107)) && found.len() == 55, "{}", found.len());
}

#[tokio::test]
async fn a_cursor_cannot_bring_words_of_its_own_making() {
    let world = shop().await;
    let key = serde_json::json!({"score": 1, "id": id(1), "q": "tomater", "words": ["%", "_"]});
    let cursor = platform::paging::write_cursor("products by q", &key);
    let path = format!("/api/v1/products?q=tomater&cursor={cursor}");
    world.get(Caller::new(1, "RESTAURANT"), &path).await.refused(422, "invalid_cursor");
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
