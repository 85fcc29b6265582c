//! An invoice in the manifest's words, and what differs.

use std::str::FromStr;

use invoicing::{
    Invoice,
    invoice::{AllowanceCharge, Effect, Field, Kind, Line, Party, Text},
    money,
};
use rust_decimal::Decimal;
use serde_json::{Map, Value, json};

/// Keys whose values are compared as numbers.
const NUMBERS: [&str; 23] = [
    "allowance_total",
    "amount",
    "base",
    "base_quantity",
    "charge_total",
    "discount",
    "line_extension",
    "line_net",
    "net_price",
    "payable",
    "percent",
    "prepaid",
    "quantity",
    "rate",
    "rounding",
    "tax",
    "tax_exclusive",
    "tax_inclusive",
    "tax_total",
    "taxable",
    "vat_rate",
    "gross",
    "net",
];

/// Every place where `actual` is not what `expected` says. What `expected` does not say is not compared.
pub fn differences(expected: &Value, actual: &Value) -> Vec<String> {
    let mut found = Vec::new();
    compare("", "", expected, actual, &mut found);
    found
}

fn compare(path: &str, key: &str, expected: &Value, actual: &Value, found: &mut Vec<String>) {
    match (expected, actual) {
        (Value::Object(expected), _) => {
            for (key, value) in expected {
                let actual = actual.get(key).unwrap_or(&Value::Null);
                compare(&format!("{path}.{key}"), key, value, actual, found);
            }
        }
        (Value::Array(expected), Value::Array(actual)) if expected.len() == actual.len() => {
            // Allowances and charges have no order among each other.
            let (mut expected, mut actual) = (expected.clone(), actual.clone());
            expected.sort_by_key(|item| item["charge"].as_bool());
            actual.sort_by_key(|item| item["charge"].as_bool());
            for (index, (expected, actual)) in expected.iter().zip(&actual).enumerate() {
                compare(&format!("{path}[{index}]"), key, expected, actual, found);
            }
        }
        _ if is_same(key, expected, actual) => {}
        _ => found.push(format!("{path}: {expected} expected, {actual} read")),
    }
}

fn is_same(key: &str, expected: &Value, actual: &Value) -> bool {
    if !NUMBERS.contains(&key) {
        let plain =
            |value: &Value| value.as_str().map(|text| text.split_whitespace().collect::<Vec<_>>().join(" "));
        return expected == actual || plain(expected).is_some_and(|text| plain(actual) == Some(text));
    }
    // Absent and zero are the same: one syntax leaves out what the other writes as 0.
    let number = |value: &Value| match value {
        Value::Null => Some(Decimal::ZERO),
        value => value.as_str().and_then(|text| Decimal::from_str(text).ok()),
    };
    number(expected).is_some() && number(expected) == number(actual)
}

