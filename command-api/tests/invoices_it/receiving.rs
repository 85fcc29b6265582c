//! Structured files: read, checked and matched with the answer.

use events::values::Role;
use serde_json::json;

use crate::{
    forms::{Part, file, form, produce, with},
    market::Market,
    world::{Person, World},
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_invoice_for_what_came_is_matched_with_the_answer() {
    let world = World::new().await;
    let market = Market::open(&world).await;
    let order_id = market.received_order(&world).await.to_string();
    let xml = produce(Some(&order_id));
    let request =
        form("/invoices", &[("order_id", "", order_id.as_bytes()), ("file", "../../a b.html", &xml)]);
    let answer = world.send(&market.seller, request).await.is(201);
    assert_eq!(answer.body["status"], "matched", "{}", answer.body);
    assert_eq!(answer.body["order_id"], json!(order_id));
    assert_eq!(answer.body["payable_cents"], 197_399);
    assert_eq!(answer.body["file"]["media_type"], "application/xml", "whatever its name and type say");
    assert_eq!(answer.body["file"]["name"], "a b.html", "of a path the last part");
    let address = format!("/api/v1/invoices/{}", answer.text("id"));
    assert_eq!(answer.header("location"), Some(address.as_str()));
    assert!(answer.header("etag").is_some() && answer.header("iris-position").is_some());
    let kept = world.invoices.blobs.get(answer.body["file"]["sha256"].as_str().unwrap()).await.unwrap();
    assert_eq!(kept.unwrap(), xml, "it is kept as it came");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_that_nobody_names_is_found_by_its_supplier() {
    let world = World::new().await;
    let market = Market::open(&world).await;
    let order_id = market.received_order(&world).await;
    market.show_in_read_models(&world, order_id).await;
    let answer = world.upload(&market.buyer, "a.xml", &produce(None)).await.is(201);
    assert_eq!(answer.body["status"], "matched", "{}", answer.body);
    assert_eq!(answer.body["order_id"], json!(order_id));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_invoice_without_an_order_waits_and_is_matched_by_hand() {
    let world = World::new().await;
    let market = Market::open(&world).await;
    let order_id = market.received_order(&world).await.to_string();
    let restaurant_id = market.restaurant_id.to_string();
    let xml = produce(None);
    let parts: [Part<'_>; 2] = [("restaurant_id", "", restaurant_id.as_bytes()), ("file", "a.xml", &xml)];
    let answer = world.send(&market.buyer, form("/invoices", &parts)).await.is(201);
    assert_eq!(answer.body["status"], "unmatched", "{}", answer.body);
    assert_eq!(answer.body["held_for"], json!(["order_not_found"]));
    let path = format!("/invoices/{}/match", answer.text("id"));
    let matched = world.post(&market.buyer, &path, &json!({"order_id": order_id})).await.is(200);
    assert_eq!(matched.body["status"], "matched", "{}", matched.body);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_file_again_is_the_same_invoice() {
    let world = World::new().await;
    let market = Market::open(&world).await;
    let xml = file("food/food-01-produce.xml");
    let first = world.upload(&market.seller, "a.xml", &xml).await.is(201);
    let second = world.upload(&market.seller, "b.xml", &xml).await.is(200);
    assert_eq!(second.text("id"), first.text("id"));
    assert_eq!(second.body["notices"][0]["code"], "duplicate_file");
    let stranger = market.seller_elsewhere(&world).await;
    let third = world.upload(&stranger, "a.xml", &xml).await.is(201);
    assert_ne!(third.text("id"), first.text("id"), "a stranger's upload says nothing of ours");
    assert_eq!(world.kept(), 1, "the bytes are kept once");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_key_is_the_same_request() {
    let world = World::new().await;
    let market = Market::open(&world).await;
    for name in ["food/food-01-produce.xml", "pages/food-02-mixed-vat.pdf"] {
        let bytes = file(name);
        let request = || with(form("/invoices", &[("file", "a", &bytes)]), "idempotency-key", name);
        let first = world.send(&market.seller, request()).await.is(201);
        let again = world.send(&market.seller, request()).await.is(200);
        assert_eq!(again.header("idempotency-replayed"), Some("true"));
        assert_eq!(again.text("id"), first.text("id"));
    }
    let request = form("/invoices", &[("file", "a", &file("food/food-02-mixed-vat.xml"))]);
    let other = with(request, "idempotency-key", "food/food-01-produce.xml");
    world.send(&market.seller, other).await.refuses(422, "idempotency_key_reused");
    let jobs = world.count("SELECT count(*) FROM invoicing.jobs").await;
    assert_eq!(jobs, 1, "a replayed upload leaves no job behind");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn documents_that_break_rules_are_kept_and_rejected() {
    let world = World::new().await;
    let market = Market::open(&world).await;
    for name in ["bad-line-net", "bad-payable", "bad-vat-total", "bad-vat-rate-7", "bad-no-reference"] {
        let xml = file(&format!("rules/{name}.xml"));
        let answer = world.upload(&market.seller, "a.xml", &xml).await.is(201);
        assert_eq!(answer.body["status"], "rejected", "{name}: {}", answer.body);
        assert_eq!(answer.body["rejection"]["code"], "rules_broken");
        assert!(!answer.body["findings"].as_array().unwrap().is_empty(), "{name}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_may_send_for_whom() {
    let world = World::new().await;
    let market = Market::open(&world).await;
    let order_id = market.order(&world).await.to_string();
    let xml = file("food/food-01-produce.xml");
    let for_order: [Part<'_>; 2] = [("file", "a.xml", &xml), ("order_id", "", order_id.as_bytes())];
    // The last of them works for nobody: no file of theirs is taken in.
    for role in [Role::Auditor, Role::Partner, Role::Restaurant] {
        world.upload(&Person::new(role), "a.xml", &xml).await.refuses(403, "forbidden");
    }
    let stranger = market.seller_elsewhere(&world).await;
    world.send(&stranger, form("/invoices", &for_order)).await.refuses(404, "order_not_found");
    for insider in [Person::new(Role::Admin), market.buyer] {
        let answer = world.send(&insider, form("/invoices", &for_order)).await;
        assert!(matches!(answer.status, 200 | 201), "{}", answer.body);
    }
    let answer = world.send(&market.buyer, form("/invoices", &for_order)).await.is(200);
    assert_eq!(answer.body["notices"][0]["code"], "duplicate_file", "an ADMIN sent it for the order");
}
