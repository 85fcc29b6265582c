//! Vault's transit engine, as hvac asks it; the server is ours.

use std::fs;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use harness::{TestDatabase, peers::python};
use platform::{
    clock::{Clock as _, SystemClock, UuidV7Ids},
    config::{KeyEncryption, VaultToken},
    secrets::{KeyContext, KeyProvider as _, Keyring, ProviderError, Purpose, VaultTransit, data_keys},
};
use secrecy::ExposeSecret as _;
use serde_json::json;
use uuid::Uuid;

use super::{
    fake_vault::{FakeVault, TOKEN},
    local, open, plain, providers,
};

const CONTEXT: KeyContext = KeyContext { data_key_id: Uuid::from_u128(7), purpose: Purpose::Seal };

fn given() -> VaultToken {
    VaultToken::Given(TOKEN.to_owned().into())
}

fn transit(settings: &KeyEncryption) -> VaultTransit {
    VaultTransit::try_new(settings.vault.as_ref().unwrap()).unwrap()
}

#[tokio::test]
async fn hvac_asks_a_server_of_ours_in_vaults_place_for_the_same_as_we_do() {
    let vault = FakeVault::start().await;
    let ours = transit(&vault.settings(given()));
    let wrapped = ours.wrap(&vec![5; 32].into(), CONTEXT).await.unwrap();
    assert_eq!(wrapped.key_id, "iris:v1");
    assert_eq!(ours.unwrap(&wrapped, CONTEXT).await.unwrap().expose_secret(), [5; 32]);
    let our_requests = vault.asked();

    let plaintext = BASE64_STANDARD.encode([5; 32]);
    let asked = json!({
        "url": vault.url, "token": TOKEN, "namespace": "kitchen", "key": "iris", "plaintext": plaintext,
        "associated_data": BASE64_STANDARD.encode(CONTEXT.to_text()),
    });
    assert_eq!(python("record_vault", &asked).await, json!({"plaintext": plaintext}));
    let mut their_requests = vault.asked();
    // Theirs is the second that was wrapped, and so another ciphertext.
    their_requests[1].body["ciphertext"] = our_requests[1].body["ciphertext"].clone();
    assert_eq!(our_requests, their_requests, "operation, key, headers and body");
    assert_eq!(our_requests[0].headers["x-vault-namespace"], "kitchen");
}

#[tokio::test]
async fn each_refusal_of_vault_says_whether_to_come_again_and_shows_nothing() {
    let vault = FakeVault::start().await;
    let ours = transit(&vault.settings(given()));
    let wrapped = ours.wrap(&vec![5; 32].into(), CONTEXT).await.unwrap();
    vault.seal(true);
    let sealed = ours.unwrap(&wrapped, CONTEXT).await.unwrap_err();
    assert!(sealed.may_pass() && sealed.to_string().contains("sealed"), "{sealed}");
    vault.seal(false);
    let elsewhere = KeyContext { data_key_id: Uuid::from_u128(8), ..CONTEXT };
    let moved = ours.unwrap(&wrapped, elsewhere).await.unwrap_err();
    assert!(!moved.may_pass() && moved.to_string().contains("400"), "{moved}");
    let wrong = transit(&vault.settings(VaultToken::Given("hvs.wrong".to_owned().into())));
    let denied = wrong.wrap(&vec![5; 32].into(), CONTEXT).await.unwrap_err();
    assert!(!denied.may_pass() && denied.to_string().contains("403"), "{denied}");
    drop(vault);
    // The listener may take a moment to go.
    harness::until("nobody answers", async || {
        ours.unwrap(&wrapped, CONTEXT).await.is_err_and(|error| error.may_pass())
    })
    .await;
    for error in [sealed, moved, denied] {
        assert!(!error.to_string().contains("hvs."), "{error}");
    }
    assert!(!format!("{ours:?}").contains(TOKEN));
}

#[tokio::test]
async fn a_token_that_is_exchanged_in_its_file_is_used_from_then_on() {
    let vault = FakeVault::start().await;
    let file = std::env::temp_dir().join(format!("iris-vault-token-{}", std::process::id()));
    fs::write(&file, "hvs.lapsed\n").unwrap();
    let ours = transit(&vault.settings(VaultToken::File(file.clone())));
    let wrap = async || ours.wrap(&vec![5; 32].into(), CONTEXT).await;
    assert!(wrap().await.is_err_and(|error| error.to_string().contains("403")));
    fs::write(&file, format!("{TOKEN}\n")).unwrap();
    assert!(wrap().await.is_ok());
    fs::remove_file(&file).unwrap();
    let gone = wrap().await.unwrap_err();
    assert!(gone.may_pass() && gone.to_string().contains("VAULT_TOKEN_FILE"), "{gone}");
}

#[tokio::test]
async fn one_moves_to_vault_and_through_its_versions_and_what_is_loaded_outlives_it() {
    let database = TestDatabase::create().await;
    let before = open(&database, &local(&[("2025", 1)])).await.unwrap();
    let sealed = before.seal(b"whsec", b"row");
    let vault = FakeVault::start().await;
    let both = KeyEncryption { local_keys: local(&[("2025", 1)]).local_keys, ..vault.settings(given()) };
    let rewrap = async |settings: &KeyEncryption| {
        for key in data_keys::all(&database.pool).await.unwrap() {
            let rewrapped =
                data_keys::rewrap(&database.pool, &providers(settings), &key, SystemClock.now()).await;
            assert!(rewrapped.unwrap());
        }
    };
    rewrap(&both).await;
    let alone = vault.settings(given());
    assert!(open(&database, &alone).await.is_ok(), "the local key may go");
    let refused = open(&database, &plain()).await.unwrap_err().to_string();
    assert!(refused.contains("vault") && refused.contains("VAULT_TRANSIT_KEY"), "{refused}");
    vault.rotate();
    rewrap(&alone).await;
    assert_eq!(providers(&alone).current_key().await.unwrap(), ("vault", "iris:v2".to_owned()));
    for key in data_keys::all(&database.pool).await.unwrap() {
        assert_eq!(key.wrapped.key_id, "iris:v2");
    }

    let running = open(&database, &alone).await.unwrap();
    let beside = open(&database, &alone).await.unwrap();
    vault.asked();
    vault.seal(true);
    let opened = async |keyring: &Keyring, sealed: &[u8]| {
        keyring.open_sealed(sealed, b"row").await.map(|plain| plain.expose_secret().to_vec())
    };
    assert_eq!(opened(&running, &sealed).await.unwrap(), b"whsec");
    assert_eq!(opened(&beside, &running.seal(b"new", b"row")).await.unwrap(), b"new");
    assert_eq!(vault.asked(), [], "nobody is asked");
    assert!(running.add_key(&UuidV7Ids).await.is_err(), "a new key has to wait");
    let wrapped_by_vault = matches!(
        transit(&alone).wrap(&vec![5; 32].into(), CONTEXT).await,
        Err(ProviderError::Unavailable { provider: "vault", .. })
    );
    assert!(wrapped_by_vault);
}
