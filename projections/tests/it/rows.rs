//! What each projection makes of a story.

use chrono::{DateTime, TimeDelta, Utc};
use events::{
    Folded, StreamKind,
    api_key::{ApiKey, ApiKeyEvent},
    inventory::{CountedItem, Inventory, InventoryEvent},
    invoice::{HoldReason, Invoice, InvoiceEvent, InvoiceFile, Stated},
    order::{Order, OrderStatus, Party},
    product::{Product, ProductEvent},
    restaurant::{Restaurant, RestaurantEvent},
    stock::{Stock, StockEvent},
    supplier::{Supplier, SupplierDetails, SupplierEvent},
    values::{
        AccountId, ApiKeyId, Currency, InvoiceId, MemberRole, ProductId, Quantity, SupplierId,
        WebhookEndpointId,
    },
    webhook_endpoint::{EndpointDetails, EndpointOwner, WebhookEndpoint, WebhookEndpointEvent},
};
use platform::clock::{Clock as _, Ids as _};
use projections::{Blame, Inventories, Projection as _, SchemaName};
use sqlx::Row as _;

use crate::{
    market::{Market, details},
    world::World,
};

#[tokio::test]
async fn an_account_has_a_row_that_holds_its_address_as_the_log_does() {
    let mut world = World::new("account").await;
    let market = Market::open(&mut world).await;
    world.catch_up().await;
    let found: uuid::Uuid = world
        .value(
            "SELECT account_id FROM read.accounts WHERE state #>> '{state,email,plain}' = 'Cook@iris.test'",
        )
        .await;
    assert_eq!(found, market.cook.0);
    let role: String =
        world.value("SELECT state->'state'->>'role' FROM read.accounts WHERE state #>> '{state,email,plain}' = 'Cook@iris.test'").await;
    assert_eq!(role, "RESTAURANT");
    world.end().await;
}

#[tokio::test]
async fn memberships_follow_both_kinds_of_organisations() {
    let mut world = World::new("memberships").await;
    let market = Market::open(&mut world).await;
    let (cook, grower) = (market.cook, market.grower);
    // Another supplier: what happens to the first must not touch its members.
    let other: SupplierId = world.id();
    let event =
        SupplierEvent::SupplierRegistered { details: SupplierDetails::default(), currency: Currency::SEK };
    world.record::<Supplier>(other, event).await;
    let event = SupplierEvent::SupplierMemberAdded { account_id: grower, role: MemberRole::Staff };
    world.record::<Supplier>(other, event).await;
    world.catch_up().await;
    let expected = ["grower supplier OWNER", "grower supplier STAFF", "cook restaurant OWNER"];
    assert_eq!(memberships(&world).await, expected);

    // The cook also works for the supplier; the grower steps down and leaves; the restaurant is as it was.
    let (owner, staff) = (MemberRole::Owner, MemberRole::Staff);
    for event in [
        SupplierEvent::SupplierMemberAdded { account_id: cook, role: staff },
        SupplierEvent::SupplierMemberRoleChanged { account_id: cook, role: owner },
        SupplierEvent::SupplierMemberRemoved { account_id: grower },
        SupplierEvent::SupplierSuspended { reason: None },
    ] {
        world.record::<Supplier>(market.supplier, event).await;
    }
    world.catch_up().await;
    assert_eq!(
        memberships(&world).await,
        ["cook supplier OWNER", "grower supplier STAFF", "cook restaurant OWNER"]
    );

    let event = RestaurantEvent::RestaurantMemberRemoved { account_id: cook };
    world.record::<Restaurant>(market.restaurant, event).await;
    world.catch_up().await;
    assert_eq!(memberships(&world).await, ["cook supplier OWNER", "grower supplier STAFF"]);
    let active: bool =
        world.value("SELECT bool_and((state->'state'->>'active')::boolean) FROM read.suppliers").await;
    assert!(!active);
    let revision: i64 = world.value("SELECT (state->>'revision')::bigint FROM read.restaurants").await;
    assert_eq!(revision, 3);
    world.end().await;
}

