//! Each policy by itself, in SQL: whose rows a transaction gets that says for whom it reads, and that one which says
//! nothing gets none.

use std::collections::BTreeMap;

use events::{
    invoice::Stated, order::Order, trade_relation::MatchingTerms, values::Role,
    webhook_endpoint::EndpointOwner,
};
use invoicing::matching::Verdict;
use sqlx::{Executor as _, PgConnection};

use crate::{
    bills::{Bill, document, outcome, trade},
    log::{Recording, placed},
    visibility::{EVERYBODY, ORDER, PRODUCT, RESTAURANT, SUPPLIER, Town},
    webhook_endpoints,
    world::{Caller, id, now},
};

pub const INVOICE: u128 = 80;

/// What the two have between them beside their order: an invoice, terms, and the log.
pub async fn fill(town: &Town) {
    let world = &town.world;
    let [restaurant, supplier, order] = [id(RESTAURANT), id(SUPPLIER), id(ORDER)];
    let bill = Bill::received(INVOICE, Stated::default(), town.caller("seller"));
    let bill = bill.read(document("F-1", "2026-11-19"), Vec::new());
    world.invoice(&bill.matched(trade(order, restaurant, supplier), outcome(Verdict::Matched, id(1)))).await;
    world.terms(restaurant, supplier, MatchingTerms::default()).await;
    world.agreed_price(restaurant, supplier, id(PRODUCT), 1).await;
    world.counted(restaurant, id(PRODUCT), 2_500).await;
    let recording = Recording::by(town.caller("buyer")).between(restaurant, supplier);
    let recording = recording.event::<Order>(order, 1, &placed(order, restaurant, supplier));
    let position = recording.record(world).await;
    others(town).await;
    world.advance(position).await;
}

/// A row in every table that the fixtures of endpoints leave empty, the restaurant's where it is somebody's.
async fn others(town: &Town) {
    let [restaurant, supplier, order] = [id(RESTAURANT), id(SUPPLIER), id(ORDER)];
    let buyer = town.caller("buyer").id;
    let [endpoint, delivery, view, invoice] = [id(90), id(91), id(92), id(INVOICE)];
    webhook_endpoints::endpoint(&town.world, 90, EndpointOwner::Restaurant(restaurant.into())).await;
    town.world.billed(order, order, &[]).await;
    // All of it is ours: ids and constants.
    let rows = format!(
        "INSERT INTO read.search_words (word_id, word) VALUES ('{order}', 'tomater');
         INSERT INTO read.supplier_days (supplier_id, day) VALUES ('{supplier}', '2026-11-20');
         INSERT INTO read.invoiced_prices VALUES ('{order}', '{supplier}', '2026-11-20', 1, 0, '{{}}');
         INSERT INTO read.privileged_actions VALUES (
             '{order}', 'admin_action', 1, now(), 'system:test', NULL, NULL, 'order', '{order}', '', '', '{{}}');
         INSERT INTO webhooks.lanes (endpoint_id, registered_position, state) VALUES ('{endpoint}', 1, '{{}}');
         INSERT INTO webhooks.deliveries (delivery_id, endpoint_id, event_id, event_type, payload_style, aggregate_id,
             position, origin, state, due, created_at)
         VALUES ('{delivery}', '{endpoint}', '{order}', 'iris.order.placed.v1', 'full', '{order}', 1, 'live',
             'pending', now(), now());
         INSERT INTO webhooks.attempts VALUES ('{delivery}', 1, now(), 'timeout', NULL, NULL, 1, '[]', '');
         INSERT INTO webhooks.replays VALUES ('{view}', '{endpoint}', 1, 1, 0, now(), NULL);
         INSERT INTO notifications.notifications VALUES ('{order}', '{buyer}', 'order_placed', '{order}', 1, 'order',
             '{order}', NULL, 'sv', '', '', true, now(), NULL);
         INSERT INTO notifications.devices VALUES ('{order}', '{buyer}', 'token', NULL, now());
         INSERT INTO invoicing.jobs (invoice_id, sha256, media_type, kind, lane, account_id, role, metadata, stated,
             lease_until, created_at)
         VALUES ('{invoice}', repeat('a', 64), 'application/pdf', 'pdf', 'text', '{buyer}', 'RESTAURANT', '', '{{}}',
             now(), now());
         INSERT INTO read.price_rules VALUES ('{supplier}', 1, '{{}}', '{{}}');
         INSERT INTO pricing.proposals VALUES (
             '{order}', '{supplier}', 1, now(), true, false, 1, 1, 'SEK', '{{}}', '{{}}');
         INSERT INTO read.api_keys VALUES ('{order}', '{buyer}', false, now(), now(), '{{}}');
         INSERT INTO auth.api_keys (key_id, account_id, hash, scopes, expires_at, created_at)
         VALUES ('{order}', '{buyer}', decode(repeat('00', 32), 'hex'), '', now(), now());
         INSERT INTO audit.access_log (at, kind, actor, outcome, request_id, trace_id)
         VALUES (now(), 'login', 'anonymous', 'failed', '', '');
         INSERT INTO audit.views (view_id, slot, asked_by, asked_at, position, moment, models, kept_seconds,
             expires_at)
         VALUES ('{view}', 1, '{view}', now(), 0, now(), '{{orders}}', 1, now());
         INSERT INTO audit.seal_keys VALUES (1, repeat('a', 64), decode(repeat('00', 32), 'hex'), now(),
             decode(repeat('00', 64), 'hex'), NULL);
         INSERT INTO audit.seals VALUES (1, 1, 1, decode(repeat('00', 32), 'hex'), decode(repeat('00', 32), 'hex'),
             now(), repeat('a', 64), decode(repeat('00', 64), 'hex'), decode(repeat('00', 32), 'hex'));
         INSERT INTO jobs.runs (job, scheduled_for, run_id, state, trigger)
         VALUES ('upkeep', now(), '{view}', 'queued', 'schedule');"
    );
    town.world.pool.execute(rows.as_str()).await.unwrap();
    forecasts(town).await;
}

