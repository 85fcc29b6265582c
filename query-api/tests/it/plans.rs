//! What a page costs does not grow with the table: it reads about as many rows as it shows.

use events::invoice::Stated;

use crate::{
    bills::Bill,
    fixtures::{Story, folded, restaurant_details, supplier_details, wanted},
    world::{Caller, World, id, now},
};

const ORDERS: i64 = 20_000;

/// Rows, and entries of indexes, that scans of a table have touched so far, seen by one connection alone.
async fn touched(world: &World, table: &str) -> i64 {
    sqlx::query("SELECT pg_stat_force_next_flush()").execute(&world.pool).await.unwrap();
    let sql = "SELECT seq_tup_read + idx_tup_fetch
                      + (SELECT sum(idx_tup_read)::bigint FROM pg_stat_all_indexes i WHERE i.relid = t.relid)
               FROM pg_stat_all_tables t WHERE relid = $1::text::regclass";
    sqlx::query_scalar(sql).bind(table).fetch_one(&world.pool).await.unwrap()
}

async fn orders(world: &World) {
    let story = Story::placed(50, id(20), id(10), &[wanted("Tomater", 1_000, 100, 600)]);
    // Some pairs and states are rare, so that a plan that filters instead of seeking shows.
    let sql = "INSERT INTO read.orders (order_id, restaurant_id, supplier_id, status, placed_at, state)
        SELECT md5('o' || n)::uuid,
               CASE WHEN n % 20 = 0 THEN $1 ELSE md5('r' || n % 50)::uuid END,
               CASE WHEN n % 400 = 0 THEN $2 ELSE md5('s' || n % 30)::uuid END,
               CASE WHEN n % 700 = 0 THEN 'placed' ELSE 'delivered' END,
               timestamptz '2026-11-20 09:00Z' - n * interval '1 minute', $3
        FROM generate_series(1, $4) n";
    let query = sqlx::query(sql).bind(id(20)).bind(id(10)).bind(sqlx::types::Json(&story.order)).bind(ORDERS);
    query.execute(&world.pool).await.unwrap();
    sqlx::query("ANALYZE read.orders").execute(&world.pool).await.unwrap();
}

#[tokio::test]
async fn a_page_of_orders_reads_few_rows_whatever_the_filter() {
    let world = World::with(1, std::time::Duration::from_secs(20)).await;
    let (buyer, seller) = (Caller::new(2, "RESTAURANT"), Caller::new(3, "SUPPLIER"));
    world.supplier(id(10), supplier_details("S"), &[(seller, events::values::MemberRole::Owner)]).await;
    world.restaurant(id(20), restaurant_details("R"), &[(buyer, events::values::MemberRole::Owner)]).await;
    orders(&world).await;
    let (restaurant, supplier) = (id(20), id(10));
    for (caller, query) in [
        (Caller::new(1, "ADMIN"), String::new()),
        (Caller::new(1, "ADMIN"), "status=placed".to_owned()),
        (Caller::new(1, "ADMIN"), format!("restaurant_id={restaurant}")),
        (Caller::new(1, "ADMIN"), format!("supplier_id={supplier}")),
        (Caller::new(1, "ADMIN"), format!("supplier_id={supplier}&status=placed")),
        (Caller::new(1, "ADMIN"), format!("restaurant_id={restaurant}&supplier_id={supplier}")),
        (Caller::new(1, "ADMIN"), "placed_to=2026-11-10T00:00:00Z".to_owned()),
        (Caller::new(1, "ADMIN"), "placed_from=2026-11-10T00:00:00Z".to_owned()),
        (buyer, String::new()),
        (buyer, "status=delivered".to_owned()),
        (seller, String::new()),
        (seller, format!("restaurant_id={restaurant}")),
    ] {
        // More than five times: Postgres may then prefer a plan that knows no values.
        for _ in 0..7 {
            let before = touched(&world, "read.orders").await;
            let shown = world.get(caller, &format!("/api/v1/orders?limit=10&{query}")).await.ids();
            assert!(!shown.is_empty(), "{query}");
            let cost = touched(&world, "read.orders").await - before;
            assert!((1..=90).contains(&cost), "{cost} rows read for {} shown: {query}", shown.len());
        }
    }
}

