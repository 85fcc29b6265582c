//! A person is forgotten: afterwards nothing in the house holds a byte of their address, and everything else
//! is as it was.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::Arc,
    time::Duration,
};

use base64::{Engine as _, prelude::BASE64_STANDARD_NO_PAD};
use events::{log::check_log, values::holds_plain};
use harness::{Client, Receiver, process::APP_SECRET, until};
use platform::{
    auth::{Identity, LocalProvider},
    clock::{Clock as _, SystemClock},
};
use projections::{SchemaName, all, compare, drop_scratch, rebuild_into};
use serde_json::{Value, json};
use sqlx::PgPool;
use tokio_util::sync::CancellationToken;

use super::world::World;

/// As people write theirs: in mixed case, and with a name that stands nowhere else.
const ADDRESS: &str = "Ottiliana.Fjellvind@krog.example";
const NAME_PART: &str = "ottiliana";

#[tokio::test(flavor = "multi_thread")]
async fn nothing_holds_a_byte_of_who_was_erased_and_everything_else_is_as_it_was() {
    let world = World::open("erasure", Receiver::start().await).await;
    let (clients, pool) = (world.clients(), &world.database.pool);
    let admin = &clients.admin;
    let members = format!("/restaurants/{}/members", clients.restaurant_id.as_str().unwrap());

    let invitation = json!({"email": ADDRESS, "role": "OWNER"});
    let member = admin.post(&members, &invitation).await.expect(201);
    assert_eq!(member.text("email"), ADDRESS);
    let id = member.text("account_id");
    let seller =
        json!({"name": "Fjällets Ost", "contact_email": ADDRESS.to_uppercase(), "phone": "+46 70 4711 0815"});
    let seller = admin.post("/suppliers", &seller).await.expect(201);
    let seller_path = format!("/suppliers/{}", seller.text("id"));
    let person = world.iris.client().with_token(&token(&id));
    act_as(&person, &clients.restaurant_id, &clients.product_id).await;
    clients.trade_much("before", 3).await;
    until("the person was mailed", async || {
        world.mail.accepted().iter().any(|mail| mail["to"] == json!([ADDRESS]))
    })
    .await;
    world.every_mail_was_sent_once().await;
    world.every_follower_has_seen_everything().await;
    let listed = admin.get(&members).await.expect(200);
    assert_eq!(email_of(&listed.body, &id), json!(ADDRESS));
    assert!(held(pool, &id).await > 0, "there is something to delete");
    assert_eq!(found_by_operator(&world).as_deref(), Some(id.as_str()));
    let held_of_them = person.get(&format!("/accounts/{id}/personal-data")).await.expect(200);
    assert_eq!(held_of_them.text("email"), ADDRESS);
    assert_eq!(held_of_them.body["memberships"].as_array().unwrap().len(), 1);
    assert!(held_of_them.body["history"]["acted"].as_array().unwrap().len() >= 3, "cart, item and order");
    // Sealed everywhere from the first: what is kept holds nothing of it even now.
    assert_eq!(places_of_address(&world), Vec::<String>::new());
    assert!(found_in(&dump(&world), &id), "what is there is found");

    let erased =
        admin.post(&format!("/accounts/{id}/erase"), &json!({"reason": "på begäran"})).await.expect(200);

    assert_eq!(erased.body["email"], Value::Null);
    let listed = admin.get_at(&members, erased.position()).await.expect(200);
    assert_eq!(email_of(&listed.body, &id), Value::Null, "a bare id");
    let seller = admin.get_at(&seller_path, erased.position()).await.expect(200);
    assert_eq!((&seller.body["contact_email"], &seller.body["phone"]), (&Value::Null, &Value::Null));
    assert_eq!(seller.text("name"), "Fjällets Ost");
    until("what was told to them is deleted", async || held(pool, &id).await == 0).await;
    clients.trade("after").await;
    world.every_follower_has_seen_everything().await;
    assert_eq!(held(pool, &id).await, 0, "and nothing is told to them any more");
    assert_eq!(places_of_address(&world), Vec::<String>::new());
    everything_else_is_as_it_was(pool).await;

    assert_eq!(found_by_operator(&world), None);

    let again = admin.post(&members, &invitation).await.expect(201);
    assert_eq!(again.text("email"), ADDRESS);
    assert_ne!(again.text("account_id"), id, "the same address is somebody else now");
    let contact = json!({"contact_email": "ost@fjallet.example"});
    let seller =
        admin.send(reqwest::Method::PATCH, &seller_path, &[], Some(&contact)).await.unwrap().expect(200);
    assert_eq!(
        (seller.text("contact_email").as_str(), &seller.body["phone"]),
        ("ost@fjallet.example", &Value::Null)
    );
}

/// `iris person find`.
fn found_by_operator(world: &World) -> Option<String> {
    let output = world.iris.command("person").args(["find", ADDRESS]).output().unwrap();
    output.status.success().then(|| String::from_utf8(output.stdout).unwrap().trim().to_owned())
}

