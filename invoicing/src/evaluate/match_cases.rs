//! Orders, receipts and invoices with a known outcome.

use std::{collections::BTreeMap, fs, path::Path, str::FromStr};

use anyhow::Context;
use invoicing::{
    Invoice, Received,
    duplicate::Fingerprint,
    invoice::Kind,
    matching::{
        Billed, Effect, ExpectedVat, Ledger, Order, OrderLine, Outcome, Policy, reconcile,
        reconcile_with_credits,
    },
    money, receive,
};
use rust_decimal::{Decimal, prelude::ToPrimitive};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::manifest::Manifest;

#[derive(Debug, Default, Serialize)]
pub struct Score {
    cases: usize,
    right: usize,
}

#[derive(Deserialize)]
struct Cases {
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    #[serde(rename = "case")]
    name: String,
    invoices: Vec<String>,
    policy: BTreeMap<String, Value>,
    purchase_order: Value,
    receipts: Vec<Receipt>,
    expected: Expected,
}

#[derive(Deserialize)]
struct Receipt {
    lines: Vec<ReceiptLine>,
}

#[derive(Deserialize)]
struct ReceiptLine {
    po_line: Value,
    quantity: String,
}

#[derive(Deserialize)]
struct Expected {
    after_first: Stage,
    after_second: Option<Stage>,
}

#[derive(Deserialize)]
struct Stage {
    status: String,
    links: Option<Vec<BTreeMap<String, Value>>>,
    variances: Option<Vec<BTreeMap<String, Value>>>,
}

/// The score, and how many were matched that should not have been.
pub fn measure(folder: &Path, manifest: &Manifest) -> anyhow::Result<(Score, usize)> {
    let path = folder.join("match-cases.json");
    let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    let cases: Cases = serde_json::from_str(&text).with_context(|| path.display().to_string())?;
    let (mut score, mut wrongly_matched) = (Score::default(), 0);
    for case in cases.cases {
        score.cases += 1;
        let stages = outcomes(folder, manifest, &case).with_context(|| case.name.clone())?;
        let mut is_right = true;
        for (stage, outcome) in stages {
            let faults = faults(stage, &outcome);
            is_right &= faults.is_empty();
            wrongly_matched += usize::from(outcome.verdict.is_automatic() && stage.status != "matched");
            for fault in faults {
                eprintln!("{}: {fault}", case.name);
            }
        }
        score.right += usize::from(is_right);
    }
    Ok((score, wrongly_matched))
}

fn outcomes<'a>(
    folder: &Path,
    manifest: &Manifest,
    case: &'a Case,
) -> anyhow::Result<Vec<(&'a Stage, Outcome)>> {
    let invoices =
        case.invoices.iter().map(|name| invoice(folder, manifest, name)).collect::<Result<Vec<_>, _>>()?;
    let (order, policy, ledger) =
        (order(&case.purchase_order)?, policy(&case.policy)?, ledger(&case.receipts)?);
    let (first, credits) = invoices.split_first().context("a case without an invoice")?;
    let mut stages = vec![(&case.expected.after_first, reconcile(first, &order, &ledger, &policy))];
    if let Some(second) = &case.expected.after_second {
        let outcome = after_second(first, credits, &stages[0].1, &order, ledger, &policy);
        stages.push((second, outcome));
    }
    Ok(stages)
}

/// Credit notes are held together with their invoice; a second invoice comes after the first.
fn after_second(
    first: &Invoice,
    others: &[Invoice],
    outcome: &Outcome,
    order: &Order,
    mut ledger: Ledger,
    policy: &Policy,
) -> Outcome {
    let Some(second) = others.iter().find(|other| other.kind == Kind::Invoice) else {
        return reconcile_with_credits(first, others, order, &ledger, policy);
    };
    let is_duplicate = Fingerprint::of(second, &[2]).duplicates(&Fingerprint::of(first, &[1])).is_some();
    if let (true, Some(number)) = (is_duplicate, &first.number) {
        return Outcome::of_duplicate(second, number, policy);
    }
    ledger.bill(first, &outcome.links);
    reconcile(second, order, &ledger, policy)
}

fn invoice(folder: &Path, manifest: &Manifest, name: &str) -> anyhow::Result<Invoice> {
    let entry = manifest
        .files
        .iter()
        .find(|entry| entry.name() == name && (entry.format == "ubl" || entry.format == "cii"))
        .with_context(|| format!("{name} is not in the manifest"))?;
    match receive(&entry.bytes(folder)?)? {
        Received::Structured(document) => Ok(document.invoice),
        _ => anyhow::bail!("{name} is not XML"),
    }
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned)
}

fn number(value: Option<&Value>) -> anyhow::Result<Decimal> {
    let text = text(value.context("a number is missing")?);
    Decimal::from_str(&text).with_context(|| text.clone())
}

fn thousandths(number: Decimal) -> anyhow::Result<i64> {
    (number * Decimal::ONE_THOUSAND).to_i64().context("a quantity that does not fit")
}

