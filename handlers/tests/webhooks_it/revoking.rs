//! Partners that an organisation lets hear of it no more.

use events::{
    supplier::{Supplier, SupplierEvent},
    values::AccountId,
    webhook_endpoint::{EndpointOwner, WebhookEndpointEvent},
};
use uuid::Uuid;

use crate::world::World;

const STATES: &str = "SELECT string_agg(state, ',' ORDER BY position) FROM webhooks.deliveries";

/// An endpoint of a partner that the world's supplier has let in, or no longer does.
async fn partner(world: &mut World) -> (AccountId, Uuid) {
    let partner = world.id::<AccountId>();
    sqlx::query("INSERT INTO read.suppliers (supplier_id, created_at, state) VALUES ($1, $2, $3)")
        .bind(world.supplier.0)
        .bind(world.now())
        .bind(serde_json::json!({ "state": { "partners": [partner] } }))
        .execute(&world.pool)
        .await
        .unwrap();
    let details = world.details("a");
    (partner, world.endpoint_with(EndpointOwner::Partner(partner), details, false).await)
}

async fn revoke(world: &mut World, account_id: AccountId) {
    world.execute("UPDATE read.suppliers SET state = '{\"state\": {\"partners\": []}}'").await;
    let supplier = world.supplier;
    world.record::<Supplier>(supplier, SupplierEvent::SupplierPartnerRevoked { account_id }).await;
    world.fan_out().await;
}

#[tokio::test]
async fn what_waits_for_a_partner_is_cancelled_with_its_grant_but_for_what_is_public() {
    let mut world = World::new("revoked").await;
    let (account_id, _) = partner(&mut world).await;
    let product = world.product().await;
    world.stock_low(product).await;
    world.fan_out().await;
    assert_eq!(world.value::<String>(STATES).await, "pending,pending");
    revoke(&mut world, account_id).await;
    assert_eq!(world.value::<String>(STATES).await, "pending,cancelled");
    let running = world.start();
    world.until_quiet().await;
    assert_eq!(world.value::<String>(STATES).await, "delivered,cancelled");
    assert_eq!(world.receiver.received("a").len(), 1);
    running.stop().await;
    world.end().await;
}

#[tokio::test]
async fn a_retry_is_refused_once_the_grant_is_gone() {
    let mut world = World::new("revoked_retry").await;
    let (account_id, endpoint) = partner(&mut world).await;
    let product: events::values::ProductId = world.id();
    world.stock_low(product).await;
    world.fan_out().await;
    let failed = "UPDATE webhooks.deliveries SET state = 'failed', attempts = 10, finished_at = now()";
    world.execute(failed).await;
    let delivery_id = world.value("SELECT delivery_id FROM webhooks.deliveries").await;
    let retry = || WebhookEndpointEvent::WebhookDeliveryRetryRequested { delivery_id };
    // As long as it is granted, it is taken.
    world.tell(endpoint, retry()).await;
    world.fan_out().await;
    assert_eq!(world.value::<String>(STATES).await, "pending");
    world.execute(failed).await;
    revoke(&mut world, account_id).await;
    world.tell(endpoint, retry()).await;
    world.fan_out().await;
    assert_eq!(world.value::<String>(STATES).await, "failed");
    world.end().await;
}