#[tokio::test]
async fn a_page_far_down_the_orders_reads_no_more_than_the_first() {
    let world = World::with(1, std::time::Duration::from_secs(20)).await;
    let (buyer, seller, admin) =
        (Caller::new(2, "RESTAURANT"), Caller::new(3, "SUPPLIER"), Caller::new(1, "ADMIN"));
    let both = Caller::new(4, "RESTAURANT");
    let owner = events::values::MemberRole::Owner;
    world.supplier(id(10), supplier_details("S"), &[(seller, owner), (both, owner)]).await;
    world.restaurant(id(20), restaurant_details("R"), &[(buyer, owner), (both, owner)]).await;
    orders(&world).await;
    let restaurant = id(20);
    for (caller, query, deep) in [
        (admin, String::new(), 15_000),
        (admin, "status=delivered".to_owned(), 15_000),
        (admin, format!("restaurant_id={restaurant}"), 800),
        (admin, "placed_to=2026-11-19T00:00:00Z".to_owned(), 10_000),
        (buyer, String::new(), 800),
        (buyer, "status=delivered".to_owned(), 800),
        (buyer, format!("restaurant_id={restaurant}&status=delivered"), 800),
        (seller, String::new(), 30),
        (both, String::new(), 800),
    ] {
        let page = |cursor: &str| format!("/api/v1/orders?limit=10&{query}{cursor}");
        let above = world.get(caller, &page(&format!("&offset={deep}"))).await;
        let cursor = format!("&cursor={}", above.json()["next_cursor"].as_str().unwrap());
        let mut costs = Vec::new();
        for cursor in [String::new(), cursor] {
            for _ in 0..7 {
                let before = touched(&world, "read.orders").await;
                assert_eq!(world.get(caller, &page(&cursor)).await.ids().len(), 10, "{query}{cursor}");
                costs.push(touched(&world, "read.orders").await - before);
            }
        }
        assert!(costs.iter().all(|cost| (1..=90).contains(cost)), "{costs:?} rows read: {query}");
        // A place in an index is found as fast as its end; only what stands beside the place comes to it.
        let (first, deep) = (costs[..7].iter().max(), costs[7..].iter().max());
        assert!(deep <= first.map(|first| first + 10).as_ref(), "{costs:?} rows read: {query}");
    }
}

async fn invoices(world: &World, sender: Caller) {
    let bill = Bill::received(50, Stated::default(), sender);
    let sql = "INSERT INTO read.invoices (invoice_id, supplier_id, restaurant_id, order_id, received_by, status, number,
                                          received_at, state)
        SELECT md5('i' || n)::uuid,
               CASE WHEN n % 400 = 0 THEN $2 ELSE md5('s' || n % 30)::uuid END,
               CASE WHEN n % 500 = 0 THEN $1 ELSE md5('r' || n % 50)::uuid END,
               md5('o' || n / 2)::uuid,
               CASE WHEN n % 300 = 0 THEN $4 ELSE md5('a' || n % 40)::uuid END,
               CASE WHEN n % 700 = 0 THEN 'disputed' ELSE 'matched' END, 'F-' || n % 5000,
               timestamptz '2026-11-20 09:00Z' - n * interval '1 minute', $3
        FROM generate_series(1, $5) n";
    let query = sqlx::query(sql).bind(id(20)).bind(id(10)).bind(sqlx::types::Json(&bill.invoice));
    query.bind(sender.id).bind(ORDERS).execute(&world.pool).await.unwrap();
    sqlx::query("ANALYZE read.invoices").execute(&world.pool).await.unwrap();
}

