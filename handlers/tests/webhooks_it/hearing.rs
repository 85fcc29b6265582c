//! Who hears of what, and in which form.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use chrono::TimeDelta;
use events::{
    values::{AccountId, SupplierId},
    webhook_endpoint::{
        Condition, ConditionTest, DisabledReason, EndpointOwner, PayloadStyle, WebhookEndpointEvent,
    },
};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use crate::{
    receiver::Received,
    world::{LIMIT, World},
};

#[tokio::test]
async fn each_owner_hears_of_its_own_and_of_what_is_public() {
    let mut world = World::new("owners").await;
    let (granted, stranger) = (world.id::<AccountId>(), world.id::<AccountId>());
    let state = serde_json::json!({ "state": { "partners": [granted] } });
    sqlx::query("INSERT INTO read.suppliers (supplier_id, created_at, state) VALUES ($1, $2, $3)")
        .bind(world.supplier.0)
        .bind(world.now())
        .bind(state)
        .execute(&world.pool)
        .await
        .unwrap();
    let owners = [
        ("own", EndpointOwner::Supplier(world.supplier), 2),
        ("other", EndpointOwner::Supplier(world.id::<SupplierId>()), 1),
        ("restaurant", EndpointOwner::Restaurant(world.id()), 1),
        ("partner", EndpointOwner::Partner(granted), 2),
        ("stranger", EndpointOwner::Partner(stranger), 1),
        ("platform", EndpointOwner::Platform, 2),
    ];
    for (path, owner, _) in owners {
        let details = world.details(path);
        world.endpoint_with(owner, details, false).await;
    }
    let running = world.start();
    // An offer is public, the stock is the supplier's own affair.
    let product = world.product().await;
    world.stock_low(product).await;
    world.fan_out().await;
    world.until_quiet().await;
    for (path, _, expected) in owners {
        assert_eq!(world.receiver.positions(path).len(), expected, "{path}");
    }
    running.stop().await;
    world.end().await;
}

#[tokio::test]
async fn types_and_conditions_narrow_it_down_and_a_thin_payload_names_ids_alone() {
    let mut world = World::new("filters").await;
    let mut details = world.details("a");
    details.event_types = vec!["iris.price.changed.v1".to_owned()];
    details.conditions =
        vec![Condition { field: "price_cents".to_owned(), test: ConditionTest::AtLeast(500) }];
    details.payload_style = PayloadStyle::Thin;
    world.endpoint_with(EndpointOwner::Platform, details, false).await;
    world.endpoint("all").await;
    let running = world.start();
    let product = world.product().await;
    world.reprice(product, 499).await;
    let wanted = world.reprice(product, 500).await;
    world.fan_out().await;
    world.until_quiet().await;
    assert_eq!(world.receiver.positions("a"), [wanted]);
    assert_eq!(world.receiver.positions("all").len(), 3);
    let body = |received: &Received| serde_json::from_slice::<serde_json::Value>(&received.body).unwrap();
    let thin = body(&world.receiver.received("a")[0]);
    let mut fields: Vec<_> = thin["data"].as_object().unwrap().keys().cloned().collect();
    fields.sort();
    assert_eq!(fields, ["product_id", "supplier_id"]);
    assert_eq!(body(&world.receiver.received("all")[2])["data"]["price_cents"], 500);
    running.stop().await;
    world.end().await;
}

#[tokio::test]
async fn accounting_hears_of_the_invoices_that_it_asks_for() {
    let mut world = World::new("invoices").await;
    let mut details = world.details("accounting");
    details.event_types = vec!["iris.invoice.disputed.v1".to_owned(), "iris.invoice.matched.v1".to_owned()];
    let field = "payable_cents".to_owned();
    details.conditions = vec![Condition { field, test: ConditionTest::AtLeast(100_000) }];
    world.endpoint_with(EndpointOwner::Supplier(world.supplier), details, false).await;
    let all = world.details("all");
    world.endpoint_with(EndpointOwner::Supplier(world.supplier), all, false).await;
    let running = world.start();
    let small = world.dispute(99_999).await;
    let large = world.dispute(100_000).await;
    world.fan_out().await;
    world.until_quiet().await;
    assert_eq!(world.receiver.positions("accounting"), [large]);
    // Each is of another invoice, so which comes first is not promised.
    let heard: std::collections::BTreeSet<_> = world.receiver.positions("all").into_iter().collect();
    assert_eq!(heard, [small, large].into());
    running.stop().await;
    world.end().await;
}

