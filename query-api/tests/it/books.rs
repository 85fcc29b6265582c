//! Matching terms and the export to accounting programs.

use events::{invoice::Stated, trade_relation::MatchingTerms};
use invoicing::{invoice::Field, matching::Verdict};
use serde_json::json;

use crate::{
    bills::{Bill, document, outcome, trade},
    visibility::{ORDER, OTHER_RESTAURANT, OTHER_SUPPLIER, RESTAURANT, SUPPLIER, Town},
    world::id,
};

fn terms_path(restaurant: u128, supplier: u128) -> String {
    format!("/api/v1/restaurants/{}/suppliers/{}/matching-terms", id(restaurant), id(supplier))
}

#[tokio::test]
async fn terms_are_shown_to_the_members_of_both_sides() {
    let town = Town::new().await;
    let both = ["admin", "auditor", "seller", "seller_staff", "buyer", "buyer_staff"];
    town.sees(&terms_path(RESTAURANT, SUPPLIER), 200, &both).await;
    let others = ["partner", "rival", "stranger", "buyers_partner", "sellers_partner"];
    town.sees(&terms_path(RESTAURANT, SUPPLIER), 404, &others).await;
    // A restaurant may set terms before it orders; a supplier does not know who has not ordered.
    let buyers = ["admin", "auditor", "buyer", "buyer_staff"];
    town.sees(&terms_path(RESTAURANT, OTHER_SUPPLIER), 200, &buyers).await;
    town.sees(&terms_path(OTHER_RESTAURANT, SUPPLIER), 200, &["admin", "auditor", "stranger"]).await;
    for (restaurant, supplier) in [(RESTAURANT, 999), (999, SUPPLIER), (999, 998)] {
        let answer = town.world.get(town.caller("admin"), &terms_path(restaurant, supplier)).await;
        answer.refused(404, "matching_terms_not_found");
    }
}

#[tokio::test]
async fn terms_are_the_defaults_until_they_are_set() {
    let town = Town::new().await;
    let (world, buyer, path) = (&town.world, town.caller("buyer"), terms_path(RESTAURANT, SUPPLIER));
    let answer = world.get(buyer, &path).await;
    assert_eq!(answer.header("etag"), "\"0\"");
    let shown = answer.json();
    assert_eq!((&shown["version"], &shown["revision"]), (&json!(0), &json!(0)));
    assert_eq!((&shown["price_basis_points"], &shown["requires_receipt"]), (&json!(200), &json!(true)));
    assert_eq!(
        (&shown["restaurant_id"], &shown["supplier_id"]),
        (&json!(id(RESTAURANT)), &json!(id(SUPPLIER)))
    );

    let terms = MatchingTerms { price_basis_points: 0, ..MatchingTerms::default() };
    world.terms(id(RESTAURANT), id(SUPPLIER), terms).await;
    let answer = world.get(town.caller("seller"), &path).await;
    let shown = answer.json();
    assert_eq!((&shown["version"], &shown["price_basis_points"]), (&json!(1), &json!(0)));
    assert_eq!((&shown["accounts"], answer.header("etag")), (&json!(["5555-5555"]), "\"2\""));
    let known = world.get_with(Some(buyer), &path, &[("if-none-match", "\"2\"")]).await;
    assert_eq!(known.status, 304);
    let other = world.get(buyer, &terms_path(RESTAURANT, OTHER_SUPPLIER)).await.json();
    assert_eq!(other["version"], 0, "another pair's are their own");
}

fn export_path(query: &str) -> String {
    format!("/api/v1/restaurants/{}/accounting-export?{query}", id(RESTAURANT))
}

const NOVEMBER: &str = "from=2026-11-01&to=2026-11-30";

#[tokio::test]
async fn books_are_for_those_who_work_there() {
    let town = Town::new().await;
    let path = export_path(NOVEMBER);
    town.sees(&path, 200, &["admin", "auditor", "buyer", "buyer_staff"]).await;
    town.sees(&path, 403, &["seller", "seller_staff", "buyers_partner"]).await;
    town.sees(&path, 404, &["partner", "rival", "stranger", "sellers_partner"]).await;
    town.world.get(town.caller("seller"), &path).await.refused(403, "members_only");
}

