//! Two processes, and one receipt that only one invoice may have.

use std::collections::BTreeSet;

use futures::future::join_all;
use harness::Upload;
use serde_json::json;

use super::world::{Form, People, World, renumbered};

#[tokio::test(flavor = "multi_thread")]
async fn of_two_invoices_for_one_receipt_exactly_one_is_matched() {
    let world = World::open().await;
    let beside = world.iris.beside().await;
    let (here, there) = (&world.people, People::at(&beside).await);
    for (turn, order) in here.received_many("order", 8).await.into_iter().enumerate() {
        let xml = here.issued(&order, Form::Xml).await;
        let other = renumbered(&xml, &format!("IGEN-{turn}"));
        let (first, second) = (Upload::file("a.xml", &xml), Upload::file("b.xml", &other));
        let (first, second) = tokio::join!(
            here.supplier.upload("/invoices", &first),
            there.supplier.upload("/invoices", &second),
        );
        let answers = [first.expect(201), second.expect(201)];
        let statuses = answers.each_ref().map(|answer| answer.text("status"));
        assert_eq!(BTreeSet::from(statuses), BTreeSet::from(["matched", "disputed"].map(str::to_owned)));
        let disputed = answers.iter().find(|answer| answer.body["status"] == "disputed").unwrap();
        let variances = disputed.body["matching"]["variances"].as_array().unwrap();
        assert!(
            variances.iter().all(|variance| variance["class"] == "quantity_over_received"),
            "{variances:?}"
        );
        assert_eq!(variances.len(), 3, "of each line nothing is left: {variances:?}");
    }
    assert_eq!(world.events("OrderBilled").await, 8, "each receipt is claimed once");
    harness::expect_sound(&world.database.pool).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_file_sent_twenty_times_to_two_processes_is_one_invoice() {
    let world = World::open().await;
    let beside = world.iris.beside().await;
    let there = People::at(&beside).await;
    let order = world.people.received("order").await;
    let upload = Upload::file("faktura.xml", &world.people.issued(&order, Form::Xml).await);
    let senders = (0..20).map(async |turn| {
        let people = if turn % 2 == 0 { &world.people } else { &there };
        people.supplier.upload("/invoices", &upload).await
    });
    let answers = join_all(senders).await;
    let ids: BTreeSet<_> = answers.iter().map(|answer| answer.text("id")).collect();
    assert_eq!(ids.len(), 1, "{ids:?}");
    assert_eq!(answers.iter().filter(|answer| answer.status == 201).count(), 1);
    assert!(answers.iter().all(|answer| answer.body["status"] == "matched"));
    let notices = answers.iter().filter(|answer| answer.body["notices"] != json!([]));
    assert_eq!(notices.count(), 19, "the others are told that it was there");
    assert_eq!(world.events("InvoiceReceived").await, 1);
    harness::expect_sound(&world.database.pool).await;
}
