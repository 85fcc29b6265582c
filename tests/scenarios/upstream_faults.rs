//! The known faults of cqrs-es and postgres-es 0.5.0 and of sqlx 0.8.6, each looked for in our own code.
//!
//! The first (snapshots apply each event twice) is looked for in
//! `committing::a_long_stream_loads_from_its_snapshot_to_the_same_state`.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use command_api::{
    Refusal, SubmitError,
    domain::{
        product::CreateProduct,
        stock::{AdjustStock, StockChange},
    },
};
use events::{
    StreamKind,
    log::{Retry, read_feed, retry_of},
    product::ProductDetails,
    values::{ProductId, Quantity},
};
use futures::future::join_all;
use harness::{
    Ordering, TestDatabase,
    ordering::{fresh, place},
    until,
};
use platform::clock::SystemClock;
use sqlx::postgres::PgPoolOptions;
use tokio_util::sync::CancellationToken;

/// Theirs: 200 commands accepted, 157 counted by the view.
#[tokio::test(flavor = "multi_thread")]
async fn read_models_lose_no_update_under_concurrency() {
    let database = TestDatabase::create().await;
    let market = Ordering::open(&database.options).await;
    let product = market.product(0).await;
    let stop = CancellationToken::new();
    let clock = Arc::new(SystemClock);
    let head = market.committer.head();
    let running = tokio::spawn(projections::run(database.pool.clone(), clock, head.clone(), stop.clone()));

    let one_more = || AdjustStock {
        product_id: product,
        change: StockChange::By(Quantity::units(1)),
        reason: "delivery".to_owned(),
        expires_on: None,
    };
    join_all((0..8).map(async |_| {
        for _ in 0..25 {
            market.accept(one_more()).await;
        }
    }))
    .await;

    let last = *head.borrow();
    until("the read model is there", async || {
        let position: i64 = sqlx::query_scalar(
            "SELECT COALESCE(max(position), 0) FROM read.checkpoints WHERE name = 'catalogue'",
        )
        .fetch_one(&database.pool)
        .await
        .unwrap();
        position >= last
    })
    .await;
    let on_hand: i64 = sqlx::query_scalar("SELECT on_hand FROM read.products WHERE product_id = $1")
        .bind(product.0)
        .fetch_one(&database.pool)
        .await
        .unwrap();
    assert_eq!(Quantity(on_hand), Quantity::units(200));
    stop.cancel();
    running.await.unwrap().unwrap();
}

/// Theirs: a replay whose connection was killed gave 44,031 of 200,000 events and no error.
#[tokio::test(flavor = "multi_thread")]
async fn a_read_whose_connection_dies_is_an_error_never_a_shorter_success() {
    let database = TestDatabase::create().await;
    let market = Ordering::open(&database.options).await;
    let product = market.product(1).await;
    for _ in 0..40 {
        market.cart(&[(product, 1)]).await;
    }
    let mut reader = database.pool.acquire().await.unwrap();
    let whole = read_feed(&mut reader, 0, 1_000, &StreamKind::ALL).await.unwrap();
    assert!(whole.is_last() && whole.events.len() > 80);

    // The read is held up half-way by a lock on the table, and killed there.
    let pid: i32 = sqlx::query_scalar("SELECT pg_backend_pid()").fetch_one(&mut *reader).await.unwrap();
    let mut blocker = platform::db::begin(&database.pool).await.unwrap();
    sqlx::query("LOCK TABLE public.events IN ACCESS EXCLUSIVE MODE").execute(&mut *blocker).await.unwrap();
    let read = tokio::spawn(async move { read_feed(&mut reader, 0, 1_000, &StreamKind::ALL).await });
    until("the read waits", async || {
        sqlx::query_scalar("SELECT wait_event_type = 'Lock' FROM pg_stat_activity WHERE pid = $1")
            .bind(pid)
            .fetch_one(&database.pool)
            .await
            .unwrap_or(Some(false))
            .unwrap_or(false)
    })
    .await;
    sqlx::query("SELECT pg_terminate_backend($1)").bind(pid).execute(&database.pool).await.unwrap();

    let error = read.await.unwrap().unwrap_err();
    assert_eq!(retry_of(&error), Retry::OutcomeUnknown, "{error}");
}

/// Theirs: a replay goes stream by stream, each from its start, in no order across streams.
#[tokio::test(flavor = "multi_thread")]
async fn the_feed_has_one_order_over_all_streams() {
    let database = TestDatabase::create().await;
    let market = Ordering::open(&database.options).await;
    let product = market.product(5).await;
    let cart = market.cart(&[(product, 1)]).await;
    market.submit(place(cart), "k").await.unwrap();
    let mut connection = database.pool.acquire().await.unwrap();

    let mut after = 0;
    let mut positions = Vec::new();
    loop {
        // Three at a time: the batches' borders fall anywhere.
        let batch = read_feed(&mut connection, after, 3, &StreamKind::ALL).await.unwrap();
        positions.extend(batch.events.iter().map(|event| event.global_position));
        after = batch.upto;
        if batch.is_last() {
            break;
        }
    }
    assert_eq!(positions, (1..=after).collect::<Vec<_>>());
}

/// Theirs: every unique violation, of whatever index, is an "aggregate conflict".
#[tokio::test(flavor = "multi_thread")]
async fn what_is_taken_is_told_by_name() {
    let database = TestDatabase::create().await;
    let market = Ordering::open(&database.options).await;
    let create = |sku: &str| CreateProduct {
        product_id: ProductId(fresh()),
        supplier_id: market.supplier_id,
        details: ProductDetails { name: "Tomater".to_owned(), sku: sku.to_owned(), ..Default::default() },
        unit_price_minor: 1,
        stock: Quantity::ZERO,
    };
    market.submit(create("T-1"), "first").await.unwrap();

    let taken = market.submit(create("t-1"), "second").await.unwrap_err();
    assert!(matches!(taken, SubmitError::Refused(Refusal::SkuTaken { .. })), "{taken:?}");

    // Both at once, in one batch: one gets it.
    let both = join_all(["a", "b"].map(|key| market.submit(create("T-2"), key))).await;
    assert_eq!(both.iter().filter(|outcome| outcome.is_ok()).count(), 1);
}

/// Theirs (sqlx): whoever gives up while a transaction begins leaves it open on the connection, and what the next one
/// writes there is answered and never committed.
#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_that_was_given_up_while_it_began_is_nobody_elses() {
    let database = TestDatabase::create().await;
    let pool = PgPoolOptions::new().max_connections(1).connect_with(database.options.clone()).await.unwrap();
    sqlx::query("CREATE TABLE public.written (number bigint)").execute(&pool).await.unwrap();
    for number in 0..600 {
        // From before BEGIN is sent until after it is answered.
        let pause = Duration::from_micros(number % 200 * 5);
        tokio::select! {
            biased;
            () = spin(pause) => {}
            begun = platform::db::begin(&pool) => drop(begun.unwrap()),
        }
        sqlx::query("INSERT INTO public.written VALUES ($1)")
            .bind(i64::try_from(number).unwrap())
            .execute(&pool)
            .await
            .unwrap();
    }
    // Seen from elsewhere, where only what is committed is.
    let written = "SELECT count(*) FROM public.written";
    assert_eq!(sqlx::query_scalar::<_, i64>(written).fetch_one(&database.pool).await.unwrap(), 600);
}

/// Timers go by the millisecond; this lets everything else go on meanwhile.
async fn spin(pause: Duration) {
    let began = Instant::now();
    while began.elapsed() < pause {
        tokio::task::yield_now().await;
    }
}