/// The invoice in the manifest's words.
pub fn described(invoice: &Invoice) -> Value {
    let totals = &invoice.totals;
    let mut described = json!({
        "kind": if invoice.kind == Kind::CreditNote { "credit_note" } else { "invoice" },
        "syntax": invoice.syntax,
        "customization": text(&invoice.customization),
        "number": text(&invoice.number),
        "issue_date": date(invoice.issue_date.as_ref()),
        "due_date": date(invoice.due_date.as_ref()),
        "tax_point_date": date(invoice.tax_point_date.as_ref()),
        "delivery_date": date(invoice.delivery_date.as_ref()),
        "type_code": text(&invoice.type_code),
        "currency": text(&invoice.currency),
        "tax_currency": text(&invoice.tax_currency),
        "buyer_reference": text(&invoice.references.buyer),
        "order_reference": text(&invoice.references.order),
        "sales_order_reference": text(&invoice.references.sales_order),
        "despatch_reference": text(&invoice.references.despatch),
        "receipt_reference": text(&invoice.references.receipt),
        "preceding_invoices": invoice.references.preceding.iter().map(|it| &it.value).collect::<Vec<_>>(),
        "seller": party(&invoice.seller),
        "buyer": party(&invoice.buyer),
        "payee": text(&invoice.payee),
        "attachments": invoice.attachments,
    });
    let more = json!({
        "payment": invoice.payments.iter().map(|payment| json!({
            "means_code": text(&payment.means_code),
            "payment_id": text(&payment.reference),
            "account": text(&payment.account),
            "branch": text(&payment.branch),
        })).collect::<Vec<_>>(),
        "document_allowances_charges": changes(&invoice.allowances_charges),
        "totals": {
            "line_extension": amount(totals.lines_minor.as_ref()),
            "allowance_total": amount(totals.allowances_minor.as_ref()),
            "charge_total": amount(totals.charges_minor.as_ref()),
            "tax_exclusive": amount(totals.net_minor.as_ref()),
            "tax_total": amount(totals.vat_minor.as_ref()),
            "tax_inclusive": amount(totals.gross_minor.as_ref()),
            "prepaid": amount(totals.prepaid_minor.as_ref()),
            "rounding": amount(totals.rounding_minor.as_ref()),
            "payable": amount(totals.payable_minor.as_ref()),
        },
        "vat_breakdown": invoice.vat.iter().map(|row| json!({
            "category": row.category,
            "rate": row.rate.as_ref().map(|rate| plain(rate.value)),
            "taxable": amount(Some(&row.taxable_minor)),
            "tax": amount(Some(&row.tax_minor)),
        })).collect::<Vec<_>>(),
        "lines": invoice.lines.iter().map(line).collect::<Vec<_>>(),
    });
    if let (Value::Object(described), Value::Object(more)) = (&mut described, more) {
        described.extend(more);
    }
    described
}

fn line(line: &Line) -> Value {
    json!({
        "id": line.id,
        "name": text(&line.name),
        "description": text(&line.description),
        "seller_item_id": text(&line.seller_item_id),
        "buyer_item_id": text(&line.buyer_item_id),
        "standard_item_id": text(&line.standard_item_id),
        "standard_item_scheme": line.standard_item_scheme,
        "quantity": plain(line.quantity.value),
        "unit": text(&line.unit),
        "net_price": plain(line.net_price.value),
        "base_quantity": line.base_quantity.as_ref().map(|base| plain(base.value)),
        "discount": discount(line),
        "line_net": amount(Some(&line.net_minor)),
        "vat_category": text(&line.vat_category),
        "vat_rate": line.vat_rate.as_ref().map(|rate| plain(rate.value)),
        "order_line_ref": text(&line.order_line_reference),
        "allowances_charges": changes(&line.allowances_charges),
    })
}

fn discount(line: &Line) -> String {
    let off = line.allowances_charges.iter().filter(|change| change.effect == Effect::Allowance);
    plain(money::decimal(off.map(|change| change.amount_minor.value).sum()))
}

fn changes(changes: &[AllowanceCharge]) -> Value {
    let one = |change: &AllowanceCharge| {
        json!({
            "charge": change.effect == Effect::Charge,
            "amount": amount(Some(&change.amount_minor)),
            "base": change.base_minor.map(|base| plain(money::decimal(base))),
            "percent": change.percent.map(plain),
            "reason": text(&change.reason),
            "vat_category": change.vat_category,
            "vat_rate": change.vat_rate.map(plain),
        })
    };
    Value::Array(changes.iter().map(one).collect())
}

fn party(party: &Party) -> Value {
    let fields = [
        ("name", text(&party.name)),
        ("vat_id", text(&party.vat_id)),
        ("legal_id", text(&party.legal_id)),
        ("endpoint", text(&party.endpoint)),
        ("endpoint_scheme", json!(party.endpoint_scheme)),
        ("country", text(&party.country)),
    ];
    Value::Object(fields.into_iter().map(|(key, value)| (key.to_owned(), value)).collect::<Map<_, _>>())
}

fn text(text: &Text) -> Value {
    json!(text.as_ref().map(|text| &text.value))
}

fn date(date: Option<&Field<chrono::NaiveDate>>) -> Value {
    json!(date.map(|date| date.value.to_string()))
}

fn amount(amount: Option<&Field<i64>>) -> Value {
    json!(amount.map(|amount| plain(money::decimal(amount.value))))
}

fn plain(number: Decimal) -> String {
    number.normalize().to_string()
}
