//! What is decided while an append is on its way counts if that one does, and falls with it if it does not.

use command_api::{Outcome, Refusal, SubmitError};
use cqrs_es::DomainEvent as _;
use events::{
    Fold, Folded, NewEvent,
    canonical::canonical_json,
    log::{Append, append, check_log, read_head, read_stream},
    stock::{Stock, StockEvent},
    values::{CartId, ProductId, Quantity, SupplierId},
};
use futures::future::join_all;
use harness::{
    Ordering, TestDatabase,
    ordering::{fresh, place},
    until,
};
use platform::clock::{Clock as _, SystemClock};
use sqlx::{PgConnection, PgPool, Postgres, Transaction};

/// Ten of a product, and the log's head in other hands: appends wait until that transaction ends.
struct Held {
    market: Ordering,
    product: ProductId,
    pool: PgPool,
    transaction: Transaction<'static, Postgres>,
}

impl Held {
    /// Also the carts that are asked for, of so many each.
    async fn open(database: &TestDatabase, carts: [i64; 2]) -> (Self, [CartId; 2]) {
        let market = Ordering::open(&database.options).await;
        let product = market.product(10).await;
        let carts = [market.cart(&[(product, carts[0])]).await, market.cart(&[(product, carts[1])]).await];
        let mut transaction = platform::db::begin(&database.pool).await.unwrap();
        let sql = "SELECT position FROM public.log_head WHERE id = 1 FOR UPDATE";
        sqlx::query(sql).execute(&mut *transaction).await.unwrap();
        (Self { market, product, pool: database.pool.clone(), transaction }, carts)
    }

    /// Asks for the first, whose append waits, then for the others: all of them were taken, and the last looked up and
    /// decided, when `then` has what it wants of the transaction. The last has a key of its own.
    async fn all<const OTHERS: usize>(
        self,
        first: (CartId, &str),
        others: [(CartId, &str); OTHERS],
        then: impl AsyncFnOnce(&mut PgConnection, ProductId, SupplierId),
    ) -> (Result<Outcome, SubmitError>, Vec<Result<Outcome, SubmitError>>) {
        let Self { market, product, pool, mut transaction } = self;
        let ask = async |(cart, key): (CartId, &str)| market.submit(place(cart), key).await;
        let rest = async {
            let waits = "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() \
                         AND wait_event_type = 'Lock' AND query LIKE '%log_head%')";
            until("the append waits", async || exists(&pool, waits).await).await;
            let now = "SELECT clock_timestamp()::text";
            let since: String = sqlx::query_scalar(now).fetch_one(&pool).await.unwrap();
            let decided = async {
                let sql = format!(
                    "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() \
                     AND query LIKE '%public.idempotency%' AND state = 'idle' AND query_start > '{since}')"
                );
                until("the last was looked up", async || exists(&pool, &sql).await).await;
                then(&mut transaction, product, market.supplier_id).await;
                transaction.commit().await.unwrap();
            };
            tokio::join!(join_all(others.map(ask)), decided).0
        };
        tokio::join!(ask(first), rest)
    }
}

async fn exists(pool: &PgPool, sql: &str) -> bool {
    sqlx::query_scalar(sql).fetch_one(pool).await.unwrap()
}

async fn stock_of(connection: &mut PgConnection, product: ProductId) -> Folded<Stock> {
    let mut stock = Folded::<Stock>::default();
    for event in read_stream(connection, Stock::stream(product)).await.unwrap() {
        stock.apply_recorded(&event).unwrap();
    }
    stock
}

/// Another process takes so much off the shelf each time, an event each.
async fn take(connection: &mut PgConnection, product: ProductId, supplier_id: SupplierId, units: &[i64]) {
    let mut sequence = stock_of(connection, product).await.revision;
    let now = SystemClock.now();
    let taken = units.iter().map(|units| {
        sequence += 1;
        let change = Quantity::units(-units);
        let event =
            StockEvent::StockAdjusted { supplier_id, change, reason: "svinn".to_owned(), expires_on: None };
        NewEvent {
            event_id: fresh(),
            stream: Stock::stream(product),
            sequence,
            event_type: event.event_type(),
            event_version: event.event_version(),
            payload: canonical_json(&event),
            metadata: "{}".to_owned(),
            recorded_at: now,
            command_id: fresh(),
            actor: "system:test".to_owned(),
            supplier_id: Some(supplier_id),
            restaurant_id: None,
        }
    });
    let unit = Append { events: taken.collect(), recorded_at: now, ..Append::default() };
    let head = read_head(connection).await.unwrap();
    append(connection, head, &unit).await.unwrap().expect("the head is ours");
}

fn is_short(outcome: &Result<Outcome, SubmitError>) -> bool {
    matches!(outcome, Err(SubmitError::Refused(Refusal::InsufficientStock(_))))
}

async fn expect_sound(database: &TestDatabase) {
    let check = check_log(&mut database.pool.acquire().await.unwrap()).await.unwrap();
    assert_eq!(check.faults, [], "the log keeps its promises");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_comes_meanwhile_is_decided_on_what_is_under_way() {
    let database = TestDatabase::create().await;
    let (held, [six, five]) = Held::open(&database, [6, 5]).await;
    let product = held.product;

    let (first, others) = held.all((six, "a"), [(five, "b")], async |_, _, _| {}).await;

    assert!(first.is_ok() && is_short(&others[0]), "{first:?} {others:?}");
    let mut connection = database.pool.acquire().await.unwrap();
    assert_eq!(stock_of(&mut connection, product).await.state.allocated, Quantity::units(6));
    expect_sound(&database).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_decided_on_an_append_that_failed_is_decided_again_though_the_log_ends_where_it_should() {
    let database = TestDatabase::create().await;
    let (held, [six, four]) = Held::open(&database, [6, 4]).await;
    let product = held.product;

    // An order of one line is three events: so many come between, and leave nothing.
    let (first, others) = held
        .all((six, "a"), [(four, "b")], async |connection, product, supplier_id| {
            take(connection, product, supplier_id, &[4, 3, 3]).await;
        })
        .await;

    assert!(is_short(&first) && is_short(&others[0]), "{first:?} {others:?}");
    let mut connection = database.pool.acquire().await.unwrap();
    let stock = stock_of(&mut connection, product).await.state;
    assert_eq!((stock.on_hand, stock.allocated), (Quantity::ZERO, Quantity::ZERO));
    expect_sound(&database).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_whose_answer_is_under_way_is_answered_once() {
    let database = TestDatabase::create().await;
    let (held, [cart, another]) = Held::open(&database, [6, 1]).await;

    let (first, others) = held.all((cart, "a"), [(cart, "a"), (another, "b")], async |_, _, _| {}).await;

    let (first, second) = (first.unwrap(), others[0].as_ref().unwrap());
    assert_eq!((first.replayed, second.replayed), (false, true));
    assert_eq!((&first.body, first.position), (&second.body, second.position));
    let placed: i64 =
        sqlx::query_scalar("SELECT count(*) FROM public.events WHERE event_type = 'OrderPlaced'")
            .fetch_one(&database.pool)
            .await
            .unwrap();
    assert_eq!(placed, 2, "one of each cart");
}
