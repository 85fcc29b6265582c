//! Files that were made to do harm, sent again and again while others work.

use std::sync::atomic::{AtomicBool, Ordering};

use futures::future::join_all;
use harness::Upload;

use super::world::{Form, World, test_file};

/// What each of them is refused for.
const REFUSED: [(&str, &str); 7] = [
    ("deep-nesting.xml", "xml_too_deep"),
    ("entity-expansion.xml", "xml_with_dtd"),
    ("loop.pdf", "damaged_pdf"),
    ("not-an-invoice-order.xml", "not_an_invoice"),
    ("password-protected.pdf", "encrypted_pdf"),
    ("pdf-named-xml.xml", "truncated_pdf"),
    ("too-many-digits.xml", "unreadable_value"),
];
/// Two kilobytes that inflate to a gigabyte: a slow machine refuses it at the door, a fast one finds an empty page.
const INFLATING: &str = "flate2.pdf";

#[tokio::test(flavor = "multi_thread")]
async fn whoever_sends_nothing_but_hostile_files_keeps_nobody_from_trading() {
    let world = World::open().await;
    let people = &world.people;
    let done = AtomicBool::new(false);
    let refused = REFUSED.map(async |(name, code)| {
        let upload = Upload::file(name, &test_file(&format!("hostile/{name}")));
        let mut sent = 0;
        // At least once, and until the others have what they came for.
        while sent == 0 || !done.load(Ordering::Relaxed) {
            let refused = people.supplier.upload("/invoices", &upload).await.expect(422);
            assert_eq!(refused.text("code"), code, "{name}: {}", refused.body);
            assert_eq!(refused.text("error"), "ValidationError");
            sent += 1;
        }
    });
    let inflating = async {
        let upload = Upload::file(INFLATING, &test_file(&format!("hostile/{INFLATING}")));
        let answer = people.supplier.upload("/invoices", &upload).await;
        if answer.status == 422 {
            assert_eq!(answer.text("code"), "too_costly");
        } else {
            assert_eq!(answer.expect(201).text("status"), "received");
        }
    };
    let trading = async {
        let order = people.received("order").await;
        let xml = people.issued(&order, Form::Xml).await;
        let answer =
            people.supplier.upload("/invoices", &Upload::file("faktura.xml", &xml)).await.expect(201);
        assert_eq!(answer.text("status"), "matched");
        done.store(true, Ordering::Relaxed);
    };
    // A file that was never answered, or a trade that never ended, would be ended here by the runner.
    tokio::join!(join_all(refused), inflating, trading);

    world.everything_is_read().await;
    assert_eq!(world.events("InvoiceMatched").await, 1, "nothing of theirs goes on");
    assert_eq!(world.events("InvoiceDisputed").await, 0);
    harness::expect_sound(&world.database.pool).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn documents_that_break_a_rule_are_kept_and_never_matched() {
    let world = World::open().await;
    let people = &world.people;
    for name in ["bad-line-net", "bad-line-total", "bad-payable", "bad-vat-rate-7", "bad-vat-total"] {
        let upload = Upload::file(name, &test_file(&format!("rules/{name}.xml")));
        let answer = people.supplier.upload("/invoices", &upload).await.expect(201);
        assert_eq!(answer.text("status"), "rejected", "{name}: {}", answer.body);
        assert_eq!(answer.body["rejection"]["code"], "rules_broken");
    }
    harness::expect_sound(&world.database.pool).await;
}
