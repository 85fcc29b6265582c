//! Rows built beside the live ones take their place, while those are read and written.

use std::sync::Arc;

use projections::{
    Check, Direction, Family, OnOtherVersion, Progress, RebuildError, Rebuilding, RunError, SchemaName,
    Settings, Swap, SwapError, Swapped, all, compare, drop_scratch, overview,
};
use sqlx::{PgPool, postgres::PgPoolOptions};
use tokio_util::sync::CancellationToken;

use crate::{market::Market, world::World};

/// What `pg_stat_activity` shows of a rebuild's connections.
const REBUILDER: &str = "rebuilder";

/// Everything that a migration says of the tables of the read schema.
const PROPERTIES: &str = "SELECT string_agg(line, E'\\n' ORDER BY line) FROM ( \
     SELECT indexdef || tablename AS line FROM pg_indexes WHERE schemaname = 'read' \
     UNION ALL \
     SELECT concat_ws(' ', table_name, grantee, privilege_type) FROM information_schema.role_table_grants \
     WHERE table_schema = 'read' \
     UNION ALL \
     SELECT concat_ws(' ', tablename, policyname, permissive, roles, cmd, qual, with_check) FROM pg_policies \
     WHERE schemaname = 'read' \
     UNION ALL \
     SELECT concat_ws(' ', c.relname, c.relrowsecurity, c.relowner, c.reloptions::text, c.relpersistence, \
                      obj_description(c.oid, 'pg_class')) \
     FROM pg_class c WHERE c.relnamespace = 'read'::regnamespace \
     UNION ALL \
     SELECT concat_ws(' ', a.attrelid::regclass, a.attname, a.attnotnull, format_type(a.atttypid, a.atttypmod), \
                      a.atthasdef, a.attstattarget, col_description(a.attrelid, a.attnum)) \
     FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid AND c.relkind = 'r' \
     WHERE c.relnamespace = 'read'::regnamespace AND a.attnum > 0 AND NOT a.attisdropped \
     UNION ALL \
     SELECT concat_ws(' ', k.conrelid::regclass, k.conname, pg_get_constraintdef(k.oid)) \
     FROM pg_constraint k WHERE k.connamespace = 'read'::regnamespace AND k.contype <> 'n') AS l(line)";

fn family(name: &str) -> Family {
    Family::with(&all(), name).unwrap()
}