/// The access token that a login would give them.
fn token(id: &str) -> String {
    let provider = LocalProvider::new(&APP_SECRET.to_owned().into(), Arc::new(SystemClock));
    let identity = Identity {
        subject: id.parse().unwrap(),
        email: ADDRESS.to_owned(),
        role: "RESTAURANT".to_owned(),
        key: None,
    };
    provider.issue(&identity, SystemClock.now(), Duration::from_mins(15))
}

/// They order, have a telephone, and want mail of what becomes of orders.
async fn act_as(person: &Client, restaurant_id: &Value, product_id: &Value) {
    let wanted = json!({"kinds": [{"kind": "order_confirmed", "email": "now"}]});
    let preferences = "/notification-preferences";
    person.send(reqwest::Method::PUT, preferences, &[], Some(&wanted)).await.unwrap().expect(200);
    let cart = person.post("/carts", &json!({"restaurant_id": restaurant_id})).await.expect(201);
    let item = json!({"product_id": product_id, "qty": "1"});
    person.post(&format!("/carts/{}/items", cart.text("id")), &item).await.expect(201);
    let order = json!({"cart_id": cart.text("id"), "payment_method": "invoice"});
    person.insist("/orders", "their-own", &order).await.expect(201);
    let device = json!({"token": "a-device-token-of-theirs", "name": "Min telefon"});
    person.post("/notification-devices", &device).await.expect(201);
}

fn email_of(members: &Value, id: &str) -> Value {
    let members = members["items"].as_array().unwrap();
    members.iter().find(|member| member["account_id"] == id).expect("it is listed")["email"].clone()
}

/// Rows that are there for that account alone.
async fn held(pool: &PgPool, id: &str) -> i64 {
    let sql = "SELECT (SELECT count(*) FROM notifications.notifications WHERE account_id = $1::uuid) \
                    + (SELECT count(*) FROM notifications.messages WHERE account_id = $1::uuid) \
                    + (SELECT count(*) FROM notifications.digests WHERE account_id = $1::uuid) \
                    + (SELECT count(*) FROM notifications.devices WHERE account_id = $1::uuid)";
    sqlx::query_scalar(sql).bind(id).fetch_one(pool).await.unwrap()
}

/// Where the whole database, or what NATS stores, holds the address in any of the forms that it could take.
fn places_of_address(world: &World) -> Vec<String> {
    let mut kept = vec![("the dump".to_owned(), dump(world))];
    for file in files_below(world.nats.directory()) {
        kept.push((file.display().to_string(), fs::read(&file).unwrap_or_default()));
    }
    assert!(kept.len() > 1, "NATS stores something");
    let needles = forms_of_address();
    let holds = |(_, bytes): &(String, Vec<u8>)| needles.iter().any(|needle| found_in(bytes, needle));
    kept.iter().filter(|one| holds(one)).map(|(place, _)| place.clone()).collect()
}

/// Without regard to case.
fn found_in(bytes: &[u8], needle: &str) -> bool {
    let needle = needle.to_ascii_lowercase();
    bytes.to_ascii_lowercase().windows(needle.len()).any(|window| window == needle.as_bytes())
}

/// Clear, as hexadecimal digits, and as base64 wherever it begins; the part before the `@` is the same in a URL.
fn forms_of_address() -> Vec<String> {
    let mut forms = vec![NAME_PART.to_owned()];
    for address in [ADDRESS.to_owned(), ADDRESS.to_lowercase(), ADDRESS.to_uppercase()] {
        forms.push(hex::encode(&address));
        for offset in 0..3 {
            let shifted = BASE64_STANDARD_NO_PAD.encode([&[0_u8; 2][..offset], address.as_bytes()].concat());
            // The characters at both ends also depend on what stands beside it.
            forms.push(shifted[4..shifted.len() - 4].to_owned());
        }
    }
    forms
}

/// The whole database as text.
fn dump(world: &World) -> Vec<u8> {
    let programs = std::env::var_os("IRIS_TEST_PG_BIN").expect("run the tests by `make test`");
    let program = Path::new(&programs).join("pg_dump");
    let output =
        Command::new(program).arg(world.database.url()).output().expect("pg_dump is with its server");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() { folders.push(path) } else { files.push(path) }
        }
    }
    files
}

/// The log keeps its promises, nothing in it is plain, and read models fold to what they are.
async fn everything_else_is_as_it_was(pool: &PgPool) {
    let check = check_log(&mut pool.acquire().await.unwrap()).await.unwrap();
    assert!(check.faults.is_empty(), "{:?}", check.faults);
    let payloads: Vec<String> =
        sqlx::query_scalar("SELECT payload::text FROM public.events").fetch_all(pool).await.unwrap();
    assert!(!payloads.iter().any(|payload| holds_plain(payload)));
    let scratch: SchemaName = "read_again".parse().unwrap();
    rebuild_into(pool, &scratch, &all(), &SystemClock, &CancellationToken::new()).await.unwrap();
    assert_eq!(compare(pool, &SchemaName::live(), &scratch, &all()).await.unwrap(), []);
    drop_scratch(pool, &scratch).await.unwrap();
}