/// HMAC-SHA256 by hand, so that the program is not checked against itself.
fn signature(secret: &[u8], received: &Received) -> String {
    let (id, timestamp) = (received.header("webhook-id"), received.header("webhook-timestamp"));
    let message = [format!("{id}.{timestamp}.").as_bytes(), &received.body[..]].concat();
    let mut key = [0_u8; 64];
    key[..secret.len()].copy_from_slice(secret);
    let padded = |pad: u8| key.map(|byte| byte ^ pad);
    let inner = Sha256::new().chain_update(padded(0x36)).chain_update(message).finalize();
    let outer = Sha256::new().chain_update(padded(0x5c)).chain_update(inner).finalize();
    format!("v1,{}", STANDARD.encode(outer))
}

#[tokio::test]
async fn both_secrets_sign_while_one_replaces_the_other() {
    let mut world = World::new("rotation").await;
    let endpoint = world.endpoint("a").await;
    let running = world.start();
    let product = world.product().await;
    world.fan_out().await;
    world.until_quiet().await;
    let secret_id = world.secret(endpoint).await;
    let former_valid_until = world.now() + TimeDelta::hours(24);
    let rotated = WebhookEndpointEvent::WebhookSecretRotated { secret_id, former_valid_until };
    world.tell(endpoint, rotated).await;
    world.reprice(product, 1).await;
    world.fan_out().await;
    world.until_quiet().await;
    world.advance(TimeDelta::hours(24));
    world.reprice(product, 2).await;
    world.fan_out().await;
    world.until_quiet().await;

    let former: Uuid = world
        .value(&format!("SELECT secret_id FROM webhooks.secrets WHERE secret_id <> '{secret_id}'"))
        .await;
    let (new, former) = (World::secret_bytes(secret_id), World::secret_bytes(former));
    let received = world.receiver.received("a");
    let signatures: Vec<_> = received.iter().map(|r| r.header("webhook-signature").to_owned()).collect();
    assert_eq!(signatures[0], signature(&former, &received[0]));
    let both = format!("{} {}", signature(&new, &received[1]), signature(&former, &received[1]));
    assert_eq!(signatures[1], both);
    assert_eq!(signatures[2], signature(&new, &received[2]));
    let first = &received[0];
    assert_eq!(first.header("content-type"), "application/cloudevents+json");
    assert_eq!(first.header("iris-attempt"), "1");
    let body: serde_json::Value = serde_json::from_slice(&first.body).unwrap();
    assert_eq!(body["id"], first.header("webhook-id"));
    let sequence: i64 = body["sequence"].as_str().unwrap().parse().unwrap();
    assert_eq!(sequence.to_string(), first.header("iris-sequence"));
    running.stop().await;
    world.end().await;
}

#[tokio::test]
async fn what_came_with_another_url_goes_there_though_the_lane_was_just_looked_at() {
    let mut world = World::new("moved").await;
    let endpoint = world.endpoint("former").await;
    world.receiver.hold("former");
    let running = world.start();
    world.product().await;
    world.fan_out().await;
    world.receiver.until_waiting(1).await;
    // The lane has found the endpoint as it was, and waits to see what there is for it.
    let mut tx = platform::db::begin(&world.pool).await.unwrap();
    sqlx::query("LOCK TABLE webhooks.messages IN ACCESS EXCLUSIVE MODE").execute(&mut *tx).await.unwrap();
    world
        .until("SELECT EXISTS (SELECT 1 FROM pg_locks WHERE NOT granted AND relation = 'webhooks.messages'::regclass)")
        .await;
    let details = world.details("new");
    world.tell(endpoint, WebhookEndpointEvent::WebhookEndpointRevised { details }).await;
    let after = world.product().await;
    let position = world.reprice(after, 1).await - 1;
    world.fan_out_in_tx(&mut tx).await;
    tx.commit().await.unwrap();
    assert_eq!(world.receiver.until("new", 1).await[0].position(), position);
    world.receiver.let_go("former");
    world.until_quiet().await;
    assert_eq!((world.receiver.positions("former").len(), world.receiver.positions("new").len()), (1, 2));
    running.stop().await;
    world.end().await;
}