/// Demand of the restaurant, what is expected of it and of all together, and how the two compare.
async fn forecasts(town: &Town) {
    let [restaurant, supplier, product] = [id(RESTAURANT), id(SUPPLIER), id(PRODUCT)];
    town.world.forecast_run(now()).await;
    town.world.forecast(product, supplier, Some(restaurant), 1).await;
    town.world.forecast(product, supplier, None, 1).await;
    town.world.demand(product, supplier, restaurant, "2026-11-01", 1).await;
    let index = format!(
        "INSERT INTO forecast.demand_index
         VALUES ('{product}', '{supplier}', now(), '{product}', '{{}}', 1, 1, 1, 10000)"
    );
    town.world.pool.execute(index.as_str()).await.unwrap();
}

/// Tables whose rows are somebody's, and who of [`EVERYBODY`] gets any of those that [`fill`] puts there. A table that
/// is neither here nor in [`NOT_OF_TENANTS`] fails the test: whose its rows are must be decided.
const SEEN_BY: [(&str, &[&str]); 37] = [
    ("read.accounts", &EVERYBODY), // each its own; see the counts below
    (
        "read.memberships",
        &["admin", "auditor", "seller", "seller_staff", "rival", "buyer", "buyer_staff", "stranger"],
    ),
    ("read.partners", &["admin", "auditor", "seller", "buyer", "buyers_partner", "sellers_partner"]),
    (
        "read.restaurants",
        &[
            "admin",
            "auditor",
            "seller",
            "seller_staff",
            "buyer",
            "buyer_staff",
            "stranger",
            "buyers_partner",
            "sellers_partner",
        ],
    ),
    ("read.carts", &["admin", "auditor", "buyer", "buyer_staff"]),
    ("read.orders", &SIDES),
    ("read.invoices", &SIDES),
    ("read.order_billing", &SIDES),
    ("read.trade_relations", &MEMBERS),
    ("read.price_rules", &SELLERS),
    ("pricing.proposals", &SELLERS),
    ("read.webhook_endpoints", &OWNER),
    ("read.privileged_actions", &AUDITORS),
    ("read.suppliers", &EVERYBODY),
    ("read.supplier_days", &EVERYBODY),
    ("read.invoiced_prices", &EVERYBODY),
    ("webhooks.lanes", &OWNER),
    ("webhooks.deliveries", &OWNER),
    ("webhooks.attempts", &OWNER),
    ("webhooks.replays", &OWNER),
    // Not even an ADMIN reads another's.
    ("notifications.notifications", &["buyer"]),
    ("notifications.devices", &["buyer"]),
    ("read.api_keys", &OWNER),
    ("auth.api_keys", &OWNER),
    ("invoicing.jobs", &SIDES),
    ("audit.access_log", &AUDITORS),
    ("audit.views", &AUDITORS),
    ("audit.seals", &AUDITORS),
    ("audit.seal_keys", &AUDITORS),
    ("public.events", &SIDES),
    ("demand.months", &SIDES),
    // A restaurant its own, a supplier the total; see the counts below.
    ("forecast.series", &SIDES),
    ("forecast.demand_index", &["admin", "auditor", "seller", "seller_staff", "sellers_partner"]),
    ("forecast.runs", &EVERYBODY),
    ("forecast.current", &EVERYBODY),
    ("read.inventory", &RESTAURANTS_OWN),
    ("jobs.runs", &AUDITORS),
];
const SIDES: [&str; 8] = [
    "admin",
    "auditor",
    "seller",
    "seller_staff",
    "buyer",
    "buyer_staff",
    "buyers_partner",
    "sellers_partner",
];
const MEMBERS: [&str; 6] = ["admin", "auditor", "seller", "seller_staff", "buyer", "buyer_staff"];
const RESTAURANTS_OWN: [&str; 4] = ["admin", "auditor", "buyer", "buyer_staff"];
const SELLERS: [&str; 4] = ["admin", "auditor", "seller", "seller_staff"];
const OWNER: [&str; 3] = ["admin", "auditor", "buyer"];
const AUDITORS: [&str; 2] = ["admin", "auditor"];

