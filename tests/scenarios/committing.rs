//! The log under many hands: what is acknowledged is there, once, and nothing is oversold.

use command_api::{Refusal, SubmitError, second_reader};
use events::{
    Fold, Folded,
    log::{check_log, load_streams, read_stream},
    order::Order,
    stock::Stock,
    values::{OrderId, ProductId, Quantity},
};
use futures::future::join_all;
use harness::{
    Ordering, TestDatabase,
    ordering::{place, start_committer, submission},
};

async fn stock_of(database: &TestDatabase, product_id: ProductId) -> Stock {
    let mut folded = Folded::<Stock>::default();
    let mut connection = database.pool.acquire().await.unwrap();
    for event in read_stream(&mut connection, Stock::stream(product_id)).await.unwrap() {
        folded.apply_recorded(&event).unwrap();
    }
    folded.state
}

async fn expect_sound(database: &TestDatabase) {
    let check = check_log(&mut database.pool.acquire().await.unwrap()).await.unwrap();
    assert_eq!(check.faults, [], "the log keeps its promises");
    let different = second_reader::compare_all(&database.pool, |_| {}).await.unwrap();
    assert_eq!(different, [], "postgres-es reads the same states");
}

fn order_id(body: &str) -> OrderId {
    serde_json::from_str::<serde_json::Value>(body).unwrap()["id"].as_str().unwrap().parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn eighty_orders_for_twenty_five_units_place_exactly_twenty_five() {
    let database = TestDatabase::create().await;
    let market = Ordering::open(&database.options).await;
    let product = market.product(25).await;
    let mut carts = Vec::new();
    for _ in 0..80 {
        carts.push(market.cart(&[(product, 1)]).await);
    }
    let placed =
        join_all(carts.iter().map(async |cart| market.submit(place(*cart), &cart.to_string()).await)).await;

    let accepted = placed.iter().filter(|outcome| outcome.is_ok()).count();
    assert_eq!(accepted, 25);
    for refused in placed.iter().filter_map(|outcome| outcome.as_ref().err()) {
        assert!(matches!(refused, SubmitError::Refused(Refusal::InsufficientStock(_))), "{refused:?}");
    }
    let stock = stock_of(&database, product).await;
    assert_eq!((stock.allocated, stock.available()), (Quantity::units(25), Quantity::ZERO));
    expect_sound(&database).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_order_takes_nothing_of_what_there_is_enough_of() {
    let database = TestDatabase::create().await;
    let market = Ordering::open(&database.options).await;
    let (plenty, scarce) = (market.product(100).await, market.product(1).await);
    let cart = market.cart(&[(plenty, 10), (scarce, 2)]).await;

    let refused = market.submit(place(cart), "k").await.unwrap_err();

    assert!(
        matches!(refused, SubmitError::Refused(Refusal::InsufficientStock(ref lines)) if lines.len() == 1)
    );
    assert_eq!(stock_of(&database, plenty).await.allocated, Quantity::ZERO);
    assert_eq!(stock_of(&database, scarce).await.allocated, Quantity::ZERO);
}

#[tokio::test(flavor = "multi_thread")]
async fn twenty_requests_with_one_key_are_one_order() {
    let database = TestDatabase::create().await;
    let market = Ordering::open(&database.options).await;
    let product = market.product(100).await;
    let cart = market.cart(&[(product, 1)]).await;

    let outcomes = join_all((0..20).map(|_| market.submit(place(cart), "one key"))).await;

    let ids: Vec<OrderId> =
        outcomes.iter().map(|outcome| order_id(&outcome.as_ref().unwrap().body)).collect();
    assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
    assert_eq!(outcomes.iter().filter(|outcome| !outcome.as_ref().unwrap().replayed).count(), 1);
    assert_eq!(stock_of(&database, product).await.allocated, Quantity::units(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn two_processes_on_one_database_never_oversell_and_never_overlook_each_other() {
    let database = TestDatabase::create().await;
    let market = Ordering::open(&database.options).await;
    let other = market.beside(&database.options);
    let product = market.product(60).await;
    let mut carts = Vec::new();
    for number in 0..160 {
        // Each process has the carts of the other in its cache or not at all: both must hold.
        let opener = if number % 3 == 0 { &other } else { &market };
        carts.push(opener.cart(&[(product, 1)]).await);
    }
    let placed = join_all(carts.iter().enumerate().map(|(number, cart)| {
        let market = if number % 2 == 0 { &market } else { &other };
        async move { market.submit(place(*cart), &cart.to_string()).await }
    }))
    .await;

    let accepted = placed.iter().filter(|outcome| outcome.is_ok()).count();
    assert_eq!(accepted, 60);
    let stock = stock_of(&database, product).await;
    assert_eq!((stock.on_hand, stock.available()), (Quantity::units(60), Quantity::ZERO));
    expect_sound(&database).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_suspension_by_another_process_stops_the_next_order_whatever_is_cached() {
    use command_api::domain::restaurant::SuspendRestaurant;
    let database = TestDatabase::create().await;
    let market = Ordering::open(&database.options).await;
    let other = market.beside(&database.options);
    let product = market.product(60).await;
    let (first, second) = (market.cart(&[(product, 1)]).await, market.cart(&[(product, 1)]).await);
    // The restaurant is in this process's cache from here on.
    market.submit(place(first), "first").await.unwrap();

    other.accept(SuspendRestaurant { restaurant_id: market.restaurant_id, reason: None }).await;

    let refused = market.submit(place(second), "second").await.unwrap_err();
    assert!(matches!(refused, SubmitError::Refused(Refusal::RestaurantNotApproved { state: "suspended" })));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_rests_on_what_another_process_wrote_too() {
    use command_api::domain::stock::{AdjustStock, StockChange};
    let database = TestDatabase::create().await;
    let market = Ordering::open(&database.options).await;
    let other = market.beside(&database.options);
    let product = market.product(0).await;
    let cart = market.cart(&[(product, 1)]).await;
    assert!(market.submit(place(cart), "none").await.is_err());

    let change = StockChange::By(Quantity::units(5));
    other
        .accept(AdjustStock { product_id: product, change, reason: "delivery".to_owned(), expires_on: None })
        .await;

    assert!(market.submit(place(cart), "now").await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_stream_loads_from_its_snapshot_to_the_same_state() {
    use command_api::domain::stock::{AdjustStock, StockChange};
    let database = TestDatabase::create().await;
    let market = Ordering::open(&database.options).await;
    let product = market.product(10).await;
    for _ in 0..450 {
        let change = StockChange::By(Quantity::units(1));
        market
            .accept(AdjustStock {
                product_id: product,
                change,
                reason: "delivery".to_owned(),
                expires_on: None,
            })
            .await;
    }

    let mut connection = database.pool.acquire().await.unwrap();
    let stream = Stock::stream(product);
    let history = load_streams(&mut connection, &[(stream, Stock::STATE_VERSION)])
        .await
        .unwrap()
        .remove(&stream)
        .unwrap();
    let (sequence, state) = history.snapshot.expect("a stream of 451 events has a snapshot");
    assert_eq!(sequence, 400);
    let mut folded: Folded<Stock> = serde_json::from_str(&state).unwrap();
    for event in &history.events {
        folded.apply_recorded(event).unwrap();
    }
    // Receiving ten and four hundred and fifty is four hundred and sixty, not twice that.
    assert_eq!(folded.state.on_hand, Quantity::units(460));
    assert_eq!(folded.state, stock_of(&database, product).await);
    // A process that starts now loads it so, and goes on from there.
    let fresh = market.beside(&database.options);
    let change = StockChange::By(Quantity::units(-460));
    fresh
        .accept(AdjustStock { product_id: product, change, reason: "sold out".to_owned(), expires_on: None })
        .await;
    assert_eq!(stock_of(&database, product).await.on_hand, Quantity::ZERO);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stopping_process_finishes_what_it_accepted() {
    let database = TestDatabase::create().await;
    let market = Ordering::open(&database.options).await;
    let product = market.product(100).await;
    let mut carts = Vec::new();
    for _ in 0..30 {
        carts.push(market.cart(&[(product, 1)]).await);
    }
    let (committer, task) = start_committer(&database.options);
    let waiting: Vec<_> = carts
        .into_iter()
        .map(|cart| {
            let committer = committer.clone();
            tokio::spawn(async move { committer.submit(submission(place(cart), None)).await })
        })
        .collect();
    tokio::task::yield_now().await;
    drop(committer);
    for outcome in join_all(waiting).await {
        assert!(outcome.unwrap().is_ok());
    }
    task.await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_refuses_to_be_changed_even_by_its_superuser() {
    let database = TestDatabase::create().await;
    let _market = Ordering::open(&database.options).await;
    for sql in [
        "UPDATE public.events SET actor = 'nobody'",
        "DELETE FROM public.events",
        "TRUNCATE public.events",
        "DELETE FROM public.log_head",
    ] {
        let refused = sqlx::query(sql).execute(&database.pool).await.unwrap_err();
        assert!(refused.to_string().contains("append-only"), "{sql}: {refused}");
    }
    // And no role of ours is even granted it.
    let granted: Vec<String> = sqlx::query_scalar(
        "SELECT grantee || ' ' || privilege_type FROM information_schema.role_table_grants \
         WHERE table_name = 'events' AND grantee LIKE 'iris\\_%' AND privilege_type NOT IN ('SELECT', 'INSERT')",
    )
    .fetch_all(&database.pool)
    .await
    .unwrap();
    assert_eq!(granted, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn every_order_of_the_log_reads_the_same_through_both_readers() {
    let database = TestDatabase::create().await;
    let market = Ordering::open(&database.options).await;
    let product = market.product(100).await;
    let cart = market.cart(&[(product, 3)]).await;
    let outcome = market.submit(place(cart), "k").await.unwrap();
    let stream = Order::stream(order_id(&outcome.body));
    assert!(second_reader::is_same(&database.pool, stream).await.unwrap());
    expect_sound(&database).await;
}
