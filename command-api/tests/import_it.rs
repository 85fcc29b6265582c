//! Product import on a real database: through the router, the worker and the log.
#![expect(clippy::unwrap_used, reason = "a test whose world cannot be set up has failed")]

use std::sync::Arc;

use axum::{
    Router,
    body::Body,
    http::{Request, header},
};
use chrono::TimeDelta;
use command_api::{
    CommandState, Committer, Submission,
    domain::{
        Caller, Command,
        supplier::{AddSupplierMember, RegisterSupplier},
    },
    import::Imports,
    invoices::{Invoices, Readers},
    router,
};
use events::{
    log::read_head,
    supplier::SupplierDetails,
    values::{AccountId, Currency, LoginAddress, MemberRole, SupplierId},
};
use http_body_util::BodyExt;
use platform::{
    access_log::AccessLog,
    auth::{Identity, LocalProvider},
    blobs::BlobStore,
    clock::{Clock, FixedClock, Ids, UuidV7Ids},
    egress::UrlPolicy,
    http::{Shell, shell},
    link_token::LinkKey,
    personal::Vault,
    secrets::Keyring,
};
use serde_json::{Value, json};
use sqlx::{
    Connection, PgConnection, PgPool, Row,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;
use uuid::Uuid;

const HEADER: &str = "sku,name,unit,price,tax_category";

/// A database of its own, a process on it, one supplier and who works for it.
struct World {
    /// May do everything, unlike the process.
    admin: PgPool,
    options: PgConnectOptions,
    clock: Arc<FixedClock>,
    imports: Imports,
    provider: Arc<LocalProvider>,
    router: Router,
    supplier_id: SupplierId,
    member: AccountId,
}

impl World {
    async fn new() -> Self {
        let options = database().await;
        let clock = Arc::new(FixedClock::new("2026-11-20T09:00:00Z".parse().unwrap()));
        let admin = PgPoolOptions::new().max_connections(2).connect_with(options.clone()).await.unwrap();
        sqlx::migrate!("../migrations").run(&admin).await.unwrap();
        let imports = process(&options, &clock).await;
        let provider =
            Arc::new(LocalProvider::new(&"0123456789abcdef0123456789abcdef".into(), clock.clone()));
        // What is queued is of no interest here: nobody writes it.
        let (access_log, _writer) =
            AccessLog::new(imports.pool.clone(), clock.clone(), &"0123456789abcdef0123456789abcdef".into());
        let state = CommandState {
            access_log,
            committer: imports.committer.clone(),
            clock: clock.clone(),
            ids: imports.ids.clone(),
            pool: imports.pool.clone(),
            seal: Arc::new(Keyring::derive(&"0123456789abcdef0123456789abcdef".into())),
            url_policy: UrlPolicy::default(),
            local: None,
            clerk: None,
            links: Arc::new(LinkKey::derive(&"0123456789abcdef0123456789abcdef".into())),
            invoices: Invoices {
                pool: imports.pool.clone(),
                committer: imports.committer.clone(),
                blobs: BlobStore::at("none"),
                clock: clock.clone(),
                ids: imports.ids.clone(),
                readers: Readers::none(),
                bell: Arc::default(),
            },
            suggestions: None,
        };
        let mut around = Shell::new(clock.clone(), imports.ids.clone());
        around.identity = Some(provider.clone());
        let router = shell(router(state).split_for_parts().0, &around);
        let ids = (SupplierId(UuidV7Ids.next()), AccountId(UuidV7Ids.next()));
        let world =
            Self { admin, options, clock, imports, provider, router, supplier_id: ids.0, member: ids.1 };
        let (supplier_id, details) = (world.supplier_id, SupplierDetails::default());
        world.submit(RegisterSupplier { supplier_id, details, currency: Currency::SEK }).await;
        world.add_member("supplier@iris.test", world.member).await;
        world
    }

    async fn add_member(&self, email: &str, account_id: AccountId) {
        let (supplier_id, address) = (self.supplier_id, LoginAddress::new(account_id, email));
        let role = MemberRole::Staff;
        self.submit(AddSupplierMember { supplier_id, address, role }).await;
    }

    async fn submit(&self, command: impl Command) {
        let submission = Submission {
            command: Box::new(command),
            caller: Caller::system("test"),
            key: None,
            command_id: UuidV7Ids.next(),
            metadata: "{}".to_owned(),
        };
        self.imports.committer.submit(submission).await.unwrap();
    }

    async fn ask(&self, account_id: AccountId, role: &str, mut request: Request<Body>) -> Answer {
        let identity = Identity {
            subject: account_id.0,
            email: "a@iris.test".to_owned(),
            role: role.to_owned(),
            key: None,
        };
        let token = self.provider.issue(&identity, self.clock.now(), std::time::Duration::from_mins(10));
        request.headers_mut().insert(header::AUTHORIZATION, format!("Bearer {token}").parse().unwrap());
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        let body = serde_json::from_slice(&bytes).unwrap();
        Answer { status: parts.status.as_u16(), headers: parts.headers, body }
    }

    fn upload(&self, query: &str, file: &[u8]) -> Request<Body> {
        let uri = format!("/api/v1/products/import?supplier_id={}{query}", self.supplier_id);
        form(&uri, &[("file", file)])
    }

    async fn import(&self, query: &str, lines: &[String]) -> Answer {
        let file = [&[HEADER.to_owned()], lines].concat().join("\n");
        self.ask(self.member, "SUPPLIER", self.upload(query, file.as_bytes())).await
    }

    async fn status(&self, account_id: AccountId, role: &str, address: &str) -> Answer {
        self.ask(account_id, role, Request::get(address).body(Body::empty()).unwrap()).await
    }

    async fn head(&self) -> i64 {
        read_head(&mut self.imports.pool.acquire().await.unwrap()).await.unwrap().position
    }

    /// How many events of that type the log has.
    async fn events(&self, event_type: &str) -> i64 {
        let row = sqlx::query("SELECT count(*) AS found FROM public.events WHERE event_type = $1")
            .bind(event_type)
            .fetch_one(&self.imports.pool)
            .await
            .unwrap();
        row.get("found")
    }
}

struct Answer {
    status: u16,
    headers: axum::http::HeaderMap,
    body: Value,
}

impl Answer {
    /// created, revised, unchanged, failed.
    fn counts(&self) -> [i64; 4] {
        ["created", "revised", "unchanged", "failed"].map(|name| self.body[name].as_i64().unwrap())
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }
}

/// A fresh, empty database on the server that the environment names.
async fn database() -> PgConnectOptions {
    let url = std::env::var("IRIS_TEST_DATABASE_URL").expect(
        "IRIS_TEST_DATABASE_URL must name a Postgres to test on, as its superuser; `make test` sets it",
    );
    let server: PgConnectOptions = url.parse().unwrap();
    let name = format!("import_{}", UuidV7Ids.next().simple());
    let mut connection = PgConnection::connect_with(&server).await.unwrap();
    sqlx::query(&format!("CREATE DATABASE {name}")).execute(&mut connection).await.unwrap();
    server.database(&name)
}

/// A process of its own on the database: its own committer and connections, with the rights of the role alone.
async fn process(options: &PgConnectOptions, clock: &Arc<FixedClock>) -> Imports {
    let options = options.clone().options([("role", "iris_command")]);
    let pool: PgPool = PgPoolOptions::new().max_connections(5).connect_with(options.clone()).await.unwrap();
    let ids: Arc<dyn Ids> = Arc::new(UuidV7Ids);
    let clock: Arc<dyn Clock> = clock.clone();
    let (committer, _task) = Committer::start(
        options,
        Arc::new(Vault::derive(&"0123456789abcdef0123456789abcdef".into())),
        clock.clone(),
        ids.clone(),
    );
    Imports { pool, committer, clock, ids }
}

fn form(uri: &str, parts: &[(&str, &[u8])]) -> Request<Body> {
    const BOUNDARY: &str = "iris-test-boundary";
    let mut body = Vec::new();
    for (name, bytes) in parts {
        let head = format!(
            "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"; filename=\"x.exe\"\r\n\
             Content-Type: application/octet-stream\r\n\r\n"
        );
        body.extend_from_slice(head.as_bytes());
        body.extend_from_slice(bytes);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(format!("--{BOUNDARY}--\r\n").as_bytes());
    let content_type = format!("multipart/form-data; boundary={BOUNDARY}");
    Request::post(uri).header(header::CONTENT_TYPE, content_type).body(Body::from(body)).unwrap()
}

fn rows(range: std::ops::Range<usize>) -> Vec<String> {
    range.map(|number| format!("SKU-{number},Product {number},KGM,{number}.50,food")).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn new_revised_unchanged_and_bad_rows_are_told_apart() {
    let world = World::new().await;
    let first = world.import("", &rows(0..3)).await;
    assert_eq!((first.status, first.counts()), (200, [3, 0, 0, 0]), "{}", first.body);
    let mut lines = rows(0..2);
    lines.push("SKU-2,Product 2,KGM,99.00,food".to_owned());
    lines.push("SKU-3,,KGM,1.005,food".to_owned());
    lines.push("sku-0,Again,KGM,1,food".to_owned());
    lines.push("SKU-4,New,KGM,1,food".to_owned());
    let second = world.import("", &lines).await;
    assert_eq!((second.status, second.counts()), (200, [1, 1, 2, 2]), "{}", second.body);
    let body = &second.body;
    assert_eq!(body["status"], "finished");
    assert_eq!(body["rows"][2]["product_id"], first.body["rows"][2]["product_id"]);
    assert_eq!(body["rows"][3]["row"], 5);
    assert_eq!(body["rows"][3]["faults"][0]["field"], "name");
    assert_eq!(body["rows"][3]["faults"][1]["code"], "too_many_decimals");
    assert_eq!(body["rows"][4]["faults"][0]["code"], "duplicate_sku");
    assert_eq!(second.header("iris-position"), Some(world.head().await.to_string().as_str()));
    assert_eq!((world.events("ProductCreated").await, world.events("PriceChanged").await), (4, 1));
    let chunks = sqlx::query("SELECT FROM import.chunks").fetch_all(&world.imports.pool).await.unwrap();
    assert!(chunks.is_empty(), "nothing of a file outlives its import");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_file_twice_changes_nothing() {
    let world = World::new().await;
    world.import("", &rows(0..50)).await;
    let head = world.head().await;
    let again = world.import("", &rows(0..50)).await;
    assert_eq!((again.status, again.counts()), (200, [0, 0, 50, 0]));
    assert_eq!(world.head().await, head);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_file_leaves_out_stays_as_it_is() {
    let world = World::new().await;
    let full = "sku,name,unit,price,tax_rate,gtin,description,stock_qty,active\n\
                A,Salt,KGM,10,12,96385074,Fine salt,7,no\n";
    let first = world.ask(world.member, "SUPPLIER", world.upload("", full.as_bytes())).await;
    assert_eq!(first.counts(), [1, 0, 0, 0], "{}", first.body);
    let short = "sku,name,unit,price,tax_rate\nA,Salt,KGM,10,12\n";
    let second = world.ask(world.member, "SUPPLIER", world.upload("", short.as_bytes())).await;
    assert_eq!(second.counts(), [0, 0, 1, 0], "{}", second.body);
    let cleared = "sku,name,unit,price,tax_rate,description\nA,Salt,KGM,10,12,\n";
    let third = world.ask(world.member, "SUPPLIER", world.upload("", cleared.as_bytes())).await;
    assert_eq!(third.counts(), [0, 1, 0, 0], "{}", third.body);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dry_run_says_what_would_happen_and_changes_nothing() {
    let world = World::new().await;
    world.import("", &rows(0..2)).await;
    let head = world.head().await;
    let mut lines = rows(0..1);
    lines.push("SKU-1,Renamed,KGM,1.50,food".to_owned());
    lines.push("SKU-2,New,KGM,1,food".to_owned());
    lines.push("SKU-3,New,kilo,1,food".to_owned());
    let dry = world.import("&dry_run=true", &lines).await;
    assert_eq!((dry.status, dry.counts()), (200, [1, 1, 1, 1]), "{}", dry.body);
    assert_eq!(dry.body["dry_run"], true);
    assert_eq!(dry.body["rows"][2].get("product_id"), None, "there is no such product");
    assert_eq!(world.head().await, head);
    assert_eq!(world.import("", &lines).await.counts(), [1, 1, 1, 1], "it was right");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_large_file_goes_on_after_the_answer_and_is_told_page_by_page() {
    let world = World::new().await;
    let mut lines = rows(0..450);
    lines.push("SKU-1,Again,KGM,1,food".to_owned());
    let taken = world.import("", &lines).await;
    assert_eq!((taken.status, taken.counts()), (202, [0; 4]));
    assert_eq!((&taken.body["status"], &taken.body["rows_total"]), (&json!("running"), &json!(451)));
    let address = taken.header("location").unwrap().to_owned();
    assert!(world.imports.work_next().await.unwrap());
    let middle = world.status(world.member, "SUPPLIER", &address).await;
    assert_eq!((&middle.body["rows_done"], &middle.body["status"]), (&json!(200), &json!("running")));
    while world.imports.work_next().await.unwrap() {}
    let page =
        world.status(world.member, "SUPPLIER", &format!("{address}?rows_from=400&rows_limit=50")).await;
    assert_eq!((page.status, page.counts()), (200, [450, 0, 0, 1]));
    assert_eq!(page.body["status"], "finished");
    assert_eq!((&page.body["rows"][0]["row"], &page.body["next_rows_from"]), (&json!(400), &json!(450)));
    let last = world.status(world.member, "SUPPLIER", &format!("{address}?rows_from=450")).await;
    assert_eq!(
        (&last.body["rows"][2]["result"], &last.body["next_rows_from"]),
        (&json!("failed"), &Value::Null)
    );
    assert_eq!(last.header("iris-position"), Some(world.head().await.to_string().as_str()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_that_dies_between_the_log_and_its_checkpoint_does_nothing_twice() {
    let world = World::new().await;
    let taken = world.import("", &rows(0..450)).await;
    let address = taken.header("location").unwrap().to_owned();
    let before = world.head().await;
    // Rows reach the log, but the checkpoint has to wait: there the worker dies.
    let mut blocker = platform::db::begin(&world.admin).await.unwrap();
    sqlx::query("LOCK TABLE import.rows").execute(&mut *blocker).await.unwrap();
    let doomed = process(&world.options, &world.clock).await;
    let mut head = doomed.committer.head();
    let worker = tokio::spawn({
        let doomed = doomed.clone();
        async move { doomed.work_next().await }
    });
    head.wait_for(|head| *head == before + 200).await.unwrap();
    worker.abort();
    assert!(worker.await.unwrap_err().is_cancelled());
    blocker.rollback().await.unwrap();
    doomed.pool.close().await;

    let status = world.status(world.member, "SUPPLIER", &address).await;
    assert_eq!(status.body["rows_done"], 0, "its checkpoint died with it");
    assert_eq!(world.events("ProductCreated").await, 200);
    assert!(!world.imports.work_next().await.unwrap(), "its turn is not over yet");
    world.clock.advance(TimeDelta::minutes(2));
    while world.imports.work_next().await.unwrap() {}
    let status = world.status(world.member, "SUPPLIER", &address).await;
    assert_eq!(status.counts(), [450, 0, 0, 0], "rows of the dead worker are told as they happened");
    assert_eq!((world.events("ProductCreated").await, world.head().await), (450, before + 450));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_whose_turn_was_taken_over_records_nothing() {
    let world = World::new().await;
    let address = world.import("", &rows(0..250)).await.header("location").unwrap().to_owned();
    let mut blocker = platform::db::begin(&world.admin).await.unwrap();
    sqlx::query("LOCK TABLE import.chunks IN ACCESS EXCLUSIVE MODE").execute(&mut *blocker).await.unwrap();
    let slow = process(&world.options, &world.clock).await;
    let late = tokio::spawn(async move { slow.work_next().await });
    // It has its turn and waits for its rows. Meanwhile the turn becomes somebody else's.
    let taken = "UPDATE import.jobs SET lease_owner = $1 WHERE lease_owner IS NOT NULL";
    while sqlx::query(taken).bind(Uuid::nil()).execute(&world.imports.pool).await.unwrap().rows_affected()
        == 0
    {
        tokio::task::yield_now().await;
    }
    blocker.rollback().await.unwrap();
    assert!(late.await.unwrap().is_err());
    let status = world.status(world.member, "SUPPLIER", &address).await;
    assert_eq!(status.body["rows_done"], 0, "its rows are in the log, but not told by it");
    world.clock.advance(TimeDelta::minutes(2));
    while world.imports.work_next().await.unwrap() {}
    let status = world.status(world.member, "SUPPLIER", &address).await;
    assert_eq!(status.counts(), [250, 0, 0, 0]);
    assert_eq!(world.events("ProductCreated").await, 250);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_processes_share_the_work() {
    let world = World::new().await;
    let first = world.import("", &rows(0..450)).await.header("location").unwrap().to_owned();
    let second = world.import("", &rows(300..750)).await.header("location").unwrap().to_owned();
    let other = process(&world.options, &world.clock).await;
    let drain = async |imports: &Imports| while imports.work_next().await.unwrap() {};
    tokio::join!(drain(&world.imports), drain(&other));
    let mut counts = [0; 4];
    for address in [first, second] {
        let status = world.status(world.member, "SUPPLIER", &address).await;
        assert_eq!(status.body["status"], "finished");
        for (sum, count) in counts.iter_mut().zip(status.counts()) {
            *sum += count;
        }
    }
    assert_eq!(counts, [750, 0, 150, 0]);
    assert_eq!(world.events("ProductCreated").await, 750);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_worker_runs_until_it_is_told_to_stop() {
    let world = World::new().await;
    let before = world.head().await;
    world.import("", &rows(0..250)).await;
    let shutdown = CancellationToken::new();
    let worker = tokio::spawn(command_api::import::run(world.imports.clone(), shutdown.clone()));
    world.imports.committer.head().wait_for(|head| *head == before + 250).await.unwrap();
    shutdown.cancel();
    worker.await.unwrap();
    let unfinished = sqlx::query("SELECT FROM import.jobs WHERE finished_at IS NULL");
    assert!(
        unfinished.fetch_all(&world.imports.pool).await.unwrap().is_empty(),
        "its turn was finished first"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_who_works_for_the_supplier_imports_and_others_learn_nothing() {
    let world = World::new().await;
    let (stranger, colleague) = (AccountId(UuidV7Ids.next()), AccountId(UuidV7Ids.next()));
    world.add_member("colleague@iris.test", colleague).await;
    let file = [HEADER, "A,Salt,KGM,1,food"].join("\n");
    let upload = || world.upload("", file.as_bytes());
    for (account_id, role) in [(stranger, "SUPPLIER"), (world.member, "AUDITOR"), (world.member, "PARTNER")] {
        let refused = world.ask(account_id, role, upload()).await;
        assert_eq!((refused.status, &refused.body["code"]), (403, &json!("forbidden")), "{role}");
    }
    let nowhere = format!("/api/v1/products/import?supplier_id={}", Uuid::nil());
    let refused = world.ask(world.member, "SUPPLIER", form(&nowhere, &[("file", file.as_bytes())])).await;
    assert_eq!((refused.status, &refused.body["code"]), (404, &json!("supplier_not_found")));

    let done = world.ask(world.member, "SUPPLIER", upload()).await;
    let address = format!("/api/v1/imports/{}", done.body["import_id"].as_str().unwrap());
    for (account_id, role, status) in [
        (world.member, "SUPPLIER", 200),
        (colleague, "SUPPLIER", 200),
        (stranger, "ADMIN", 200),
        (stranger, "SUPPLIER", 404),
    ] {
        assert_eq!(world.status(account_id, role, &address).await.status, status, "{role}");
    }
    let hidden = world.status(stranger, "SUPPLIER", &address).await;
    let absent = world.status(stranger, "SUPPLIER", &format!("/api/v1/imports/{}", Uuid::nil())).await;
    for answer in [hidden, absent] {
        assert_eq!(answer.body["code"], "import_not_found");
    }
    let actor = sqlx::query("SELECT DISTINCT actor FROM public.events WHERE event_type = 'ProductCreated'");
    let actor: String = actor.fetch_one(&world.imports.pool).await.unwrap().get("actor");
    assert_eq!(actor, format!("account:{}:SUPPLIER", world.member));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_and_forms_that_cannot_be_read_are_refused_by_name() {
    let world = World::new().await;
    let uri = format!("/api/v1/products/import?supplier_id={}", world.supplier_id);
    let large = vec![b'x'; 26 * 1024 * 1024];
    let header = || form(&uri, &[("file", b"sku,colour\nA,red\n")]);
    let not_a_form =
        Request::post(&uri).header(header::CONTENT_TYPE, "text/csv").body(Body::from("x")).unwrap();
    for (request, status, code) in [
        (form(&uri, &[]), 422, "invalid"),
        (form(&uri, &[("other", b"x")]), 422, "invalid"),
        (form(&uri, &[("file", b"x"), ("file", b"x")]), 422, "invalid"),
        (form(&uri, &[("file", b"")]), 422, "empty_file"),
        (form(&uri, &[("file", b"\0\0")]), 422, "unreadable_file"),
        (form(&uri, &[("file", b"PK\x03\x04")]), 422, "unreadable_file"),
        (header(), 422, "invalid_header"),
        (form(&uri, &[("file", &large)]), 413, "payload_too_large"),
        (not_a_form, 415, "unsupported_media_type"),
        (form(&format!("{uri}&dry=1"), &[("file", b"x")]), 422, "invalid"),
    ] {
        let refused = world.ask(world.member, "SUPPLIER", request).await;
        assert_eq!((refused.status, &refused.body["code"]), (status, &json!(code)), "{}", refused.body);
    }
    let refused = world.ask(world.member, "SUPPLIER", header()).await;
    let faults = refused.body["details"].as_array().unwrap();
    let fields: Vec<_> = faults.iter().map(|fault| fault["field"].as_str().unwrap()).collect();
    assert_eq!(fields, ["colour", "name", "unit", "price", "tax_rate"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upload_with_the_same_key_is_the_same_import() {
    let world = World::new().await;
    let keyed = |file: &str| {
        let mut request = world.upload("", file.as_bytes());
        request.headers_mut().insert("idempotency-key", "list-7".parse().unwrap());
        world.ask(world.member, "SUPPLIER", request)
    };
    let file = [HEADER, "A,Salt,KGM,1,food"].join("\n");
    let (first, second) = tokio::join!(keyed(&file), keyed(&file));
    assert_eq!(first.body["import_id"], second.body["import_id"]);
    let third = keyed(&file).await;
    assert_eq!(third.body["rows"][0]["result"], "created", "{}", third.body);
    assert_eq!((third.status, third.header("idempotency-replayed")), (200, Some("true")));
    let other = keyed(HEADER).await;
    assert_eq!((other.status, &other.body["code"]), (422, &json!("idempotency_key_reused")));
}
