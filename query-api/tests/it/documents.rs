//! Receipts and invoices as JSON and PDF.

use std::{
    io::Write,
    process::{Command, Stdio},
};

use serde_json::json;

use crate::{
    fixtures::{Story, Wanted, restaurant_details, supplier_details, wanted},
    world::{Caller, World, id},
};

const PDF: [(&str, &str); 1] = [("accept", "application/pdf")];

fn admin() -> Caller {
    Caller::new(1, "ADMIN")
}

pub async fn delivered(world: &World, lines: &[Wanted], thousandths: &[i64]) -> String {
    world.supplier(id(10), supplier_details("Grönsakskompaniet Påhittet AB"), &[]).await;
    world.restaurant(id(20), restaurant_details("Bistro Äppelträdet Exempel AB"), &[]).await;
    let story = Story::placed(50, id(20), id(10), lines).confirmed().delivered(1042, thousandths);
    world.order(&story).await;
    format!("/api/v1/orders/{}/invoice", story.id)
}

pub fn basket() -> Vec<Wanted> {
    vec![
        wanted("Tomat kvist klass 1 Sverige", 12_500, 3490, 600),
        wanted("Öl mellan 33 cl", 24_000, 1433, 2500),
        wanted("Gurka svensk 12-pack", 3_000, 11_800, 600),
        wanted("Servetter vita", 1_000, 9_999, 2500),
    ]
}

#[tokio::test]
async fn an_invoice_is_of_what_was_delivered_to_the_ore() {
    let world = World::new().await;
    let path = delivered(&world, &basket(), &[12_333, 24_000, 0, 1_000]).await;
    let answer = world.get(admin(), &path).await;
    assert_eq!((answer.header("content-type"), answer.header("vary")), ("application/json", "accept"));
    let invoice = answer.json();
    assert_eq!(
        (
            invoice["type_code"].as_str(),
            invoice["number"].as_i64(),
            invoice["lines"].as_array().map(Vec::len)
        ),
        (Some("380"), Some(1042), Some(3)),
        "what was not delivered is left out"
    );
    // Delivered at 23:30 UTC: the next day in Sweden.
    for (field, day) in
        [("issue_date", "2026-11-21"), ("tax_point_date", "2026-11-21"), ("due_date", "2026-12-21")]
    {
        assert_eq!(invoice[field], day, "{field}");
    }
    // 12.333 × 34.90 = 430.4217 → 430.42 at 6 %: 25.8252 → 25.83; 343.92 + 99.99 at 25 %: 110.9775 → 110.98.
    let groups = json!([
        {"tax_rate": 6, "net_cents": 43_042, "tax_cents": 2_583},
        {"tax_rate": 25, "net_cents": 44_391, "tax_cents": 11_098}
    ]);
    assert_eq!(invoice["vat"], groups);
    assert_eq!((&invoice["net_cents"], &invoice["tax_cents"]), (&json!(87_433), &json!(13_681)));
    let order = world.get(admin(), &path.replace("/invoice", "")).await.json();
    assert_eq!((&invoice["total_cents"], &order["invoice_total_cents"]), (&json!(101_114), &json!(101_114)));
    assert_eq!(invoice["lines"][0]["qty"], "12.333");
    assert_eq!(invoice["seller"]["name"], "Grönsakskompaniet Påhittet AB");
    assert_eq!(invoice["buyer"]["org_number"], "5510000598");
}

#[tokio::test]
async fn what_is_not_delivered_has_no_invoice() {
    let world = World::new().await;
    let path = delivered(&world, &basket(), &[0, 0, 0, 0]).await;
    world.get(admin(), &path).await.refused(409, "not_invoiceable");
    let open = Story::placed(60, id(20), id(10), &basket()).confirmed();
    world.order(&open).await;
    for headers in [&[][..], &PDF, &[("accept", "application/xml")]] {
        let path = format!("/api/v1/orders/{}/invoice", open.id);
        let body = world.get_with(Some(admin()), &path, headers).await.refused(409, "not_invoiceable");
        assert!(body["message"].as_str().unwrap().contains("confirmed"), "{body}");
    }
}

#[tokio::test]
async fn an_invoice_that_does_not_add_up_never_leaves_the_house() {
    let world = World::new().await;
    let path = delivered(&world, &basket(), &[12_333, 24_000, 0, 1_000]).await;
    let sql =
        "UPDATE read.orders SET state = jsonb_set(state::jsonb, '{state,invoice,total_minor}', '101113')";
    sqlx::query(sql).execute(&world.pool).await.unwrap();
    world.get(admin(), &path).await.refused(500, "internal");
}

