//! What each process may do to which table, as the arrows of the design have it.

use crate::world::World;

const ROLES: [&str; 5] = ["iris_command", "iris_projection", "iris_query", "iris_handler", "iris_relay"];

/// Per table what each of [`ROLES`] may: Select, Insert, Update, Delete; `u` is an update of some columns alone.
///
/// - The log is added to by whoever takes commands, and changed by nobody.
/// - Read tables are written by projections alone; what else reads them is named.
/// - Reads write nothing but who looked (the access log), and auditors' wishes (views).
/// - Handlers write what they send, and nothing that anybody decided.
/// - The relay knows the log and its own place in it.
const MAY: [(&str, [&str; 5]); 71] = [
    ("public.events", ["SI", "S", "S", "S", "S"]),
    ("public.log_head", ["SU", "S", "S", "S", "S"]),
    ("public.idempotency", ["SID", "", "", "", ""]),
    ("public.claims", ["SIUD", "", "", "", ""]),
    ("public.snapshots", ["SIUD", "", "", "S", ""]),
    ("public.import_under_way", ["SIUD", "S", "S", "S", "S"]),
    ("auth.families", ["SIUD", "", "", "", ""]),
    ("auth.refresh_tokens", ["SIUD", "", "", "", ""]),
    // Reads are told when a key was last used; hashes are for those who take commands, and one at a time for whoever
    // is shown a key.
    ("auth.api_keys", ["SIU", "", "s", "", ""]),
    ("read.api_keys", ["", "SIUD", "S", "S", ""]),
    ("platform.data_keys", ["SI", "", "S", "SI", ""]),
    ("read.checkpoints", ["S", "SIUD", "S", "S", "S"]),
    ("read.parked", ["S", "SIUD", "S", "S", "S"]),
    // An erasure, and the export of what is held of a person.
    ("read.accounts", ["S", "SIUD", "S", "S", ""]),
    ("read.memberships", ["S", "SIUD", "S", "S", ""]),
    ("read.partners", ["S", "SIUD", "S", "S", ""]),
    ("read.restaurants", ["S", "SIUD", "S", "S", ""]),
    // Which orders an invoice could be for.
    ("read.orders", ["S", "SIUD", "S", "S", ""]),
    ("read.suppliers", ["S", "SIUD", "S", "S", ""]),
    ("read.products", ["", "SIUD", "S", "S", ""]),
    ("read.carts", ["", "SIUD", "S", "S", ""]),
    ("read.supplier_days", ["", "SIUD", "S", "S", ""]),
    ("read.webhook_endpoints", ["", "SIUD", "S", "S", ""]),
    ("read.invoices", ["", "SIUD", "S", "S", ""]),
    ("read.order_billing", ["", "SIUD", "S", "S", ""]),
    ("read.trade_relations", ["", "SIUD", "S", "S", ""]),
    ("read.privileged_actions", ["", "SIUD", "S", "S", ""]),
    ("read.inventory", ["", "SIUD", "S", "S", ""]),
    ("read.invoiced_prices", ["", "SIUD", "S", "", ""]),
    ("import.jobs", ["SIU", "", "", "", ""]),
    ("import.chunks", ["SID", "", "", "", ""]),
    ("import.rows", ["SI", "", "", "", ""]),
    ("invoicing.jobs", ["SIUD", "", "S", "", ""]),
    ("invoicing.batches", ["SIU", "", "", "", ""]),
    ("invoicing.batch_files", ["SIU", "", "", "", ""]),
    ("fanout.followers", ["", "", "S", "SIU", "SIU"]),
    ("webhooks.secrets", ["SID", "", "", "SIUD", ""]),
    ("webhooks.messages", ["", "", "", "SIUD", ""]),
    ("webhooks.lanes", ["", "", "S", "SIUD", ""]),
    ("webhooks.deliveries", ["S", "", "S", "SIUD", ""]),
    ("webhooks.attempts", ["", "", "S", "SIUD", ""]),
    ("webhooks.replays", ["", "", "S", "SIUD", ""]),
    ("notifications.notifications", ["Su", "", "S", "SIUD", ""]),
    ("notifications.devices", ["SIUD", "", "S", "SIUD", ""]),
    ("notifications.messages", ["", "", "", "SIUD", ""]),
    ("notifications.digests", ["", "", "", "SIUD", ""]),
    ("notifications.scheduled", ["", "", "", "SIUD", ""]),
    ("notifications.channels", ["", "", "", "SIUD", ""]),
    ("personal.keys", ["SID", "", "S", "S", ""]),
    ("audit.seals", ["", "", "S", "SI", ""]),
    ("audit.seal_keys", ["", "", "S", "SI", ""]),
    ("audit.access_log", ["SI", "I", "SI", "I", "I"]),
    ("read.price_rules", ["", "SIUD", "S", "S", ""]),
    // What rules make of prices is a job's; who reads it decides nothing by it.
    ("pricing.proposals", ["", "", "S", "SIUD", ""]),
    ("pricing.suppliers", ["", "", "", "SIUD", ""]),
    ("audit.views", ["", "SuD", "SIuD", "", ""]),
    // What was wanted and what is expected: a handler's, from the log.
    ("demand.months", ["", "", "S", "SIUD", ""]),
    ("forecast.runs", ["", "", "S", "SIUD", ""]),
    ("forecast.current", ["", "", "S", "SIUD", ""]),
    ("forecast.demand_index", ["", "", "S", "SIUD", ""]),
    // Its halves are read through the whole, and emptied one by one.
    ("forecast.series_0", ["", "", "", "SID", ""]),
    ("forecast.series_1", ["", "", "", "SID", ""]),
    ("jobs.schedules", ["", "", "", "SIU", ""]),
    ("jobs.leader", ["", "", "", "SIU", ""]),
    ("jobs.runs", ["", "", "S", "SIUD", ""]),
    ("read.search_words", ["", "SIUD", "S", "", ""]),
    ("demand.months_anew", ["", "", "", "SIUD", ""]),
    ("demand.rebuild", ["", "", "", "SIUD", ""]),
    ("forecast.supplier_runs", ["", "", "", "SIUD", ""]),
    // The log's partitions are reached through the log; what is archived is the owner's to say.
    ("log.events_1", ["", "", "", "", ""]),
    ("audit.archives", ["", "", "", "", ""]),
];

