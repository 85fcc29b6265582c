//! An order's story, as each side may see it.

use std::{collections::BTreeSet, time::Duration};

use events::{
    billing::{Billing, BillingEvent},
    cart::{Cart, CartEvent},
    invoice::{HoldReason, Invoice, InvoiceEvent, InvoiceFile, Stated},
    order::{Order, OrderEvent},
    stock::{Stock, StockEvent},
    supplier::{Supplier, SupplierEvent},
    values::{Currency, MemberRole, Quantity},
};
use futures::{StreamExt as _, stream::FuturesUnordered};
use uuid::Uuid;

use crate::{
    bills::trade,
    fixtures::{restaurant_details, supplier_details},
    log::{Recording, line_id, placed},
    world::{Caller, World, id, now},
};

const BUYER: u128 = 10;
const SELLER: u128 = 20;

fn buyer() -> Caller {
    Caller::new(50, "RESTAURANT")
}

fn seller() -> Caller {
    Caller::new(60, "SUPPLIER")
}

/// A cart that became two orders with two suppliers; the first of them is told about.
async fn market(world: &World) -> Uuid {
    world.restaurant(id(BUYER), restaurant_details("Krogen"), &[(buyer(), MemberRole::Owner)]).await;
    world.supplier(id(SELLER), supplier_details("Grönt AB"), &[(seller(), MemberRole::Owner)]).await;
    let (order, other, cart) = (id(100), id(101), id(7_002));
    // Beside the story: nothing of it may come in.
    world.orders(500..503).await;
    let opened = CartEvent::CartOpened { restaurant_id: id(BUYER).into(), currency: Currency::SEK };
    Recording::by(buyer()).between(id(BUYER), id(SELLER)).event::<Cart>(cart, 1, &opened).record(world).await;
    world.orders(503..506).await;
    let converted = CartEvent::CartConverted {
        checkout_id: id(7_001).into(),
        order_ids: vec![order.into(), other.into()],
    };
    let allocated = |order: Uuid, number| StockEvent::StockAllocated {
        order_id: order.into(),
        line_id: line_id(order, number),
        quantity: Quantity::units(10),
    };
    Recording::by(buyer())
        .between(id(BUYER), id(SELLER))
        .event::<Cart>(cart, 2, &converted)
        .event::<Order>(order, 1, &placed(order, id(BUYER), id(SELLER)))
        .event::<Stock>(id(901), 1, &allocated(order, 1))
        .between(id(BUYER), id(21))
        .event::<Order>(other, 1, &placed(other, id(BUYER), id(21)))
        .event::<Stock>(id(902), 1, &allocated(other, 1))
        .record(world)
        .await;
    world.orders(506..509).await;
    let numbered = SupplierEvent::SupplierInvoiceNumbered { number: 1, order_id: order.into() };
    let confirmed = OrderEvent::OrderConfirmed { confirmed_at: now() };
    let released = BillingEvent::BillingReleased { invoice_id: id(8_000).into() };
    let head = Recording::by(seller())
        .between(id(BUYER), id(SELLER))
        .event::<Order>(order, 2, &confirmed)
        .event::<Supplier>(id(SELLER), 1, &numbered)
        .event::<Billing>(order, 1, &released)
        .event::<Billing>(other, 1, &released)
        .record(world)
        .await;
    world.advance(head).await;
    order
}

impl World {
    async fn told(&self, caller: Caller, order: Uuid) -> Vec<String> {
        let answer = self.get(caller, &format!("/api/v1/audit/orders/{order}/story")).await;
        assert_eq!(answer.status, 200, "{}", answer.json());
        let story = answer.json();
        assert_eq!(story["complete"], true);
        let items = story["items"].as_array().unwrap().iter();
        items.map(|item| format!("{} {}", item["type"].as_str().unwrap(), item["stream_id"])).collect()
    }
}