impl World {
    fn rebuilding(&self) -> Rebuilding<'_> {
        Rebuilding::new(&self.pool, &*self.clock, CancellationToken::new())
    }

    async fn build(&self, name: &str) {
        self.rebuilding().build(&[family(name)]).await.unwrap();
    }

    async fn swap(&self, name: &str, direction: Direction, check: Check) -> Result<Swapped, SwapError> {
        let rebuilding = self.rebuilding();
        Swap { rebuilding: &rebuilding, family: &family(name), direction, check }.run().await
    }

    async fn pool_named(&self, name: &str) -> PgPool {
        let options = (*self.pool.connect_options()).clone().application_name(name);
        PgPoolOptions::new().max_connections(8).connect_with(options).await.unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_read_model_is_exchanged_and_its_tables_are_as_the_migrations_made_them() {
    let mut world = World::new("swap").await;
    let market = Market::open(&mut world).await;
    market.trade(&mut world, 6).await;
    let running = world.start(Settings::default());
    let properties: String = world.value(PROPERTIES).await;
    for family in Family::all_of(&all()) {
        world.build(family.name()).await;
        // What comes after the rebuild is caught up by the exchange.
        market.trade(&mut world, 1).await;
        world.reached(world.head().await).await;
        let swapped = world.swap(family.name(), Direction::Forward, Check::Rows).await.unwrap();
        assert_eq!(swapped.position, world.head().await);
        assert_eq!(swapped.differences, []);
    }
    assert_eq!(world.value::<String>(PROPERTIES).await, properties);
    // The followers that were there go on with the new rows.
    market.trade(&mut world, 2).await;
    world.reached(world.head().await).await;
    running.stop().await;
    world.assert_rows_are_those_of_a_rebuild().await;
    let orders = "SELECT (SELECT count(*) FROM read_old_orders.orders) < (SELECT count(*) FROM read.orders)";
    assert!(world.value::<bool>(orders).await, "what was live is kept as it was");
    for family in Family::all_of(&all()) {
        drop_scratch(&world.pool, &family.old_schema()).await.unwrap();
    }
    let left = "SELECT count(*) FROM pg_namespace WHERE nspname LIKE 'read\\_%'";
    assert_eq!(world.value::<i64>(left).await, 0);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_exchanged_can_be_put_back_and_has_caught_up_by_then() {
    let mut world = World::new("back").await;
    let market = Market::open(&mut world).await;
    market.trade(&mut world, 3).await;
    let running = world.start(Settings::default());
    world.reached(world.head().await).await;
    world.build("orders").await;
    world.swap("orders", Direction::Forward, Check::Counts).await.unwrap();
    market.trade(&mut world, 3).await;
    world.reached(world.head().await).await;
    // Twice is once too often: nothing that is kept is lost by it.
    world.build("orders").await;
    let again = world.swap("orders", Direction::Forward, Check::Counts).await;
    assert!(matches!(again, Err(SwapError::Taken { .. })), "{again:?}");
    drop_scratch(&world.pool, &family("orders").next_schema()).await.unwrap();

    let back = world.swap("orders", Direction::Back, Check::Rows).await.unwrap();
    assert_eq!(back.position, world.head().await);
    assert_eq!(world.value::<i64>("SELECT count(*) FROM read.orders").await, 6);
    assert_eq!(world.value::<i64>("SELECT count(*) FROM read_next_orders.orders").await, 6);
    market.trade(&mut world, 1).await;
    world.reached(world.head().await).await;
    running.stop().await;
    world.assert_rows_are_those_of_a_rebuild().await;
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rebuild_whose_connections_are_killed_ends_in_an_error_and_never_early() {
    let mut world = World::new("cut_rebuild").await;
    let market = Market::open(&mut world).await;
    market.trade(&mut world, 50).await;
    world.catch_up().await;
    let (pool, head) = (world.pool_named(REBUILDER).await, world.head().await);
    let families = Family::all_of(&all());
    let (mut cuts, mut errors) = (0, 0);
    loop {
        let rebuilding = Rebuilding {
            positions_max: 7,
            ..Rebuilding::new(&pool, &*world.clock, CancellationToken::new())
        };
        let mut progress = rebuilding.progress.subscribe();
        let cutting = async {
            // Wherever each of them is when so much more has been read: in a read, a batch or between.
            let mut steps = 0;
            loop {
                progress.changed().await.unwrap();
                steps += 1;
                if steps == 7 + errors % 5 {
                    let sql = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity \
                               WHERE datname = current_database() AND application_name = 'rebuilder'";
                    cuts += world.value::<i64>(sql).await;
                }
            }
        };
        let outcome = tokio::select! {
            outcome = rebuilding.build(&families) => outcome,
            () = cutting => unreachable!("it cuts for ever"),
        };
        let Err(error) = outcome else { break };
        let is_the_cut = matches!(error, RebuildError::Project { .. } | RebuildError::Database(_));
        assert!(is_the_cut, "{error:?}");
        errors += 1;
    }
    assert!(cuts > 0 && errors > 3, "{cuts} connections were cut, {errors} rebuilds ended");
    for family in &families {
        let schema = family.next_schema();
        let position = format!("SELECT min(position) FROM {schema}.checkpoints");
        assert_eq!(world.value::<i64>(&position).await, head);
        let live = SchemaName::live();
        assert_eq!(compare(&world.pool, &live, &schema, family.projections()).await.unwrap(), []);
    }
    pool.close().await;
    world.end().await;
}

#[tokio::test]
async fn an_interrupted_rebuild_is_not_taken_for_a_whole_one_and_goes_on() {
    let mut world = World::new("interrupted").await;
    let market = Market::open(&mut world).await;
    market.trade(&mut world, 10).await;
    world.catch_up().await;
    let shutdown = CancellationToken::new();
    let rebuilding =
        Rebuilding { positions_max: 5, ..Rebuilding::new(&world.pool, &*world.clock, shutdown.clone()) };
    let mut progress = rebuilding.progress.subscribe();
    let stopping = async {
        progress
            .wait_for(|now| matches!(now, Progress::Folding { position, .. } if *position > 20))
            .await
            .unwrap();
        shutdown.cancel();
        std::future::pending::<()>().await;
    };
    let orders = [family("orders")];
    let stopped = tokio::select! {
        stopped = rebuilding.build(&orders) => stopped.unwrap_err(),
        () = stopping => unreachable!("it waits for ever"),
    };
    assert!(matches!(stopped, RebuildError::Interrupted { name: "orders", position } if position > 0));
    let found = overview(&world.pool, &all()).await.unwrap();
    let next = found.iter().find(|found| found.name == "orders").unwrap().next.clone().unwrap();
    assert!(!next.is_complete && next.position < world.head().await, "{next:?}");
    let refused = world.swap("orders", Direction::Forward, Check::Counts).await;
    assert!(matches!(refused, Err(SwapError::Unfinished("orders"))), "{refused:?}");

    world.build("orders").await;
    let found = overview(&world.pool, &all()).await.unwrap();
    let next = found.iter().find(|found| found.name == "orders").unwrap().next.clone().unwrap();
    assert!(next.is_complete && next.position == world.head().await, "{next:?}");
    world.swap("orders", Direction::Forward, Check::Rows).await.unwrap();
    world.end().await;
}

#[tokio::test]
async fn nothing_is_exchanged_for_rows_that_are_not_its_equal() {
    let mut world = World::new("unequal").await;
    let market = Market::open(&mut world).await;
    market.trade(&mut world, 3).await;
    world.catch_up().await;
    let swap = async || world.swap("orders", Direction::Forward, Check::Rows).await.unwrap_err();
    assert!(matches!(swap().await, SwapError::NothingThere { .. }));
    let back = world.swap("orders", Direction::Back, Check::Rows).await.unwrap_err();
    assert!(matches!(back, SwapError::NothingThere { .. }));

    world.build("orders").await;
    world.execute("DELETE FROM read_next_orders.orders WHERE order_id = (SELECT max(order_id::text)::uuid FROM read.orders)").await;
    let counts = swap().await;
    assert!(matches!(counts, SwapError::CountsDiffer(_)), "{counts:?}");
    drop_scratch(&world.pool, &family("orders").next_schema()).await.unwrap();

    world.build("orders").await;
    world.execute("UPDATE read_next_orders.supplier_days SET placed = placed + 1").await;
    let rows = swap().await;
    assert!(matches!(&rows, SwapError::Differ(found) if found[0].table == "supplier_days"), "{rows:?}");

    world.execute("CREATE INDEX orders_of_tomorrow ON read.orders (status)").await;
    assert!(matches!(swap().await, SwapError::Unfinished("orders")));
    world.execute("ALTER TABLE read.orders ADD COLUMN more text").await;
    let unlike = swap().await;
    assert!(matches!(&unlike, SwapError::Unlike { table: "orders", .. }), "{unlike:?}");
    world.execute("UPDATE read_next_orders.checkpoints SET version = 7 WHERE name = 'orders'").await;
    assert!(matches!(swap().await, SwapError::OtherVersion { name: "orders", rows: 7, .. }));
    world.assert_rows_are_those_of_a_rebuild().await;
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_version_says_what_to_run_or_waits_until_it_was_run() {
    let mut world = World::new("new_version").await;
    let market = Market::open(&mut world).await;
    market.trade(&mut world, 4).await;
    world.catch_up().await;
    // As rows of the program before: of its version, and not what this one would fold.
    world.execute("UPDATE read.checkpoints SET version = 0 WHERE name = 'orders'").await;
    world.execute("UPDATE read.supplier_days SET placed = 0").await;
    let ended = world.start(Settings::default()).task.await.unwrap().unwrap_err();
    assert!(matches!(ended, RunError::OtherVersion { name: "orders", stored: 0, ours: 1 }));
    let said = ended.to_string();
    assert!(
        said.contains("`iris projections rebuild orders`, then `iris projections swap orders`"),
        "{said}"
    );

    let waiting = world.start(Settings { on_other_version: OnOtherVersion::Wait, ..Settings::default() });
    market.trade(&mut world, 2).await;
    let head = world.head().await;
    let others = format!("SELECT min(position) >= {head} FROM read.checkpoints WHERE name <> 'orders'");
    world.until(&others).await;
    let stays = "SELECT count(*) FROM read.orders";
    assert_eq!(world.value::<i64>(stays).await, 4, "rows of another version are left to it");

    world.build("orders").await;
    let swapped = world.swap("orders", Direction::Forward, Check::Nothing).await.unwrap();
    assert_eq!(swapped.position, head);
    market.trade(&mut world, 1).await;
    world.reached(world.head().await).await;
    waiting.stop().await;
    world.assert_rows_are_those_of_a_rebuild().await;
    assert_eq!(world.value::<i32>("SELECT version FROM read_old_orders.checkpoints").await, 0);
    // Only the program of that version can fold on what is kept.
    let back = world.swap("orders", Direction::Back, Check::Counts).await.unwrap_err();
    assert!(matches!(back, SwapError::OtherVersion { rows: 0, ours: 1, .. }), "{back:?}");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_read_delays_the_exchange_and_no_other_read() {
    let mut world = World::new("long_read").await;
    let market = Market::open(&mut world).await;
    market.trade(&mut world, 3).await;
    world.catch_up().await;
    world.build("orders").await;
    let pool = world.pool_named("readers").await;
    let count = "SELECT count(*) FROM read.orders";
    let mut long_read = platform::db::begin(&pool).await.unwrap();
    let before: i64 = sqlx::query_scalar(count).fetch_one(&mut *long_read).await.unwrap();

    let world = Arc::new(world);
    let swapping = Arc::clone(&world);
    let swapping =
        tokio::spawn(async move { swapping.swap("orders", Direction::Forward, Check::Counts).await });
    // It has queued for the table, and given way, and queued again.
    for _ in 0..2 {
        let queued = "SELECT EXISTS (SELECT 1 FROM pg_locks WHERE relation = 'read.orders'::regclass \
                      AND mode = 'AccessExclusiveLock' AND NOT granted)";
        world.until(queued).await;
        // Behind it, and all the same: a limit on the wait makes a blocked reader an error.
        let mut reader = platform::db::begin(&pool).await.unwrap();
        sqlx::query("SET LOCAL statement_timeout = '2s'").execute(&mut *reader).await.unwrap();
        assert_eq!(sqlx::query_scalar::<_, i64>(count).fetch_one(&mut *reader).await.unwrap(), before);
    }
    assert!(!swapping.is_finished());
    assert_eq!(sqlx::query_scalar::<_, i64>(count).fetch_one(&mut *long_read).await.unwrap(), before);
    long_read.commit().await.unwrap();
    swapping.await.unwrap().unwrap();
    pool.close().await;
    Arc::into_inner(world).unwrap().end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_that_changes_after_the_comparison_is_not_exchanged() {
    let mut world = World::new("changed_late").await;
    let market = Market::open(&mut world).await;
    market.trade(&mut world, 3).await;
    world.catch_up().await;
    world.build("orders").await;
    // A reader keeps the exchange from its last step; a migration comes before the reader is done.
    let pool = world.pool_named("readers").await;
    let mut long_read = platform::db::begin(&pool).await.unwrap();
    sqlx::query("SELECT count(*) FROM read.orders").execute(&mut *long_read).await.unwrap();
    let world = Arc::new(world);
    let swapping = Arc::clone(&world);
    let swapping =
        tokio::spawn(async move { swapping.swap("orders", Direction::Forward, Check::Counts).await });
    let queued = "SELECT EXISTS (SELECT 1 FROM pg_locks WHERE relation = 'read.orders'::regclass \
                  AND mode = 'AccessExclusiveLock' AND NOT granted)";
    world.until(queued).await;
    let changed = "COMMENT ON TABLE read.orders IS 'Something else.'";
    world.execute(changed).await;
    long_read.commit().await.unwrap();
    let refused = swapping.await.unwrap().unwrap_err();
    assert!(matches!(&refused, SwapError::Unlike { table: "orders", .. }), "{refused:?}");
    pool.close().await;
    Arc::into_inner(world).unwrap().end().await;
}
