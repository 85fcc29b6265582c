//! One invoice: who sees it, its file and pages, and why it stands where it does.

use axum::body::Bytes;
use events::invoice::{HoldReason, InvoiceEvent, InvoiceFile, InvoicePage, Stated};
use invoicing::{invoice::Kind, matching::Verdict};
use serde_json::json;

use crate::{
    bills::{Bill, document, outcome, trade},
    visibility::{ORDER, RESTAURANT, SUPPLIER, Town},
    world::{Caller, id, now},
};

const INVOICE: u128 = 70;
const NOBODYS: u128 = 71;
/// Of the demo order's only line.
const ORDER_LINE: u128 = ORDER * 1_000;

fn page(sha256: String) -> InvoicePage {
    InvoicePage { number: 1, sha256, width: 1_240, height: 1_754, dpi: 150 }
}

fn file(name: Option<&str>, media_type: &str, sha256: String) -> InvoiceFile {
    InvoiceFile { sha256, bytes: 4, media_type: media_type.to_owned(), name: name.map(ToOwned::to_owned) }
}

fn received(number: u128, by: Caller, file: InvoiceFile) -> Bill {
    let event = InvoiceEvent::InvoiceReceived {
        file,
        stated: Stated::default(),
        received_by: Some(by.id.into()),
        received_at: now(),
    };
    Bill { id: id(number), invoice: events::Folded::default() }.then(&event)
}

/// A disputed invoice for the town's order, and one of which no more is known than who sent it; the rival, who has
/// no part in the order, has sent both.
async fn town() -> Town {
    let town = Town::new().await;
    let by = town.caller("rival");
    let sha256 = town.world.blobs.put(Bytes::from_static(b"%PDF")).await.unwrap();
    let drawn = town.world.blobs.put(Bytes::from_static(b"\x89PNG")).await.unwrap();
    let invoice = received(INVOICE, by, file(Some("Faktura.pdf"), "application/pdf", sha256.clone()))
        .read(document("F-1", "2026-11-12"), vec![page(drawn.clone())])
        .disputed(trade(id(ORDER), id(RESTAURANT), id(SUPPLIER)), outcome(Verdict::Mismatch, id(ORDER_LINE)));
    town.world.invoice(&invoice).await;
    let nobodys = received(NOBODYS, by, file(None, "application/pdf", sha256))
        .read(document("F-2", "2026-11-12"), vec![page(drawn)])
        .held(HoldReason::OrderNotFound, None);
    town.world.invoice(&nobodys).await;
    town
}

#[tokio::test]
async fn an_invoice_is_seen_by_both_sides_and_by_who_sent_it() {
    let town = town().await;
    for rest in ["", "/file", "/pages/1.png", "/comparison"] {
        let path = format!("/api/v1/invoices/{}{rest}", id(INVOICE));
        let seeing = [
            "admin",
            "auditor",
            "seller",
            "seller_staff",
            "rival",
            "buyer",
            "buyer_staff",
            "buyers_partner",
            "sellers_partner",
        ];
        town.sees(&path, 200, &seeing).await;
        town.sees(&path, 404, &["partner", "stranger"]).await;
        town.world.get_with(None, &path, &[]).await.refused(401, "unauthorized");
        let path = format!("/api/v1/invoices/{}{rest}", id(NOBODYS));
        town.sees(&path, 200, &["admin", "auditor", "rival"]).await;
    }
}

#[tokio::test]
async fn what_is_foreign_and_what_does_not_exist_answer_alike() {
    let town = town().await;
    for (rest, code) in [
        ("", "invoice_not_found"),
        ("/file", "invoice_not_found"),
        ("/comparison", "invoice_not_found"),
        ("/pages/1.png", "invoice_page_not_found"),
    ] {
        let mut bodies = Vec::new();
        for asked in [id(INVOICE), id(999)] {
            let path = format!("/api/v1/invoices/{asked}{rest}");
            let mut body = town.world.get(town.caller("stranger"), &path).await.refused(404, code);
            body["request_id"] = json!(null);
            bodies.push(body.to_string().replace(&asked.to_string(), "ID"));
        }
        assert_eq!(bodies[0], bodies[1], "{rest}");
    }
}

#[tokio::test]
async fn who_only_sent_an_invoice_learns_nothing_of_the_order() {
    let town = town().await;
    let path = format!("/api/v1/invoices/{}", id(INVOICE));
    let party = town.world.get(town.caller("buyer"), &path).await.json();
    assert_eq!((&party["order_id"], &party["matching"]["policy_version"]), (&json!(id(ORDER)), &json!(3)));
    assert_eq!(party["dispute"]["reason"], "för dyrt");

    let sender = town.world.get(town.caller("rival"), &path).await.json();
    assert_eq!((&sender["status"], &sender["number"]), (&json!("disputed"), &json!("F-1")));
    for hidden in ["order_id", "supplier_id", "restaurant_id", "matching", "answer", "accepted"] {
        assert_eq!(sender[hidden], json!(null), "{hidden}");
    }
    assert_eq!(sender["dispute"]["reason"], json!(null));
    let path = format!("{path}/comparison");
    let sender = town.world.get(town.caller("rival"), &path).await.json();
    assert_eq!((&sender["order_id"], &sender["verdict"]), (&json!(null), &json!(null)));
    assert_eq!((&sender["not_invoiced"], &sender["variances"]), (&json!([]), &json!([])));
    assert_eq!(sender["lines"][0]["ordered"], json!(null));
    let listed = town.world.get(town.caller("rival"), "/api/v1/invoices").await.json();
    assert_eq!(listed["items"][1]["order_id"], json!(null));
    assert_eq!(listed["items"][1]["status"], "disputed");
}

