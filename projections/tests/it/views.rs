//! Views: the read models as of a position, whoever dies while they are built.

use chrono::TimeDelta;
use events::{
    StreamKind, StreamRef,
    account::{Account, AccountEvent},
    order::Party,
    values::{AccountId, Personal, Role},
};
use platform::clock::Ids as _;
use projections::{Orders, Projection, Restaurants, SchemaName, keep_views, rebuild_upto, sweep_views};
use std::sync::Arc;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::{market::Market, world::World};

struct Keeper {
    task: JoinHandle<()>,
    stop: CancellationToken,
}

impl Keeper {
    /// As the role that runs projections, with the one right that `iris migrate` adds.
    async fn start(world: &World) -> Self {
        let grant = "DO $$ BEGIN EXECUTE format('GRANT CREATE ON DATABASE %I TO iris_projection', \
                     current_database()); END $$";
        world.execute(grant).await;
        let stop = CancellationToken::new();
        let holder = world.ids.next();
        let running = keep_views(world.worker.clone(), world.clock.clone(), holder, stop.clone());
        Self { task: tokio::spawn(running), stop }
    }

    async fn stop(self) {
        self.stop.cancel();
        self.task.await.unwrap();
    }
}

/// What an auditor's request leaves.
async fn ask(world: &World, slot: i16, position: i64, models: &[&str]) -> i64 {
    let sql = "INSERT INTO audit.views (view_id, slot, asked_by, asked_at, position, moment, models, kept_seconds, expires_at)
               VALUES ($1, $2, $1, $3, $4, $3, $5, 3600, $3) RETURNING number";
    sqlx::query_scalar(sql)
        .bind(world.ids.next())
        .bind(slot)
        .bind(world.now())
        .bind(position)
        .bind(models)
        .fetch_one(&world.pool)
        .await
        .unwrap()
}

async fn ready(world: &World, number: i64) {
    world.until(&format!("SELECT status = 'ready' FROM audit.views WHERE number = {number}")).await;
}

async fn orders(world: &World, schema: &str) -> Vec<(Uuid, String)> {
    let sql = format!("SELECT order_id, state::text FROM {schema}.orders ORDER BY order_id");
    sqlx::query_as(&sql).fetch_all(&world.pool).await.unwrap()
}

const NONE_LEFT: &str = "SELECT NOT EXISTS (SELECT 1 FROM pg_namespace WHERE nspname LIKE 'read_asof_%')";

#[tokio::test]
async fn views_hold_what_the_live_rows_held_at_their_positions_and_leave_nothing() {
    let mut world = World::new("views").await;
    let market = Market::open(&mut world).await;
    // What the live rows are at several positions, while history is made.
    let mut held = Vec::new();
    for turn in 0..3 {
        let placed = market.place(&mut world, 1, None).await;
        world.catch_up().await;
        held.push((world.head().await, orders(&world, "read").await));
        if turn == 1 {
            market.cancel(&mut world, &placed, Party::Admin).await;
        }
    }
    let keeper = Keeper::start(&world).await;
    let mut numbers = Vec::new();
    for (slot, (position, _)) in (1..).zip(&held) {
        numbers.push(ask(&world, slot, *position, &["orders", "products"]).await);
    }
    for (number, (position, rows)) in numbers.iter().zip(&held) {
        ready(&world, *number).await;
        let schema = format!("read_asof_{number}");
        assert_eq!(&orders(&world, &schema).await, rows, "as of {position}");
        let folded: i64 = world.value(&format!("SELECT min(position) FROM {schema}.checkpoints")).await;
        assert_eq!(folded, *position);
        // Who serves reads may read it, and nothing more.
        let may = format!(
            "SELECT has_table_privilege('iris_query', '{schema}.orders', 'SELECT')
                AND NOT has_table_privilege('iris_query', '{schema}.orders', 'DELETE')"
        );
        assert!(world.value::<bool>(&may).await);
    }
    // One is deleted, and the others are over in time.
    world.execute(&format!("DELETE FROM audit.views WHERE number = {}", numbers[0])).await;
    let gone = format!("SELECT to_regnamespace('read_asof_{}') IS NULL", numbers[0]);
    world.until(&gone).await;
    world.clock.advance(TimeDelta::hours(1));
    world.until(NONE_LEFT).await;
    assert_eq!(world.value::<i64>("SELECT count(*) FROM audit.views").await, 0);
    keeper.stop().await;
    world.end().await;
}

#[tokio::test]
async fn a_view_whose_builder_died_is_built_on_by_another() {
    let mut world = World::new("views_resumed").await;
    let market = Market::open(&mut world).await;
    market.trade(&mut world, 6).await;
    let head = world.head().await;
    let number = ask(&world, 1, head, &["orders"]).await;
    // Another process had it, and had come half-way.
    let schema: SchemaName = format!("read_asof_{number}").parse().unwrap();
    world.execute("DO $$ BEGIN EXECUTE format('GRANT CREATE ON DATABASE %I TO iris_projection', current_database()); END $$").await;
    let some: [Arc<dyn Projection>; 2] = [Arc::new(Restaurants), Arc::new(Orders)];
    let go = CancellationToken::new();
    rebuild_upto(&world.worker, &schema, &some, head / 2, &*world.clock, &go).await.unwrap();
    let taken = format!(
        "UPDATE audit.views SET holder = '{}', lease_until = clock_timestamp() + interval '1 hour'",
        world.ids.next()
    );
    world.execute(&taken).await;

    let keeper = Keeper::start(&world).await;
    let other = ask(&world, 2, head, &["suppliers"]).await;
    ready(&world, other).await;
    let untouched = format!("SELECT max(position) = {} FROM read_asof_{number}.checkpoints", head / 2);
    assert!(world.value::<bool>(&untouched).await, "what another one holds is left to it");
    world.execute("UPDATE audit.views SET lease_until = clock_timestamp() WHERE status = 'building'").await;
    ready(&world, number).await;
    world.catch_up().await;
    assert_eq!(orders(&world, &format!("read_asof_{number}")).await, orders(&world, "read").await);
    keeper.stop().await;
    world.end().await;
}

