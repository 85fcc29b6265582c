//! The invoice as Peppol BIS Billing 3.0, judged by another implementation's rules.

use en16931::profiles::PEPPOL_BIS_3;
use en16931_formats::{Policy, Recommendation, receive};
use events::{restaurant::RestaurantDetails, supplier::SupplierDetails};

use crate::{
    documents::{basket, delivered},
    fixtures::{Story, restaurant_details, supplier_details, wanted},
    world::{Answer, Caller, World, id},
};

const XML: [(&str, &str); 1] = [("accept", "application/xml")];

async fn xml(world: &World, path: &str) -> Answer {
    world.get_with(Some(Caller::new(1, "ADMIN")), path, &XML).await
}

async fn between(seller: SupplierDetails, buyer: RestaurantDetails) -> (World, String) {
    let world = World::new().await;
    // What the two say of themselves since then does not change the invoice.
    world.supplier(id(10), supplier_details("Omdöpt AB"), &[]).await;
    world.restaurant(id(20), restaurant_details("Ombyggd AB"), &[]).await;
    let story = Story::placed(50, id(20), id(10), &basket()).between(seller, buyer);
    let story = story.confirmed().delivered(9, &[1_000; 4]);
    world.order(&story).await;
    let path = format!("/api/v1/orders/{}/invoice", story.id);
    (world, path)
}

fn judged(answer: &Answer) {
    assert_eq!((answer.status.as_u16(), answer.header("content-type")), (200, "application/xml"));
    let policy = Policy { require: Some(&PEPPOL_BIS_3), ..Policy::default() };
    let received = receive(&answer.bytes, &policy);
    let text = String::from_utf8_lossy(&answer.bytes);
    assert_eq!(received.recommendation, Recommendation::Accept, "{received}\n{text}");
    assert!(received.coincides(), "it declares to be Peppol BIS 3: {received}");
    let report = received.to_interchange();
    assert!(report.findings.is_empty(), "no warnings either: {received}\n{text}");
}

#[tokio::test]
async fn an_invoice_passes_the_rules_of_peppol() {
    let world = World::new().await;
    let mut lines = basket();
    lines.push(wanted("Presentkort <5 & \"under\">", 333, 10_001, 0));
    lines.push(wanted("Gratisprov", 1_000, 0, 600));
    let path = delivered(&world, &lines, &[12_333, 24_000, 0, 1_000, 333, 1_000]).await;
    let answer = xml(&world, &path).await;
    judged(&answer);
    let text = String::from_utf8(answer.bytes.clone()).unwrap();
    for part in [
        "<cbc:EndpointID schemeID=\"0007\">5510000119</cbc:EndpointID>",
        "<cbc:ID>1042</cbc:ID>",
        "<cbc:InvoicedQuantity unitCode=\"KGM\">12.333</cbc:InvoicedQuantity>",
        "<cbc:IdentificationCode>SE</cbc:IdentificationCode>",
        "Presentkort &lt;5 &amp; ",
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
}

#[tokio::test]
async fn other_countries_and_global_location_numbers_pass_too() {
    let mut seller = supplier_details("Smørrebrød ApS");
    seller.address.country = Some("DK".to_owned());
    seller.vat_number = Some("DK12345674".to_owned());
    seller.org_number = Some("12345674".to_owned());
    seller.gln = Some("7300010000001".to_owned());
    let mut buyer = restaurant_details("Bistro");
    buyer.gln = Some("7350000000006".to_owned());
    buyer.vat_number = Some("SE551000059801".to_owned());
    let (world, path) = between(seller, buyer).await;
    let answer = xml(&world, &path).await;
    judged(&answer);
    assert!(String::from_utf8_lossy(&answer.bytes).contains("schemeID=\"0088\">7300010000001<"));
}

#[tokio::test]
async fn accounts_to_pay_to_pass_and_are_those_of_the_day_of_the_invoice() {
    let mut seller = supplier_details("Säljare");
    seller.bankgiro = Some("9991233".to_owned());
    seller.plusgiro = Some("9000001".to_owned());
    seller.iban = Some("SE3550000000054910000003".to_owned());
    let (world, path) = between(seller, restaurant_details("Köpare")).await;
    let answer = xml(&world, &path).await;
    judged(&answer);
    let text = String::from_utf8_lossy(&answer.bytes).into_owned();
    for part in [
        "<cbc:PaymentMeansCode>30</cbc:PaymentMeansCode><cbc:PaymentID>935</cbc:PaymentID>",
        "<cbc:ID>9991233</cbc:ID><cac:FinancialInstitutionBranch><cbc:ID>SE:BANKGIRO</cbc:ID>",
        "<cbc:ID>9000001</cbc:ID><cac:FinancialInstitutionBranch><cbc:ID>SE:PLUSGIRO</cbc:ID>",
        "<cbc:ID>SE3550000000054910000003</cbc:ID></cac:PayeeFinancialAccount>",
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
    // The supplier as it now is has none.
    let document = world.get(Caller::new(1, "ADMIN"), &path).await.json();
    assert_eq!(document["payment_reference"], "935");
    assert_eq!(document["pay_to"][0], serde_json::json!({"kind": "bankgiro", "account": "9991233"}));
    assert_eq!(document["pay_to"].as_array().map(Vec::len), Some(3));
}

#[tokio::test]
async fn every_missing_or_wrong_field_is_named() {
    let (world, path) = between(SupplierDetails::default(), RestaurantDetails::default()).await;
    assert_eq!(
        lacking(&xml(&world, &path).await),
        [
            ("seller.vat_number", "missing"),
            ("seller.country", "missing"),
            ("seller.gln", "missing"),
            ("buyer.country", "missing"),
            ("buyer.gln", "missing"),
        ]
        .map(|(field, code)| (field.to_owned(), code.to_owned()))
    );
    assert_eq!(world.get(Caller::new(1, "ADMIN"), &path).await.status, 200, "JSON needs none of it");

    let mut seller = supplier_details("Säljare");
    seller.vat_number = Some("SE5510000119".to_owned());
    seller.org_number = Some("5510000118".to_owned());
    let mut buyer = restaurant_details("Köpare");
    buyer.address.country = Some("Sverige".to_owned());
    let (world, path) = between(seller, buyer).await;
    assert_eq!(
        lacking(&xml(&world, &path).await),
        [
            ("seller.vat_number", "invalid"),
            ("seller.gln", "invalid"),
            ("buyer.country", "invalid"),
            ("buyer.gln", "invalid"),
        ]
        .map(|(field, code)| (field.to_owned(), code.to_owned()))
    );
}

fn lacking(answer: &Answer) -> Vec<(String, String)> {
    let body = answer.refused(409, "not_invoiceable");
    let text = |fault: &serde_json::Value, name: &str| fault[name].as_str().unwrap().to_owned();
    let details = body["details"].as_array().unwrap();
    details.iter().map(|fault| (text(fault, "field"), text(fault, "code"))).collect()
}
