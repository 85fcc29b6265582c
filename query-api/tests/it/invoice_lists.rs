//! Lists of invoices: filters, pages, and what they cost.

use chrono::TimeDelta;
use events::{
    invoice::{HoldReason, Stated},
    values::MemberRole::Owner,
};
use invoicing::matching::Verdict;
use uuid::Uuid;

use crate::{
    bills::{Bill, document, outcome, trade},
    fixtures::{restaurant_details, supplier_details},
    world::{Caller, World, id, now},
};

const SUPPLIERS: [u128; 2] = [10, 11];
const RESTAURANTS: [u128; 3] = [20, 21, 22];

/// What the filters look at.
struct Known {
    bill: Bill,
    supplier: Option<u128>,
    restaurant: Option<u128>,
    order: Option<u128>,
    number: Option<String>,
    sender: u128,
}

type Keep<'a> = Box<dyn Fn(&Known) -> bool + 'a>;

fn admin() -> Caller {
    Caller::new(1, "ADMIN")
}

fn buyer() -> Caller {
    Caller::new(2, "RESTAURANT")
}

fn sender(number: u128) -> Caller {
    Caller::new(3 + number % 2, "SUPPLIER")
}

/// 60 invoices, three at each moment: some of which nothing is known, some for orders, in every status.
async fn market(world: &World) -> Vec<Known> {
    for supplier in SUPPLIERS {
        world.supplier(id(supplier), supplier_details("Säljare"), &[]).await;
    }
    for restaurant in RESTAURANTS {
        let members: &[_] = if restaurant == 20 { &[(buyer(), Owner)] } else { &[] };
        world.restaurant(id(restaurant), restaurant_details("Köpare"), members).await;
    }
    let mut all = Vec::new();
    for number in 0..60u128 {
        all.push(known(number));
        world.invoice(&all.last().unwrap().bill).await;
    }
    all.sort_by_key(|known| std::cmp::Reverse((known.bill.invoice.state.received_at, known.bill.id)));
    all
}

fn known(number: u128) -> Known {
    let (supplier, restaurant) =
        (SUPPLIERS[(number / 6 % 2) as usize], RESTAURANTS[(number / 6 % 3) as usize]);
    let order = 300 + number % 10;
    let parties = trade(id(order), id(restaurant), id(supplier));
    let at = now() - TimeDelta::hours(i64::try_from(number / 3).unwrap());
    let by = sender(number / 2);
    let invoice_number = format!("F-{}", number % 7);
    let bill = Bill::received_at(1_000 + number, Stated::default(), by, at);
    let read = |bill: Bill| bill.read(document(&invoice_number, "2026-11-12"), vec![]);
    let (bill, is_known) = match number % 6 {
        0 => (bill, false),
        1 => (read(bill), false),
        2 => (read(bill).held(HoldReason::AwaitsReceipt, Some(parties)), true),
        3 => (read(bill).matched(parties, outcome(Verdict::Matched, id(1))), true),
        4 => (read(bill).disputed(parties, outcome(Verdict::Mismatch, id(1))), true),
        _ => (read(bill).rejected(), false),
    };
    Known {
        number: bill.invoice.state.reading.is_some().then_some(invoice_number),
        bill,
        supplier: is_known.then_some(supplier),
        restaurant: is_known.then_some(restaurant),
        order: is_known.then_some(order),
        sender: 3 + number / 2 % 2,
    }
}

async fn walk(world: &World, caller: Caller, path: &str) -> Vec<Uuid> {
    let (mut ids, mut cursor) = (Vec::new(), String::new());
    loop {
        let answer = world.get(caller, &format!("{path}limit=7{cursor}")).await;
        ids.extend(answer.ids());
        let Some(next) = answer.json()["next_cursor"].as_str().map(ToOwned::to_owned) else { return ids };
        cursor = format!("&cursor={next}");
    }
}