#[tokio::test]
async fn an_endpoint_hears_of_what_happens_while_it_is_active() {
    let mut world = World::new("active").await;
    let before = world.product().await;
    let endpoint = world.endpoint("a").await;
    let running = world.start();
    let heard = world.reprice(before, 1).await;
    let reason = DisabledReason::Owner;
    world.tell(endpoint, WebhookEndpointEvent::WebhookEndpointDisabled { reason }).await;
    world.reprice(before, 2).await;
    world.tell(endpoint, WebhookEndpointEvent::WebhookEndpointEnabled {}).await;
    let again = world.reprice(before, 3).await;
    // All in one batch: what counts is the position.
    world.fan_out().await;
    world.until_quiet().await;
    assert_eq!(world.receiver.positions("a"), [heard, again]);
    running.stop().await;
    world.end().await;
}

#[tokio::test]
async fn what_waits_for_a_disabled_endpoint_waits_and_for_a_deleted_one_is_cancelled() {
    let mut world = World::new("deleted").await;
    let endpoint = world.endpoint("a").await;
    let product = world.product().await;
    world.reprice(product, 1).await;
    world.fan_out().await;
    let reason = DisabledReason::Owner;
    world.tell(endpoint, WebhookEndpointEvent::WebhookEndpointDisabled { reason }).await;
    world.fan_out().await;
    let running = world.start();
    let idle = "SELECT due IS NULL AND holder IS NULL FROM webhooks.lanes";
    world.until(idle).await;
    let states = "SELECT string_agg(DISTINCT state, ',') FROM webhooks.deliveries";
    assert_eq!(world.value::<String>(states).await, "pending");
    world.tell(endpoint, WebhookEndpointEvent::WebhookEndpointDeleted {}).await;
    world.fan_out().await;
    world.until(idle).await;
    assert_eq!(world.value::<String>(states).await, "cancelled");
    assert_eq!(world.value::<i64>("SELECT count(*) FROM webhooks.secrets").await, 0);
    assert!(world.receiver.received("a").is_empty());
    running.stop().await;
    world.end().await;
}

#[tokio::test]
async fn a_batch_of_more_rows_than_a_statement_takes_is_queued_whole() {
    let mut world = World::new("many").await;
    for _ in 0..50 {
        world.endpoint("a").await;
    }
    let product = world.product().await;
    for cents in 0..120 {
        world.reprice(product, cents).await;
    }
    world.fan_out().await;
    assert_eq!(world.value::<i64>("SELECT count(*) FROM webhooks.deliveries").await, 50 * 121);
    assert!(world.value::<bool>("SELECT bool_and(queued = 121) FROM webhooks.lanes").await);
    world.end().await;
}

#[tokio::test]
async fn the_fan_out_locks_lanes_in_the_order_of_their_ids() {
    let mut world = World::new("locks").await;
    let (lower, higher) = (world.endpoint("lower").await, world.endpoint("higher").await);
    assert!(lower < higher);
    world.fan_out().await;
    // Both are queued for, and the higher one has changed, too.
    world.product().await;
    let details = world.details("elsewhere");
    world.tell(higher, WebhookEndpointEvent::WebhookEndpointRevised { details }).await;
    let pool = world.pool.clone();
    let mut holding = platform::db::begin(&pool).await.unwrap();
    let lock = "SELECT 1 FROM webhooks.lanes WHERE endpoint_id = $1 FOR UPDATE";
    sqlx::query(lock).bind(lower).execute(&mut *holding).await.unwrap();
    let while_it_waits = async {
        let waits = "SELECT EXISTS (SELECT 1 FROM pg_stat_activity \
                     WHERE datname = current_database() AND wait_event_type = 'Lock')";
        while !sqlx::query_scalar::<_, bool>(waits).fetch_one(&pool).await.unwrap() {
            tokio::time::sleep(std::time::Duration::from_millis(2)).await;
        }
        let lock = "SELECT 1 FROM webhooks.lanes WHERE endpoint_id = $1 FOR UPDATE NOWAIT";
        sqlx::query(lock).bind(higher).execute(&pool).await.expect("the higher one is not locked yet");
        holding.rollback().await.unwrap();
    };
    let both = async { tokio::join!(world.fan_out(), while_it_waits) };
    tokio::time::timeout(LIMIT, both).await.expect("it goes on");
    world.end().await;
}

#[tokio::test]
async fn an_endpoint_that_was_there_before_the_fan_out_is_taken_over() {
    let mut world = World::new("adopted").await;
    world.endpoint("a").await;
    world.product().await;
    world.begin_here().await;
    let running = world.start();
    let product = world.product().await;
    let heard = world.reprice(product, 1).await;
    world.fan_out().await;
    world.until_quiet().await;
    assert_eq!(world.receiver.positions("a"), [heard - 1, heard]);
    running.stop().await;
    world.end().await;
}
