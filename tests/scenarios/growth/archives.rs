//! Old partitions in files, and back.

use std::{fs, ops::Range};

use events::{
    Fold as _, StreamKind, StreamRef,
    archive::{Obstacle, find_archive, obstacles, partitions, restore},
    audit::{FaultKind, prove},
    cart::Cart,
    log::{
        archived, archived_between, copy_events, count_stream, load_streams, position_at, read_feed,
        read_hashes, read_stream, read_stream_part, read_stretch, time_of,
    },
    order::Order,
    public::read_public,
    stock::Stock,
};
use futures::TryStreamExt as _;
use harness::ordering::{fresh, place};
use platform::clock::{Clock as _, SystemClock};
use sqlx::Executor as _;

use super::world::{World, long_ago};

/// What it says must name the range and the command.
#[track_caller]
fn refused<T: std::fmt::Debug>(what: Result<T, sqlx::Error>) {
    let error = what.expect_err("not a shorter history");
    let said = archived(&error).unwrap_or_else(|| panic!("another error: {error}"));
    assert!(
        said.contains("events 1 to 100 are archived in events-000000000001-000000000100.ndjson"),
        "{said}"
    );
    assert!(said.contains("`iris events restore events-000000000001-000000000100.ndjson`"), "{said}");
}

/// Some stream of that kind whose first event is in that stretch.
async fn stream(world: &World, kind: StreamKind, positions: Range<i64>) -> StreamRef {
    let id: String = sqlx::query_scalar(
        "SELECT aggregate_id FROM public.events WHERE aggregate_type = $1 AND sequence = 1
           AND global_position >= $2 AND global_position < $3 LIMIT 1",
    )
    .bind(kind.name())
    .bind(positions.start)
    .bind(positions.end)
    .fetch_one(&world.database.pool)
    .await
    .unwrap();
    StreamRef { kind, id: id.parse().unwrap() }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_archived_is_refused_to_every_reader_and_comes_back_as_it_was() {
    let world = World::open().await;
    let (sum, before, head) = (world.sum().await, world.verified(false).await, world.head().await);
    assert_eq!((before.faults.as_slice(), before.count), (&[][..], head));
    let stock = stream(&world, StreamKind::Stock, 1..101).await;
    let cart = stream(&world, StreamKind::Cart, 1..60).await;
    let first = world.oldest().await;
    assert_eq!((first.first, first.last), (1, 100));
    world.archive(&first, &mut || true).await.unwrap();
    let second = world.oldest().await;
    assert_eq!(second.first, 101);

    // Readers by position.
    let mut connection = world.connection().await;
    let c = &mut connection;
    refused(read_feed(c, 0, 50, &StreamKind::ALL).await);
    refused(read_feed(c, 99, 50, &StreamKind::ALL).await);
    refused(read_public(c, 0, 50).await.map(|batch| batch.upto));
    refused(read_stretch(c, (0, 200), &events::log::EventFilter::default(), 500).await);
    refused(read_hashes(c, 50, 101).await);
    refused(time_of(c, 100).await);
    refused(position_at(c, long_ago()).await);
    refused(prove(c, fresh()).await);
    let copied: Result<Vec<Vec<_>>, _> = match copy_events(c, 0, 101).await {
        Ok(copied) => copied.try_collect().await,
        Err(error) => Err(error),
    };
    refused(copied);
    refused(
        sqlx::query_scalar::<_, i64>("SELECT audit.position_as_of('-infinity')").fetch_one(&mut *c).await,
    );
    refused(sqlx::query("SELECT audit.moment_of(7)").execute(&mut *c).await);
    // Readers by stream, of what is told apart by nothing but what is missing.
    refused(read_stream(c, stock).await);
    refused(read_stream(c, cart).await);
    refused(read_stream_part(c, cart, 0, head, 100).await);
    refused(count_stream(c, cart, head).await);
    refused(load_streams(c, &[(stock, Stock::STATE_VERSION + 1)]).await);

    // Everybody else goes on.
    assert_eq!(read_feed(c, 100, 50, &StreamKind::ALL).await.unwrap().events.len(), 50);
    assert!(time_of(c, 101).await.unwrap().is_some());
    let moment = time_of(c, 150).await.unwrap().unwrap();
    assert!(position_at(c, moment).await.unwrap().is_some_and(|position| (101..=150).contains(&position)));
    let loaded =
        load_streams(c, &[(stock, Stock::STATE_VERSION), (cart, Cart::STATE_VERSION)]).await.unwrap();
    assert!(loaded[&stock].snapshot.is_some() && loaded[&cart].snapshot.is_some());
    // The relay leans on first events of orders.
    let order = stream(&world, StreamKind::Order, 1..100).await;
    assert_eq!(order.kind, Order::KIND);
    // A process that has nothing in its cache orders what was created there.
    let other = world.market.beside(&world.database.options);
    let product = events::values::ProductId(stock.id);
    let bought = other.cart(&[(product, 1)]).await;
    other.submit(place(bought), "after").await.unwrap();

    // The seals vouch for what is left, and for the file.
    world.seal().await;
    let without = world.verified(false).await;
    assert_eq!((without.faults.as_slice(), without.unread.len()), (&[][..], 1));
    let with = world.verified(true).await;
    assert_eq!((with.faults.as_slice(), with.unread.len(), with.count), (&[][..], 0, world.head().await));

    let archive = find_archive(c, &first.file_name()).await.unwrap().unwrap();
    restore(c, &archive, &world.place.join(&archive.file), "system:test", SystemClock.now(), |_| true)
        .await
        .unwrap();
    let upto = format!(
        "SELECT md5(string_agg(e::text, '|' ORDER BY e.global_position)) FROM public.events e WHERE global_position <= {head}"
    );
    assert_eq!(sqlx::query_scalar::<_, String>(&upto).fetch_one(&mut *c).await.unwrap(), sum);
    assert_eq!(read_stream(c, cart).await.unwrap().len(), 3);
    let after = world.verified(false).await;
    assert_eq!((after.faults.as_slice(), after.unread.len(), after.root), (&[][..], 0, with.root));
    // And away again: the file is taken as it is.
    let again = world.oldest().await;
    assert_eq!((again.first, again.name.as_str()), (1, "restored_1"));
    world.archive(&again, &mut || true).await.unwrap();
    refused(read_stream(c, cart).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_archiving_that_is_broken_off_anywhere_goes_on_and_loses_nothing() {
    let world = World::open().await;
    let (sum, root) = (world.sum().await, world.verified(false).await.root);
    let first = world.oldest().await;
    // Broken off at its first question, its second, and so on, until it comes through.
    let mut attempts = 0;
    loop {
        attempts += 1;
        let mut left = attempts;
        let mut goes_on = || {
            left -= 1;
            left > 0
        };
        if world.archive(&first, &mut goes_on).await.is_ok() {
            break;
        }
        // Nothing has left the table yet, and what is refused is refused by name.
        assert_eq!(world.sum().await, sum);
    }
    assert!(attempts > 100, "it was asked at every event: {attempts}");
    assert_eq!(world.verified(true).await.root, root);

    let mut owner = world.connection().await;
    let archive = find_archive(&mut owner, &first.file_name()).await.unwrap().unwrap();
    let path = world.place.join(&archive.file);
    let now = SystemClock.now();
    restore(&mut owner, &archive, &path, "system:test", now, |_| false).await.unwrap_err();
    assert_eq!(archived_between(&mut owner, 0, 100).await.unwrap().len(), 1);
    restore(&mut owner, &archive, &path, "system:test", now, |_| true).await.unwrap();
    assert_eq!(world.sum().await, sum);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_or_a_kept_row_that_was_changed_is_found_out_and_does_not_come_back() {
    let world = World::open().await;
    let first = world.oldest().await;
    world.archive(&first, &mut || true).await.unwrap();
    let mut owner = world.connection().await;
    let archive = find_archive(&mut owner, &first.file_name()).await.unwrap().unwrap();
    let path = world.place.join(&archive.file);
    let whole = fs::read_to_string(&path).unwrap();
    let lines: Vec<&str> = whole.lines().collect();
    let changed = |at: usize, line: String| {
        let mut lines: Vec<String> = lines.iter().map(|line| (*line).to_owned()).collect();
        lines[at] = line;
        lines.join("\n") + "\n"
    };
    let actor = changed(41, lines[41].replacen("system:test", "system:tess", 1));
    let taken_out = [&lines[..41], &lines[42..]].concat().join("\n") + "\n";
    let cut = lines[..60].join("\n") + "\n";
    let routing = changed(2, lines[2].replacen("\"}", "\" }", 1));
    for (altered, position) in [(actor, 42), (taken_out, 42), (cut, 61), (routing, 3)] {
        assert_ne!(altered, whole);
        fs::write(&path, altered).unwrap();
        let found = world.verified(true).await;
        let faults: Vec<_> = found.faults.iter().map(|fault| fault.position).collect();
        assert_eq!(faults.first(), Some(&position), "{:?}", found.faults);
        let back = restore(&mut owner, &archive, &path, "system:test", SystemClock.now(), |_| true).await;
        assert!(back.is_err());
        assert_eq!(archived_between(&mut owner, 0, 100).await.unwrap().len(), 1);
    }
    fs::write(&path, &whole).unwrap();
    assert_eq!(world.verified(true).await.faults, []);

    // What stands for the archived events is the log as well.
    let forged = "SET session_replication_role = replica;
        UPDATE public.events SET actor = 'system:nobody' WHERE global_position <= 100 AND aggregate_type = 'product';
        SET session_replication_role = origin";
    owner.execute(forged).await.unwrap();
    let found = world.verified(false).await;
    assert_eq!(found.faults.first().map(|fault| fault.kind), Some(FaultKind::Altered), "{:?}", found.faults);
}

#[tokio::test(flavor = "multi_thread")]
async fn states_that_stand_for_archived_events_can_be_renewed_and_not_deleted() {
    let world = World::open().await;
    let stock = stream(&world, StreamKind::Stock, 1..101).await;
    let first = world.oldest().await;
    world.archive(&first, &mut || true).await.unwrap();
    let pool = &world.database.pool;
    for statement in [
        "DELETE FROM public.snapshots",
        "UPDATE public.snapshots SET sequence = 1 WHERE aggregate_type = 'stock'",
        "UPDATE public.snapshots SET archived_sequence = 0",
    ] {
        let refused = pool.execute(statement).await.unwrap_err();
        assert!(refused.to_string().contains("stands for events that are archived"), "{refused}");
    }
    // The stream goes on, over the length at which states are stored by themselves.
    let product = events::values::ProductId(stock.id);
    for _ in 0..170 {
        let cart = world.market.cart(&[(product, 1)]).await;
        world.market.submit(place(cart), &cart.to_string()).await.unwrap();
    }
    let (sequence, kept): (i64, i64) = sqlx::query_as(
        "SELECT sequence, archived_sequence FROM public.snapshots WHERE aggregate_type = 'stock' AND aggregate_id = $1",
    )
    .bind(stock.id.to_string())
    .fetch_one(pool)
    .await
    .unwrap();
    assert!(sequence >= 200 && kept > 0 && kept < 100, "{sequence} {kept}");
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_is_closed_sealed_old_and_read_by_all_may_go() {
    let world = World::open().await;
    let mut owner = world.connection().await;
    let first = world.oldest().await;
    let now = SystemClock.now();
    assert_eq!(obstacles(&mut owner, &first, now).await.unwrap(), []);
    assert!(matches!(obstacles(&mut owner, &first, long_ago()).await.unwrap()[..], [Obstacle::Young { .. }]));
    let open = partitions(&mut owner).await.unwrap().pop().unwrap();
    assert_eq!(obstacles(&mut owner, &open, now).await.unwrap(), [Obstacle::Open]);
    owner
        .execute(
            "INSERT INTO fanout.followers (name, position, updated_at) VALUES ('webhooks', 99, now()), ('relay', 100, now());
             INSERT INTO read.checkpoints (name, version, position, fence, updated_at) VALUES ('orders', 1, 12, 1, now())",
        )
        .await
        .unwrap();
    assert_eq!(
        obstacles(&mut owner, &first, now).await.unwrap(),
        [
            Obstacle::Reader { name: "the consumer webhooks".to_owned(), position: 99 },
            Obstacle::Reader { name: "the projection orders".to_owned(), position: 12 },
        ]
    );
    owner
        .execute("SET session_replication_role = replica; DELETE FROM audit.seals WHERE last_position >= 100")
        .await
        .unwrap();
    assert!(matches!(
        obstacles(&mut owner, &first, now).await.unwrap()[0],
        Obstacle::Unsealed { sealed: 74 }
    ));
}

/// Texts about people leave the house sealed: who is erased is erased in a file that was written before.
#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_was_written_before_an_erasure_shows_nothing_after_it() {
    use command_api::domain::supplier::RegisterSupplier;
    use events::{
        supplier::SupplierDetails,
        values::{Currency, Personal, SupplierId},
    };
    let world = World::open().await;
    let supplier_id = SupplierId(fresh());
    let details = SupplierDetails {
        name: "Fisk AB".to_owned(),
        contact_email: Personal::new(supplier_id, "anna.havsson@example.se"),
        ..Default::default()
    };
    world.market.accept(RegisterSupplier { supplier_id, details, currency: Currency::SEK }).await;
    let at = world.head().await;
    while world.head().await < at + 120 {
        world.market.product(1).await;
    }
    world.seal().await;
    loop {
        let oldest = world.oldest().await;
        if oldest.first > at {
            break;
        }
        world.archive(&oldest, &mut || true).await.unwrap();
    }
    let mut files = String::new();
    for entry in fs::read_dir(&world.place).unwrap() {
        files += &fs::read_to_string(entry.unwrap().path()).unwrap();
    }
    assert!(files.contains(&supplier_id.to_string()) && files.contains("Fisk AB"), "it is in there");
    assert!(!files.contains("havsson"), "sealed: it needs the key, which no file has");
    let wrapped: Vec<Vec<u8>> = sqlx::query_scalar("SELECT wrapped FROM personal.keys WHERE subject = $1")
        .bind(supplier_id.0)
        .fetch_all(&world.database.pool)
        .await
        .unwrap();
    assert_eq!(wrapped.len(), 1, "the key that an erasure destroys");
}
