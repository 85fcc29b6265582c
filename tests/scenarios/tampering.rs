//! Whoever rules the database changes what is recorded: `verify` says what and where, and accuses nobody else.

mod deeds;

use std::{path::PathBuf, process::Command};

use events::{
    audit::{
        Asked, FaultKind, Proving, PublicKey, SealDocument, SealFolder, Sealing, SigningKey, Verification,
        prove, seal_next, sealed_up_to, verify,
    },
    log::{copy_events, read_head},
};
use futures::TryStreamExt as _;
use harness::{IrisProcess, Ordering, TestDatabase, iris_binary, peers::python, until};
use platform::clock::{Clock as _, SystemClock};
use serde_json::{Value, json};
use sqlx::{PgConnection, PgPool};

use deeds::{Dice, Scene, deeds};

/// A log with seals, a tail that is not sealed yet, and copies of the seals.
struct Sealed {
    database: TestDatabase,
    key: SigningKey,
    folder: SealFolder,
    place: PathBuf,
}

impl Drop for Sealed {
    fn drop(&mut self) {
        let _best_effort = std::fs::remove_dir_all(&self.place);
    }
}

impl Sealed {
    /// Written by a market in this process, and sealed `size` events at a time.
    async fn open(size: i64) -> Self {
        let database = TestDatabase::create().await;
        let market = Ordering::open(&database.options).await;
        let other = market.beside(&database.options);
        for number in 0..24 {
            let market = if number % 2 == 0 { &market } else { &other };
            let product = market.product(5).await;
            market.cart(&[(product, 1)]).await;
        }
        let key = SigningKey::from_base64(&SigningKey::generate()).unwrap();
        let place = std::env::temp_dir().join(format!("iris-seals-{}", database.name));
        let folder = SealFolder::create(&place).unwrap();
        let sealed = Self { database, key, folder, place };
        sealed.seal_all(size).await;
        handlers::sealing::export_seals(sealed.pool(), &sealed.folder).await.unwrap();
        // What comes now is not sealed.
        let product = other.product(5).await;
        market.cart(&[(product, 1), (product, 2)]).await;
        sealed
    }

    fn pool(&self) -> &PgPool {
        &self.database.pool
    }

    fn public(&self) -> PublicKey {
        self.key.public()
    }

    async fn seal_all(&self, size: i64) {
        let head = read_head(&mut self.pool().acquire().await.unwrap()).await.unwrap().position;
        while sealed_up_to(self.pool()).await.unwrap() < head {
            let mut transaction = platform::db::begin(self.pool()).await.unwrap();
            seal_next(&mut transaction, &self.key, size, SystemClock.now()).await.unwrap();
            transaction.commit().await.unwrap();
        }
    }

