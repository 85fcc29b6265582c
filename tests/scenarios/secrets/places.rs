//! The places that a rotation knows, beside those that the schema has.

use std::collections::BTreeSet;

use harness::{IrisProcess, TestDatabase};
use serde_json::Value;

/// Columns of bytes in which nothing is sealed under a data key, each for its reason.
const NOT_SEALED: [(&str, &str); 20] = [
    ("audit.archives.root", "a Merkle root"),
    ("audit.archives.sha256", "a digest"),
    ("audit.seal_keys.previous_signature", "a signature"),
    ("audit.seal_keys.public_key", "public"),
    ("audit.seal_keys.signature", "a signature"),
    ("audit.seals.leaves", "hashes"),
    ("audit.seals.previous", "a digest"),
    ("audit.seals.root", "a Merkle root"),
    ("audit.seals.signature", "a signature"),
    ("auth.api_keys.former_hash", "a hash"),
    ("auth.api_keys.hash", "a hash"),
    ("auth.refresh_tokens.token_hash", "a hash"),
    ("import.jobs.request_hash", "a hash"),
    ("invoicing.batches.request_hash", "a hash"),
    ("log.events_1.content_hash", "a hash"),
    ("platform.data_keys.wrapped", "wrapped by a key provider: `iris secrets rewrap`"),
    ("public._sqlx_migrations.checksum", "a digest"),
    ("public.events.content_hash", "a hash"),
    ("public.idempotency.request_hash", "a hash"),
    ("webhooks.attempts.response_body", "what a receiver answered"),
];

#[tokio::test(flavor = "multi_thread")]
async fn every_column_that_may_hold_sealed_bytes_is_rotated_or_is_none() {
    let database = TestDatabase::create().await;
    let iris = IrisProcess::start(&database).await;
    let listed = iris.command("secrets").args(["list", "--json"]).output().unwrap();
    assert!(listed.status.success(), "{}", String::from_utf8_lossy(&listed.stderr));
    let listed: Value = serde_json::from_slice(&listed.stdout).unwrap();
    let rotated = listed["old_form"].as_object().unwrap().keys().cloned();
    let columns: Vec<String> = sqlx::query_scalar(
        "SELECT table_schema || '.' || table_name || '.' || column_name FROM information_schema.columns \
         WHERE data_type = 'bytea' AND table_schema NOT IN ('pg_catalog', 'information_schema')",
    )
    .fetch_all(&database.pool)
    .await
    .unwrap();
    let known: BTreeSet<String> =
        rotated.chain(NOT_SEALED.iter().map(|(name, _)| (*name).to_owned())).collect();
    assert_eq!(columns.into_iter().collect::<BTreeSet<_>>(), known, "a new one is rotated, or says why not");
}
