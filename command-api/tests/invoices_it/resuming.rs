//! Workers that die, and files that end them.

use chrono::TimeDelta;
use command_api::invoices::{Lane, WorkError};
use events::{invoice::InvoiceStatus, values::Role};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::{
    forms::file,
    market::fresh,
    world::{Person, World},
};

/// Makes every turn on the job look as if its worker had died in it.
async fn die_in_it(world: &World, times: i32) {
    let turns =
        sqlx::query("UPDATE invoicing.jobs SET attempts = $1, lease_owner = $2, lease_until = created_at")
            .bind(times)
            .bind(fresh())
            .execute(&world.admin)
            .await
            .unwrap();
    assert_eq!(turns.rows_affected(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_that_dies_between_the_log_and_its_row_reads_nothing_into_it_twice() {
    let world = World::new().await;
    let sender = Person::new(Role::Admin);
    let answer = world.upload(&sender, "a.pdf", &file("pages/food-01-produce.pdf")).await.is(201);
    // The reading reaches the log, but the job's row has to wait: there the worker dies.
    let mut blocker = platform::db::begin(&world.admin).await.unwrap();
    let doomed = world.another_process().await;
    let mut head = doomed.committer.head();
    let worker = tokio::spawn({
        let doomed = doomed.clone();
        async move { doomed.read_next(Lane::Text, &CancellationToken::new()).await }
    });
    // It has the turn; from now on nobody may write the row.
    loop {
        let taken = world.count("SELECT count(*) FROM invoicing.jobs WHERE lease_owner IS NOT NULL").await;
        if taken == 1 {
            break;
        }
        tokio::task::yield_now().await;
    }
    sqlx::query("LOCK TABLE invoicing.jobs IN SHARE MODE").execute(&mut *blocker).await.unwrap();
    head.wait_for(|head| *head > 1).await.unwrap();
    worker.abort();
    assert!(worker.await.unwrap_err().is_cancelled());
    blocker.rollback().await.unwrap();
    doomed.pool.close().await;

    let revision = world.invoice(&answer.text("id")).await.revision;
    let stop = CancellationToken::new();
    assert!(!world.invoices.read_next(Lane::Text, &stop).await.unwrap(), "its turn is not over yet");
    world.clock.advance(TimeDelta::minutes(2));
    assert!(world.invoices.read_next(Lane::Text, &stop).await.unwrap());
    assert_eq!(world.invoice(&answer.text("id")).await.revision, revision, "it is in the log once");
    assert_eq!(world.count("SELECT count(*) FROM invoicing.jobs WHERE finished_at IS NOT NULL").await, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_ended_its_reader_three_times_is_rejected_with_a_clear_word() {
    let world = World::new().await;
    let sender = Person::new(Role::Admin);
    let answer = world.upload(&sender, "a.pdf", &file("pages/food-01-produce.pdf")).await.is(201);
    die_in_it(&world, 3).await;
    world.read_all().await;
    let invoice = world.invoice(&answer.text("id")).await.state;
    assert_eq!(invoice.status, InvoiceStatus::Rejected);
    assert_eq!(invoice.rejection.unwrap().0, "reader_failed");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_whose_reader_died_twice_is_read() {
    let world = World::new().await;
    let sender = Person::new(Role::Admin);
    let answer = world.upload(&sender, "a.pdf", &file("pages/food-01-produce.pdf")).await.is(201);
    die_in_it(&world, 2).await;
    world.read_all().await;
    assert!(world.invoice(&answer.text("id")).await.state.document().is_some());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_that_is_stopped_gives_its_file_back_and_nothing_counts() {
    let world = World::new().await;
    let sender = Person::new(Role::Admin);
    world.upload(&sender, "a.png", &file("pages/food-01-produce.png")).await.is(201);
    let stop = CancellationToken::new();
    let worker = tokio::spawn({
        let (invoices, stop) = (world.invoices.clone(), stop.clone());
        async move { invoices.read_next(Lane::Ocr, &stop).await }
    });
    while world.count("SELECT count(*) FROM invoicing.jobs WHERE stage = 'reading'").await == 0 {
        tokio::task::yield_now().await;
    }
    stop.cancel();
    assert!(matches!(worker.await.unwrap(), Err(WorkError::Stopped)));
    let back = "SELECT count(*) FROM invoicing.jobs WHERE lease_owner IS NULL AND attempts = 0 AND stage = 'waiting'";
    assert_eq!(world.count(back).await, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_whose_invoice_never_came_to_be_is_dropped_after_a_while() {
    let world = World::new().await;
    let sha256 = world.invoices.blobs.put(file("pages/food-01-produce.pdf").into()).await.unwrap();
    sqlx::query(
        "INSERT INTO invoicing.jobs (invoice_id, sha256, media_type, kind, lane, account_id, role, metadata, stated, \
           lease_until, created_at) \
         VALUES ($1, $2, 'application/pdf', 'pdf', 'text', $1, 'SUPPLIER', '{}', $3, $4, $4)",
    )
    .bind(fresh())
    .bind(sha256)
    .bind(json!({"supplier_id": null, "restaurant_id": null, "order_id": null}))
    .bind("2026-05-12T09:00:00Z".parse::<chrono::DateTime<chrono::Utc>>().unwrap())
    .execute(&world.admin)
    .await
    .unwrap();
    world.read_all().await;
    assert_eq!(world.count("SELECT count(*) FROM invoicing.jobs").await, 1, "its command may be on its way");
    world.clock.advance(TimeDelta::minutes(11));
    world.read_all().await;
    assert_eq!(world.count("SELECT count(*) FROM invoicing.jobs").await, 0);
}