/// Tables of which everybody may see all that the grants let it, known account or not, and why.
const NOT_OF_TENANTS: [(&str, &str); 4] = [
    ("read.products", "public, and searched by an operator that is not leakproof"),
    ("read.search_words", "of products, and searched by such an operator"),
    ("fanout.followers", "how far consumers are"),
    ("personal.keys", "open nothing without the texts that they sealed, and the secret that wraps them"),
];
/// Tables without row-level security, and why.
const WITHOUT: [(&str, &str); 6] = [
    ("public._sqlx_migrations", "the schema's version"),
    ("public.log_head", "one number"),
    ("public.import_under_way", "one number"),
    ("platform.data_keys", "a handful, each wrapped by a key that is not in the database"),
    ("read.checkpoints", "how far projections are"),
    ("read.parked", "which streams projections cannot fold"),
];

async fn town() -> Town {
    let town = Town::new().await;
    fill(&town).await;
    town
}

/// How many rows of each table `caller` gets, as `iris_query`.
async fn seen(connection: &mut PgConnection, caller: Option<Caller>) -> BTreeMap<&'static str, i64> {
    connection.execute("BEGIN READ ONLY").await.unwrap();
    connection.execute("SELECT set_config('role', 'iris_query', true)").await.unwrap();
    if let Some(caller) = caller {
        sqlx::query(
            "SELECT set_config('iris.account_id', $1, true), set_config('iris.account_role', $2, true)",
        )
        .bind(caller.id.to_string())
        .bind(caller.role.parse::<Role>().unwrap().to_string())
        .execute(&mut *connection)
        .await
        .unwrap();
    }
    let mut counts = BTreeMap::new();
    for table in SEEN_BY.iter().map(|(table, _)| *table).chain(NOT_OF_TENANTS.map(|(table, _)| table)) {
        let sql = format!("SELECT count(*) FROM {table}");
        counts.insert(table, sqlx::query_scalar(&sql).fetch_one(&mut *connection).await.unwrap());
    }
    connection.execute("ROLLBACK").await.unwrap();
    counts
}

#[tokio::test]
async fn each_policy_gives_rows_to_those_whose_they_are_and_to_nobody_else() {
    let town = town().await;
    let mut connection = town.world.pool.acquire().await.unwrap();
    let mut got: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (name, caller) in &town.callers {
        for (table, count) in seen(&mut connection, Some(*caller)).await {
            if count > 0 {
                got.entry(table).or_default().push(*name);
            }
        }
    }
    for (table, expected) in SEEN_BY {
        assert_eq!(got.remove(table).unwrap_or_default(), expected, "{table}");
    }
    let accounts = async |name| {
        let mut connection = town.world.pool.acquire().await.unwrap();
        seen(&mut connection, Some(town.caller(name))).await["read.accounts"]
    };
    // Owners know their own people, members and partner: nobody knows more than itself otherwise.
    assert_eq!(
        (accounts("buyer").await, accounts("buyer_staff").await, accounts("stranger").await),
        (3, 1, 1)
    );
}

#[tokio::test]
async fn no_supplier_gets_what_is_expected_of_one_restaurant() {
    let town = town().await;
    let mut connection = town.world.pool.acquire().await.unwrap();
    for (name, rows) in
        [("admin", 2), ("buyer", 1), ("buyers_partner", 1), ("seller", 1), ("sellers_partner", 1)]
    {
        let counts = seen(&mut connection, Some(town.caller(name))).await;
        assert_eq!(counts["forecast.series"], rows, "{name}");
    }
}