fn order(value: &Value) -> anyhow::Result<Order> {
    let lines = value["lines"].as_array().context("an order without lines")?;
    let line = |line: &Value| -> anyhow::Result<OrderLine> {
        Ok(OrderLine {
            id: text(&line["line"]),
            seller_item_id: line.get("supplier_sku").map(text),
            buyer_item_id: line.get("buyer_sku").map(text),
            gtin: line.get("gtin").filter(|gtin| !gtin.is_null()).map(text),
            aliases: Vec::new(),
            name: text(&line["name"]),
            unit: text(&line["unit"]),
            quantity_thousandths: thousandths(number(line.get("quantity"))?)?,
            unit_price: number(line.get("unit_price"))?,
            base_quantity: number(line.get("price_base_quantity")).unwrap_or(Decimal::ONE),
            discount_per_cent: number(line.get("discount_pct")).unwrap_or_default(),
            vat: ExpectedVat::Rate(number(line.get("vat_rate"))?),
        })
    };
    Ok(Order {
        id: text(&value["id"]),
        currency: text(&value["currency"]),
        seller: None,
        lines: lines.iter().map(line).collect::<Result<_, _>>()?,
        charges: Vec::new(),
    })
}

fn policy(values: &BTreeMap<String, Value>) -> anyhow::Result<Policy> {
    let minor = |key: &str| money::minor(number(values.get(key))?).context("an amount that does not fit");
    let units = values.get("catch_weight_units").and_then(Value::as_array);
    Ok(Policy {
        unit_price_per_cent: number(values.get("unit_price_pct"))?,
        unit_price_effect_min_minor: minor("unit_price_min_line_effect")?,
        quantity_per_cent: number(values.get("quantity_pct"))?,
        catch_weight_per_cent: number(values.get("catch_weight_pct"))?,
        catch_weight_units: units.into_iter().flatten().map(text).collect(),
        rounding_max_minor: minor("total_abs")?,
        unplanned_charge_max_minor: minor("unplanned_charge_max")?,
        ..Policy::default()
    })
}

fn ledger(receipts: &[Receipt]) -> anyhow::Result<Ledger> {
    let mut ledger = Ledger::default();
    for line in receipts.iter().flat_map(|receipt| &receipt.lines) {
        let quantity = thousandths(Decimal::from_str(&line.quantity)?)?;
        let billed: &mut Billed = ledger.line_mut(&text(&line.po_line));
        billed.received_thousandths += quantity;
    }
    Ok(ledger)
}

fn faults(stage: &Stage, outcome: &Outcome) -> Vec<String> {
    let mut faults = Vec::new();
    if outcome.verdict.is_automatic() != (stage.status == "matched") {
        faults.push(format!("{} expected, {:?}: {:?}", stage.status, outcome.verdict, outcome.variances));
    }
    if let Some(expected) = &stage.links {
        let mut wanted: Vec<_> =
            expected.iter().map(|link| (text(&link["invoice_line"]), text(&link["po_line"]))).collect();
        let mut links: Vec<_> =
            outcome.links.iter().map(|link| (link.invoice_line.clone(), link.order_line.clone())).collect();
        wanted.sort();
        links.sort();
        if wanted != links {
            faults.push(format!("links {wanted:?} expected, {links:?}"));
        }
    }
    if let Some(expected) = &stage.variances {
        let found = outcome.variances.iter().filter(|variance| variance.effect != Effect::Noted);
        let mut unexpected: Vec<_> = found.collect();
        for wanted in expected {
            match unexpected.iter().position(|variance| is_variance(wanted, variance)) {
                Some(index) => drop(unexpected.remove(index)),
                // What the policy lets pass is noted; a case may list it all the same.
                None if outcome.variances.iter().any(|variance| is_variance(wanted, variance)) => {}
                None => faults.push(format!("{wanted:?} was not found")),
            }
        }
        faults.extend(unexpected.iter().map(|variance| format!("unexpected {variance:?}")));
    }
    faults
}

fn is_variance(wanted: &BTreeMap<String, Value>, found: &invoicing::matching::Variance) -> bool {
    let class = serde_json::to_value(found.class).unwrap_or_default();
    let same_number = |key: &str, own: Option<Decimal>| match wanted.get(key) {
        None => true,
        Some(value) => Decimal::from_str(&text(value)).ok() == own,
    };
    let decimal = |text: &Option<String>| text.as_ref().and_then(|text| Decimal::from_str(text).ok());
    wanted.get("class") == Some(&class)
        && wanted.get("invoice_line").is_none_or(|line| line.as_str() == found.invoice_line.as_deref())
        && same_number("value", Some(money::decimal(found.value_minor)))
        && same_number("expected", decimal(&found.expected))
        && same_number("actual", decimal(&found.actual))
        && wanted.get("reason").is_none_or(|reason| reason.as_str() == found.reason.as_deref())
}