#[tokio::test]
async fn partners_follow_both_kinds_of_organisations() {
    let mut world = World::new("partners").await;
    let market = Market::open(&mut world).await;
    let (first, second): (AccountId, AccountId) = (world.id(), world.id());
    let count = "SELECT count(*) FROM read.partners";
    for account_id in [first, second] {
        let event = SupplierEvent::SupplierPartnerGranted { account_id };
        world.record::<Supplier>(market.supplier, event).await;
    }
    let event = RestaurantEvent::RestaurantPartnerGranted { account_id: first };
    world.record::<Restaurant>(market.restaurant, event).await;
    world.catch_up().await;
    assert_eq!(world.value::<i64>(count).await, 3);

    let event = SupplierEvent::SupplierPartnerRevoked { account_id: first };
    world.record::<Supplier>(market.supplier, event).await;
    world.catch_up().await;
    let rows: Vec<(uuid::Uuid, String, uuid::Uuid)> = sqlx::query_as(
        "SELECT account_id, organisation_kind, organisation_id FROM read.partners ORDER BY organisation_kind",
    )
    .fetch_all(&world.pool)
    .await
    .unwrap();
    let expected = [
        (first.0, "restaurant".to_owned(), market.restaurant.0),
        (second.0, "supplier".to_owned(), market.supplier.0),
    ];
    assert_eq!(rows, expected);
    world.end().await;
}

#[tokio::test]
async fn an_endpoint_has_a_row_with_its_owner_and_status_even_once_it_is_deleted() {
    let mut world = World::new("webhook_endpoint").await;
    let market = Market::open(&mut world).await;
    // So that the comparison with a rebuild has an order to compare.
    market.place(&mut world, 1, None).await;
    let (id, own): (WebhookEndpointId, WebhookEndpointId) = (world.id(), world.id());
    for (id, owner) in [(id, EndpointOwner::Restaurant(market.restaurant)), (own, EndpointOwner::Platform)] {
        let event = WebhookEndpointEvent::WebhookEndpointRegistered {
            owner,
            details: EndpointDetails::default(),
            secret_id: world.ids.next(),
            handshake: id == own,
        };
        world.record::<WebhookEndpoint>(id, event).await;
    }
    world.catch_up().await;
    assert_eq!(
        endpoints(&world).await,
        [(None, "unverified".to_owned(), 1), (Some(market.restaurant.0), "active".to_owned(), 1)]
    );
    world.record::<WebhookEndpoint>(id, WebhookEndpointEvent::WebhookEndpointDeleted {}).await;
    world.catch_up().await;
    assert_eq!(endpoints(&world).await[1], (Some(market.restaurant.0), "deleted".to_owned(), 2));
    world.assert_rows_are_those_of_a_rebuild().await;
    world.end().await;
}

#[tokio::test]
async fn a_key_has_a_row_of_its_account_even_once_it_is_revoked_and_is_on_record() {
    let mut world = World::new("api_key").await;
    let market = Market::open(&mut world).await;
    // So that the comparison with a rebuild has an order to compare.
    market.place(&mut world, 1, None).await;
    let (key, account): (ApiKeyId, AccountId) = (world.id(), world.id());
    let issued = ApiKeyEvent::ApiKeyIssued {
        account_id: account,
        name: "the till".to_owned(),
        scopes: vec!["orders:read".to_owned()],
        expires_at: world.clock.now(),
        place: 1,
    };
    world.record::<ApiKey>(key, issued).await;
    world.catch_up().await;
    let row = "SELECT jsonb_build_array(account_id, revoked, state->'revision') FROM read.api_keys";
    assert_eq!(world.value::<serde_json::Value>(row).await, serde_json::json!([account, false, 1]));
    world.record::<ApiKey>(key, ApiKeyEvent::ApiKeyRevoked {}).await;
    world.catch_up().await;
    assert_eq!(world.value::<serde_json::Value>(row).await, serde_json::json!([account, true, 2]));
    let told = "SELECT array_agg(details->>'event_type' ORDER BY position) FROM read.privileged_actions \
                WHERE kind = 'api_key_changed' AND subject_kind = 'api_key'";
    assert_eq!(world.value::<Vec<String>>(told).await, ["ApiKeyIssued", "ApiKeyRevoked"]);
    world.assert_rows_are_those_of_a_rebuild().await;
    world.end().await;
}

