//! The sealer: everything is sealed once, in order, by however many processes, and never what does not fit.

use std::time::Duration;

use events::audit::{Asked, FaultKind, SealFolder, SigningKey, introduce_next_key, seals_from, verify};
use handlers::sealing::{self, export_seals};
use platform::clock::Clock as _;

use crate::world::{Running, World, until};

fn settings() -> sealing::Settings {
    sealing::Settings {
        events_enough: 10,
        after: Duration::from_millis(30),
        events_max: 25,
        poll: Duration::from_millis(5),
        backoff_first: Duration::from_millis(5),
        backoff_max: Duration::from_millis(50),
    }
}

fn key() -> (String, SigningKey) {
    let secret = SigningKey::generate();
    let key = SigningKey::from_base64(&secret).unwrap();
    (secret, key)
}

fn same(secret: &str) -> SigningKey {
    SigningKey::from_base64(secret).unwrap()
}

async fn sealed_to(world: &World, position: i64) {
    let reached = format!("SELECT COALESCE(max(last_position), 0) = {position} FROM audit.seals");
    world.until(&reached).await;
}

async fn expect_sound(world: &World, key: &SigningKey, folder: Option<&SealFolder>) {
    let trusted = [key.public()];
    let asked = Asked { trusted: &trusted, folder, ..Asked::ALL };
    let found = verify(&mut world.pool.acquire().await.unwrap(), &asked, |_| {}).await.unwrap();
    assert_eq!((found.faults.as_slice(), found.trusted_key), (&[][..], Some(key.public())));
    assert_eq!(found.sealed_to, found.to);
}

#[tokio::test]
async fn three_processes_seal_everything_once_and_copy_it_to_one_folder() {
    let world = World::new("three_seal").await;
    let (secret, key) = key();
    let place = tempfile::tempdir().unwrap();
    let folder = SealFolder::open(place.path()).unwrap();
    let mut sealers: Vec<Running> =
        (0..3).map(|_| world.seal(same(&secret), Some(folder.clone()), settings())).collect();
    for round in 0..8 {
        world.offer(7).await;
        if round == 3 {
            sealers.pop().unwrap().kill().await;
        }
    }
    let last = world.offer(60).await;
    sealed_to(&world, last).await;
    let seals: i64 = world.value("SELECT max(number) FROM audit.seals").await;
    until("all are copied", async || folder.last_number().unwrap() == seals).await;
    for sealer in sealers {
        sealer.stop().await;
    }
    let largest: i64 = world.value("SELECT max(last_position - first_position + 1) FROM audit.seals").await;
    assert!(largest <= 25, "{largest}");
    expect_sound(&world, &key, Some(&folder)).await;
    world.end().await;
}

#[tokio::test]
async fn what_does_not_fit_is_not_sealed_and_nothing_behind_it() {
    let world = World::new("refuse_seal").await;
    let (secret, _) = key();
    let last = world.offer(5).await;
    world.execute("ALTER TABLE public.events DISABLE TRIGGER ALL").await;
    world
        .execute(&format!("UPDATE public.events SET actor = 'x' WHERE global_position = {}", last - 1))
        .await;
    let sealer = world.seal(same(&secret), None, settings());
    sealed_to(&world, last - 2).await;
    // The sealer goes on looking, and goes on refusing.
    let later = world.offer(20).await;
    let refused: Vec<_> = refusals(&world, &secret).await;
    assert_eq!(refused, [last - 1; 3]);
    world
        .execute(&format!(
            "UPDATE public.events SET actor = 'system:test' WHERE global_position = {}",
            last - 1
        ))
        .await;
    sealed_to(&world, later).await;
    sealer.stop().await;
    expect_sound(&world, &same(&secret), None).await;
    world.end().await;
}

/// Three attempts beside the sealer's own.
async fn refusals(world: &World, secret: &str) -> Vec<i64> {
    use events::audit::{Sealing, seal_next};
    let mut refused = Vec::new();
    while refused.len() < 3 {
        let mut transaction = platform::db::begin(&world.pool).await.unwrap();
        match seal_next(&mut transaction, &same(secret), 25, world.clock.now()).await.unwrap() {
            Sealing::Refused(found) => refused.push(found.position),
            Sealing::Elsewhere => {}
            other => panic!("{other:?}"),
        }
        transaction.rollback().await.unwrap();
    }
    refused
}

