//! Cases whose outcome was worked out by hand, through HTTP: the order in Iris, the invoice as a file.
//!
//! They are looked for in the folder that `IRIS_INVOICE_DATA` names, else in `../shared/data/invoices` beside the
//! repository. Without them this says so and passes. What an order in Iris cannot be like is left out, and said.

use std::{collections::BTreeSet, fs, path::PathBuf};

use events::values::Quantity;
use harness::{Upload, client::Answer};
use invoicing::{Received, receive};
use serde_json::{Value, json};

use super::world::World;

fn folder() -> Option<PathBuf> {
    let beside = || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/data/invoices");
    let folder = std::env::var_os("IRIS_INVOICE_DATA").map_or_else(beside, PathBuf::from);
    let is_there = folder.join("match-cases.json").is_file();
    if !is_there {
        eprintln!("skipped: no invoices in {}", folder.display());
    }
    is_there.then_some(folder)
}

/// A case as it can be told to Iris.
struct Case {
    /// What the invoices call the order.
    order_number: String,
    lines: Vec<CaseLine>,
    /// The invoice, then what came after it.
    files: Vec<String>,
}

struct CaseLine {
    /// Its number in the case.
    id: Value,
    product: Value,
    ordered: Quantity,
    received: Quantity,
}

impl Case {
    /// Or why it cannot be told.
    fn of(case: &Value, folder: &std::path::Path) -> Result<Self, String> {
        let lines = case["purchase_order"]["lines"].as_array().unwrap();
        let lines =
            lines.iter().map(|line| CaseLine::of(line, &case["receipts"])).collect::<Result<_, _>>()?;
        let file = |name: &Value| {
            let name = name.as_str().unwrap();
            let paths = ["food", "rules"].map(|within| folder.join(within).join(name));
            paths.iter().find_map(|path| fs::read_to_string(path).ok()).unwrap()
        };
        let order_number = case["purchase_order"]["id"].as_str().unwrap().to_owned();
        Ok(Self {
            order_number,
            lines,
            files: case["invoices"].as_array().unwrap().iter().map(file).collect(),
        })
    }
}

impl CaseLine {
    fn of(line: &Value, receipts: &Value) -> Result<Self, String> {
        let text = |field: &str| line[field].as_str().unwrap_or_default();
        let id = line["line"].clone();
        if text("discount_pct") != "0" || text("price_base_quantity") != "1" {
            return Err(format!("line {id} has a discount, or a price of several units"));
        }
        let ordered: Quantity = text("quantity").parse().unwrap();
        // An order is received once, so several receipts are told as one.
        let lines =
            receipts.as_array().unwrap().iter().flat_map(|receipt| receipt["lines"].as_array().unwrap());
        let received = lines
            .filter(|received| received["po_line"] == line["line"])
            .map(|received| received["quantity"].as_str().unwrap().parse::<Quantity>().unwrap())
            .fold(Quantity::ZERO, |sum, quantity| sum + quantity);
        if received > ordered {
            return Err(format!("of line {id} more was received than ordered"));
        }
        let price: Quantity = text("unit_price").parse().unwrap();
        let product = json!({
            "sku": text("supplier_sku"), "name": text("name"), "unit": text("unit"), "gtin": text("gtin"),
            "price_cents": price.0 / 10, "tax_rate": text("vat_rate"), "stock_qty": "1000",
        });
        Ok(Self { id, product, ordered, received })
    }
}

/// The order of that case, delivered as ordered and received as the case says.
async fn trade(world: &World, case: &Case) -> Answer {
    let people = &world.people;
    let supplier_id = register_seller(world, &case.files[0]).await;
    let cart = json!({"restaurant_id": people.restaurant_id});
    let cart = people.restaurant.post("/carts", &cart).await.expect(201).text("id");
    for line in &case.lines {
        let mut product = line.product.clone();
        product["supplier_id"] = json!(supplier_id);
        let product_id = people.admin.post("/products", &product).await.expect(201).text("id");
        let item = json!({"product_id": product_id, "qty": line.ordered.to_string()});
        people.restaurant.post(&format!("/carts/{cart}/items"), &item).await.expect(201);
    }
    let placing = json!({"cart_id": cart, "payment_method": "invoice"});
    let placed = people.restaurant.try_post("/orders", &cart, &placing).await.unwrap().expect(201);
    let path = format!("/orders/{}", placed.text("id"));
    for step in ["confirm", "deliver"] {
        people.admin.post(&format!("{path}/{step}"), &json!({})).await.expect(200);
    }
    let received = case.lines.iter().map(|line| {
        let line_id = line_of(&placed.body, &line.product["sku"]);
        json!({"line_id": line_id, "received_qty": line.received.to_string(), "reason": "Som det kom"})
    });
    let receipt = json!({"lines": received.collect::<Vec<_>>()});
    people.restaurant.post(&format!("{path}/confirm-delivery"), &receipt).await.expect(200)
}

