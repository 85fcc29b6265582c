//! The committer's connection dies in every phase of an append; the command happens once all the same.

use command_api::domain::stock::{AdjustStock, StockChange};
use events::{log::check_log, values::Quantity};
use futures::future::join_all;
use harness::{Cut, IrisProcess, Ordering, PrivateServers, Proxy, TestDatabase, ordering::place, until};
use serde_json::json;
use sqlx::PgPool;

async fn orders(pool: &PgPool) -> i64 {
    sqlx::query_scalar("SELECT count(*) FROM public.events WHERE event_type = 'OrderPlaced'")
        .fetch_one(pool)
        .await
        .unwrap()
}

/// The key stands in two messages: the look-up of answers, and the append.
const LOOK_UP: u32 = 1;
const APPEND: u32 = 2;

async fn survives(cut: Cut) {
    let database = TestDatabase::create().await;
    let proxy = Proxy::before(database.options.get_port()).await;
    let behind_proxy = database.options.clone().host("127.0.0.1").port(proxy.port);
    let market = Ordering::open(&behind_proxy).await;
    let product = market.product(10).await;
    let cart = market.cart(&[(product, 1)]).await;
    let reached = proxy.cut("the key of this order", cut);

    let outcome = market.submit(place(cart), "the key of this order").await.unwrap();

    reached.await.expect("the wire was cut");
    assert!(!outcome.replayed);
    assert_eq!(orders(&database.pool).await, 1);
    let head: i64 =
        sqlx::query_scalar("SELECT position FROM public.log_head").fetch_one(&database.pool).await.unwrap();
    assert_eq!(outcome.position, head, "the answer names the position that the order was recorded at");
    // The same key again: the same order, whatever the wire did.
    let again = market.submit(place(cart), "the key of this order").await.unwrap();
    assert_eq!((again.body, again.replayed), (outcome.body, true));
    let check = check_log(&mut database.pool.acquire().await.unwrap()).await.unwrap();
    assert_eq!(check.faults, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn before_the_look_up_reaches_the_server() {
    survives(Cut::BeforeMessage(LOOK_UP)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn before_the_look_up_is_answered() {
    survives(Cut::BeforeAnswer(LOOK_UP)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn before_the_append_reaches_the_server() {
    survives(Cut::BeforeMessage(APPEND)).await;
}

/// The hard one: the server commits, the client never hears of it.
#[tokio::test(flavor = "multi_thread")]
async fn after_the_commit_before_its_answer() {
    survives(Cut::BeforeAnswer(APPEND)).await;
}

/// Another process wrote first, so the append is done under the lock, and ends with a COMMIT of its own.
async fn survives_at_commit(cut: Cut) {
    let database = TestDatabase::create().await;
    let proxy = Proxy::before(database.options.get_port()).await;
    let market = Ordering::open(&database.options.clone().host("127.0.0.1").port(proxy.port)).await;
    let other = market.beside(&database.options);
    let product = market.product(10).await;
    let cart = market.cart(&[(product, 1)]).await;
    other.cart(&[]).await;
    let reached = proxy.cut("COMMIT", cut);

    let outcome = market.submit(place(cart), "k").await.unwrap();

    reached.await.expect("the wire was cut");
    assert_eq!(orders(&database.pool).await, 1);
    let again = market.submit(place(cart), "k").await.unwrap();
    assert_eq!((again.body, again.replayed), (outcome.body, true));
    let check = check_log(&mut database.pool.acquire().await.unwrap()).await.unwrap();
    assert_eq!(check.faults, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn before_the_commit_under_the_lock_reaches_the_server() {
    survives_at_commit(Cut::BeforeMessage(1)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn after_the_commit_under_the_lock_before_its_answer() {
    survives_at_commit(Cut::BeforeAnswer(1)).await;
}

/// The commit's answer is lost, and for a while the database lets nobody in, with an error that would be
/// final anywhere else: a command without a key still happens once.
#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_outcome_is_not_forgotten_because_the_log_cannot_be_asked() {
    let database = TestDatabase::create().await;
    let proxy = Proxy::before(database.options.get_port()).await;
    let market = Ordering::open(&database.options.clone().host("127.0.0.1").port(proxy.port)).await;
    let product = market.product(10).await;
    // Held from before: new sessions are refused from here on.
    let mut session = database.pool.acquire().await.unwrap();
    let name = &database.name;
    let let_in = async |allowed: bool, session: &mut sqlx::PgConnection| {
        let sql = format!("UPDATE pg_database SET datallowconn = {allowed} WHERE datname = '{name}'");
        sqlx::query(&sql).execute(session).await.unwrap();
    };
    let_in(false, &mut session).await;
    let before = proxy.connections();
    let reached = proxy.cut("a delivery without a key", Cut::BeforeAnswer(1));

    let adjust = market.accept(AdjustStock {
        product_id: product,
        change: StockChange::By(Quantity::units(5)),
        reason: "a delivery without a key".to_owned(),
        expires_on: None,
    });
    let interfere = async {
        reached.await.expect("the wire was cut");
        until("it was turned away more than once", async || proxy.connections() >= before + 3).await;
        let_in(true, &mut session).await;
    };
    tokio::join!(adjust, interfere);

    let adjusted: i64 =
        sqlx::query_scalar("SELECT count(*) FROM public.events WHERE event_type = 'StockAdjusted'")
            .fetch_one(&mut *session)
            .await
            .unwrap();
    assert_eq!(adjusted, 1);
}

/// A machine that is lost says no goodbye: who waits for it would wait for ever. What cannot be lost within one machine is
/// looked for in the system's own table: that it asks.
#[tokio::test(flavor = "multi_thread")]
async fn of_every_connection_the_system_asks_whether_the_other_side_is_still_there() {
    let database = TestDatabase::create().await;
    let iris = IrisProcess::start(&database).await;
    // Appends and sealing have connections of their own.
    let admin = iris.client().logged_in("admin@iris.test").await;
    let restaurant = json!({"name": "Grannens krog", "contact_email": "granne@iris.test"});
    admin.post("/restaurants", &restaurant).await.expect(201);

    let sessions = "SELECT count(*) FROM pg_stat_activity \
         WHERE datname = current_database() AND usename = 'iris_test_app'";
    until("every session's connection is asked", async || {
        let sessions: i64 = sqlx::query_scalar(sessions).fetch_one(&database.pool).await.unwrap();
        let asked = iris.connections_asked(database.options.get_port());
        asked.len() == usize::try_from(sessions).unwrap() && asked.iter().all(|is_asked| *is_asked)
    })
    .await;
}

/// The server is killed while the append waits for the head's lock: it never happened, and is done again.
#[tokio::test(flavor = "multi_thread")]
async fn the_backend_is_terminated_within_the_append() {
    let database = TestDatabase::create().await;
    let market = Ordering::open(&database.options).await;
    let product = market.product(10).await;
    let cart = market.cart(&[(product, 1)]).await;
    let mut blocker = platform::db::begin(&database.pool).await.unwrap();
    sqlx::query("SELECT 1 FROM public.log_head FOR UPDATE").execute(&mut *blocker).await.unwrap();

    let submit = market.submit(place(cart), "k");
    let interfere = async {
        let waiting = "SELECT pid FROM pg_stat_activity \
             WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%log_head%'";
        let mut pid: Option<i32> = None;
        until("the append waits for the lock", async || {
            pid = sqlx::query_scalar(waiting).fetch_optional(&database.pool).await.unwrap();
            pid.is_some()
        })
        .await;
        let terminated: bool = sqlx::query_scalar("SELECT pg_terminate_backend($1)")
            .bind(pid)
            .fetch_one(&database.pool)
            .await
            .unwrap();
        assert!(terminated);
        until("it is gone, and the fence waits instead", async || {
            let now: Option<i32> = sqlx::query_scalar(waiting).fetch_optional(&database.pool).await.unwrap();
            now.is_some() && now != pid
        })
        .await;
        blocker.rollback().await.unwrap();
    };
    let (outcome, ()) = tokio::join!(submit, interfere);

    assert!(!outcome.unwrap().replayed);
    assert_eq!(orders(&database.pool).await, 1);
}

/// Postgres is killed outright while sixteen clients order, and comes back; every client gets its order.
#[tokio::test(flavor = "multi_thread")]
async fn postgres_is_killed_and_restarted_under_load() {
    let servers = PrivateServers::start("restart");
    let database = TestDatabase::create_on(&servers.database_url).await;
    let market = Ordering::open(&database.options).await;
    let product = market.product(100_000).await;
    let mut carts = Vec::new();
    for _ in 0..16 * 12 {
        carts.push(market.cart(&[(product, 1)]).await);
    }
    let clients = carts.chunks(12).map(async |carts| {
        let mut acknowledged = 0;
        for cart in carts {
            // As a client would: the same key until there is an answer.
            while market.submit(place(*cart), &cart.to_string()).await.is_err() {}
            acknowledged += 1;
        }
        acknowledged
    });
    let killer = async {
        for kill in 1..=3 {
            let enough = kill * 16 * 12 / 4;
            until("more orders are in, and Postgres answers", async || {
                orders_so_far(&database.pool).await.is_some_and(|orders| orders >= enough)
            })
            .await;
            servers.kill_postgres().await;
        }
    };
    let (acknowledged, ()) = tokio::join!(join_all(clients), killer);

    assert_eq!(acknowledged.iter().sum::<i64>(), 16 * 12);
    let mut found = None;
    until("Postgres answers after the last kill", async || {
        found = orders_so_far(&database.pool).await;
        found.is_some()
    })
    .await;
    assert_eq!(found, Some(16 * 12), "every acknowledged order, and none twice");
    let mut faults = None;
    until("the log can be read to its end", async || {
        // The pool may still hold sessions of the server that was killed.
        let Ok(mut connection) = database.pool.acquire().await else { return false };
        faults = check_log(&mut connection).await.ok().map(|check| check.faults);
        faults.is_some()
    })
    .await;
    assert_eq!(faults, Some(vec![]));
}

/// `None` while Postgres is away.
async fn orders_so_far(pool: &PgPool) -> Option<i64> {
    sqlx::query_scalar("SELECT count(*) FROM public.events WHERE event_type = 'OrderPlaced'")
        .fetch_one(pool)
        .await
        .ok()
}