#[tokio::test]
async fn a_new_key_takes_over_and_the_old_one_seals_no_more() {
    let world = World::new("rotate_seal").await;
    let ((old_secret, old), (new_secret, new)) = (key(), key());
    let first = world.offer(5).await;
    let sealer = world.seal(same(&old_secret), None, settings());
    sealed_to(&world, first).await;
    let mut transaction = platform::db::begin(&world.pool).await.unwrap();
    introduce_next_key(&mut transaction, &old, &new, world.clock.now()).await.unwrap();
    transaction.commit().await.unwrap();
    let second = world.offer(5).await;
    let mut transaction = platform::db::begin(&world.pool).await.unwrap();
    let late = events::audit::seal_next(&mut transaction, &old, 25, world.clock.now()).await;
    assert!(late.unwrap_err().to_string().contains("is not the one in use"));
    transaction.rollback().await.unwrap();
    sealer.stop().await;

    let sealer = world.seal(same(&new_secret), None, settings());
    sealed_to(&world, second).await;
    sealer.stop().await;
    expect_sound(&world, &old, None).await;
    expect_sound(&world, &new, None).await;
    world.end().await;
}

#[tokio::test]
async fn a_folder_that_knows_better_stops_the_sealing() {
    let world = World::new("folder_seal").await;
    let (secret, key) = key();
    let place = tempfile::tempdir().unwrap();
    let folder = SealFolder::open(place.path()).unwrap();
    let first = world.offer(5).await;
    let sealer = world.seal(same(&secret), Some(folder.clone()), settings());
    sealed_to(&world, first).await;
    until("it is copied", async || folder.last_number().unwrap() == 1).await;
    sealer.stop().await;
    // Somebody takes the seal away; what is sealed anew would be another one.
    world.execute("ALTER TABLE audit.seals DISABLE TRIGGER ALL").await;
    world.execute("DELETE FROM audit.seals").await;
    world.offer(5).await;
    let contradiction = export_seals(&world.pool, &folder).await.unwrap_err();
    assert!(contradiction.is_contradiction(), "{contradiction}");
    let trusted = [key.public()];
    let asked = Asked { trusted: &trusted, folder: Some(&folder), ..Asked::ALL };
    let found = verify(&mut world.pool.acquire().await.unwrap(), &asked, |_| {}).await.unwrap();
    assert_eq!((found.faults[0].position, found.faults[0].kind), (1, FaultKind::SealBroken));
    assert!(seals_from(&world.pool, 1, 1).await.unwrap().is_empty());
    world.end().await;
}

#[tokio::test]
async fn a_running_sealer_does_not_seal_anew_what_was_sealed() {
    let world = World::new("rewritten_seal").await;
    let (secret, _) = key();
    let place = tempfile::tempdir().unwrap();
    let folder = SealFolder::open(place.path()).unwrap();
    let first = world.offer(5).await;
    let sealer = world.seal(same(&secret), Some(folder.clone()), settings());
    sealed_to(&world, first).await;
    until("it is copied", async || folder.last_number().unwrap() == 1).await;
    world.execute("ALTER TABLE audit.seals DISABLE TRIGGER ALL").await;
    world.execute("DELETE FROM audit.seals").await;
    // Enough to be sealed at once by whoever looks.
    world.offer(20).await;
    for _ in 0..3 {
        next_look(&world).await;
    }
    sealer.stop().await;
    assert!(seals_from(&world.pool, 1, 1).await.unwrap().is_empty());
    world.end().await;
}

#[tokio::test]
async fn a_time_that_is_none_stops_the_seals_and_not_the_sealer() {
    let world = World::new("infinity_seal").await;
    let (secret, _) = key();
    let last = world.offer(5).await;
    let recorded: String = world.value("SELECT max(recorded_at)::text FROM public.events").await;
    world.execute("ALTER TABLE public.events DISABLE TRIGGER ALL").await;
    let at = |time: &str| {
        format!("UPDATE public.events SET recorded_at = '{time}' WHERE global_position = {last}")
    };
    world.execute(&at("infinity")).await;
    let sealer = world.seal(same(&secret), None, settings());
    sealed_to(&world, last - 1).await;
    next_look(&world).await;
    world.execute(&at(&recorded)).await;
    sealed_to(&world, last).await;
    sealer.stop().await;
    world.end().await;
}

/// Returns once a sealer has begun a round after this was called.
async fn next_look(world: &World) {
    let now: String = world.value("SELECT clock_timestamp()::text").await;
    world
        .until(&format!(
            "SELECT EXISTS (SELECT 1 FROM pg_stat_activity WHERE datname = current_database() \
             AND query LIKE 'SELECT h.position - s.position%' AND query_start > '{now}'::timestamptz)"
        ))
        .await;
}

#[tokio::test]
async fn a_lost_database_is_waited_for() {
    let world = World::new("lost_seal").await;
    let (secret, key) = key();
    let sealer = world.seal(same(&secret), None, settings());
    let first = world.offer(3).await;
    sealed_to(&world, first).await;
    for _ in 0..5 {
        world
            .execute(
                "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity \
                 WHERE datname = current_database() AND pid <> pg_backend_pid()",
            )
            .await;
        let last = world.offer(3).await;
        sealed_to(&world, last).await;
    }
    sealer.stop().await;
    expect_sound(&world, &key, None).await;
    world.end().await;
}
