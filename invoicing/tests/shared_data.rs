//! The engine on real documents, where they are at hand.
//!
//! They are looked for in the folder that `IRIS_INVOICE_DATA` names, else in `../shared/data/invoices`
//! beside the repository. Without them these tests say so and pass.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::{
    fs,
    path::{Path, PathBuf},
};

use invoicing::{
    Invoice, Received,
    invoice::Source,
    money,
    page::{self, Page, gate},
    receive,
    rules::{self, closure},
};
use rust_decimal::Decimal;
use serde_json::Value;

fn data() -> Option<PathBuf> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data/invoices");
    let folder = std::env::var_os("IRIS_INVOICE_DATA").map_or_else(beside, PathBuf::from);
    let is_there = folder.join("manifest.json").is_file();
    if !is_there {
        eprintln!("skipped: no invoices in {}", folder.display());
    }
    is_there.then_some(folder)
}

fn entries(folder: &Path) -> Vec<Value> {
    let manifest: Value = serde_json::from_slice(&fs::read(folder.join("manifest.json")).unwrap()).unwrap();
    manifest["files"].as_array().unwrap().clone()
}

fn file(entry: &Value) -> &str {
    entry["file"].as_str().unwrap()
}

fn structured(bytes: &[u8]) -> Option<Invoice> {
    match receive(bytes) {
        Ok(Received::Structured(document) | Received::Hybrid { document, .. }) => Some(document.invoice),
        _ => None,
    }
}

fn amount(value: &Value) -> Option<i64> {
    money::minor(value.as_str()?.parse().ok()?)
}

#[test]
fn one_invoice_in_two_languages_is_one_invoice() {
    let Some(folder) = data() else { return };
    let mut pairs = 0;
    for entry in entries(&folder).iter().filter(|entry| file(entry).ends_with("_ubl.xml")) {
        let read = |name: &str| structured(&fs::read(folder.join(name)).unwrap()).unwrap();
        let (ubl, cii) = (read(file(entry)), read(&file(entry).replace("_ubl", "_uncefact")));
        let nets = |invoice: &Invoice| -> Vec<(Decimal, i64)> {
            invoice.lines.iter().map(|line| (line.quantity.value, line.net_minor.value)).collect()
        };
        assert_eq!(nets(&ubl), nets(&cii), "{}", file(entry));
        assert_eq!(ubl.number, cii.number);
        assert_eq!(ubl.totals.payable_minor, cii.totals.payable_minor);
        assert_eq!(ubl.vat, cii.vat);
        pairs += 1;
    }
    assert!(pairs > 0);
}

#[test]
fn broken_documents_are_named_by_rule_and_sound_ones_by_none() {
    let Some(folder) = data() else { return };
    for entry in entries(&folder).iter().filter(|entry| file(entry).starts_with("rules/")) {
        let Ok(Received::Structured(document)) = receive(&fs::read(folder.join(file(entry))).unwrap()) else {
            panic!("{} is XML", file(entry));
        };
        let named: Vec<String> = rules::check(&document).into_iter().map(|finding| finding.rule).collect();
        for rule in entry["violates"].as_array().unwrap() {
            assert!(named.iter().any(|named| named == rule.as_str().unwrap()), "{rule} in {}", file(entry));
        }
    }
}

/// Each amount and price of a sound document, changed by one öre.
#[test]
fn an_ore_more_in_any_sum_of_a_document_is_noticed() {
    let Some(folder) = data() else { return };
    let path = folder.join("food/food-01-produce.xml");
    let xml = fs::read_to_string(path).unwrap();
    assert_eq!(closure(&structured(xml.as_bytes()).unwrap()), []);
    let ends: Vec<usize> = xml.match_indices("Amount>").map(|(at, _)| at).collect();
    let mut changed = 0;
    for end in ends {
        let Some(close) = xml[..end].rfind("</cbc:") else { continue };
        let Some(open) = xml[..close].rfind('>') else { continue };
        let Ok(amount) = xml[open + 1..close].parse::<Decimal>() else { continue };
        // A price times a quantity is one more than an öre off; below one piece it would round away.
        let wrong = format!("{}{}{}", &xml[..=open], amount + Decimal::new(1, 2), &xml[close..]);
        assert_ne!(closure(&structured(wrong.as_bytes()).unwrap()), [], "{amount} at {open}");
        changed += 1;
    }
    assert!(changed > 10);
}

fn boxes(folder: &Path, entry: &Value, end: &str) -> Vec<String> {
    let names = entry["boxes"].as_array().into_iter().flatten().filter_map(Value::as_str);
    names
        .filter(|name| name.ends_with(end))
        .map(|name| fs::read_to_string(folder.join(name)).unwrap())
        .collect()
}

#[test]
fn pages_of_text_are_read_to_the_ore() {
    let Some(folder) = data() else { return };
    let mut read = 0;
    for entry in entries(&folder).iter().filter(|entry| file(entry).starts_with("pdf-text/")) {
        let pages: Vec<Page> = boxes(&folder, entry, ".bbox.html")
            .iter()
            .flat_map(|html| page::from_bbox(html).unwrap())
            .collect();
        if pages.is_empty() {
            continue;
        }
        let invoice = page::read(&pages, Source::Text).unwrap();
        let expected = &entry["expected"];
        let nets: Vec<i64> = invoice.lines.iter().map(|line| line.net_minor.value).collect();
        let lines = expected["lines"].as_array().unwrap();
        let wanted: Vec<i64> = lines.iter().map(|line| amount(&line["line_net"]).unwrap()).collect();
        assert_eq!(nets, wanted, "{}", file(entry));
        assert_eq!(closure(&invoice), [], "{}", file(entry));
        let payable = invoice.totals.payable_minor.map(|payable| payable.value);
        assert_eq!(payable, amount(&expected["totals"]["payable"]), "{}", file(entry));
        read += 1;
    }
    assert!(read > 0);
}

#[test]
fn no_scan_goes_on_by_itself_with_a_wrong_sum() {
    let Some(folder) = data() else { return };
    let mut read = 0;
    for entry in entries(&folder).iter().filter(|entry| file(entry).starts_with("scan/")) {
        let passes = boxes(&folder, entry, ".swe.tsv").into_iter().zip(boxes(&folder, entry, ".eng.tsv"));
        let pages: Vec<Page> = passes
            .map(|(words, numbers)| {
                page::merge_passes(&page::from_tsv(&words, 1, 300), &page::from_tsv(&numbers, 1, 300))
            })
            .collect();
        let Some(invoice) = page::read(&pages, Source::Ocr) else { continue };
        read += 1;
        if !gate::doubts(&invoice).is_empty() {
            continue;
        }
        let payable = invoice.totals.payable_minor.map(|payable| payable.value);
        assert_eq!(payable, amount(&entry["expected"]["totals"]["payable"]), "{}", file(entry));
        assert_eq!(invoice.lines.len(), entry["expected"]["lines"].as_array().unwrap().len());
    }
    assert!(read > 0);
}

#[test]
fn hostile_files_are_refused_or_left_to_the_reader_of_pages() {
    let Some(folder) = data() else { return };
    for entry in entries(&folder).iter().filter(|entry| file(entry).starts_with("hostile/")) {
        let received = receive(&fs::read(folder.join(file(entry))).unwrap());
        let is_page = matches!(received, Ok(Received::Pages { .. } | Received::Picture(_)));
        assert!(received.is_err() || is_page, "{} was taken", file(entry));
    }
}
