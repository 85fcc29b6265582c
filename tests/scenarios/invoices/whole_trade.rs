//! The story of an invoice: ordered, delivered, received, invoiced, matched, looked at.

use harness::Upload;
use serde_json::json;

use super::world::{Form, World, reads_pages};

#[tokio::test(flavor = "multi_thread")]
async fn what_iris_issues_as_xml_comes_back_and_is_matched_at_once() {
    let world = World::open().await;
    let people = &world.people;
    let order = people.received("order").await;
    let xml = people.issued(&order, Form::Xml).await;

    let answer = people.supplier.upload("/invoices", &Upload::file("faktura 1.xml", &xml)).await.expect(201);
    assert_eq!((answer.text("status"), answer.text("order_id")), ("matched".to_owned(), order.clone()));
    let path = format!("/invoices/{}", answer.text("id"));

    // The restaurant, which sent nothing, sees it, and why it stands where it does.
    let position = answer.position();
    let seen = people.restaurant.get_at(&path, position).await.expect(200);
    assert_eq!(seen.body, answer.body, "both sides see the same invoice");
    let ordered = people.restaurant.get(&format!("/orders/{order}")).await.expect(200).body;
    assert_eq!(seen.body["payable_cents"], ordered["invoice_total_cents"]);
    let compared = people.restaurant.get_at(&format!("{path}/comparison"), position).await.expect(200).body;
    let lines = compared["lines"].as_array().unwrap();
    let linked: Vec<_> = lines.iter().map(|line| &line["ordered"]["line_id"]).collect();
    let wanted: Vec<_> = ordered["lines"].as_array().unwrap().iter().map(|line| &line["line_id"]).collect();
    assert_eq!(linked, wanted, "each line beside its own of the order");
    assert!(lines.iter().all(|line| line["variances"] == json!([])), "{compared}");
    assert_eq!((&compared["variances"], &compared["not_invoiced"]), (&json!([]), &json!([])));

    // The file is kept as it came.
    let file = people.restaurant.get_at(&format!("{path}/file"), position).await.expect(200);
    assert!(file.bytes == xml, "byte for byte");
    assert!(file.headers["content-disposition"].to_str().unwrap().starts_with("attachment"));
    let list = format!("/invoices?order_id={order}&status=matched");
    let listed = people.restaurant.get_at(&list, position).await.expect(200);
    assert_eq!(listed.body["items"][0]["id"], answer.body["id"]);

    // It stands in the books, once, and they balance.
    let (day, payable) = (answer.text("issue_date"), answer.body["payable_cents"].as_i64().unwrap());
    let books = format!("/restaurants/{}/accounting-export?from={day}&to={day}", people.restaurant_id);
    let books = people.restaurant.get_at(&books, position).await.expect(200);
    let books = String::from_utf8_lossy(&books.bytes).into_owned();
    assert_eq!(books.matches("#VER ").count(), 1, "{books}");
    let owed = format!("#TRANS 2440 {{}} -{}.{:02}", payable / 100, payable % 100);
    assert!(books.contains(&owed), "{owed} in {books}");
    assert_eq!(booked(&books), 0, "{books}");

    // Once more is the same invoice.
    let again =
        people.supplier.upload("/invoices", &Upload::file("en gång till.xml", &xml)).await.expect(200);
    assert_eq!(again.body["id"], answer.body["id"]);
    assert_eq!(again.body["notices"][0]["code"], "duplicate_file");
    assert_eq!(world.events("InvoiceReceived").await, 1);
    harness::expect_sound(&world.database.pool).await;
}

/// What all rows of vouchers come to, in öre.
fn booked(books: &str) -> i64 {
    let rows = books.lines().map(str::trim).filter(|line| line.starts_with("#TRANS "));
    rows.map(|row| row.rsplit(' ').next().unwrap().replace('.', "").parse::<i64>().unwrap()).sum()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_iris_issues_as_pdf_is_read_from_its_page_and_matched() {
    if !reads_pages() {
        return;
    }
    let world = World::open().await;
    let people = &world.people;
    let order = people.received("order").await;
    let pdf = people.issued(&order, Form::Pdf).await;

    let answer = people.supplier.upload("/invoices", &Upload::file("faktura.pdf", &pdf)).await.expect(201);
    assert_eq!((answer.text("status"), &answer.body["document"]), ("received".to_owned(), &json!(null)));
    let read = people.read(&answer.text("id")).await;
    assert_eq!((&read["status"], &read["order_id"]), (&json!("matched"), &json!(order)), "{read}");
    assert_eq!(read["document"]["lines"][0]["quantity"]["source"], "text");
    assert_eq!(read["progress"], json!(null));

    let page = format!("/invoices/{}/pages/1.png", answer.text("id"));
    let page = people.restaurant.get(&page).await.expect(200);
    assert!(page.bytes.starts_with(b"\x89PNG\r\n\x1a\n"));
    assert_eq!(page.headers["content-type"], "image/png");
    let missing = format!("/invoices/{}/pages/2.png", answer.text("id"));
    people.restaurant.get(&missing).await.expect(404);
    world.everything_is_read().await;
    harness::expect_sound(&world.database.pool).await;
}