#[tokio::test]
async fn each_side_hears_its_own_part_of_a_story_and_auditors_all_of_it() {
    let world = World::new().await;
    let order = market(&world).await;
    let entry = |kind: &str, stream: u128| format!("{kind} \"{}\"", id(stream));
    let all = [
        entry("CartOpened", 7_002),
        entry("CartConverted", 7_002),
        entry("OrderPlaced", 100),
        entry("StockAllocated", 901),
        entry("OrderPlaced", 101),
        entry("StockAllocated", 902),
        entry("OrderConfirmed", 100),
        entry("SupplierInvoiceNumbered", SELLER),
        entry("BillingReleased", 100),
        entry("BillingReleased", 101),
    ];
    assert_eq!(world.told(Caller::new(1, "AUDITOR"), order).await, all);
    let without = |hidden: &[usize]| {
        let hidden: BTreeSet<usize> = hidden.iter().copied().collect();
        let shown = all.iter().enumerate().filter(|(index, _)| !hidden.contains(index));
        shown.map(|(_, entry)| entry.clone()).collect::<Vec<_>>()
    };
    // No stock, no series of the supplier's, no ledger of another order.
    assert_eq!(world.told(buyer(), order).await, without(&[3, 5, 7, 9]));
    // No cart, nothing of the other supplier.
    assert_eq!(world.told(seller(), order).await, without(&[0, 1, 4, 5, 9]));
    let partner = Caller::new(70, "PARTNER");
    world.grant("supplier", id(SELLER), partner).await;
    assert_eq!(world.told(partner, order).await, [all[2].clone(), all[6].clone(), all[8].clone()]);
}

#[tokio::test]
async fn a_side_is_told_which_organisation_it_was_and_not_which_person_of_the_other() {
    let world = World::new().await;
    let order = market(&world).await;
    let path = format!("/api/v1/audit/orders/{order}/story");
    let story = world.get(buyer(), &path).await.json();
    let who = |number: usize| story["items"][number]["who"].clone();
    assert_eq!(
        (&who(0)["account_id"], &who(0)["organisation"]["name"]),
        (&buyer().id.to_string().into(), &"Krogen".into())
    );
    let confirmed = who(4);
    assert_eq!(story["items"][4]["type"], "OrderConfirmed");
    assert_eq!(confirmed["organisation"]["name"], "Grönt AB");
    assert!(confirmed["account_id"].is_null() && confirmed["actor"].is_null(), "{confirmed}");

    let text = world.get_with(Some(buyer()), &path, &[("accept", "text/plain")]).await;
    assert_eq!(text.header("content-type"), "text/plain; charset=utf-8");
    let text = String::from_utf8(text.bytes).unwrap();
    assert!(!text.contains(&seller().id.to_string()), "{text}");
    let sentence =
        "2026-11-20 09:00:00 UTC  “Grönt AB” (SUPPLIER): Confirmed the order: it will be delivered.\n";
    assert!(text.contains(sentence), "{text}");
}

#[tokio::test]
async fn whoever_changed_employers_is_not_said_to_have_acted_for_the_new_one() {
    let world = World::new().await;
    let order = market(&world).await;
    world.restaurant(id(11), restaurant_details("Värdshuset"), &[(buyer(), MemberRole::Owner)]).await;
    sqlx::query("DELETE FROM read.memberships WHERE account_id = $1 AND organisation_id = $2")
        .bind(buyer().id)
        .bind(id(BUYER))
        .execute(&world.pool)
        .await
        .unwrap();
    for caller in [seller(), Caller::new(1, "AUDITOR")] {
        let answer = world.get(caller, &format!("/api/v1/audit/orders/{order}/story")).await.json();
        let items = answer["items"].as_array().unwrap();
        let placed = items.iter().find(|item| item["type"] == "OrderPlaced").unwrap();
        assert_eq!(placed["who"]["role"], "RESTAURANT");
        assert!(placed["who"]["organisation"].is_null(), "{placed}");
        assert!(
            !answer.to_string().contains("Värdshuset") && !answer.to_string().contains(&id(11).to_string())
        );
    }
}