#[tokio::test]
async fn an_inventory_has_a_row_of_each_product_as_it_was_counted_last() {
    let mut world = World::new("inventory").await;
    let market = Market::open(&mut world).await;
    // So that the comparison with a rebuild has an order to compare.
    market.place(&mut world, 1, None).await;
    let other: ProductId = world.id();
    let count = |seconds: i64, items: &[(ProductId, i64)]| InventoryEvent::InventoryCounted {
        restaurant_id: market.restaurant,
        items: items
            .iter()
            .map(|(product_id, thousandths)| CountedItem {
                product_id: *product_id,
                quantity: Quantity(*thousandths),
            })
            .collect(),
        counted_at: DateTime::from_timestamp(1_800_000_000 + seconds, 0).unwrap(),
    };
    let rows = "SELECT jsonb_agg(jsonb_build_array(quantity, extract(epoch FROM counted_at)::bigint - 1800000000, \
                                                   revision, position) ORDER BY quantity) \
                FROM read.inventory";
    world.record::<Inventory>(market.restaurant, count(1, &[(market.product, 2_500), (other, 9_000)])).await;
    let first = world.head().await;
    world.catch_up().await;
    let found: serde_json::Value = world.value(rows).await;
    assert_eq!(found, serde_json::json!([[2_500, 1, 1, first], [9_000, 1, 1, first]]));
    // Two counts in one batch: the last word holds, and what neither names stays.
    world.record::<Inventory>(market.restaurant, count(2, &[(market.product, 7_000)])).await;
    world.record::<Inventory>(market.restaurant, count(3, &[(market.product, 0)])).await;
    let last = world.head().await;
    world.catch_up().await;
    let found: serde_json::Value = world.value(rows).await;
    assert_eq!(found, serde_json::json!([[0, 3, 3, last], [9_000, 1, 1, first]]));
    world.assert_rows_are_those_of_a_rebuild().await;

    let events = world.events(&[StreamKind::Inventory]).await;
    let mut tx = platform::db::begin(&world.worker).await.unwrap();
    for again in [&events[..], &events[2..]] {
        let refused = Inventories.project_in_tx(&mut tx, &SchemaName::live(), again).await.unwrap_err();
        assert_eq!(
            refused.blame(),
            Blame::Stream(market.restaurant.0),
            "an event that is in is not taken again"
        );
    }
    drop(tx);
    world.end().await;
}

async fn endpoints(world: &World) -> Vec<(Option<uuid::Uuid>, String, i64)> {
    let sql = "SELECT owner_id, status, (state->>'revision')::bigint FROM read.webhook_endpoints \
               ORDER BY owner_id NULLS FIRST";
    sqlx::query_as(sql).fetch_all(&world.pool).await.unwrap()
}

async fn memberships(world: &World) -> Vec<String> {
    let rows = sqlx::query_scalar(
        "SELECT split_part(a.state #>> '{state,email,plain}', '@', 1) || ' ' || m.organisation_kind || ' ' || m.role \
         FROM read.memberships m JOIN read.accounts a USING (account_id) ORDER BY m.organisation_kind DESC, m.organisation_id",
    );
    let names: Vec<String> = rows.fetch_all(&world.pool).await.unwrap();
    names
        .into_iter()
        .map(|name| name.to_lowercase().replace("owner", "OWNER").replace("staff", "STAFF"))
        .collect()
}