#[tokio::test]
async fn each_process_may_do_what_the_design_says_and_no_more() {
    let world = World::new().await;
    let found: Vec<(String, String, String)> = sqlx::query_as(
        "SELECT n.nspname || '.' || c.relname, g.name, concat( \
                CASE WHEN has_table_privilege(g.name, c.oid, 'SELECT') THEN 'S' \
                     WHEN has_any_column_privilege(g.name, c.oid, 'SELECT') THEN 's' END, \
                CASE WHEN has_table_privilege(g.name, c.oid, 'INSERT') THEN 'I' END, \
                CASE WHEN has_table_privilege(g.name, c.oid, 'UPDATE') THEN 'U' \
                     WHEN has_any_column_privilege(g.name, c.oid, 'UPDATE') THEN 'u' END, \
                CASE WHEN has_table_privilege(g.name, c.oid, 'DELETE') THEN 'D' END) \
         FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace CROSS JOIN unnest($1::text[]) AS g(name) \
         WHERE (c.relkind = 'r' OR c.oid = 'public.events'::regclass) AND n.nspname !~ '^(pg_|information_schema)' AND c.relname <> '_sqlx_migrations'",
    )
    .bind(ROLES.as_slice())
    .fetch_all(&world.pool)
    .await
    .unwrap();
    assert_eq!(found.len(), MAY.len() * ROLES.len(), "every table is in the list");
    for (table, role, may) in found {
        let row = MAY.iter().find(|(name, _)| *name == table);
        let (_, allowed) = row.unwrap_or_else(|| panic!("{table}: what may be done to it?"));
        let place = ROLES.iter().position(|name| *name == role).unwrap();
        assert_eq!(may, allowed[place], "{role} on {table}");
    }
}

#[tokio::test]
async fn no_group_owns_anything_or_passes_row_level_security() {
    let world = World::new().await;
    let above: Vec<String> = sqlx::query_scalar(
        "SELECT rolname::text FROM pg_roles r WHERE rolname = ANY($1) \
           AND (rolsuper OR rolbypassrls OR rolcanlogin OR rolcreaterole \
                OR EXISTS (SELECT FROM pg_class c WHERE c.relowner = r.oid) \
                OR EXISTS (SELECT FROM pg_auth_members m WHERE m.member = r.oid))",
    )
    .bind(ROLES.as_slice())
    .fetch_all(&world.pool)
    .await
    .unwrap();
    assert_eq!(above, Vec::<String>::new());
}
