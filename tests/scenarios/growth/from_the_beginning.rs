//! Those who read the log from its first event on, where that is archived: they say so and wait, and nobody else does.

use std::{fs, path::Path};

use events::audit::SigningKey;
use harness::{NatsServer, Receiver, TestDatabase, client::Answer, until};
use serde_json::json;

use crate::fan_out::world::World;

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_is_lost_waits_for_archived_history_and_partners_and_mails_do_not() {
    let database = TestDatabase::create().await;
    super::world::shrink(&database, 50).await;
    let key = SigningKey::generate();
    let nats = NatsServer::start("archived").await;
    let settings = [("AUDIT_SIGNING_KEY", key.as_str())];
    let mut world = World::open_with(Receiver::start().await, nats, database, &settings).await;
    // What is archived ends before this endpoint was there: what it is to hear can be read.
    let upto = world.registered_at - world.registered_at % 50;
    until("all have read and sealed the oldest", async || {
        sqlx::query_scalar::<_, Option<bool>>(
            "SELECT (SELECT max(last_position) FROM audit.seals) >= $1
                AND NOT EXISTS (SELECT FROM read.checkpoints WHERE position < $1)
                AND NOT EXISTS (SELECT FROM fanout.followers WHERE position < $1)",
        )
        .bind(upto)
        .fetch_one(&world.database.pool)
        .await
        .unwrap()
            == Some(true)
    })
    .await;
    let place = std::env::temp_dir().join(format!("iris-archives-{}", world.database.name));
    fs::create_dir_all(&place).unwrap();
    let archiving = ["archive", "--to", place.to_str().unwrap(), "--older-than-days", "0"];
    let archived = world.iris.command("events").args(archiving).output().unwrap();
    assert!(archived.status.success(), "{archived:?}");
    let files = files_in(&place);
    assert_eq!(i64::try_from(files.len()).unwrap(), upto / 50, "{files:?}");

    world.nats.kill();
    world.nats.delete_storage();
    world.nats.launch().await;
    world.clients().trade("after").await;
    world.partner_has_heard_everything().await;
    world.every_mail_was_sent_once().await;
    assert_eq!(messages(&world.nats).await, 0, "never a shorter history");

    let rebuilt = world.iris.command("projections").args(["rebuild", "--all"]).output().unwrap();
    let said = String::from_utf8_lossy(&rebuilt.stderr);
    assert!(!rebuilt.status.success() && said.contains("`iris events restore events-000000000001"), "{said}");
    let admin = world.clients().admin;
    let endpoints = admin.get("/webhook-endpoints").await.expect(200);
    let replay = format!("/webhook-endpoints/{}/replay", endpoints.body["items"][0]["id"].as_str().unwrap());
    for beginning in [json!({"from_position": 1}), json!({"since": "2020-01-01T00:00:00Z"})] {
        expect_archived(admin.post(&replay, &beginning).await);
    }
    let me = admin.get("/me").await.expect(200).text("account_id");
    expect_archived(admin.get(&format!("/accounts/{me}/personal-data")).await);
    expect_archived(admin.get("/audit/events?from_position=1").await);
    let view = admin.post("/audit/views", &json!({"models": ["orders"]})).await.expect(202).text("id");
    let view = format!("/audit/views/{view}");
    until("the view has failed", async || admin.get(&view).await.body["status"] == "failed").await;
    let failed = admin.get(&view).await.expect(200);
    assert!(failed.text("failure").contains("`iris events restore events-000000000001"), "{failed:?}");

    for file in &files {
        let back = world.iris.command("events").arg("restore").arg(file).output().unwrap();
        assert!(back.status.success(), "{back:?}");
    }
    world.the_stream_holds_everything_once().await;
    let rebuilt = world.iris.command("projections").args(["rebuild", "--all"]).output().unwrap();
    assert!(rebuilt.status.success(), "{rebuilt:?}");
    admin.post(&replay, &json!({"from_position": 1})).await.expect(200);
    admin.get(&format!("/accounts/{me}/personal-data")).await.expect(200);
    let view = admin.post("/audit/views", &json!({"models": ["orders"]})).await.expect(202).text("id");
    let view = format!("/audit/views/{view}");
    until("the view is ready", async || admin.get(&view).await.body["status"] == "ready").await;
    fs::remove_dir_all(&place).unwrap();
}

fn files_in(place: &Path) -> Vec<std::path::PathBuf> {
    fs::read_dir(place).unwrap().map(|entry| entry.unwrap().path()).collect()
}

fn expect_archived(answer: Answer) {
    let answer = answer.expect(409);
    assert_eq!(answer.text("code"), "history_archived", "{answer:?}");
}

/// How many the stream has, which the relay makes before it reads the log.
async fn messages(nats: &NatsServer) -> u64 {
    let client = async_nats::connect(nats.url()).await.unwrap();
    let stream = async_nats::jetstream::new(client).get_stream("IRIS_EVENTS").await.unwrap();
    stream.cached_info().state.messages
}