#[tokio::test]
async fn stock_arrives_in_the_batch_of_its_product_and_alone() {
    let mut world = World::new("catalogue").await;
    let market = Market::open(&mut world).await;
    world.catch_up().await;
    assert_eq!(stock(&world).await, (1_000_000, 0, 1));
    let state: serde_json::Value = world.value("SELECT state FROM read.products").await;

    let placed = market.place(&mut world, 10, None).await;
    market.deliver(&mut world, &placed, 4).await;
    world.catch_up().await;
    assert_eq!(stock(&world).await, (996_000, 6_000, 3));
    let unchanged: serde_json::Value = world.value("SELECT state FROM read.products").await;
    assert_eq!(state, unchanged, "an order changes the stock, not the product");

    // Both in one batch, the stock first.
    let counted = StockEvent::StockCounted {
        supplier_id: market.supplier,
        counted: Quantity(7_500),
        reason: "stock-taking".to_owned(),
    };
    world.record::<Stock>(market.product, counted).await;
    let (order_id, line_id) = (placed.order, placed.line);
    let released = StockEvent::StockReleased { order_id, line_id, quantity: Quantity(500) };
    world.record::<Stock>(market.product, released).await;
    let revised = ProductEvent::ProductDetailsRevised { details: details("Palsternacka", "P-9") };
    world.record::<Product>(market.product, revised).await;
    world.record::<Product>(market.product, ProductEvent::ProductDeactivated {}).await;
    world.catch_up().await;
    assert_eq!(stock(&world).await, (7_500, 5_500, 5));
    let row =
        sqlx::query("SELECT search, active, state FROM read.products").fetch_one(&world.pool).await.unwrap();
    assert_eq!(row.get::<String, _>("search"), "palsternacka p-9 7310865004703");
    assert!(!row.get::<bool, _>("active"));
    let state: Folded<Product> = serde_json::from_value(row.get("state")).unwrap();
    assert_eq!((state.revision, state.state.unit_price_minor), (3, 1_250));
    world.end().await;
}

#[tokio::test]
async fn every_word_of_a_name_is_kept_however_the_log_is_cut_into_batches() {
    let mut world = World::new("words").await;
    let market = Market::open(&mut world).await;
    world.catch_up().await;
    // The first of the two is nobody's name once the batch is folded.
    for name in ["Kålrot råa 5 kg", "Palsternacka råa500g"] {
        let revised = ProductEvent::ProductDetailsRevised { details: details(name, "P-9") };
        world.record::<Product>(market.product, revised).await;
    }
    world.catch_up().await;
    let words =
        "SELECT array_agg(word ORDER BY word) FROM read.search_words WHERE word ~ '^(kålrot|råa|palster|kg)'";
    assert_eq!(world.value::<Vec<String>>(words).await, ["kålrot", "palsternacka", "råa"]);
    // The product itself has those of its name as it is now.
    assert_eq!(world.value::<Vec<String>>("SELECT words FROM read.products").await, ["palsternacka", "råa"]);
    world.end().await;
}

#[tokio::test]
async fn a_product_that_is_offered_again_says_since_when() {
    let mut world = World::new("reoffered").await;
    let market = Market::open(&mut world).await;
    world.catch_up().await;
    let reoffered_at = "SELECT reoffered_at FROM read.products";
    assert_eq!(world.value::<Option<DateTime<Utc>>>(reoffered_at).await, None);
    world.record::<Product>(market.product, ProductEvent::ProductDeactivated {}).await;
    world.record::<Product>(market.product, ProductEvent::ProductReactivated {}).await;
    world.catch_up().await;
    // What happens to it later does not change it.
    let revised = ProductEvent::ProductDetailsRevised { details: details("Palsternacka", "P-9") };
    world.record::<Product>(market.product, revised).await;
    world.catch_up().await;
    let recorded_at = "SELECT recorded_at FROM public.events WHERE event_type = 'ProductReactivated'";
    let recorded_at: DateTime<Utc> = world.value(recorded_at).await;
    assert_eq!(world.value::<Option<DateTime<Utc>>>(reoffered_at).await, Some(recorded_at));
    world.end().await;
}

async fn stock(world: &World) -> (i64, i64, i64) {
    let sql = "SELECT on_hand, allocated, stock_revision FROM read.products";
    sqlx::query_as(sql).fetch_one(&world.pool).await.unwrap()
}

