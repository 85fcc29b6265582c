//! Appends over the borders of partitions.

use events::{
    NewEvent, RecordedEvent, StreamKind, StreamRef,
    audit::FaultKind,
    log::{Append, append, check_log, copy_events, make_partitions, read_head},
};
use futures::{TryStreamExt as _, future::join_all};
use harness::{
    Ordering, TestDatabase,
    ordering::{fresh, place},
};
use platform::clock::{Clock as _, SystemClock};
use sqlx::{Connection as _, Executor as _, PgConnection, PgPool};

use super::world::{World, shrink};

async fn bounds(pool: &PgPool) -> Vec<(i64, i64)> {
    sqlx::query_as("SELECT first_position, behind FROM log.partitions ORDER BY 1")
        .fetch_all(pool)
        .await
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_orders_go_through_dense_though_nobody_made_their_partitions() {
    let database = TestDatabase::create().await;
    shrink(&database, 100).await;
    let market = Ordering::open(&database.options).await;
    let other = market.beside(&database.options);
    let product = market.product(10_000).await;
    for _ in 0..20 {
        let placed = join_all((0..50).map(|number| {
            let market = if number % 2 == 0 { &market } else { &other };
            async move {
                let cart = market.cart(&[(product, 1)]).await;
                market.submit(place(cart), &cart.to_string()).await
            }
        }))
        .await;
        assert!(placed.iter().all(Result::is_ok), "{placed:?}");
    }
    let checked = check_log(&mut database.pool.acquire().await.unwrap()).await.unwrap();
    assert_eq!(checked.faults, []);
    assert!(checked.count > 4_000, "{}", checked.count);
    let bounds = bounds(&database.pool).await;
    assert!(bounds.len() > 40, "{bounds:?}");
    assert!(bounds.windows(2).all(|pair| pair[0].1 == pair[1].0), "without holes: {bounds:?}");
}

#[tokio::test]
async fn partitions_are_made_ahead_once_and_are_as_the_first() {
    let database = TestDatabase::create().await;
    shrink(&database, 100).await;
    let mut connection = database.pool.acquire().await.unwrap();
    assert_eq!(make_partitions(&mut connection, 0).await.unwrap(), 1);
    assert_eq!(make_partitions(&mut connection, 950).await.unwrap(), 9);
    assert_eq!(make_partitions(&mut connection, 950).await.unwrap(), 0);
    // No grant, no policy but the wall, the trigger and the indexes of all.
    let unlike: Vec<String> = sqlx::query_scalar(
        "SELECT p.name FROM log.partitions p JOIN pg_class c ON c.oid = p.relation \
         WHERE c.relacl IS NOT NULL OR NOT c.relrowsecurity \
            OR EXISTS (SELECT FROM pg_policy WHERE polrelid = c.oid) \
            OR NOT EXISTS (SELECT FROM pg_trigger WHERE tgrelid = c.oid AND tgname = 'events_append_only') \
            OR (SELECT count(*) FROM pg_index WHERE indrelid = c.oid AND indisvalid) <> 4 \
            OR EXISTS (SELECT FROM pg_attribute WHERE attrelid = c.oid AND attnum > 0 AND attstattarget <> 10) \
            OR NOT 'toast_tuple_target=8160' = ANY(c.reloptions)",
    )
    .fetch_all(&mut *connection)
    .await
    .unwrap();
    assert_eq!(unlike, Vec::<String>::new());
    // Attached in the place of another: all indexes come with it, and none is built under the lock.
    connection.execute("SELECT log.make_table('filled', 10001, 10101)").await.unwrap();
    let indexes = "SELECT array_agg(c.relfilenode::text ORDER BY c.oid), bool_and(i.indisvalid), count(c.relispartition OR NULL) \
                   FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE i.indrelid = 'log.filled'::regclass";
    let apart: (Vec<String>, bool, i64) = sqlx::query_as(indexes).fetch_one(&mut *connection).await.unwrap();
    connection
        .execute("ALTER TABLE public.events ATTACH PARTITION log.filled FOR VALUES FROM (10001) TO (10101)")
        .await
        .unwrap();
    let attached: (Vec<String>, bool, i64) =
        sqlx::query_as(indexes).fetch_one(&mut *connection).await.unwrap();
    assert_eq!((apart.0.len(), apart.2), (4, 0));
    assert_eq!(
        (&attached.0, attached.1, attached.2),
        (&apart.0, true, 3),
        "all but the primary key, which the log has not"
    );
    for statement in
        ["UPDATE log.events_101 SET actor = ''", "DELETE FROM log.events_101", "TRUNCATE log.events_101"]
    {
        let refused = sqlx::query(statement).execute(&mut *connection).await.unwrap_err();
        assert!(refused.to_string().contains("append-only"), "{refused}");
    }
}

/// Its work items call off the vacuum that is under way on the same table.
#[tokio::test]
async fn no_index_is_summarised_behind_the_vacuums_back() {
    let world = World::open().await;
    let whole = TestDatabase::create().await;
    for pool in [&world.database.pool, &whole.pool] {
        let brin = "SELECT count(*) FILTER (WHERE 'autosummarize=on' = ANY(c.reloptions)), count(*) FROM pg_class c \
                    JOIN pg_am a ON a.oid = c.relam WHERE a.amname = 'brin' AND c.relkind = 'i'";
        let (on, all): (i64, i64) = sqlx::query_as(brin).fetch_one(pool).await.unwrap();
        assert!(on == 0 && all > 1, "{on} of {all}");
    }
}

#[tokio::test]
async fn a_log_as_it_was_before_becomes_the_first_partition_with_all_its_rows() {
    let world = World::open().await;
    let mut connection = world.connection().await;
    let sum = world.sum().await;
    let head = world.head().await;
    // As migration 0001 left it: one table.
    sqlx::raw_sql(
        "CREATE TABLE public.all_events (LIKE public.events INCLUDING CONSTRAINTS, PRIMARY KEY (aggregate_type, aggregate_id, sequence));
         INSERT INTO public.all_events SELECT * FROM public.events;
         DROP VIEW log.partitions;
         DROP TABLE public.events;
         ALTER TABLE public.all_events RENAME TO events;
         ALTER INDEX public.all_events_pkey RENAME TO events_pkey;
         CREATE UNIQUE INDEX events_global_position ON public.events (global_position);
         CREATE INDEX events_event_id ON public.events USING brin (event_id) WITH (pages_per_range = 16, autosummarize = on);
         CREATE INDEX events_account_standing ON public.events (aggregate_id, sequence)
             WHERE aggregate_type = 'account'
               AND event_type IN ('AccountRegistered', 'AccountRoleChanged', 'LoginAddressChanged', 'AccountDisabled',
                   'AccountEnabled', 'AccountErased')",
    )
    .execute(&mut connection)
    .await
    .unwrap();
    let migration = include_str!("../../../migrations/0027_log_partitions.sql");
    // Twice: whoever died between its steps begins anew.
    for _ in 0..2 {
        sqlx::raw_sql(migration).execute(&mut connection).await.unwrap();
        let bounds = bounds(&world.database.pool).await;
        assert_eq!(bounds, [(1, 16_777_217), (16_777_217, 33_554_433)], "a whole one ahead");
    }
    assert_eq!(world.sum().await, sum);
    let verified = world.verified(false).await;
    assert_eq!((verified.faults, verified.count), (vec![], head));
    // And it goes on.
    world.market.product(5).await;
    assert!(world.head().await > head);
}

/// A later event of that one's stream, of that place in it.
fn next_of(event: &RecordedEvent, sequence: i64) -> NewEvent {
    let kind = StreamKind::named(&event.stream_kind).unwrap();
    NewEvent {
        event_id: fresh(),
        stream: StreamRef { kind, id: event.stream_id },
        sequence,
        event_type: event.event_type.clone(),
        event_version: event.event_version.clone(),
        payload: event.payload.clone(),
        metadata: event.metadata.clone(),
        recorded_at: event.recorded_at,
        command_id: fresh(),
        actor: event.actor.clone(),
        supplier_id: None,
        restaurant_id: None,
    }
}

/// No index over partitions says so: that two appends cannot both be the next of a stream is said by the head, which
/// each of them names and only one can move.
#[tokio::test]
async fn two_appends_cannot_both_be_the_next_of_a_stream_across_a_border() {
    let database = TestDatabase::create().await;
    shrink(&database, 10).await;
    let market = Ordering::open(&database.options).await;
    // Up to the very border.
    let mut connection = PgConnection::connect_with(&database.options).await.unwrap();
    while read_head(&mut connection).await.unwrap().position % 10 != 9 {
        market.product(0).await;
        let head = read_head(&mut connection).await.unwrap().position;
        assert!(head < 100, "{head}");
    }
    make_partitions(&mut connection, 50).await.unwrap();
    let head = read_head(&mut connection).await.unwrap();
    let last = {
        let copied: Vec<Vec<_>> = copy_events(&mut connection, head.position - 1, head.position)
            .await
            .unwrap()
            .try_collect()
            .await
            .unwrap();
        copied.concat().remove(0)
    };
    let unit =
        |event: NewEvent| Append { events: vec![event], recorded_at: SystemClock.now(), ..Append::default() };
    let sequence = last.sequence + 1;
    let (one, two) = (unit(next_of(&last, sequence)), unit(next_of(&last, sequence)));

    // The first fills the partition; the second, of another process, was decided on the same head.
    let mut beside = PgConnection::connect_with(&database.options).await.unwrap();
    let mut tx = connection.begin().await.unwrap();
    assert_eq!(append(&mut tx, head, &one).await.unwrap(), Some(head.position));
    let (waited, ()) = tokio::join!(append(&mut beside, head, &two), async { tx.commit().await.unwrap() });
    assert_eq!(waited.unwrap(), None, "its head has moved, to the other side of the border");
    assert_eq!(check_log(&mut connection).await.unwrap().faults, []);

    // Who names the right head and the wrong sequence has not decided on it: whatever wrote that is found out.
    let head = read_head(&mut connection).await.unwrap();
    assert_eq!(append(&mut connection, head, &two).await.unwrap(), Some(head.position));
    let faults = check_log(&mut connection).await.unwrap().faults;
    assert_eq!(
        faults.iter().map(|fault| (fault.position, fault.kind)).collect::<Vec<_>>(),
        [(head.position + 1, FaultKind::OutOfSequence)]
    );
}