    async fn verified(&self, connection: &mut PgConnection) -> Verification {
        let trusted = [self.public()];
        let asked = Asked { trusted: &trusted, folder: Some(&self.folder), ..Asked::ALL };
        verify(connection, &asked, |_| {}).await.unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_way_of_tampering_is_named_with_its_position_and_undone_again() {
    let sealed = Sealed::open(17).await;
    let mut connection = sealed.pool().acquire().await.unwrap();
    let untouched = sealed.verified(&mut connection).await;
    assert_eq!((untouched.faults.as_slice(), untouched.trusted_key), (&[][..], Some(sealed.public())));
    let scene = Scene { head: untouched.to, sealed: untouched.sealed_to };
    assert!(scene.sealed > 60 && scene.head > scene.sealed + 2, "{untouched:?}");

    let seed = std::env::var("TAMPERING_SEED").ok().and_then(|seed| seed.parse().ok());
    let seed = seed.unwrap_or_else(|| u64::from(std::process::id()).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    println!("TAMPERING_SEED={seed}");
    let mut dice = Dice(seed);
    let deeds = deeds();
    for number in 0..(100_usize.next_multiple_of(deeds.len())) {
        let (name, deed) = &deeds[number % deeds.len()];
        // In a transaction that is rolled back, as one who may do everything: nobody's trigger stands in the way.
        let mut transaction = sqlx::Connection::begin(&mut *connection).await.unwrap();
        sqlx::query("SET LOCAL session_replication_role = replica").execute(&mut *transaction).await.unwrap();
        let expected = deed.done(&mut transaction, &mut dice, scene).await;
        let found = sealed.verified(&mut transaction).await;
        let first = found.faults.first().map(|fault| (fault.position, fault.kind));
        assert_eq!(first, Some(expected), "{name}: {:#?}", found.faults);
        transaction.rollback().await.unwrap();
    }
    assert_eq!(sealed.verified(&mut connection).await, untouched);
}

/// The limit of hashes: nothing in the log tells who appended. Until it is sealed by a key that the forger lacks,
/// a forged append that is right in every respect is an append.
#[tokio::test(flavor = "multi_thread")]
async fn a_forged_append_that_is_right_in_every_respect_is_not_told_apart() {
    let sealed = Sealed::open(17).await;
    let mut transaction = platform::db::begin(sealed.pool()).await.unwrap();
    sqlx::query("SET LOCAL session_replication_role = replica").execute(&mut *transaction).await.unwrap();
    let head = read_head(&mut transaction).await.unwrap().position;
    deeds::forge(&mut transaction, head + 1, true).await;
    sqlx::query("UPDATE public.log_head SET position = position + 1")
        .execute(&mut *transaction)
        .await
        .unwrap();
    assert!(sealed.verified(&mut transaction).await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn seals_rewritten_with_a_stolen_key_are_found_by_the_copies_and_by_them_alone() {
    let sealed = Sealed::open(17).await;
    let mut transaction = platform::db::begin(sealed.pool()).await.unwrap();
    sqlx::raw_sql(
        "SET LOCAL session_replication_role = replica; DELETE FROM audit.seals;
         UPDATE public.events SET actor = 'system:nobody' WHERE global_position = 20;",
    )
    .execute(&mut *transaction)
    .await
    .unwrap();
    deeds::rehash(&mut transaction, 20).await;
    let head = read_head(&mut transaction).await.unwrap().position;
    while sealed_up_to(&mut *transaction).await.unwrap() < head {
        seal_next(&mut transaction, &sealed.key, 17, SystemClock.now()).await.unwrap();
    }
    let trusted = [sealed.public()];
    let asked = Asked { trusted: &trusted, ..Asked::ALL };
    assert!(verify(&mut transaction, &asked, |_| {}).await.unwrap().is_ok(), "the thief has the key");
    let found = sealed.verified(&mut transaction).await;
    let first = &found.faults[0];
    assert_eq!((first.position, first.kind, first.seal), (1, FaultKind::SealBroken, Some(1)));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_read_or_is_spelt_otherwise_is_never_sealed() {
    let sealed = Sealed::open(17).await;
    let spoilt = [
        "aggregate_id = upper('{' || aggregate_id || '}')",
        "aggregate_id = 'x'",
        "recorded_at = 'infinity'",
    ];
    let position = sealed_up_to(sealed.pool()).await.unwrap() + 1;
    for column in spoilt {
        let sql = format!(
            "SET LOCAL session_replication_role = replica; \
             UPDATE public.events SET {column} WHERE global_position = {position}"
        );
        let mut transaction = platform::db::begin(sealed.pool()).await.unwrap();
        sqlx::raw_sql(&sql).execute(&mut *transaction).await.unwrap();
        let done = seal_next(&mut transaction, &sealed.key, 17, SystemClock.now()).await.unwrap();
        assert!(matches!(&done, Sealing::Refused(refused) if refused.position == position), "{done:?}");
        transaction.rollback().await.unwrap();

        // Given up afterwards: rows are under way in it that nobody reads.
        let mut connection = sealed.pool().acquire().await.unwrap().detach();
        sqlx::raw_sql("BEGIN").execute(&mut connection).await.unwrap();
        sqlx::raw_sql(&sql).execute(&mut connection).await.unwrap();
        let copied: Result<Vec<_>, _> =
            copy_events(&mut connection, 0, position + 1).await.unwrap().try_collect().await;
        let words = copied.unwrap_err().to_string();
        assert!(words.contains(&format!("at position {position} ")), "{words}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_alone_is_not_believed_where_all_seals_were_taken_away() {
    let sealed = Sealed::open(17).await;
    let mut transaction = platform::db::begin(sealed.pool()).await.unwrap();
    sqlx::raw_sql("SET LOCAL session_replication_role = replica; DELETE FROM audit.seals")
        .execute(&mut *transaction)
        .await
        .unwrap();
    let trusted = [sealed.public()];
    let found = verify(&mut transaction, &Asked { trusted: &trusted, ..Asked::ALL }, |_| {}).await.unwrap();
    assert_eq!((found.faults[0].position, found.faults[0].kind), (1, FaultKind::SealBroken));
    assert_eq!(found.trusted_key, None);
    transaction.rollback().await.unwrap();
    // Behind the last seal nothing is sealed, and nobody is accused of it.
    let mut connection = sealed.pool().acquire().await.unwrap();
    let from = sealed_up_to(sealed.pool()).await.unwrap() + 1;
    let asked = Asked { from, trusted: &trusted, ..Asked::ALL };
    let found = verify(&mut connection, &asked, |_| {}).await.unwrap();
    assert_eq!((found.faults.as_slice(), found.trusted_key), (&[][..], Some(sealed.public())));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_sealed_and_copied_while_it_verifies_is_no_fault() {
    let sealed = Sealed::open(17).await;
    let mut connection = sealed.pool().acquire().await.unwrap();
    let trusted = [sealed.public()];
    let asked = Asked { trusted: &trusted, folder: Some(&sealed.folder), ..Asked::ALL };
    let last = sealed.folder.last_number().unwrap();
    let next = SealDocument { number: last + 1, ..sealed.folder.read(last).unwrap().unwrap() };
    let found = verify(&mut connection, &asked, |_| sealed.folder.write(&next).unwrap()).await.unwrap();
    assert_eq!(found.faults, []);
    assert_eq!(sealed.verified(&mut connection).await.faults[0].seal, Some(last + 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_part_is_verified_as_the_whole_and_a_stranger_s_key_is_not_believed() {
    let sealed = Sealed::open(17).await;
    let mut connection = sealed.pool().acquire().await.unwrap();
    let trusted = [sealed.public()];
    for (from, to) in [(1, 17), (5, 40), (18, 34), (33, 35)] {
        let asked = Asked { from, to: Some(to), trusted: &trusted, ..Asked::ALL };
        let found = verify(&mut connection, &asked, |_| {}).await.unwrap();
        assert_eq!(
            (found.faults.as_slice(), found.from, found.to, found.count),
            (&[][..], from, to, to - from + 1)
        );
        assert!(found.sealed_to >= to, "{found:?}");
    }
    let stranger = [SigningKey::from_base64(&SigningKey::generate()).unwrap().public()];
    let found = verify(&mut connection, &Asked { trusted: &stranger, ..Asked::ALL }, |_| {}).await.unwrap();
    assert_eq!((found.faults[0].position, found.faults[0].kind), (1, FaultKind::SealBroken));
    assert_eq!((found.trusted_key, found.sealed_to), (None, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_foreign_program_accepts_every_proof_and_none_that_was_altered() {
    let sealed = Sealed::open(17).await;
    let mut connection = sealed.pool().acquire().await.unwrap();
    let sql = "SELECT event_id FROM public.events WHERE global_position <= $1 ORDER BY global_position";
    let upto = sealed_up_to(sealed.pool()).await.unwrap();
    let ids: Vec<uuid::Uuid> = sqlx::query_scalar(sql).bind(upto).fetch_all(sealed.pool()).await.unwrap();
    let mut proofs: Vec<Value> = Vec::new();
    for id in &ids {
        let Proving::Proof(proof) = prove(&mut connection, *id).await.unwrap() else {
            panic!("{id} is sealed")
        };
        proofs.push(serde_json::to_value(proof).unwrap());
    }
    let spoilt = [
        ("/event/payload", json!("{}")),
        ("/event/actor", json!("system:nobody")),
        ("/event/position", json!(4)),
        ("/event/recorded_at", json!("2026-11-20T09:00:00.123457Z")),
        ("/leaf_index", json!(4)),
        ("/seal/number", json!(9)),
        ("/seal/root", json!("00".repeat(32))),
        ("/seal/sealed_at", json!("2026-11-20T09:00:00Z")),
        ("/path/0", json!("00".repeat(32))),
    ];
    let sound = proofs.len();
    for (pointer, value) in spoilt {
        let mut proof = proofs[10].clone();
        *proof.pointer_mut(pointer).unwrap() = value;
        proofs.push(proof);
    }
    let trusted = sealed.public().to_string();
    let verdicts = python("verify_proof", &json!({"proofs": proofs, "trusted": [trusted]})).await;
    let (sound, altered) = verdicts.as_array().unwrap().split_at(sound);
    assert!(sound.iter().all(|verdict| *verdict == json!(true)), "{sound:?}");
    assert!(altered.iter().all(Value::is_string), "{altered:?}");
    let verdicts = python("verify_proof", &json!({"proofs": [proofs[0]], "trusted": []})).await;
    assert_eq!(verdicts, json!(["untrusted key"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn two_processes_and_a_kill_leave_a_log_that_nobody_is_accused_of() {
    let database = TestDatabase::create().await;
    let secret = SigningKey::generate();
    let key = SigningKey::from_base64(&secret).unwrap().public().to_string();
    let place = std::env::temp_dir().join(format!("iris-seals-{}", database.name));
    let settings = [
        ("AUDIT_SIGNING_KEY", secret.as_str()),
        ("AUDIT_SEAL_AFTER_MS", "20"),
        ("AUDIT_SEAL_DIR", place.to_str().unwrap()),
    ];
    let mut first = IrisProcess::start_with(&database, &settings).await;
    let second = first.beside().await;
    let (one, other) = (
        first.client().logged_in("restaurant@iris.test").await,
        second.client().logged_in("restaurant@iris.test").await,
    );
    let restaurant_id = one.get("/me").await.body["memberships"][0]["id"].clone();
    for number in 0..40 {
        if number == 20 {
            // Whatever it was sealing or recording.
            first.kill();
        }
        let client = if number % 2 == 0 && number < 20 { &one } else { &other };
        client.insist("/carts", &format!("cart-{number}"), &json!({"restaurant_id": restaurant_id})).await;
    }
    until("all is sealed and copied", async || {
        let head = read_head(&mut database.pool.acquire().await.unwrap()).await.unwrap().position;
        let seals: i64 = sqlx::query_scalar("SELECT COALESCE(max(number), 0) FROM audit.seals")
            .fetch_one(&database.pool)
            .await
            .unwrap();
        let copied = SealFolder::open(&place).unwrap().last_number().unwrap();
        sealed_up_to(&database.pool).await.unwrap() == head && copied == seals
    })
    .await;

    let said = iris(&second, &["verify", "--json", "--key", &key, "--seals", place.to_str().unwrap()]);
    let found: Value = serde_json::from_slice(&said.stdout).unwrap();
    assert_eq!(
        (&found["ok"], &found["faults"], &found["trusted_key"]),
        (&json!(true), &json!([]), &json!(key))
    );
    assert_eq!(found["sealed_to"], found["to"]);
    assert!(said.status.success());

    // Over HTTP the same root; one proof, checked by a program without a database.
    let auditor = second.client().logged_in("auditor@iris.test").await;
    assert_eq!(auditor.get("/audit/verify").await.body["root"], found["root"]);
    let id: uuid::Uuid = sqlx::query_scalar("SELECT event_id FROM public.events WHERE global_position = 7")
        .fetch_one(&database.pool)
        .await
        .unwrap();
    let file = place.join("proof.txt");
    std::fs::write(&file, auditor.get(&format!("/audit/proofs/{id}")).await.body.to_string()).unwrap();
    let check = |key: &str| {
        let program = Command::new(iris_binary())
            .args(["audit", "check-proof", "--key", key])
            .arg(&file)
            .env_clear()
            .output();
        program.unwrap().status.success()
    };
    assert!(
        check(&key)
            && !check(&SigningKey::from_base64(&SigningKey::generate()).unwrap().public().to_string())
    );

    sqlx::raw_sql("SET session_replication_role = replica; UPDATE public.events SET actor = 'x' WHERE global_position = 9")
        .execute(&mut *database.pool.acquire().await.unwrap())
        .await
        .unwrap();
    let said = iris(&second, &["verify"]);
    assert_eq!(said.status.code(), Some(1));
    let words = String::from_utf8(said.stdout).unwrap();
    assert!(words.contains("FAULT position 9: altered") && words.contains("not ok"), "{words}");
    std::fs::remove_dir_all(&place).unwrap();
}

fn iris(process: &IrisProcess, arguments: &[&str]) -> std::process::Output {
    process.command("audit").args(arguments).output().unwrap()
}
