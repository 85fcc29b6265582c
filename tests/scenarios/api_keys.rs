//! A partner's machine calls with a key, at two processes: what is said at one holds at the other at once.

use std::{
    fs,
    sync::atomic::{AtomicBool, Ordering},
};

use futures::future::join_all;
use harness::{Client, IrisProcess, TestDatabase, client::Answer};
use reqwest::Method;
use serde_json::{Value, json};

const MACHINES: usize = 4;

async fn issue(owner: &Client, scopes: &[&str]) -> Answer {
    owner.post("/api-keys", &json!({"name": "the till", "scopes": scopes})).await.expect(201)
}

async fn delete(owner: &Client, path: &str) -> Answer {
    owner.send(Method::DELETE, path, &[], None).await.expect("answers")
}

/// Calls again and again until it is refused; how often it was answered after `ended` was told.
async fn call_until_refused(machine: &Client, ended: &AtomicBool) -> usize {
    let mut answered_after = 0;
    loop {
        let had_ended = ended.load(Ordering::SeqCst);
        let answer = machine.get("/orders?limit=1").await;
        if answer.status == 401 {
            return answered_after;
        }
        answer.expect(200);
        answered_after += usize::from(had_ended);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_ended_at_one_process_opens_nothing_at_another() {
    let database = TestDatabase::create().await;
    let mut iris = IrisProcess::start_with(&database, &[("RUST_LOG", "debug")]).await;
    let mut other = iris.beside().await;
    let partner = iris.client().logged_in("partner@iris.test").await;
    let key = issue(&partner, &["orders:read"]).await;
    let (text, one) = (key.text("key"), format!("/api-keys/{}", key.text("id")));
    let there = other.client().with_token(&text);
    let me = there.get("/me").await.expect(200);
    assert_eq!((me.text("email").as_str(), me.text("role").as_str()), ("partner@iris.test", "PARTNER"));
    assert_eq!(me.body["api_key"], json!({"id": key.text("id"), "scopes": ["orders:read"]}));

    // Rotated without an overlap: from the answer on, the former one is nobody's anywhere.
    let ended = AtomicBool::new(false);
    let calling = join_all((0..MACHINES).map(|_| call_until_refused(&there, &ended)));
    let rotating = async {
        let rotated = partner.post(&format!("{one}/rotate"), &json!({})).await.expect(200);
        ended.store(true, Ordering::SeqCst);
        rotated
    };
    let (answered_after, rotated) = tokio::join!(calling, rotating);
    assert_eq!(answered_after, [0; MACHINES]);

    let second = rotated.text("key");
    let there = other.client().with_token(&second);
    there.get("/orders").await.expect(200);
    let ended = AtomicBool::new(false);
    let calling = join_all((0..MACHINES).map(|_| call_until_refused(&there, &ended)));
    let revoking = async {
        delete(&partner, &one).await.expect(200);
        ended.store(true, Ordering::SeqCst);
    };
    let (answered_after, ()) = tokio::join!(calling, revoking);
    assert_eq!(answered_after, [0; MACHINES], "not one request after the answer to the revocation");

    let admin = iris.client().logged_in("admin@iris.test").await;
    let history = admin.get(&format!("/audit/streams/api_key/{}", key.text("id"))).await.expect(200);
    let words: Vec<&str> = history.body["items"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|entry| entry["words"].as_str())
        .collect();
    assert!(words[0].starts_with("Issued an API key for orders:read, until "), "{words:?}");
    assert_eq!((words.len(), words[2]), (3, "Revoked the API key."));
    let changes = format!("/audit/access?kind=api_key_changed&subject_id={}", key.text("id"));
    let changes = admin.get_at(&changes, rotated.position() + 1).await.expect(200);
    assert_eq!(changes.body["items"].as_array().map(Vec::len), Some(3), "{}", changes.body);

    // Nothing of it stays with the processes: they are stopped, and all that they said is looked through.
    let ports = [&iris, &other].map(|process| process.base.rsplit(':').next().unwrap().to_owned());
    assert_eq!((iris.stop().await, other.stop().await), (Some(0), Some(0)));
    for port in ports {
        let said = fs::read_to_string(std::env::temp_dir().join(format!("iris-test-{port}.log"))).unwrap();
        assert!(said.contains("answered"), "it said something");
        for key in [&text, &second] {
            assert!(!said.contains(&**key) && !said.contains(&key[26..69]), "a key is in the log of {port}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_machine_trades_in_its_accounts_name_and_history_knows_which_it_was() {
    let database = TestDatabase::create().await;
    let iris = IrisProcess::start(&database).await;
    let owner = iris.client().logged_in("restaurant@iris.test").await;
    let scopes = ["carts:write", "orders:read", "orders:write", "products:read"];
    let key = issue(&owner, &scopes).await;
    let till = iris.client().with_token(&key.text("key"));
    let restaurant_id = owner.get("/me").await.body["memberships"][0]["id"].clone();
    let product_id = till.get("/products?q=tomater").await.body["items"][0]["id"].clone();
    let cart = till.post("/carts", &json!({"restaurant_id": restaurant_id})).await.expect(201);
    let items = format!("/carts/{}/items", cart.text("id"));
    till.post(&items, &json!({"product_id": product_id, "qty": "2.5"})).await.expect(201);
    let order = json!({"cart_id": cart.text("id"), "payment_method": "invoice"});
    let order = till.try_post("/orders", "first", &order).await.unwrap().expect(201);
    till.get_at(&format!("/orders/{}", order.text("id")), order.position()).await.expect(200);
    till.get("/carts").await.expect(403);

    let story = format!("/audit/orders/{}/story", order.text("id"));
    let key_of = |story: &Answer| story.body["items"][0]["request"]["api_key_id"].clone();
    let auditor = iris.client().logged_in("auditor@iris.test").await;
    let told = auditor.get_at(&story, order.position()).await.expect(200);
    assert_eq!(key_of(&told), json!(key.text("id")), "{}", told.body);
    let seller = iris.client().logged_in("supplier@iris.test").await;
    let told = seller.get_at(&story, order.position()).await.expect(200);
    assert_eq!(key_of(&told), Value::Null, "which machine it was is not the other side's to know");
    assert!(iris.once("doctor").contains("postgres-es: ok"));
}