#[tokio::test]
async fn what_an_invoice_was_compared_with_before_is_not_part_of_the_story() {
    let world = World::new().await;
    let order = market(&world).await;
    let file = InvoiceFile {
        sha256: "0".repeat(64),
        bytes: 4,
        media_type: "application/pdf".to_owned(),
        name: None,
    };
    let received = InvoiceEvent::InvoiceReceived {
        file,
        stated: Stated::default(),
        received_by: Some(seller().id.into()),
        received_at: now(),
    };
    let held = |order| InvoiceEvent::InvoiceHeld {
        reasons: vec![HoldReason::AwaitsReceipt],
        trade: Some(trade(order, id(BUYER), id(SELLER))),
        outcome: None,
        held_at: now(),
    };
    // The ledger of the order names this invoice already.
    let last = Recording::system()
        .between(id(BUYER), id(SELLER))
        .event::<Invoice>(id(8_000), 1, &received)
        .event::<Invoice>(id(8_000), 2, &held(id(777)))
        .event::<Invoice>(id(8_000), 3, &held(order))
        .record(&world)
        .await;
    world.advance(last).await;
    let of_invoice = async |caller| {
        let told = world.told(caller, order).await;
        told.into_iter().filter(|entry| entry.starts_with("Invoice")).collect::<Vec<_>>()
    };
    let entry = |kind: &str| format!("{kind} \"{}\"", id(8_000));
    assert_eq!(of_invoice(buyer()).await, [entry("InvoiceReceived"), entry("InvoiceHeld")]);
    assert_eq!(of_invoice(Caller::new(1, "AUDITOR")).await.len(), 3);
}

#[tokio::test]
async fn a_story_ends_where_it_is_too_long_or_too_large_and_says_so() {
    let fill = "WITH filled AS (
            INSERT INTO public.events (aggregate_type, aggregate_id, sequence, event_type, event_version, payload,
                metadata, global_position, event_id, recorded_at, command_id, actor, content_hash)
            SELECT 'cart', $1, 2 + n, 'CartNoted', '1', json_build_object('a', repeat('x', $2)), '{}',
                h.position + n, gen_random_uuid(), now(), gen_random_uuid(), 'system:test', sha256(n::text::bytea)
            FROM public.log_head h, generate_series(1, $3) n)
        UPDATE public.log_head SET position = position + $3";
    // By size; by number.
    for (bytes, events) in [(1_000_000, 20), (10, 2_100)] {
        let world = World::new().await;
        let order = market(&world).await;
        let fill = sqlx::query(fill).bind(id(7_002).to_string()).bind(bytes).bind(events);
        fill.execute(&world.pool).await.unwrap();
        let head: i64 =
            sqlx::query_scalar("SELECT position FROM public.log_head").fetch_one(&world.pool).await.unwrap();
        world.advance(head).await;
        let answer =
            world.get(Caller::new(1, "AUDITOR"), &format!("/api/v1/audit/orders/{order}/story")).await;
        assert_eq!(answer.status, 200);
        let story = answer.json();
        assert_eq!(story["complete"], false);
        let told = story["items"].as_array().unwrap().len();
        let expected = if bytes > 10 { 2 + 2 + 17 } else { 2_000 };
        assert_eq!(told, expected);
    }
}

#[tokio::test]
async fn a_few_stories_are_told_at_once_and_one_more_is_told_to_come_back() {
    let world = World::with(12, Duration::from_secs(20)).await;
    let order = market(&world).await;
    let mut locked = platform::db::begin(&world.pool).await.unwrap();
    sqlx::query("LOCK TABLE public.events IN ACCESS EXCLUSIVE MODE").execute(&mut *locked).await.unwrap();
    let path = format!("/api/v1/audit/orders/{order}/story");
    let mut told: FuturesUnordered<_> = (0..5).map(|_| world.get(buyer(), &path)).collect();
    told.next().await.unwrap().refused(503, "stories_busy");
    locked.rollback().await.unwrap();
    while let Some(answer) = told.next().await {
        assert_eq!(answer.status, 200);
    }
}