#[tokio::test]
async fn an_order_that_the_sender_has_only_named_is_not_shown() {
    let town = Town::new().await;
    let stated = Stated { order_id: Some(id(ORDER).into()), ..Stated::default() };
    let bill =
        Bill::received(INVOICE, stated, town.caller("stranger")).read(document("F-1", "2026-11-12"), vec![]);
    town.world.invoice(&bill).await;
    let path = format!("/api/v1/invoices/{}/comparison", id(INVOICE));
    for name in ["stranger", "admin"] {
        let shown = town.world.get(town.caller(name), &path).await.json();
        assert_eq!((&shown["order_id"], &shown["not_invoiced"]), (&json!(null), &json!([])), "{name}");
        assert_eq!(shown["lines"].as_array().unwrap().len(), 2);
    }
}

#[tokio::test]
async fn an_invoice_has_its_revision_and_its_progress_while_it_is_read() {
    let town = town().await;
    let (world, buyer) = (&town.world, town.caller("buyer"));
    let path = format!("/api/v1/invoices/{}", id(INVOICE));
    let answer = world.get(buyer, &path).await;
    assert_eq!((answer.header("etag"), &answer.json()["revision"]), ("\"3\"", &json!(3)));
    assert!(answer.json().get("progress").is_none());
    let known = world.get_with(Some(buyer), &path, &[("if-none-match", "\"3\"")]).await;
    assert_eq!((known.status.as_u16(), known.bytes.len()), (304, 0));

    let to = Stated { restaurant_id: Some(id(RESTAURANT).into()), ..Stated::default() };
    let waiting = Bill::received(80, to, buyer);
    world.invoice(&waiting).await;
    let path = format!("/api/v1/invoices/{}", id(80));
    assert!(world.get(buyer, &path).await.json().get("progress").is_none(), "not every file waits");
    let sql = "INSERT INTO invoicing.jobs (invoice_id, sha256, media_type, kind, lane, stage, percent, account_id,
                   role, metadata, stated, lease_until, created_at)
               VALUES ($1, repeat('0', 64), 'image/png', 'image', 'ocr', 'reading', 40, $2, 'RESTAURANT', '{}', '{}', $3, $3)";
    sqlx::query(sql).bind(id(80)).bind(buyer.id).bind(now()).execute(&world.pool).await.unwrap();
    // Its revision is known to the caller, and yet there is something new to tell.
    let answer = world.get_with(Some(buyer), &path, &[("if-none-match", "\"1\"")]).await;
    assert_eq!((answer.status.as_u16(), answer.header("etag")), (200, "\"1\""));
    assert_eq!(answer.json()["progress"], json!({"stage": "reading", "percent": 40}));
}

#[tokio::test]
async fn a_file_is_given_back_to_be_saved_and_never_to_run() {
    let town = town().await;
    let (world, buyer) = (&town.world, town.caller("buyer"));
    let answer = world.get(buyer, &format!("/api/v1/invoices/{}/file", id(INVOICE))).await;
    assert_eq!(answer.bytes, b"%PDF");
    assert_eq!(answer.header("content-type"), "application/pdf");
    assert_eq!(
        answer.header("content-disposition"),
        "attachment; filename=\"Faktura.pdf\"; filename*=UTF-8''Faktura.pdf"
    );
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
    assert!(answer.header("content-security-policy").starts_with("sandbox; default-src 'none';"));
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_eq!(answer.position(), 0);

    let kept = world.blobs.put(Bytes::from_static(b"<script>")).await.unwrap();
    let names = [
        ("\"; filename=\"a.exe", "text/html", "application/octet-stream", "_; filename=_a.exe.bin"),
        ("../../räkning.pdf", "application/pdf", "application/pdf", "räkning.pdf"),
        ("a\r\nx-evil: 1", "image/png", "image/png", "ax-evil_ 1.png"),
    ];
    for (number, (name, media_type, shown_as, saved_as)) in (90..).zip(names) {
        let bill = received(number, buyer, file(Some(name), media_type, kept.clone()));
        world.invoice(&bill).await;
        let answer = world.get(buyer, &format!("/api/v1/invoices/{}/file", bill.id)).await;
        assert_eq!((answer.status.as_u16(), answer.header("content-type")), (200, shown_as), "{name:?}");
        assert!(answer.headers.get("x-evil").is_none());
        let disposition = answer.header("content-disposition");
        let exact = disposition.split("filename*=UTF-8''").nth(1).unwrap();
        assert_eq!(url_decoded(exact), saved_as, "{name:?}");
        assert_eq!(disposition.matches('"').count(), 2, "{disposition}");
    }
}

