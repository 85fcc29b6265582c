//! What statements do to a log of several partitions, by plans that know no values: what Postgres settles on.

use events::{
    StreamKind,
    log::{EventFilter, read_feed, read_stretch},
};
use sqlx::PgConnection;

use super::world::World;

/// The plan of the statement, run with these values.
async fn plan(connection: &mut PgConnection, types: &str, statement: &str, values: &str) -> String {
    let name = "of_a_test";
    sqlx::raw_sql(&format!("PREPARE {name} ({types}) AS {statement}"))
        .execute(&mut *connection)
        .await
        .unwrap();
    let explain = format!("EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) EXECUTE {name} ({values})");
    let lines: Vec<String> =
        sqlx::query_scalar(&explain).persistent(false).fetch_all(&mut *connection).await.unwrap();
    sqlx::raw_sql(&format!("DEALLOCATE {name}")).execute(&mut *connection).await.unwrap();
    lines.join("\n")
}

#[tokio::test]
async fn statements_by_position_touch_their_partition_and_statements_by_stream_probe_each() {
    let world = World::open().await;
    let mut connection = world.connection().await;
    let settings = "ANALYZE public.events; SET plan_cache_mode = force_generic_plan; SET jit = off;
        -- A hundred rows are read as fast without an index: what is asked here is whether one fits.
        SET enable_seqscan = off; SET enable_bitmapscan = off";
    sqlx::raw_sql(settings).execute(&mut connection).await.unwrap();
    let feed = "SELECT h.position, e.payload::text FROM public.log_head h LEFT JOIN public.events e
        ON e.global_position > $1 AND e.global_position <= $1 + $2 AND e.aggregate_type || '' = ANY($3)
        WHERE h.id = 1 AND (SELECT public.expect_events($1, $1 + $2)) ORDER BY e.global_position";
    let by_position = [
        plan(&mut connection, "bigint, bigint, text[]", feed, "150, 20, ARRAY['order']").await,
        plan(
            &mut connection,
            "bigint, bigint",
            "SELECT global_position, content_hash FROM public.events WHERE global_position > $1
               AND global_position <= $2 AND (SELECT public.expect_events($1, $2)) ORDER BY global_position",
            "150, 170",
        )
        .await,
        plan(
            &mut connection,
            "bigint",
            "SELECT recorded_at FROM public.events WHERE global_position = $1
               AND (SELECT public.expect_events($1 - 1, $1))",
            "150",
        )
        .await,
    ];
    for plan in by_position {
        assert!(!plan.contains("Seq Scan on events") && !plan.contains("Seq Scan on kept"), "{plan}");
        // Of four and more partitions all but one are left out when it is run.
        let touched = plan.lines().filter(|line| line.contains(" on events_")).count();
        let removed = plan.contains("Subplans Removed") || plan.contains("never executed");
        assert!(removed && plan.contains("events_101_global_position_idx"), "{plan}");
        assert!(touched >= 1, "{plan}");
    }
    let stream = plan(
        &mut connection,
        "text, text",
        "SELECT e.payload FROM public.events e WHERE e.aggregate_type = $1 AND e.aggregate_id = $2
           AND (SELECT public.expect_stream($1, $2, 0, 9223372036854775807)) ORDER BY e.sequence",
        "'stock', '00000000-0000-0000-0000-000000000000'",
    )
    .await;
    assert!(!stream.contains("Seq Scan on events"), "{stream}");
    assert!(
        stream.contains("Merge Append") && stream.contains("events_1_pkey"),
        "in order, without a sort: {stream}"
    );
}

/// In a partition without statistics the primary key's rows of a kind were read beside the stretch, all of them.
#[tokio::test]
async fn a_stretch_is_not_looked_for_by_its_kinds() {
    let world = World::open().await;
    let mut connection = world.connection().await;
    // Without the index that it is found by, what is left is the whole table, or an index that has the kinds.
    let bare = "BEGIN; DROP INDEX public.events_global_position; SET LOCAL enable_seqscan = off";
    sqlx::raw_sql(bare).execute(&mut connection).await.unwrap();
    let feed = read_feed(&mut connection, 150, 200, &[StreamKind::Order]).await.unwrap();
    let of_orders = EventFilter { stream_kind: Some(StreamKind::Order), ..EventFilter::default() };
    let stretch = read_stretch(&mut connection, (150, 350), &of_orders, 1_000).await.unwrap();
    assert!(!feed.events.is_empty() && feed.events == stretch, "{} and {}", feed.events.len(), stretch.len());
    let by_index: i64 = sqlx::query_scalar(
        "SELECT sum(idx_scan)::bigint FROM pg_stat_xact_all_tables WHERE schemaname = 'log'",
    )
    .fetch_one(&mut connection)
    .await
    .unwrap();
    assert_eq!(by_index, 0);
}