#[tokio::test]
async fn a_stopped_builder_gives_its_view_back() {
    let mut world = World::new("views_stopped").await;
    let market = Market::open(&mut world).await;
    market.trade(&mut world, 2).await;
    let keeper = Keeper::start(&world).await;
    let first = ask(&world, 1, world.head().await, &["orders"]).await;
    ready(&world, first).await;
    keeper.stop().await;
    let second = ask(&world, 2, world.head().await, &["orders"]).await;
    let keeper = Keeper::start(&world).await;
    keeper.stop().await;
    let free = format!("SELECT holder IS NULL FROM audit.views WHERE number = {second}");
    assert!(world.value::<bool>(&free).await, "nobody has to wait for a lease to run out");
    let keeper = Keeper::start(&world).await;
    ready(&world, second).await;
    keeper.stop().await;
    world.end().await;
}

#[tokio::test]
async fn a_history_that_cannot_be_folded_fails_the_view_and_says_so() {
    let mut world = World::new("views_failed").await;
    let market = Market::open(&mut world).await;
    let placed = market.place(&mut world, 1, None).await;
    let stream = StreamRef { kind: StreamKind::Order, id: placed.order.0 };
    world.record_payload(stream, "OrderConfirmed".to_owned(), "{\"OrderConfirmed\":{}}".to_owned()).await;
    let keeper = Keeper::start(&world).await;
    let number = ask(&world, 1, world.head().await, &["orders"]).await;
    world
        .until(&format!(
            "SELECT status = 'failed' AND failure LIKE '%orders%' FROM audit.views WHERE number = {number}"
        ))
        .await;
    keeper.stop().await;
    world.end().await;
}

#[tokio::test]
async fn sweeping_drops_what_has_no_row_and_nothing_else() {
    let world = World::new("views_swept").await;
    let number = ask(&world, 1, 0, &["orders"]).await;
    for schema in ["read_asof_99", "read_next", "read_asof_x", &format!("read_asof_{number}")] {
        world.execute(&format!("CREATE SCHEMA {schema}")).await;
    }
    assert_eq!(sweep_views(&world.pool, world.now()).await.unwrap(), 1);
    assert_eq!(sweep_views(&world.pool, world.now()).await.unwrap(), 0);
    let left =
        "SELECT string_agg(nspname, ' ' ORDER BY nspname) FROM pg_namespace WHERE nspname LIKE 'read\\_%'";
    assert_eq!(world.value::<String>(left).await, format!("read_asof_{number} read_asof_x read_next"));
    world.end().await;
}

#[tokio::test]
async fn what_is_done_by_admin_and_who_may_do_what_are_picked_out_once_per_command() {
    let mut world = World::new("privileged").await;
    let market = Market::open(&mut world).await;
    let admin = world.id::<Uuid>();
    world.actor = format!("account:{admin}:ADMIN");
    let placed = market.place(&mut world, 1, None).await;
    market.confirm(&mut world, &placed).await;
    // An auditor that begins as one has been given its role; a restaurant's account is nothing to tell.
    let auditor = world.id::<AccountId>();
    for (id, role) in [(auditor, Role::Auditor), (world.id(), Role::Restaurant)] {
        let email = Personal::new(id, "a@b.example");
        world.record::<Account>(id, AccountEvent::AccountRegistered { email, role, invited: false }).await;
    }
    world.catch_up().await;
    let kinds = "SELECT string_agg(kind || ' ' || n, ', ' ORDER BY kind) FROM (
                   SELECT kind, count(*) AS n FROM read.privileged_actions GROUP BY kind) k";
    // Two members came with the market, by the system; each of the eight events is a command of its own here.
    assert_eq!(world.value::<String>(kinds).await, "admin_action 8, membership_changed 2, role_changed 1");
    let given = format!(
        "SELECT details ->> 'role' FROM read.privileged_actions
         WHERE kind = 'role_changed' AND subject_id = '{}'",
        auditor.0
    );
    assert_eq!(world.value::<String>(&given).await, "AUDITOR");
    let member = format!(
        "SELECT subject_kind = 'account' AND details ->> 'organisation_kind' = 'restaurant'
            AND details ->> 'role' = 'OWNER' AND account_id IS NULL
         FROM read.privileged_actions WHERE subject_id = '{}'",
        market.cook.0
    );
    assert!(world.value::<bool>(&member).await);
    let order = format!(
        "SELECT count(*) FROM read.privileged_actions
         WHERE subject_kind = 'order' AND subject_id = '{}' AND account_id = '{admin}' AND role = 'ADMIN'",
        placed.order.0
    );
    assert_eq!(world.value::<i64>(&order).await, 2);
    world.assert_rows_are_those_of_a_rebuild().await;
    world.end().await;
}