#[tokio::test]
async fn a_page_of_invoices_reads_few_rows_whatever_the_filter() {
    let world = World::with(1, std::time::Duration::from_secs(20)).await;
    let (buyer, seller) = (Caller::new(2, "RESTAURANT"), Caller::new(3, "SUPPLIER"));
    let (admin, sender) = (Caller::new(1, "ADMIN"), Caller::new(4, "SUPPLIER"));
    world.supplier(id(10), supplier_details("S"), &[(seller, events::values::MemberRole::Owner)]).await;
    world.restaurant(id(20), restaurant_details("R"), &[(buyer, events::values::MemberRole::Owner)]).await;
    invoices(&world, sender).await;
    let (restaurant, supplier) = (id(20), id(10));
    let order: uuid::Uuid =
        sqlx::query_scalar("SELECT order_id FROM read.invoices WHERE number = 'F-4000' LIMIT 1")
            .fetch_one(&world.pool)
            .await
            .unwrap();
    for (caller, query) in [
        (admin, String::new()),
        (admin, "status=disputed".to_owned()),
        (admin, format!("restaurant_id={restaurant}")),
        (admin, format!("supplier_id={supplier}")),
        (admin, format!("supplier_id={supplier}&status=disputed")),
        (admin, format!("restaurant_id={restaurant}&supplier_id={supplier}")),
        (admin, format!("order_id={order}")),
        (admin, "number=F-4000".to_owned()),
        (buyer, String::new()),
        (buyer, "status=disputed".to_owned()),
        (buyer, "number=F-4000".to_owned()),
        (seller, String::new()),
        (seller, format!("supplier_id={supplier}&status=matched")),
        (sender, String::new()),
        (sender, "status=disputed".to_owned()),
    ] {
        // More than five times: Postgres may then prefer a plan that knows no values.
        for _ in 0..7 {
            let before = touched(&world, "read.invoices").await;
            let shown = world.get(caller, &format!("/api/v1/invoices?limit=10&{query}")).await.ids();
            assert!(!shown.is_empty(), "{query}");
            let cost = touched(&world, "read.invoices").await - before;
            assert!((1..=90).contains(&cost), "{cost} rows read for {} shown: {query}", shown.len());
        }
    }
}

#[tokio::test]
async fn a_search_reads_what_matches_and_not_the_catalogue() {
    let world = World::with(1, std::time::Duration::from_secs(20)).await;
    let created = events::product::ProductEvent::ProductCreated {
        supplier_id: id(10).into(),
        details: events::product::ProductDetails::default(),
        unit_price_minor: 100,
        currency: events::values::Currency::SEK,
    };
    let product = folded::<events::product::Product>(crate::world::now(), &[created]);
    let sql = "INSERT INTO read.products (product_id, supplier_id, active, search, created_at, state)
        SELECT md5('p' || n)::uuid, $1, true,
               CASE WHEN n % 1000 = 0 THEN 'tomater kvist ' ELSE md5('a' || n % 997) || ' ' END || n, now(), $2
        FROM generate_series(1, 20000) n";
    sqlx::query(sql).bind(id(10)).bind(sqlx::types::Json(&product)).execute(&world.pool).await.unwrap();
    sqlx::query("VACUUM ANALYZE read.products").execute(&world.pool).await.unwrap();
    for _ in 0..7 {
        let before = touched(&world, "read.products").await;
        let path = "/api/v1/products?q=tomatr&limit=100";
        assert_eq!(world.get(Caller::new(1, "RESTAURANT"), path).await.ids().len(), 20);
        let cost = touched(&world, "read.products").await - before;
        assert!((1..=200).contains(&cost), "{cost} rows read");
    }
}

#[tokio::test]
async fn a_search_for_words_that_many_have_reads_those_that_have_them_all() {
    let world = World::with(1, std::time::Duration::from_secs(20)).await;
    world.product(id(30), id(10), "Tomater ekologisk kruka", "T-1", None).await;
    // Of 20,000 products 400 are tomatoes and 2,000 organic; 120 are both.
    let sql = "INSERT INTO read.products (product_id, supplier_id, active, search, created_at, state, words)
        SELECT md5('p' || n)::uuid, supplier_id, true, array_to_string(w.words, ' ') || ' ' || n, now(), state, w.words
        FROM read.products, generate_series(1, 20000) n,
             LATERAL (SELECT ARRAY[CASE WHEN n % 50 = 0 THEN 'tomater' ELSE 'gurka' END,
                                   CASE WHEN n % 10 = 1 OR n % 500 IN (0, 100, 200) THEN 'ekologisk' ELSE 'krav' END,
                                   'låda'] AS words) w";
    sqlx::query(sql).execute(&world.pool).await.unwrap();
    sqlx::query("VACUUM ANALYZE read.products").execute(&world.pool).await.unwrap();
    for q in ["tomtaer%20ekologisk", "ekologiska%20tomater", "tomater%20ekologsik"] {
        for _ in 0..7 {
            let before = touched(&world, "read.products").await;
            let path = format!("/api/v1/products?q={q}&limit=10&count=true");
            let answer = world.get(Caller::new(1, "RESTAURANT"), &path).await;
            let cost = touched(&world, "read.products").await - before;
            assert_eq!((answer.json()["total"].as_i64(), answer.ids().len()), (Some(121), 10), "{q}");
            assert!((1..=300).contains(&cost), "{cost} rows read: {q}");
        }
    }
}

