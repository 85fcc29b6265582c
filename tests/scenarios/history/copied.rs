//! Long stretches of the log, as they are written, cut and gone on with.

use std::{fs, pin::pin};

use events::log::{copy_events, read_head, read_stretch};
use futures::TryStreamExt as _;
use harness::until;
use sqlx::{Connection as _, PgConnection, PgPool};

use super::world::{World, end_of, succeeded};

/// Events of a kind that no read model knows: bulk, and nothing else.
async fn lengthen(pool: &PgPool, events: i32) {
    let sql = "WITH head AS (UPDATE public.log_head SET position = position + $1 RETURNING position - $1 AS base)
        INSERT INTO public.events (aggregate_type, aggregate_id, sequence, event_type, event_version, payload,
            metadata, global_position, event_id, recorded_at, command_id, actor, content_hash)
        SELECT 'bulk', gen_random_uuid()::text, 1, 'Bulk', '1', json_build_object('a', repeat('x', 300)), '{}',
            base + n, gen_random_uuid(), now(), gen_random_uuid(), 'system:test', sha256(n::text::bytea)
        FROM head, generate_series(1, $1) n";
    sqlx::query(sql).bind(events).execute(pool).await.unwrap();
}

/// Terminates the backend that is in a COPY of the log; whether there was one.
async fn kill_copy(pool: &PgPool) -> bool {
    let sql = "SELECT count(pg_terminate_backend(pid)) > 0 FROM pg_stat_activity
               WHERE datname = current_database() AND state = 'active' AND query LIKE 'COPY (SELECT global_position%'";
    sqlx::query_scalar(sql).fetch_one(pool).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn copying_gives_what_selecting_gives_and_an_error_where_it_was_cut() {
    let world = World::open().await;
    let pool = &world.database.pool;
    let mut connection = PgConnection::connect_with(&world.database.options).await.unwrap();
    let head = read_head(&mut connection).await.unwrap().position;
    let selected = read_stretch(&mut connection, (3, head - 2), &events::log::EventFilter::default(), head)
        .await
        .unwrap();
    let copied: Vec<Vec<_>> =
        copy_events(&mut connection, 3, head - 2).await.unwrap().try_collect().await.unwrap();
    assert_eq!(copied.concat(), selected);
    // The connection is fit for the next statement, also behind an empty stretch.
    let none: Vec<Vec<_>> =
        copy_events(&mut connection, head, head).await.unwrap().try_collect().await.unwrap();
    assert_eq!(none, Vec::<Vec<_>>::new());

    lengthen(pool, 60_000).await;
    let mut copied = pin!(copy_events(&mut connection, 0, head + 60_000).await.unwrap());
    let mut events = copied.try_next().await.unwrap().unwrap().len();
    until("it is killed", async || kill_copy(pool).await).await;
    let broken = loop {
        match copied.try_next().await {
            Ok(Some(more)) => events += more.len(),
            Ok(None) => panic!("it ended as if it were whole, after {events} events"),
            Err(error) => break error,
        }
    };
    assert!(events < 60_000, "{broken}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_while_others_write_is_a_whole_of_what_was_there_when_it_began() {
    let world = World::open().await;
    let tomatoes = world.product("tomater").await;
    let writing = async {
        for _ in 0..10 {
            world.order(&world.restaurant, &[(&tomatoes, "1")]).await;
        }
    };
    let exporting = async {
        let mut exports = Vec::new();
        for _ in 0..5 {
            exports.push(world.lines("").await.unwrap());
        }
        exports
    };
    let ((), exports) = tokio::join!(writing, exporting);
    for (number, export) in exports.iter().enumerate() {
        let end = end_of(export);
        assert_eq!(end.count, end.position.unsigned_abs());
        // The same stretch by the command line, later: the same bytes, the last line included.
        assert!(*export == world.export(&format!("{number}.ndjson"), end.position), "byte for byte");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_whose_database_dies_is_an_error_and_going_on_gives_the_same_bytes() {
    let world = World::open().await;
    let pool = &world.database.pool;
    lengthen(pool, 40_000).await;
    let killing = until("it is killed", async || kill_copy(pool).await);
    let (cut, ()) = tokio::join!(world.lines(""), killing);
    assert!(cut.is_err(), "the client is told that the body is not whole");

    let whole = world.lines("").await.unwrap();
    let head = end_of(&whole).position;
    let file = world.file("resumed.ndjson");
    // Cut in the middle of a line, as by a full disk or a kill.
    fs::write(&file, &whole[..whole.len() / 2]).unwrap();
    let resume = ["export", "--resume", "--to", &head.to_string(), file.to_str().unwrap()];
    succeeded(&world.events(&resume));
    assert!(fs::read(&file).unwrap() == whole, "byte for byte");
    succeeded(&world.events(&resume));
    assert!(fs::read(&file).unwrap() == whole, "a whole one is left as it is");

    // Over HTTP the same: what came whole, and the rest from the next position on.
    let text = std::str::from_utf8(&whole).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let rest = world.lines("?from_position=101").await.unwrap();
    let rest = std::str::from_utf8(&rest).unwrap();
    assert!(rest.lines().take(lines.len() - 101).eq(lines[100..lines.len() - 1].iter().copied()));

    let shown = world.events(&["tail", "--from", "1", "--type", "SupplierRegistered"]);
    succeeded(&shown);
    let shown = String::from_utf8(shown.stdout).unwrap();
    assert_eq!(shown.lines().count(), 2, "{shown}");
    assert!(shown.contains("Registered the supplier “"), "{shown}");
}