#[tokio::test]
async fn a_cart_is_converted_and_its_order_goes_its_way() {
    let mut world = World::new("orders").await;
    let market = Market::open(&mut world).await;
    let placed = market.place(&mut world, 3, None).await;
    world.catch_up().await;
    let status = "SELECT status FROM read.orders";
    assert_eq!(world.value::<String>(status).await, "placed");
    let converted: (bool, uuid::Uuid) = sqlx::query_as("SELECT converted, restaurant_id FROM read.carts")
        .fetch_one(&world.pool)
        .await
        .unwrap();
    assert_eq!(converted, (true, market.restaurant.0));

    market.confirm(&mut world, &placed).await;
    world.catch_up().await;
    assert_eq!(world.value::<String>(status).await, "confirmed");
    market.cancel(&mut world, &placed, Party::Supplier).await;
    world.catch_up().await;
    assert_eq!(world.value::<String>(status).await, "cancelled");
    let state = world.value::<serde_json::Value>("SELECT state FROM read.orders").await;
    let order: Folded<Order> = serde_json::from_value(state).unwrap();
    assert_eq!((order.revision, order.state.status), (3, OrderStatus::Cancelled));
    assert_eq!(order.state.lines[0].ordered.quantity, Quantity::units(3));
    assert_eq!(order.updated_at, world.events(&[events::StreamKind::Order]).await[2].recorded_at);
    world.end().await;
}

#[tokio::test]
async fn a_suppliers_day_tells_what_became_of_its_orders() {
    let mut world = World::new("supplier_day").await;
    let market = Market::open(&mut world).await;
    let today = world.now().date_naive();
    let on_time = market.place(&mut world, 10, Some(today)).await;
    let late = market.place(&mut world, 5, Some(today - TimeDelta::days(1))).await;
    let cancelled = market.place(&mut world, 1, None).await;
    market.cancel(&mut world, &cancelled, Party::Restaurant).await;
    for (placed, delivered, received) in [(on_time, 8, 8), (late, 5, 4)] {
        market.confirm(&mut world, &placed).await;
        // Step by step, so that each event adds to what the former left.
        world.catch_up().await;
        market.deliver(&mut world, &placed, delivered).await;
        world.catch_up().await;
        market.receive(&mut world, &placed, received).await;
    }
    world.catch_up().await;
    let row = sqlx::query("SELECT * FROM read.supplier_days").fetch_one(&world.pool).await.unwrap();
    let total = |column: &str| row.get::<i64, _>(column);
    assert_eq!((total("placed"), total("confirmed"), total("cancelled_by_restaurant")), (3, 2, 1));
    assert_eq!((total("cancelled_by_supplier"), total("delivered")), (0, 2));
    assert_eq!((total("delivered_with_date"), total("delivered_on_time")), (2, 1));
    assert_eq!(
        (total("ordered_qty"), total("delivered_qty"), total("received_qty")),
        (15_000, 13_000, 12_000)
    );
    assert_eq!(total("claimed_lines"), 1);
    assert!(total("confirm_seconds") >= 180, "ninety seconds each, and what passed between");
    world.end().await;
}

#[tokio::test]
async fn supplier_days_are_the_sums_over_orders() {
    let mut world = World::new("supplier_days").await;
    let market = Market::open(&mut world).await;
    market.trade(&mut world, 25).await;
    world.catch_up().await;
    let days: i64 = world.value("SELECT count(*) FROM read.supplier_days").await;
    assert!(days > 3, "the story spans several days");
    let differing: i64 = world
        .value(&format!(
            "SELECT count(*) FROM ((TABLE read.supplier_days EXCEPT {RECOMPUTED}) \
         UNION ALL ({RECOMPUTED} EXCEPT TABLE read.supplier_days)) d"
        ))
        .await;
    assert_eq!(differing, 0);
    world.end().await;
}

