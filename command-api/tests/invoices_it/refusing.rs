//! What is not taken in, and that nothing of it is kept.

use events::{invoice::InvoiceStatus, values::Role};
use serde_json::Value;

use crate::{
    forms::{Part, file, form, zip},
    world::{Person, World},
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_hostile_file_is_refused_by_its_own_code_and_leaves_nothing() {
    let world = World::new().await;
    let sender = Person::new(Role::Admin);
    for (name, code) in [
        ("deep-nesting.xml", "xml_too_deep"),
        ("entity-expansion.xml", "xml_with_dtd"),
        ("loop.pdf", "damaged_pdf"),
        ("not-an-invoice-order.xml", "not_an_invoice"),
        ("password-protected.pdf", "encrypted_pdf"),
        ("pdf-named-xml.xml", "truncated_pdf"),
        ("too-many-digits.xml", "unreadable_value"),
    ] {
        let answer = world.upload(&sender, name, &file(&format!("hostile/{name}"))).await;
        assert_eq!(
            (answer.status, answer.body["code"].as_str()),
            (422, Some(code)),
            "{name}: {}",
            answer.body
        );
        assert!(answer.body["message"].as_str().unwrap().ends_with('.'), "{}", answer.body);
    }
    assert_eq!(world.kept(), 0);
    assert_eq!(world.count("SELECT position FROM public.log_head").await, 0);
    assert_eq!(world.count("SELECT count(*) FROM invoicing.jobs").await, 0);
}

/// Two kilobytes that inflate to a gigabyte: a slow machine refuses it, a fast one finds nothing on its page.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pdf_that_inflates_beyond_measure_comes_to_nothing() {
    let world = World::new().await;
    let sender = Person::new(Role::Admin);
    let answer = world.upload(&sender, "a.pdf", &file("hostile/flate2.pdf")).await;
    if answer.status == 201 {
        world.read_all().await;
        let status = world.invoice(&answer.text("id")).await.state.status;
        assert!(matches!(status, InvoiceStatus::Rejected | InvoiceStatus::Extracted), "{status:?}");
    } else {
        answer.refuses(422, "too_costly");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_invoice_at_all_is_refused_by_its_bytes() {
    let world = World::new().await;
    let sender = Person::new(Role::Admin);
    world.upload(&sender, "a.xml", b"").await.refuses(422, "empty_file");
    world.upload(&sender, "invoice.pdf", b"MZ\x90\0").await.refuses(422, "unknown_file_type");
    world.upload(&sender, "a.xml", b"<Invoice").await.refuses(422, "malformed_xml");
    world.upload(&sender, "a.xml", &zip(&[("a.xml", b"<a/>")])).await.refuses(422, "unknown_file_type");
    let mut png = b"\x89PNG\r\n\x1a\n".to_vec();
    png.resize(10 * 1024 * 1024 + 1, 0);
    world.upload(&sender, "a.png", &png).await.refuses(413, "file_too_large");
    png.resize(26 * 1024 * 1024, 0);
    world.upload(&sender, "a.png", &png).await.refuses(413, "payload_too_large");
    assert_eq!(world.kept(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn forms_say_what_is_wrong_with_them() {
    let world = World::new().await;
    let sender = Person::new(Role::Admin);
    let xml = file("food/food-01-produce.xml");
    let fault = |body: &Value| {
        let fault = &body["details"][0];
        format!("{} {}", fault["field"].as_str().unwrap(), fault["code"].as_str().unwrap())
    };
    let parts: [(&[Part<'_>], &str); 4] = [
        (&[("order_id", "", b"0190")], "order_id invalid_id"),
        (&[("supplier_id", "", b"01939f2e-7a10-7c3e-9b1a-2f6d5c4b3a27")], "file missing"),
        (&[("file", "a", &xml), ("file", "b", &xml)], "file repeated"),
        (&[("fil", "a", &xml)], "fil unknown_field"),
    ];
    for (parts, expected) in parts {
        let answer = world.send(&sender, form("/invoices", parts)).await.is(422);
        assert_eq!(fault(&answer.body), expected);
    }
    let request = axum::http::Request::post("/api/v1/invoices").header("content-type", "text/xml");
    let answer = world.send(&sender, request.body(axum::body::Body::from(xml)).unwrap()).await;
    answer.refuses(415, "unsupported_media_type");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pictures_are_turned_away_while_too_many_wait_and_nothing_else_is() {
    let world = World::new().await;
    let sender = Person::new(Role::Admin);
    sqlx::query(
        "INSERT INTO invoicing.jobs (invoice_id, sha256, media_type, kind, lane, account_id, role, metadata, stated, \
           lease_until, created_at) \
         SELECT gen_random_uuid(), repeat('0', 64), 'image/png', 'picture', 'ocr', gen_random_uuid(), 'SUPPLIER', '{}', \
           '{}', now(), now() FROM generate_series(1, 500)",
    )
    .execute(&world.admin)
    .await
    .unwrap();
    let picture = world.upload(&sender, "a.png", &file("pages/food-01-produce.png")).await;
    assert_eq!(picture.header("retry-after"), Some("60"));
    picture.refuses(503, "reading_queue_full");
    assert_eq!(world.kept(), 0);
    world.upload(&sender, "a.xml", &file("food/food-01-produce.xml")).await.is(201);
    world.upload(&sender, "a.pdf", &file("pages/food-02-mixed-vat.pdf")).await.is(201);
}
