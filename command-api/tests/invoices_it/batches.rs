//! Many files at once.

use axum::{body::Body, http::Request};
use chrono::TimeDelta;
use events::values::Role;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::{
    forms::{Part, file, form, with, zip},
    market::Market,
    world::{Person, World},
};

async fn take_in_all(world: &World) {
    let stop = CancellationToken::new();
    while world.invoices.take_in_next(&stop).await.unwrap() {}
}

/// Good, bad and hostile ones: a ZIP and a file beside it.
fn parts() -> (Vec<u8>, Vec<u8>) {
    let nested = zip(&[("inner.xml", &file("food/food-02-mixed-vat.xml"))]);
    let archive = zip(&[
        ("maj/food-01.xml", &file("food/food-01-produce.xml")),
        ("maj/again.xml", &file("food/food-01-produce.xml")),
        ("../../escape.xml", &file("rules/bad-payable.xml")),
        ("maj/bomb.xml", &file("hostile/entity-expansion.xml")),
        ("maj/loop.pdf", &file("hostile/loop.pdf")),
        ("maj/nested.zip", &nested),
        ("maj/=cmd.pdf", &file("pages/food-02-mixed-vat.pdf")),
    ]);
    (archive, file("food/food-03-before-rate-cut.xml"))
}

fn results(body: &Value) -> Vec<(String, String, Option<String>)> {
    let text = |value: &Value| value.as_str().map(ToOwned::to_owned);
    let files = body["items"].as_array().unwrap();
    files
        .iter()
        .map(|file| (text(&file["name"]).unwrap(), text(&file["result"]).unwrap(), text(&file["code"])))
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_file_of_a_batch_comes_to_what_it_would_alone() {
    let world = World::new().await;
    let market = Market::open(&world).await;
    let (archive, single) = parts();
    let parts: [Part<'_>; 2] = [("file", "maj.zip", &archive), ("file", "mars.xml", &single)];
    let sent = world.send(&market.buyer, form("/invoice-batches", &parts)).await.is(202);
    assert_eq!((&sent.body["status"], &sent.body["files_total"]), (&json!("running"), &json!(8)));
    let address = sent.header("location").unwrap().to_owned();

    take_in_all(&world).await;
    let middle = world.get(&market.buyer, &address).await.is(200);
    assert_eq!((&middle.body["status"], &middle.body["outcomes"]["reading"]), (&json!("running"), &json!(1)));
    world.read_all().await;
    let done = world.get(&market.buyer, &address).await.is(200);
    assert_eq!(
        (&done.body["status"], &done.body["percent"]),
        (&json!("finished"), &json!(100)),
        "{}",
        done.body
    );
    assert_eq!(done.body["outcomes"]["refused"], 3, "{}", done.body);

    let files = world.get(&market.buyer, &format!("{address}/files")).await.is(200);
    let found = results(&files.body);
    let found: Vec<_> =
        found.iter().map(|(name, result, code)| (name.as_str(), result.as_str(), code.as_deref())).collect();
    assert_eq!(found[0], ("food-01.xml", "unmatched", None));
    assert_eq!(found[1], ("again.xml", "unmatched", Some("duplicate_file")));
    assert_eq!(found[2], ("escape.xml", "rejected", None));
    assert_eq!(found[3], ("bomb.xml", "refused", Some("xml_with_dtd")));
    assert_eq!(found[4], ("loop.pdf", "refused", Some("damaged_pdf")));
    assert_eq!(found[5], ("nested.zip", "refused", Some("nested_archive")));
    assert_eq!((found[6].0, found[6].2), ("=cmd.pdf", None));
    assert_eq!(found[7], ("mars.xml", "unmatched", None));
    assert_eq!(files.body["items"][0]["invoice_id"], files.body["items"][1]["invoice_id"]);
    let last = world.get(&market.buyer, &format!("{address}/files?from=7&limit=1")).await.is(200);
    assert_eq!(last.body["next_from"], 8);

    let request = Request::get(format!("{address}/files")).header("accept", "text/csv");
    let csv = world.fetch(&market.buyer, request.body(Body::empty()).unwrap()).await.is(200);
    assert_eq!(csv.header("content-type"), Some("text/csv; charset=utf-8"));
    let csv = csv.body.as_str().unwrap().to_owned();
    assert_eq!(csv.lines().count(), 9);
    assert!(csv.contains("\n4,bomb.xml,refused,,xml_with_dtd,") && csv.contains("'=cmd.pdf"), "{csv}");

    // The invoices' files and the pages of one: nothing of the parts, and nothing of what was refused.
    let kept = "SELECT count(DISTINCT payload->'InvoiceReceived'->'file'->>'sha256') FROM public.events \
                WHERE event_type = 'InvoiceReceived'";
    let pages = world.invoice(files.body["items"][6]["invoice_id"].as_str().unwrap()).await.state;
    let pages = pages.reading.unwrap().pages.len();
    assert_eq!(world.kept(), usize::try_from(world.count(kept).await).unwrap() + pages);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_batch_is_for_who_sent_it() {
    let world = World::new().await;
    let market = Market::open(&world).await;
    let (_, single) = parts();
    let request = form("/invoice-batches", &[("file", "a.xml", &single)]);
    let address = world.send(&market.buyer, request).await.is(202).header("location").unwrap().to_owned();
    world.get(&market.seller, &address).await.refuses(404, "invoice_batch_not_found");
    world.get(&market.seller, &format!("{address}/files")).await.refuses(404, "invoice_batch_not_found");
    world.get(&Person::new(Role::Admin), &address).await.is(200);
    let request = form("/invoice-batches", &[("file", "a.xml", &single)]);
    world.send(&Person::new(Role::Auditor), request).await.refuses(403, "forbidden");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn zips_that_are_attacks_are_refused_and_leave_nothing() {
    let world = World::new().await;
    let sender = Person::new(Role::Admin);
    let spaces = vec![b' '; 17 * 1024 * 1024];
    let bomb = zip(&[("a.xml", &spaces)]);
    let good = file("food/food-01-produce.xml");
    let send = async |parts: &[Part<'_>]| world.send(&sender, form("/invoice-batches", parts)).await;
    send(&[("file", "good.xml", &good), ("file", "bomb.zip", &bomb)]).await.refuses(422, "zip_bomb");
    send(&[("file", "cut.zip", &bomb[..bomb.len() / 2])]).await.refuses(422, "damaged_zip");
    send(&[("file", "empty.zip", &zip(&[]))]).await.is(422);
    send(&[]).await.is(422);
    assert_eq!(world.kept(), 0, "nor is the good file beside the bomb");
    assert_eq!(world.count("SELECT count(*) FROM invoicing.batches").await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_key_is_the_same_batch() {
    let world = World::new().await;
    let sender = Person::new(Role::Admin);
    let (archive, single) = parts();
    let request =
        |bytes: &[u8]| with(form("/invoice-batches", &[("file", "a.zip", bytes)]), "idempotency-key", "maj");
    let first = world.send(&sender, request(&archive)).await.is(202);
    let again = world.send(&sender, request(&archive)).await.is(200);
    assert_eq!((again.text("id"), again.header("idempotency-replayed")), (first.text("id"), Some("true")));
    world.send(&sender, request(&single)).await.refuses(422, "idempotency_key_reused");
    assert_eq!(world.kept(), 1, "the parts of the first alone");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_that_dies_with_a_batch_does_nothing_twice() {
    let world = World::new().await;
    let market = Market::open(&world).await;
    let (archive, _) = parts();
    let request = form("/invoice-batches", &[("file", "maj.zip", &archive)]);
    let address = world.send(&market.buyer, request).await.is(202).header("location").unwrap().to_owned();
    // Its files reach the log, but the results have to wait: there the worker dies.
    let mut blocker = platform::db::begin(&world.admin).await.unwrap();
    sqlx::query("LOCK TABLE invoicing.batch_files IN SHARE MODE").execute(&mut *blocker).await.unwrap();
    let doomed = world.another_process().await;
    let received = "SELECT count(*) FROM public.events WHERE event_type = 'InvoiceReceived'";
    let worker = tokio::spawn({
        let doomed = doomed.clone();
        async move { doomed.take_in_next(&CancellationToken::new()).await }
    });
    while world.count(received).await < 3 {
        tokio::task::yield_now().await;
    }
    worker.abort();
    assert!(worker.await.unwrap_err().is_cancelled());
    blocker.rollback().await.unwrap();
    doomed.pool.close().await;

    assert_eq!(world.get(&market.buyer, &address).await.body["files_done"], 0, "its results died with it");
    let stop = CancellationToken::new();
    assert!(!world.invoices.take_in_next(&stop).await.unwrap(), "its turn is not over yet");
    world.clock.advance(TimeDelta::minutes(4));
    take_in_all(&world).await;
    world.read_all().await;
    let done = world.get(&market.buyer, &address).await.is(200);
    assert_eq!(
        (&done.body["status"], &done.body["files_done"]),
        (&json!("finished"), &json!(7)),
        "{}",
        done.body
    );
    assert_eq!(world.count(received).await, 3, "each invoice came once");
}