/// The same sums in another language, from the rows of the orders.
const RECOMPUTED: &str = "\
    SELECT o.supplier_id, (o.placed_at AT TIME ZONE 'Europe/Stockholm')::date, count(*), \
        count(s->>'confirmed_at'), \
        count(*) FILTER (WHERE s->>'cancelled_by' = 'restaurant'), \
        count(*) FILTER (WHERE s->>'cancelled_by' = 'supplier'), \
        count(s->>'delivered_at'), \
        count(*) FILTER (WHERE ((s->>'delivered_at')::timestamptz AT TIME ZONE 'Europe/Stockholm')::date \
            <= (s->>'requested_delivery_date')::date), \
        count(*) FILTER (WHERE s->>'delivered_at' IS NOT NULL AND s->>'requested_delivery_date' IS NOT NULL), \
        COALESCE(sum(l.ordered) FILTER (WHERE s->>'delivered_at' IS NOT NULL), 0)::bigint, \
        COALESCE(sum(l.delivered), 0)::bigint, COALESCE(sum(l.received), 0)::bigint, \
        COALESCE(sum(l.claims), 0)::bigint, \
        COALESCE(sum(EXTRACT(EPOCH FROM (s->>'confirmed_at')::timestamptz - o.placed_at)), 0)::bigint \
    FROM read.orders o \
    CROSS JOIN LATERAL (SELECT o.state->'state' AS s) state \
    CROSS JOIN LATERAL (SELECT sum((line->'ordered'->>'quantity')::bigint) AS ordered, \
        sum((line->'delivered'->>'quantity')::bigint) AS delivered, \
        sum((line->'received'->>'quantity')::bigint) AS received, \
        count(*) FILTER (WHERE (line->'received'->>'quantity')::bigint \
            < (line->'delivered'->>'quantity')::bigint) AS claims \
        FROM json_array_elements(s->'lines') line) l \
    GROUP BY 1, 2";

#[tokio::test]
async fn an_invoices_prices_are_those_of_its_last_decision() {
    let mut world = World::new("prices").await;
    let market = Market::open(&mut world).await;
    // Half an hour past midnight in Stockholm.
    let (invoice, other): (InvoiceId, InvoiceId) = (world.id(), world.id());
    for invoice in [invoice, other] {
        let event = InvoiceEvent::InvoiceReceived {
            file: InvoiceFile::default(),
            stated: Stated::default(),
            received_by: None,
            received_at: "2026-11-20T23:30:00Z".parse().unwrap(),
        };
        world.record::<Invoice>(invoice, event).await;
    }
    world.record::<Invoice>(invoice, market.matched_invoice(&["1"])).await;
    world.record::<Invoice>(other, market.matched_invoice(&[])).await;
    world.catch_up().await;
    let rows = "SELECT concat_ws(' ', day, lines, price_over, supplier_id = $1) FROM read.invoiced_prices \
                ORDER BY invoice_id";
    let read = async |world: &World| -> Vec<String> {
        sqlx::query_scalar(rows).bind(market.supplier.0).fetch_all(&world.pool).await.unwrap()
    };
    assert_eq!(read(&world).await, ["2026-11-21 2 1 t", "2026-11-21 2 0 t"]);

    // Looked at again: it counts only once something is decided anew, and then as that says.
    let held = InvoiceEvent::InvoiceHeld {
        reasons: vec![HoldReason::NeedsReview],
        trade: None,
        outcome: None,
        held_at: world.now(),
    };
    world.record::<Invoice>(invoice, held).await;
    world.catch_up().await;
    assert_eq!(read(&world).await, ["2026-11-21 0 0 t", "2026-11-21 2 0 t"]);
    world.record::<Invoice>(invoice, market.matched_invoice(&["1", "2"])).await;
    let credited = InvoiceEvent::InvoiceCredited { credit_note_id: other, credited_at: world.now() };
    world.record::<Invoice>(invoice, credited).await;
    world.catch_up().await;
    assert_eq!(read(&world).await, ["2026-11-21 2 2 t", "2026-11-21 2 0 t"]);
    world.end().await;
}