#[tokio::test]
async fn a_receipt_tells_ordered_delivered_and_received_with_the_claims() {
    let world = World::new().await;
    delivered(&world, &basket(), &[12_500, 24_000, 3_000, 1_000]).await;
    let story = Story::placed(60, id(20), id(10), &basket()).confirmed();
    world.order(&story).await;
    let path = format!("/api/v1/orders/{}/receipt", story.id);
    let early = world.get(admin(), &path).await.json();
    assert_eq!(
        (&early["lines"][0]["delivered_qty"], &early["delivered_total_cents"]),
        (&json!(null), &json!(null))
    );

    let complete = Story::placed(70, id(20), id(10), &basket())
        .confirmed()
        .delivered(7, &[12_000, 24_000, 3_000, 1_000])
        .received(&[12_000, 22_500, 3_000, 1_000], "krossade");
    world.order(&complete).await;
    let receipt = world.get(admin(), &format!("/api/v1/orders/{}/receipt", complete.id)).await.json();
    assert_eq!(receipt["claims"], 1);
    let line = &receipt["lines"][1];
    assert_eq!(line["claim"], json!({"qty": "1.5", "reason": "krossade"}));
    assert_eq!(
        (&line["ordered_qty"], &line["delivered_qty"], &line["received_qty"]),
        (&json!("24"), &json!("24"), &json!("22.5"))
    );
    assert_eq!(receipt["lines"][0]["claim"], json!(null), "short delivery is no claim");
}

#[tokio::test]
async fn documents_come_as_pdf_the_same_bytes_each_time() {
    let world = World::new().await;
    let path = delivered(&world, &basket(), &[12_333, 24_000, 0, 1_000]).await;
    for (path, name, words) in [
        (path.clone(), "invoice-1042.pdf", ["FAKTURA", "Grönsakskompaniet Påhittet AB", "1 011,14 kr"]),
        (
            path.replace("invoice", "receipt"),
            &format!("receipt-{}.pdf", id(50)),
            ["KVITTO", "Öl mellan 33 cl", "12,333"],
        ),
    ] {
        let first = world.get_with(Some(admin()), &path, &PDF).await;
        let again = world.get_with(Some(admin()), &path, &PDF).await;
        assert_eq!((first.status.as_u16(), first.header("content-type")), (200, "application/pdf"));
        assert_eq!(first.header("content-disposition"), format!("inline; filename=\"{name}\""));
        assert!(first.bytes.starts_with(b"%PDF-") && first.bytes == again.bytes);
        assert!(first.bytes.len() < 100_000, "fonts are embedded by the letters used: {}", first.bytes.len());
        let Some(text) = text_of(&first.bytes) else { continue };
        for word in words {
            assert!(text.contains(word), "{word} in {text}");
        }
    }
}

#[tokio::test]
async fn a_long_invoice_goes_over_pages_each_with_its_head_and_number() {
    let world = World::new().await;
    let lines: Vec<Wanted> = (0..90)
        .map(|number| {
            wanted(&format!("Vara {number} med ett ganska långt namn, Łódź 1 kg"), 1_000, 1_234_567, 1200)
        })
        .collect();
    let path = delivered(&world, &lines, &[1_000; 90]).await;
    let pdf = world.get_with(Some(admin()), &path, &PDF).await;
    assert_eq!(pdf.status, 200);
    let Some(text) = text_of(&pdf.bytes) else { return };
    let pages: Vec<&str> = text.trim_end_matches('\u{c}').split('\u{c}').collect();
    assert!(pages.len() >= 3, "{} pages", pages.len());
    for (index, page) in pages.iter().enumerate() {
        assert!(page.contains(&format!("Sida {} av {}", index + 1, pages.len())), "{page}");
        assert!(page.contains("Faktura 1042") || index == 0, "{page}");
    }
    assert!(pages[..pages.len() - 1].iter().all(|page| page.contains("Benämning")), "the table's head again");
    assert!((0..90).all(|number| text.contains(&format!("Vara {number} "))), "every line is printed");
    assert!(text.contains("Łódź"));
}

/// The text of a PDF by poppler, where it is installed; layout itself is tested beside the code.
fn text_of(pdf: &[u8]) -> Option<String> {
    let mut reader = Command::new("pdftotext")
        .args(["-layout", "-", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .ok()?;
    reader.stdin.take().unwrap().write_all(pdf).unwrap();
    let output = reader.wait_with_output().unwrap();
    assert!(output.status.success());
    Some(String::from_utf8(output.stdout).unwrap().replace('\u{a0}', " "))
}