/// The invoice's own seller, with the account that it is paid to.
async fn register_seller(world: &World, file: &str) -> String {
    let Ok(Received::Structured(document)) = receive(file.as_bytes()) else { panic!("an invoice as XML") };
    let (seller, payments) = (&document.invoice.seller, &document.invoice.payments);
    let text = |text: &invoicing::invoice::Text| text.as_ref().map(|text| text.value.clone());
    let account = payments.first().and_then(|payment| text(&payment.account));
    let is_bankgiro =
        payments.first().and_then(|payment| text(&payment.branch)).as_deref() == Some("SE:BANKGIRO");
    let mut registering = json!({
        "name": text(&seller.name), "contact_email": "order@grossisten.test", "org_number": text(&seller.legal_id),
        "vat_number": text(&seller.vat_id),
    });
    registering[if is_bankgiro { "bankgiro" } else { "plusgiro" }] = json!(account);
    world.people.admin.post("/suppliers", &registering).await.expect(201).text("id")
}

fn line_of(order: &Value, sku: &Value) -> String {
    let line = order["lines"].as_array().unwrap().iter().find(|line| line["sku"] == *sku).unwrap();
    line["line_id"].as_str().unwrap().to_owned()
}

/// Invoice line and class of what differs, as far as it is more than noted.
fn variances(invoice: &Value) -> BTreeSet<(String, String)> {
    let all = invoice["matching"]["variances"].as_array().unwrap();
    all.iter().filter(|variance| variance["effect"] != "noted").map(line_and_class).collect()
}

fn line_and_class(variance: &Value) -> (String, String) {
    let line = variance["invoice_line"].as_str().unwrap_or_default().to_owned();
    (line, variance["class"].as_str().unwrap().to_owned())
}

fn is_as_expected(stage: &Value, status: &str) -> bool {
    match stage["status"].as_str().unwrap() {
        "matched" => status.starts_with("matched"),
        "mismatch" => status == "disputed",
        _ => status == "extracted",
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn cases_worked_out_by_hand_come_out_the_same_through_http() {
    let Some(folder) = folder() else { return };
    let cases: Value = serde_json::from_slice(&fs::read(folder.join("match-cases.json")).unwrap()).unwrap();
    let mut told = 0;
    for case in cases["cases"].as_array().unwrap() {
        let name = case["case"].as_str().unwrap();
        match Case::of(case, &folder) {
            Ok(telling) => {
                comes_out(name, case, &telling).await;
                told += 1;
            }
            Err(why) => eprintln!("left out: {name}: {why}"),
        }
    }
    assert!(told > 0, "some of them can be told");
}

/// On a world of its own: the same file stands in several cases.
async fn comes_out(name: &str, case: &Value, telling: &Case) {
    let world = World::open().await;
    let people = &world.people;
    let order = trade(&world, telling).await;
    let order_id = order.text("id");
    let send = async |file: &str| {
        // Suppliers name the order as Iris does.
        let file = file.replace(&telling.order_number, &order_id);
        let upload = Upload::file(name, file.as_bytes());
        people.admin.upload("/invoices", &upload).await.expect(201)
    };
    let (first, others) = telling.files.split_first().unwrap();
    let invoice = send(first).await;

    let stage = &case["expected"]["after_first"];
    assert!(is_as_expected(stage, &invoice.text("status")), "{name}: {}", invoice.body);
    let expected: BTreeSet<_> = stage["variances"].as_array().unwrap().iter().map(line_and_class).collect();
    assert_eq!(variances(&invoice.body), expected, "{name}");
    let links = invoice.body["matching"]["links"].as_array().unwrap();
    let found = links.iter().map(|link| (link["invoice_line"].clone(), link["order_line"].clone()));
    let wanted = stage["links"].as_array().unwrap().iter().map(|link| {
        let line = telling.lines.iter().find(|line| line.id == link["po_line"]).unwrap();
        (link["invoice_line"].clone(), json!(line_of(&order.body, &line.product["sku"])))
    });
    assert_eq!(found.collect::<Vec<_>>(), wanted.collect::<Vec<_>>(), "{name}");

    let mut position = invoice.position();
    for other in others {
        position = send(other).await.position();
    }
    if let Some(stage) = case["expected"].get("after_second") {
        let path = format!("/invoices/{}", invoice.text("id"));
        let after = people.admin.get_at(&path, position).await.expect(200);
        assert!(is_as_expected(stage, &after.text("status")), "{name}: {}", after.body);
    }
    harness::expect_sound(&world.database.pool).await;
}