fn url_decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let hex = [rest.next().unwrap(), rest.next().unwrap()];
            bytes.push(u8::from_str_radix(std::str::from_utf8(&hex).unwrap(), 16).unwrap());
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).unwrap()
}

#[tokio::test]
async fn a_file_that_is_not_kept_is_our_fault_and_reaches_nothing_else() {
    let town = Town::new().await;
    let buyer = town.caller("buyer");
    for (number, sha256) in (90..).zip(["0".repeat(64), "../../../etc/passwd".to_owned(), String::new()]) {
        let bill = received(number, buyer, file(None, "application/pdf", sha256));
        town.world.invoice(&bill).await;
        let answer = town.world.get(buyer, &format!("/api/v1/invoices/{}/file", bill.id)).await;
        let body = answer.refused(500, "internal");
        assert!(!body.to_string().contains("BLOB_DIR"), "says nothing of the inside: {body}");
    }
}

#[tokio::test]
async fn a_page_is_shown_as_a_picture() {
    let town = town().await;
    let (world, buyer) = (&town.world, town.caller("buyer"));
    let pages = format!("/api/v1/invoices/{}/pages", id(INVOICE));
    let answer = world.get(buyer, &format!("{pages}/1.png")).await;
    assert_eq!((answer.bytes.as_slice(), answer.header("content-type")), (&b"\x89PNG"[..], "image/png"));
    assert!(answer.header("content-disposition").starts_with("inline; filename=\"page-1.png\";"));
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
    for other in ["2.png", "01.png", "1", "1.pdf", "..%2F1.png", "x.png"] {
        world.get(buyer, &format!("{pages}/{other}")).await.refused(404, "invoice_page_not_found");
    }
}

#[tokio::test]
async fn a_comparison_lays_each_line_beside_what_was_ordered_and_billed() {
    let town = town().await;
    let (world, line) = (&town.world, id(ORDER_LINE));
    let bills = [
        (id(INVOICE), Kind::Invoice, 2_500),
        (id(72), Kind::Invoice, 1_500),
        (id(73), Kind::CreditNote, 500),
    ];
    world.billed(id(ORDER), line, &bills).await;
    let path = format!("/api/v1/invoices/{}/comparison", id(INVOICE));
    let shown = world.get(town.caller("seller"), &path).await.json();
    assert_eq!((&shown["id"], &shown["order_id"]), (&json!(id(INVOICE)), &json!(id(ORDER))));
    assert_eq!((&shown["verdict"], &shown["expected_net_cents"]), (&json!("mismatch"), &json!(8_725)));
    assert_eq!(shown["pages"][0]["dpi"], 150);
    assert_eq!(shown["totals"]["payable_minor"]["evidence"]["area"]["top"], 23_000);

    let [first, second] = [&shown["lines"][0], &shown["lines"][1]];
    assert_eq!(first["line"]["quantity"]["evidence"]["page"], 1);
    assert_eq!((&first["method"], &first["is_disputed"]), (&json!("seller_item"), &json!(true)));
    let ordered = &first["ordered"];
    assert_eq!((&ordered["line_id"], &ordered["unit_price_cents"]), (&json!(line), &json!(3490)));
    assert_eq!((&ordered["qty"], &ordered["delivered_qty"]), (&json!("2.5"), &json!("2.5")));
    assert_eq!(ordered["received_qty"], json!(null));
    // Its own claim is none of the others'.
    assert_eq!(ordered["invoiced_by_others_qty"], "1.5");
    assert_eq!(ordered["credited_by_others_qty"], "0.5");
    assert_eq!(first["variances"][0]["class"], "price_over");

    assert_eq!((&second["ordered"], &second["method"]), (&json!(null), &json!(null)));
    assert_eq!(second["variances"][0]["class"], "unmatched_line");
    assert_eq!(shown["not_invoiced"], json!([]));
    let classes: Vec<&str> =
        shown["variances"].as_array().unwrap().iter().map(|one| one["class"].as_str().unwrap()).collect();
    assert_eq!(classes, ["unknown_account", "credit_over_invoiced"], "none is lost");
}

#[tokio::test]
async fn a_comparison_names_what_of_the_order_was_not_invoiced() {
    let town = Town::new().await;
    let bill = Bill::received(INVOICE, Stated::default(), town.caller("seller"))
        .read(document("F-1", "2026-11-12"), vec![])
        .held(HoldReason::AwaitsReceipt, Some(trade(id(ORDER), id(RESTAURANT), id(SUPPLIER))));
    town.world.invoice(&bill).await;
    let path = format!("/api/v1/invoices/{}/comparison", id(INVOICE));
    let shown = town.world.get(town.caller("buyer"), &path).await.json();
    assert_eq!((&shown["verdict"], &shown["status"]), (&json!(null), &json!("unmatched")));
    assert_eq!(shown["not_invoiced"][0]["line_id"], json!(id(ORDER_LINE)));
    assert_eq!(shown["not_invoiced"][0]["invoiced_by_others_qty"], "0");
}
