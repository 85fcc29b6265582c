//! Invoices that come before the goods were looked at.

use harness::Upload;
use serde_json::json;

use super::world::{Form, People, World};

#[tokio::test(flavor = "multi_thread")]
async fn an_invoice_waits_for_the_receipt_and_is_matched_by_it() {
    let world = World::open().await;
    let people = &world.people;
    let order = people.delivered("order").await;
    let xml = people.issued(&order, Form::Xml).await;
    let answer = people.supplier.upload("/invoices", &Upload::file("faktura.xml", &xml)).await.expect(201);
    assert_eq!(answer.text("status"), "unmatched");
    assert_eq!(answer.body["held_for"], json!(["awaits_receipt"]));

    // Nobody does anything with the invoice.
    let received = people.receive(&order).await;

    let path = format!("/invoices/{}", answer.text("id"));
    let seen = people.restaurant.get_at(&path, received.position()).await.expect(200);
    assert_eq!((&seen.body["status"], &seen.body["held_for"]), (&json!("matched"), &json!([])));
    harness::expect_sound(&world.database.pool).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_short_receipt_disputes_the_invoice_that_waited_for_it() {
    let world = World::open().await;
    let people = &world.people;
    let order = people.delivered("order").await;
    let xml = people.issued(&order, Form::Xml).await;
    let answer = people.supplier.upload("/invoices", &Upload::file("faktura.xml", &xml)).await.expect(201);

    let lines = people.restaurant.get(&format!("/orders/{order}")).await.expect(200).body["lines"].clone();
    let short = json!({"lines": [
        {"line_id": lines[1]["line_id"], "received_qty": "7", "reason": "Fem var krossade"}
    ]});
    let path = format!("/orders/{order}/confirm-delivery");
    let received = people.restaurant.post(&path, &short).await.expect(200);

    let path = format!("/invoices/{}", answer.text("id"));
    let seen = people.restaurant.get_at(&path, received.position()).await.expect(200).body;
    assert_eq!(seen["status"], "disputed");
    let variance = &seen["matching"]["variances"][0];
    assert_eq!(
        (&variance["class"], &variance["order_line"]),
        (&json!("quantity_over_received"), &lines[1]["line_id"])
    );
    harness::expect_sound(&world.database.pool).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whichever_of_invoice_and_receipt_is_first_it_ends_matched() {
    let world = World::open().await;
    let beside = world.iris.beside().await;
    let (here, there) = (&world.people, People::at(&beside).await);
    let mut invoices = Vec::new();
    for turn in 0..8 {
        let order = here.delivered(&format!("order-{turn}")).await;
        let upload = Upload::file("faktura.xml", &here.issued(&order, Form::Xml).await);
        // At the same moment, at two processes.
        let (invoice, received) =
            tokio::join!(here.supplier.upload("/invoices", &upload), there.receive(&order));
        let invoice = invoice.expect(201);
        let position = invoice.position().max(received.position());
        invoices.push((invoice.text("id"), position));
    }
    for (invoice_id, position) in invoices {
        let seen = here.restaurant.get_at(&format!("/invoices/{invoice_id}"), position).await.expect(200);
        assert_eq!(seen.text("status"), "matched", "{}", seen.body);
    }
    harness::expect_sound(&world.database.pool).await;
}