#[tokio::test]
async fn every_filter_and_every_pair_of_filters_gives_what_a_plain_loop_gives() {
    let world = World::new().await;
    let all = market(&world).await;
    let status = |wanted: &'static str| -> Keep<'_> {
        Box::new(move |known| known.bill.invoice.state.status.name() == wanted)
    };
    let filters: Vec<(String, Keep<'_>)> = vec![
        (format!("supplier_id={}&", id(10)), Box::new(|known| known.supplier == Some(10))),
        (format!("restaurant_id={}&", id(20)), Box::new(|known| known.restaurant == Some(20))),
        (format!("order_id={}&", id(302)), Box::new(|known| known.order == Some(302))),
        ("number=F-2&".to_owned(), Box::new(|known| known.number.as_deref() == Some("F-2"))),
        ("status=unmatched&".to_owned(), status("unmatched")),
    ];
    for (index, (first, keep_first)) in filters.iter().enumerate() {
        for (second, keep_second) in &filters[index..] {
            let both = if first == second { "" } else { second };
            let kept = all.iter().filter(|known| keep_first(known) && keep_second(known));
            let expected: Vec<Uuid> = kept.map(|known| known.bill.id).collect();
            let path = format!("/api/v1/invoices?{first}{both}");
            assert_eq!(walk(&world, admin(), &path).await, expected, "{path}");
            assert!(!expected.is_empty(), "{path} must keep something");
            let counted = world.get(admin(), &format!("{path}count=true&limit=1")).await.json();
            assert_eq!(counted["total"], expected.len(), "{path}");
        }
    }
    for status in events::invoice::InvoiceStatus::ALL {
        let path = format!("/api/v1/invoices?status={}&", status.name());
        let kept = all.iter().filter(|known| known.bill.invoice.state.status == status);
        assert_eq!(walk(&world, admin(), &path).await, kept.map(|known| known.bill.id).collect::<Vec<_>>());
    }
}

#[tokio::test]
async fn a_caller_lists_what_is_its_own_in_any_way_and_each_once() {
    let world = World::new().await;
    let all = market(&world).await;
    let sql = "INSERT INTO read.memberships (account_id, organisation_kind, organisation_id, role)
               VALUES ($1, 'supplier', $2, 'STAFF'), ($1, 'restaurant', $3, 'STAFF')";
    let caller = sender(0);
    sqlx::query(sql).bind(caller.id).bind(id(10)).bind(id(21)).execute(&world.pool).await.unwrap();
    let partner = Caller::new(9, "PARTNER");
    world.grant("restaurant", id(22), partner).await;
    let is_callers =
        |known: &Known| known.sender == 3 || known.supplier == Some(10) || known.restaurant == Some(21);
    let views: [(Caller, Keep<'_>); 4] = [
        (caller, Box::new(is_callers)),
        (buyer(), Box::new(|known| known.restaurant == Some(20))),
        (partner, Box::new(|known| known.restaurant == Some(22))),
        (Caller::new(8, "RESTAURANT"), Box::new(|_| false)),
    ];
    for (caller, keep) in views {
        let expected: Vec<Uuid> = all.iter().filter(|known| keep(known)).map(|known| known.bill.id).collect();
        assert_eq!(walk(&world, caller, "/api/v1/invoices?").await, expected, "{}", caller.role);
        let counted = world.get(caller, "/api/v1/invoices?count=true&limit=1").await.json();
        assert_eq!(counted["total"], expected.len());
        let by_offset = world.get(caller, "/api/v1/invoices?offset=5&limit=100").await.ids();
        assert_eq!(by_offset, expected.get(5..).unwrap_or_default());
    }
}

#[tokio::test]
async fn a_filter_that_cannot_be_read_is_refused_and_a_foreign_restaurant_is_not_found() {
    let world = World::new().await;
    market(&world).await;
    for query in ["status=paid", "supplier_id=1", "numbers=1", "limit=0", "number=a&number=b"] {
        let answer = world.get(admin(), &format!("/api/v1/invoices?{query}")).await;
        assert_eq!(answer.status, 422, "{query}");
    }
    let foreign = format!("/api/v1/invoices?restaurant_id={}", id(21));
    world.get(buyer(), &foreign).await.refused(404, "restaurant_not_found");
}
