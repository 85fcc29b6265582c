//! `iris events archive` and `restore`, `iris audit verify`, by whoever has the owner's login.

use std::process::Output;

use events::audit::SigningKey;
use harness::{IrisProcess, TestDatabase, until};
use serde_json::json;

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_house_archives_what_is_old_goes_on_and_brings_it_back() {
    let database = TestDatabase::create().await;
    super::world::shrink(&database, 20).await;
    let key = SigningKey::generate();
    let mut iris = IrisProcess::start_with(&database, &[("AUDIT_SIGNING_KEY", key.as_str())]).await;
    let admin = iris.client().logged_in("admin@iris.test").await;
    let supplier =
        admin.post("/suppliers", &json!({"name": "Grönt AB", "contact_email": "g@example.com"})).await;
    let supplier_id = supplier.expect(201).text("id");
    for number in 0..30 {
        let product = json!({"supplier_id": supplier_id, "name": "Tomater", "sku": number.to_string(), "unit": "KGM",
            "price_cents": 100, "tax_category": "food", "stock_qty": 5});
        admin.post("/products", &product).await.expect(201);
    }
    let is_ready = "SELECT h.position > 60 AND (SELECT max(last_position) FROM audit.seals) > 40
        AND NOT EXISTS (SELECT FROM read.checkpoints WHERE position < 40)
        AND NOT EXISTS (SELECT FROM fanout.followers WHERE position < 40) FROM public.log_head h";
    until("all have read it", async || {
        sqlx::query_scalar::<_, Option<bool>>(is_ready).fetch_one(&database.pool).await.unwrap() == Some(true)
    })
    .await;
    let place = std::env::temp_dir().join(format!("iris-archives-{}", database.name));
    std::fs::create_dir_all(&place).unwrap();
    let directory = place.to_str().unwrap();

    let young = iris
        .command("events")
        .args(["archive", "--to", directory, "--older-than-days", "30"])
        .output()
        .unwrap();
    assert!(young.status.success() && said(&young).contains("0 partitions archived"), "{}", said(&young));
    let done = iris
        .command("events")
        .args(["archive", "--to", directory, "--older-than-days", "0"])
        .output()
        .unwrap();
    assert!(done.status.success(), "{}", said(&done));
    let away: i64 = sqlx::query_scalar(
        "SELECT count(*) FROM audit.archives WHERE is_away AND written_by = 'system:operator'",
    )
    .fetch_one(&database.pool)
    .await
    .unwrap();
    assert!(away >= 2, "{}", said(&done));
    let exports: i64 = sqlx::query_scalar("SELECT count(*) FROM audit.access_log WHERE kind = 'export'")
        .fetch_one(&database.pool)
        .await
        .unwrap();
    assert!(exports >= away);

    // The house goes on, logins too; who wants old history is told what is so.
    let admin = iris.client().logged_in("admin@iris.test").await;
    admin.post("/suppliers", &json!({"name": "Fisk AB", "contact_email": "f@example.com"})).await.expect(201);
    let asked = admin.get("/audit/events?from_position=1&limit=5").await.expect(409);
    assert_eq!(asked.text("code"), "history_archived");
    assert!(asked.text("message").contains("iris events restore"), "{asked:?}");

    let verified = iris.command("audit").args(["verify", "--archives", directory]).output().unwrap();
    assert!(verified.status.success() && !said(&verified).contains("not read"), "{}", said(&verified));
    let export = iris.command("events").args(["export", "-"]).output().unwrap();
    assert!(!export.status.success() && said(&export).contains("are archived in"), "{}", said(&export));

    let files: Vec<_> = std::fs::read_dir(&place).unwrap().map(|entry| entry.unwrap().path()).collect();
    for file in &files {
        let back = iris.command("events").arg("restore").arg(file).output().unwrap();
        assert!(back.status.success(), "{}", said(&back));
    }
    admin.get("/audit/events?from_position=1&limit=5").await.expect(200);
    assert_eq!(iris.stop().await, Some(0));
    let doctor = iris.command("doctor").output().unwrap();
    assert!(doctor.status.success(), "{}", said(&doctor));
    std::fs::remove_dir_all(&place).unwrap();
}