#[tokio::test]
async fn without_a_caller_there_are_no_rows() {
    let town = town().await;
    let mut connection = town.world.pool.acquire().await.unwrap();
    let nobody = Caller { id: uuid::Uuid::nil(), role: "RESTAURANT" };
    let counts = seen(&mut connection, None).await;
    for (table, _) in SEEN_BY {
        assert_eq!(counts[table], 0, "{table}");
    }
    // An account of no organisation sees what is public, and nothing else.
    let counts = seen(&mut connection, Some(nobody)).await;
    for (table, by) in SEEN_BY {
        let is_public = by == EVERYBODY && table != "read.accounts";
        assert_eq!(counts[table] > 0, is_public, "{table}");
    }
}

#[tokio::test]
async fn a_grant_opens_nothing_to_an_account_that_is_no_partner_any_more() {
    let town = town().await;
    let mut connection = town.world.pool.acquire().await.unwrap();
    let former = Caller { role: "RESTAURANT", ..town.caller("buyers_partner") };
    let counts = seen(&mut connection, Some(former)).await;
    assert_eq!((counts["read.orders"], counts["read.invoices"], counts["public.events"]), (0, 0, 0));
}

#[tokio::test]
async fn a_caller_of_one_transaction_is_forgotten_by_the_next() {
    let town = town().await;
    let mut connection = town.world.pool.acquire().await.unwrap();
    assert!(seen(&mut connection, Some(town.caller("buyer"))).await["read.orders"] > 0);
    assert_eq!(seen(&mut connection, None).await["read.orders"], 0);
}

#[tokio::test]
async fn policies_follow_a_table_that_took_anothers_place() {
    let town = town().await;
    let mut connection = town.world.pool.acquire().await.unwrap();
    let buyer = town.caller("buyer");
    assert!(seen(&mut connection, Some(buyer)).await["read.orders"] > 0);
    // As an exchange of read models does; in the new table nobody works for anybody.
    let exchange = "BEGIN;
         CREATE SCHEMA read_old_memberships;
         ALTER TABLE read.memberships SET SCHEMA read_old_memberships;
         CREATE TABLE read.memberships (LIKE read_old_memberships.memberships INCLUDING ALL);
         GRANT SELECT ON read.memberships TO iris_query;
         COMMIT";
    connection.execute(exchange).await.unwrap();
    assert_eq!(seen(&mut connection, Some(buyer)).await["read.orders"], 0);
}

#[tokio::test]
async fn every_table_says_whose_its_rows_are() {
    let town = town().await;
    let secured: Vec<(String, bool, bool)> = sqlx::query_as(
        "SELECT n.nspname || '.' || c.relname, c.relrowsecurity, \
                has_table_privilege('iris_query', c.oid, 'SELECT') \
                    OR has_any_column_privilege('iris_query', c.oid, 'SELECT') \
         FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
         WHERE c.relkind IN ('r', 'p') AND n.nspname !~ '^(pg_|information_schema)' ORDER BY 1",
    )
    .fetch_all(&town.world.pool)
    .await
    .unwrap();
    for (table, is_secured, is_read) in secured {
        let is_exempt = WITHOUT.iter().any(|(name, _)| *name == table);
        assert!(is_secured != is_exempt, "{table}: row-level security {is_secured}");
        let is_decided = SEEN_BY.iter().map(|(name, _)| *name).chain(NOT_OF_TENANTS.map(|(name, _)| name));
        let is_decided = is_decided.into_iter().any(|name| name == table);
        assert!(!is_secured || is_read == is_decided, "{table}: whose rows does iris_query see?");
    }
    // Whoever was granted something is under a policy: a grant without one would silently show nothing.
    let mute: Vec<String> = sqlx::query_scalar(
        "SELECT g.rolname || ' on ' || c.oid::regclass FROM pg_class c \
         CROSS JOIN pg_roles g \
         WHERE c.relrowsecurity \
           AND g.rolname IN ('iris_command', 'iris_projection', 'iris_query', 'iris_handler', 'iris_relay') \
           AND (has_table_privilege(g.oid, c.oid, 'SELECT, INSERT, UPDATE, DELETE') \
                OR has_any_column_privilege(g.oid, c.oid, 'SELECT, INSERT, UPDATE')) \
           AND NOT EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = c.oid AND g.oid = ANY(p.polroles))",
    )
    .fetch_all(&town.world.pool)
    .await
    .unwrap();
    assert_eq!(mute, Vec::<String>::new());
}