/// Carts are analysed from a tenth of the usual sample.
#[tokio::test]
async fn a_page_of_carts_reads_few_rows_of_restaurants_that_have_many_and_few() {
    let world = World::with(1, std::time::Duration::from_secs(20)).await;
    let (admin, buyer) = (Caller::new(1, "ADMIN"), Caller::new(2, "RESTAURANT"));
    let (many, few) = (id(20), id(21));
    for restaurant in [many, few] {
        let members = [(buyer, events::values::MemberRole::Owner)];
        world.restaurant(restaurant, restaurant_details("R"), &members).await;
    }
    world.cart(id(50), many, now()).await;
    let sql = "INSERT INTO read.carts (cart_id, restaurant_id, converted, created_at, state)
        SELECT md5('c' || n)::uuid,
               CASE WHEN n % 1500 = 0 THEN $1 WHEN n % 2 = 0 THEN $2 ELSE md5('r' || n % 50)::uuid END,
               false, created_at - n * interval '1 minute', state
        FROM read.carts, generate_series(1, $3) n";
    sqlx::query(sql).bind(few).bind(many).bind(ORDERS).execute(&world.pool).await.unwrap();
    sqlx::query("ANALYZE read.carts").execute(&world.pool).await.unwrap();
    for (caller, query) in [
        (admin, String::new()),
        (admin, format!("restaurant_id={many}")),
        (admin, format!("restaurant_id={few}")),
        (buyer, String::new()),
        (buyer, format!("restaurant_id={few}")),
    ] {
        for _ in 0..7 {
            let before = touched(&world, "read.carts").await;
            let shown = world.get(caller, &format!("/api/v1/carts?limit=10&{query}")).await.ids();
            assert_eq!(shown.len(), 10, "{query}");
            let cost = touched(&world, "read.carts").await - before;
            assert!((1..=90).contains(&cost), "{cost} rows read: {query}");
        }
    }
}

#[tokio::test]
async fn a_page_of_the_inbox_reads_few_rows_however_full_it_is() {
    let world = World::with(1, std::time::Duration::from_secs(20)).await;
    let (owner, table) = (Caller::new(2, "RESTAURANT"), "notifications.notifications");
    // Every other row is the caller's; of its rows few are unread, and those old.
    let sql = "INSERT INTO notifications.notifications (notification_id, account_id, kind, event_id, position,
               subject_kind, subject_id, locale, title, body, in_app, created_at, read_at)
        SELECT md5('n' || n)::uuid, CASE WHEN n % 2 = 0 THEN $1 ELSE md5('a' || n % 50)::uuid END, 'order_placed',
               md5('e' || n)::uuid, n, 'order', $1, 'sv', 'Ny order', '', n % 3 > 0,
               timestamptz '2026-11-20 09:00Z' - n * interval '1 minute',
               CASE WHEN n % 500 = 0 AND n > 10000 THEN NULL ELSE now() END
        FROM generate_series(1, $2) n";
    sqlx::query(sql).bind(owner.id).bind(ORDERS).execute(&world.pool).await.unwrap();
    sqlx::query("ANALYZE notifications.notifications").execute(&world.pool).await.unwrap();
    for query in ["", "unread=true"] {
        for _ in 0..7 {
            let before = touched(&world, table).await;
            let shown = world.get(owner, &format!("/api/v1/notifications?limit=10&{query}")).await.ids();
            assert_eq!(shown.len(), 10, "{query}");
            let cost = touched(&world, table).await - before;
            assert!((1..=90).contains(&cost), "{cost} rows read: {query}");
        }
    }
}
