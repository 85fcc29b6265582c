//! Data keys of a database, as processes on it have them.

use harness::TestDatabase;
use platform::{
    clock::{Clock as _, SystemClock, UuidV7Ids},
    personal::Vault,
    secrets::{Keyring, OpenError, ProviderError, StartError, data_key_of, data_keys},
};
use secrecy::ExposeSecret as _;
use uuid::Uuid;

use super::{SECRET, local, open, plain, providers};

/// `whsec` for `row 1` under [`SECRET`], as the release before data keys sealed it.
const OLD_FORM: &str = "01000102030405060708090a0ba8dcf9724f4e2e47bffd74b78eab9bf2bdcb279345";
/// The key of subject 7, id 9: 32 bytes of 5, sealed by that release.
const OLD_PERSON_KEY: &str = "01000102030405060708090a0bdab18f12296adf59cfb564930b37e6993c117c00b9390c9a1a847824f4\
                              d2b63f691317352455cec59af48f87f412fea1";
/// What that release claimed for `anna@example.se`.
const OLD_INDEX: &str = "bc43f8dd121d177e0403b9082903432a690f9e7cf85f663d1eb009a64612028e";

async fn opened(keyring: &Keyring, sealed: &[u8], about: &[u8]) -> Result<Vec<u8>, OpenError> {
    Ok(keyring.open_sealed(sealed, about).await?.expose_secret().to_vec())
}

async fn put_old_person_key(database: &TestDatabase) {
    sqlx::query("INSERT INTO personal.keys (key_id, subject, wrapped) VALUES ($1, $2, $3)")
        .bind(Uuid::from_u128(9))
        .bind(Uuid::from_u128(7))
        .bind(hex::decode(OLD_PERSON_KEY).unwrap())
        .execute(&database.pool)
        .await
        .unwrap();
}

#[tokio::test]
async fn what_one_process_seals_every_process_opens_for_its_row_alone() {
    let database = TestDatabase::create().await;
    let settings = local(&[("2025", 1)]);
    // Both come to a database without keys at the same moment.
    let (ours, theirs) = tokio::join!(open(&database, &settings), open(&database, &settings));
    let (ours, theirs) = (ours.unwrap(), theirs.unwrap());
    let purposes: Vec<String> = sqlx::query_scalar("SELECT purpose FROM platform.data_keys ORDER BY number")
        .fetch_all(&database.pool)
        .await
        .unwrap();
    assert_eq!(purposes, ["root", "seal"], "one of each, whoever came first");

    let sealed = ours.seal(b"whsec", b"row 1");
    assert_eq!(data_key_of(&sealed), ours.current());
    assert_ne!(sealed, ours.seal(b"whsec", b"row 1"), "nothing is sealed twice alike");
    assert_eq!(opened(&theirs, &sealed, b"row 1").await.unwrap(), b"whsec");
    assert!(matches!(opened(&theirs, &sealed, b"row 2").await, Err(OpenError::CannotOpen(_))));
    for place in 0..sealed.len() {
        let mut altered = sealed.clone();
        altered[place] ^= 1;
        let refused = opened(&theirs, &altered, b"row 1").await;
        assert!(matches!(refused, Err(OpenError::CannotOpen(_))), "byte {place}");
    }
    for length in 0..sealed.len() {
        assert!(opened(&theirs, &sealed[..length], b"row 1").await.is_err(), "cut to {length}");
    }
    // The root of a new database is nothing that stands in the environment.
    assert_ne!(ours.root().expose_secret(), SECRET);
    assert_eq!(ours.root().expose_secret(), theirs.root().expose_secret());
}

#[tokio::test]
async fn what_was_sealed_before_there_were_data_keys_opens_is_found_and_goes_on_until_rotated() {
    let database = TestDatabase::create().await;
    put_old_person_key(&database).await;
    let keyring = open(&database, &plain()).await.unwrap();
    let old = hex::decode(OLD_FORM).unwrap();
    assert_eq!(opened(&keyring, &old, b"row 1").await.unwrap(), b"whsec");
    assert!(opened(&keyring, &old, b"row 2").await.is_err());
    // The release before still opens what this one seals, until the first rotation.
    assert_eq!((keyring.current(), keyring.seal(b"whsec", b"row 1")[0]), (None, 1));
    let made = keyring.add_key(&UuidV7Ids).await.unwrap();
    assert_eq!(data_key_of(&keyring.seal(b"whsec", b"row 1")), made);

    // With another key-encryption key and another SECRETS_KEY all of it still holds: the root carries it.
    let settings = local(&[("2025", 1)]);
    let (with_both, key) = (providers(&settings), data_keys::all(&database.pool).await.unwrap());
    for key in &key {
        assert!(data_keys::rewrap(&database.pool, &with_both, key, SystemClock.now()).await.unwrap());
    }
    let clock: std::sync::Arc<dyn platform::clock::Clock> = std::sync::Arc::new(SystemClock);
    let other = "another secret of thirty-two byt".into();
    let without = platform::secrets::KeyProviders::try_new(&settings, &other, &clock).unwrap();
    let later = Keyring::open(&database.pool, &without, &other, &UuidV7Ids).await.unwrap();
    assert_eq!(opened(&later, &old, b"row 1").await.unwrap(), b"whsec");
    let vault = Vault::new(later.into());
    assert_eq!(vault.blind_index("Anna@example.se"), OLD_INDEX);
    let wrapped = hex::decode(OLD_PERSON_KEY).unwrap();
    let key = vault.unwrap(Uuid::from_u128(9), Uuid::from_u128(7), &wrapped).await.unwrap();
    assert_eq!(key.open(&key.seal("anna@example.se")).unwrap(), "anna@example.se");
}