#[tokio::test]
async fn an_export_has_the_matched_invoices_of_its_days() {
    let town = Town::new().await;
    let (world, buyer) = (&town.world, town.caller("buyer"));
    let parties = trade(id(ORDER), id(RESTAURANT), id(SUPPLIER));
    let elsewhere = trade(id(ORDER), id(OTHER_RESTAURANT), id(SUPPLIER));
    let read = |number, name: &str, day: &str| {
        Bill::received(number, Stated::default(), buyer).read(document(name, day), vec![])
    };
    let exact = || outcome(Verdict::Matched, id(1));
    let mut in_euro = document("EUR-1", "2026-11-15");
    in_euro.currency = Some(Field::xml("EUR".to_owned()));
    for bill in [
        read(70, "LAST", "2026-11-30").matched(parties, exact()),
        read(71, "FIRST", "2026-11-01").matched(parties, outcome(Verdict::MatchedWithVariance, id(1))),
        read(72, "OCTOBER", "2026-10-31").matched(parties, exact()),
        read(73, "DISPUTED", "2026-11-12").disputed(parties, outcome(Verdict::Mismatch, id(1))),
        read(74, "ELSEWHERE", "2026-11-12").matched(elsewhere, exact()),
        Bill::received(75, Stated::default(), buyer).read(in_euro, vec![]).matched(parties, exact()),
    ] {
        world.invoice(&bill).await;
    }
    let answer = world.get(buyer, &export_path(&format!("{NOVEMBER}&format=sie4"))).await;
    let text = String::from_utf8_lossy(&answer.bytes).into_owned();
    assert_eq!(answer.status, 200, "{text}");
    assert_eq!(
        answer.header("content-disposition"),
        "attachment; filename=\"iris-20261101-20261130.si\"; filename*=UTF-8''iris-20261101-20261130.si"
    );
    assert!(text.starts_with("#FLAGGA 0\r\n"), "{text}");
    assert!(text.contains("#ORGNR 551000-0598\r\n") && text.contains("#GEN 20261120\r\n"), "{text}");
    let vouchers: Vec<&str> = text.lines().filter(|line| line.starts_with("#VER")).collect();
    assert_eq!(vouchers.len(), 2, "{text}");
    assert!(vouchers[0].contains("20261101") && vouchers[0].contains("FIRST"), "{text}");
    assert!(vouchers[1].contains("20261130") && vouchers[1].contains("LAST"), "{text}");
    for row in
        ["#TRANS 4010 {} 200.00", "#TRANS 2641 {} 12.30", "#TRANS 3740 {} -0.30", "#TRANS 2440 {} -212.00"]
    {
        assert_eq!(text.matches(row).count(), 2, "{row}: {text}");
    }
    let in_euro = world.get(buyer, &export_path(&format!("{NOVEMBER}&currency=EUR"))).await;
    let text = String::from_utf8_lossy(&in_euro.bytes).into_owned();
    assert!(text.contains("#VALUTA \"EUR\"") && text.contains("EUR-1"), "{text}");
    assert_eq!(text.matches("#VER").count(), 1, "{text}");
}

#[tokio::test]
async fn what_was_let_pass_though_it_does_not_add_up_is_booked_with_the_goods() {
    let town = Town::new().await;
    let mut wrong = document("WRONG-1", "2026-11-15");
    wrong.totals.payable_minor = Some(Field::xml(21_201));
    let parties = trade(id(ORDER), id(RESTAURANT), id(SUPPLIER));
    let bill = Bill::received(70, Stated::default(), town.caller("buyer"))
        .read(wrong, vec![])
        .matched(parties, outcome(Verdict::Matched, id(1)));
    town.world.invoice(&bill).await;
    let answer = town.world.get(town.caller("buyer"), &export_path(NOVEMBER)).await;
    let text = String::from_utf8_lossy(&answer.bytes).into_owned();
    assert_eq!(answer.status, 200, "{text}");
    assert!(text.contains("WRONG-1"), "{text}");
    for row in ["#TRANS 4010 {} 200.01", "#TRANS 2641 {} 12.30", "#TRANS 2440 {} -212.01"] {
        assert_eq!(text.matches(row).count(), 1, "{row}: {text}");
    }
}

#[tokio::test]
async fn an_export_names_its_days_and_its_form() {
    let town = Town::new().await;
    for query in [
        "",
        "from=2026-11-01",
        "from=2026-11-02&to=2026-11-01",
        "from=2025-11-01&to=2026-11-02",
        "from=2026-11-01&to=2026-11-30&format=csv",
        "from=2026-11-01&to=2026-11-30&currency=XYZ",
        "from=2026-11-01&to=2026-11-30&until=now",
    ] {
        let answer = town.world.get(town.caller("buyer"), &export_path(query)).await;
        assert_eq!(answer.status, 422, "{query}");
    }
    let year = export_path("from=2025-11-01&to=2026-11-01");
    assert_eq!(town.world.get(town.caller("buyer"), &year).await.status, 200);
}