#[tokio::test]
async fn a_wrong_secret_never_becomes_the_root_of_what_is_there() {
    let database = TestDatabase::create().await;
    put_old_person_key(&database).await;
    let wrong = "another secret of thirty-two byt".into();
    let providers = platform::secrets::KeyProviders::of_secret(&wrong);
    let refused = Keyring::open(&database.pool, &providers, &wrong, &UuidV7Ids).await;
    assert!(matches!(&refused, Err(StartError::Personal(_))), "{refused:?}");
    assert!(data_keys::all(&database.pool).await.unwrap().is_empty());
    assert!(open(&database, &plain()).await.is_ok(), "the right one still may");
}

#[tokio::test]
async fn a_running_process_opens_what_is_sealed_under_a_newer_key_and_then_seals_under_it_too() {
    let database = TestDatabase::create().await;
    let settings = local(&[("2025", 1)]);
    let (running, rotating) =
        (open(&database, &settings).await.unwrap(), open(&database, &settings).await.unwrap());
    let before = running.current();
    let sealed_before = running.seal(b"whsec", b"row");
    rotating.add_key(&UuidV7Ids).await.unwrap();
    let sealed = rotating.seal(b"whsec", b"row");
    assert_eq!(opened(&running, &sealed, b"row").await.unwrap(), b"whsec", "learned by its id");
    assert_eq!(running.current(), before, "and seals as before until it looks");
    running.refresh().await.unwrap();
    assert_eq!(running.current(), rotating.current());
    for keyring in [&running, &rotating, &open(&database, &settings).await.unwrap()] {
        for sealed in [&sealed, &sealed_before] {
            assert_eq!(opened(keyring, sealed, b"row").await.unwrap(), b"whsec");
        }
    }
    // A retired key seals no more and still opens.
    data_keys::retire(&database.pool, &[before.unwrap()], SystemClock.now()).await.unwrap();
    assert_eq!(
        opened(&open(&database, &settings).await.unwrap(), &sealed_before, b"row").await.unwrap(),
        b"whsec"
    );
}

#[tokio::test]
async fn a_new_data_key_that_cannot_be_had_is_no_loss() {
    let database = TestDatabase::create().await;
    let old = open(&database, &local(&[("2025", 1)])).await.unwrap();
    let new = open(&database, &local(&[("2026", 2), ("2025", 1)])).await.unwrap();
    new.add_key(&UuidV7Ids).await.unwrap();
    let sealed = new.seal(b"whsec", b"row");
    // The running process was not given the key that wraps the new one: it must not take the row for lost.
    let refused = opened(&old, &sealed, b"row").await;
    assert!(matches!(&refused, Err(OpenError::NotNow(why)) if why.contains("2026")), "{refused:?}");
    assert!(old.refresh().await.is_err());
    assert_eq!(opened(&new, &old.seal(b"whsec", b"row"), b"row").await.unwrap(), b"whsec", "it goes on");
}

#[tokio::test]
async fn a_key_encryption_key_that_is_removed_too_early_is_named_and_nothing_starts() {
    let database = TestDatabase::create().await;
    open(&database, &local(&[("2025", 1)])).await.unwrap();
    let refused = open(&database, &local(&[("2026", 2)])).await.unwrap_err();
    assert!(
        matches!(&refused, StartError::Provider(ProviderError::NotConfigured { key_id, .. }) if key_id == "2025"),
        "{refused}"
    );
    let both = local(&[("2026", 2), ("2025", 1)]);
    for key in data_keys::all(&database.pool).await.unwrap() {
        assert!(data_keys::rewrap(&database.pool, &providers(&both), &key, SystemClock.now()).await.unwrap());
    }
    assert!(open(&database, &local(&[("2026", 2)])).await.is_ok(), "now it may go");
}

#[tokio::test]
async fn wrapped_keys_that_are_moved_to_another_row_do_not_unwrap() {
    let database = TestDatabase::create().await;
    let settings = local(&[("2025", 1)]);
    let keyring = open(&database, &settings).await.unwrap();
    keyring.add_key(&UuidV7Ids).await.unwrap();
    // Whoever may write the table puts the older key's bytes into the newer one's row.
    let sql = "UPDATE platform.data_keys SET wrapped = \
                 (SELECT wrapped FROM platform.data_keys WHERE purpose = 'seal' ORDER BY number LIMIT 1) \
               WHERE purpose = 'seal'";
    sqlx::query(sql).execute(&database.pool).await.unwrap();
    let refused = open(&database, &settings).await.unwrap_err();
    assert!(matches!(refused, StartError::Provider(ProviderError::Altered { .. })), "{refused}");
}
