//! From JSON to the engine's document: every field with its source, and sums that were left out.

use std::collections::{BTreeMap, HashSet};

use invoicing::{
    Invoice,
    invoice::{
        AllowanceCharge, Effect, Field, Line, Party, Payment, References, Source, Text, Totals, VatRow,
    },
    money,
};
use platform::error::{ApiError, Fault};
use rust_decimal::Decimal;

use super::input::{ChargeInput, InvoiceInput, LineInput, PartyInput, PaymentInput};
use crate::http::fields::{Between, Line as FieldLine, Sku, TaxPercent};

/// The document.
///
/// # Errors
/// 422 with every line that is missing or too large.
pub(super) fn document(input: &InvoiceInput) -> Result<Invoice, ApiError> {
    let mut faults = Vec::new();
    if input.lines.0.is_empty() {
        faults.push(Fault::new("lines", "too_few", "Must have at least 1 item."));
    }
    let mut lines = Vec::with_capacity(input.lines.0.len());
    let mut ids = HashSet::new();
    for (index, line) in input.lines.0.iter().enumerate() {
        let line = read_line(index, line, &mut faults);
        if line.as_ref().is_some_and(|line| !ids.insert(line.id.clone())) {
            faults.push(Fault::new(format!("lines[{index}].id"), "repeated", "Stands more than once."));
        }
        lines.extend(line);
    }
    if !faults.is_empty() {
        return Err(ApiError::validation(faults));
    }
    let charges: Vec<_> = input.charges.0.iter().map(charge).collect();
    let vat = vat_rows(&lines, &charges).ok_or_else(too_large)?;
    let totals = totals(input, &lines, &charges).ok_or_else(too_large)?;
    Ok(Invoice {
        kind: input.kind.0.map(|kind| kind.0).unwrap_or_default(),
        number: stated(Some(input.number.clone().into_string())),
        issue_date: Some(json(input.issue_date)),
        due_date: input.due_date.map(json),
        delivery_date: input.delivery_date.map(json),
        currency: stated(Some(input.currency.0.to_string())),
        references: references(input),
        seller: seller(&input.seller),
        payments: input.payment.as_ref().map(payments).unwrap_or_default(),
        allowances_charges: charges,
        vat,
        lines,
        totals,
        ..Invoice::default()
    })
}

fn json<T>(value: T) -> Field<T> {
    Field { value, source: Source::Json, confidence: Source::Json.confidence_max(), evidence: None }
}

fn stated(text: Option<String>) -> Text {
    text.map(json)
}

fn references(input: &InvoiceInput) -> References {
    let credited = input.credited_invoice_number.clone();
    References {
        order: stated(input.order_id.map(|id| id.to_string())),
        preceding: credited.into_iter().map(|number| json(number.into_string())).collect(),
        ..References::default()
    }
}

fn seller(party: &PartyInput) -> Party {
    Party {
        name: stated(Some(party.name.clone().into_string())),
        vat_id: stated(party.vat_number.clone().map(|number| bare(&number.into_string()))),
        legal_id: stated(party.org_number.clone().map(|number| bare(&number.into_string()))),
        ..Party::default()
    }
}

/// As documents have it: `551000-0001` is written for people.
fn bare(number: &str) -> String {
    number.chars().filter(|c| c.is_alphanumeric()).collect()
}

fn payments(payment: &PaymentInput) -> Vec<Payment> {
    let reference = stated(payment.reference.clone().map(FieldLine::into_string));
    let giro = |account: String, branch: Option<&str>| Payment {
        reference: reference.clone(),
        account: Some(json(bare(&account))),
        branch: stated(branch.map(ToOwned::to_owned)),
        ..Payment::default()
    };
    let bankgiro = payment.bankgiro.clone().map(|account| giro(account.into_string(), Some("SE:BANKGIRO")));
    let plusgiro = payment.plusgiro.clone().map(|account| giro(account.into_string(), Some("SE:PLUSGIRO")));
    let iban = payment.iban.clone().map(|account| giro(account.into_string(), None));
    [bankgiro, plusgiro, iban].into_iter().flatten().collect()
}

fn read_line(index: usize, input: &LineInput, faults: &mut Vec<Fault>) -> Option<Line> {
    let gtin = input.gtin.clone().map(|gtin| gtin.0.to_string());
    let mut line = Line {
        id: input.id.clone().map_or_else(|| (index + 1).to_string(), FieldLine::into_string),
        name: stated(Some(input.name.clone().into_string())),
        description: None,
        seller_item_id: stated(input.sku.clone().map(Sku::into_string)),
        buyer_item_id: None,
        // ISO 6523: 0160 is the GTIN.
        standard_item_scheme: gtin.is_some().then(|| "0160".to_owned()),
        standard_item_id: stated(gtin),
        quantity: json(input.quantity.0),
        unit: stated(Some(input.unit.clone().into_string())),
        net_price: json(input.unit_price.0),
        base_quantity: None,
        allowances_charges: input.discount_cents.map(discount).into_iter().collect(),
        net_minor: json(0),
        vat_category: None,
        vat_rate: Some(json(per_cent(input.tax_rate))),
        order_line_reference: stated(input.line_id.map(|id| id.to_string())),
    };
    let net_minor = input.net_cents.map(Between::get).or_else(|| line.computed_net_minor());
    let Some(net_minor) = net_minor else {
        let message = "Quantity times price is too large.";
        faults.push(Fault::new(format!("lines[{index}].unit_price"), "out_of_range", message));
        return None;
    };
    line.net_minor = json(net_minor);
    Some(line)
}

fn discount<const MIN: i64, const MAX: i64>(amount: Between<MIN, MAX>) -> AllowanceCharge {
    AllowanceCharge {
        effect: Effect::Allowance,
        amount_minor: json(amount.get()),
        base_minor: None,
        percent: None,
        reason: None,
        reason_code: None,
        vat_category: None,
        vat_rate: None,
    }
}

fn charge(input: &ChargeInput) -> AllowanceCharge {
    let amount = input.amount_cents.get();
    AllowanceCharge {
        effect: if amount < 0 { Effect::Allowance } else { Effect::Charge },
        amount_minor: json(amount.abs()),
        base_minor: None,
        percent: None,
        reason: stated(Some(input.reason.clone().into_string())),
        reason_code: None,
        vat_category: None,
        vat_rate: Some(per_cent(input.tax_rate)),
    }
}

fn per_cent(rate: TaxPercent) -> Decimal {
    Decimal::new(rate.0.basis_points().into(), 2).normalize()
}

/// One row per rate, ascending; `None` where a sum does not fit.
fn vat_rows(lines: &[Line], charges: &[AllowanceCharge]) -> Option<Vec<VatRow>> {
    let of_lines =
        lines.iter().map(|line| (line.vat_rate.as_ref().map(|rate| rate.value), line.net_minor.value));
    let of_charges = charges.iter().map(|charge| (charge.vat_rate, charge.signed_minor().unwrap_or(0)));
    let mut groups: BTreeMap<Decimal, i64> = BTreeMap::new();
    for (rate, amount) in of_lines.chain(of_charges) {
        let group = groups.entry(rate.unwrap_or_default()).or_default();
        *group = group.checked_add(amount)?;
    }
    let row = |(rate, taxable): (Decimal, i64)| {
        let tax = money::percentage_minor(taxable, rate)?;
        Some(VatRow {
            category: None,
            rate: Some(json(rate)),
            taxable_minor: json(taxable),
            tax_minor: json(tax),
        })
    };
    groups.into_iter().map(row).collect()
}

fn totals(input: &InvoiceInput, lines: &[Line], charges: &[AllowanceCharge]) -> Option<Totals> {
    let sum = |effect| {
        let of_effect = charges.iter().filter(|charge| charge.effect == effect);
        of_effect.into_iter().try_fold(0_i64, |sum, charge| sum.checked_add(charge.amount_minor.value))
    };
    let lines_minor = lines.iter().try_fold(0_i64, |sum, line| sum.checked_add(line.net_minor.value))?;
    let (net, tax) = (input.totals.net_cents.get(), input.totals.tax_cents.get());
    Some(Totals {
        lines_minor: Some(json(lines_minor)),
        allowances_minor: Some(json(sum(Effect::Allowance)?)),
        charges_minor: Some(json(sum(Effect::Charge)?)),
        net_minor: Some(json(net)),
        vat_minor: Some(json(tax)),
        gross_minor: Some(json(net.checked_add(tax)?)),
        prepaid_minor: None,
        rounding_minor: input.rounding_cents.map(|amount| json(amount.get())),
        payable_minor: Some(json(input.totals.payable_cents.get())),
    })
}

fn too_large() -> ApiError {
    ApiError::validation(vec![Fault::new("lines", "out_of_range", "Their sum is too large.")])
}

#[cfg(test)]
mod tests {
    use invoicing::rules::closure;
    use platform::body::Faults;
    use serde_json::{Value, json};

    use super::*;

    fn read(body: Value) -> Invoice {
        let input = deserr::deserialize::<InvoiceInput, Value, Faults>(body).unwrap();
        document(&input).unwrap()
    }

    fn body() -> Value {
        json!({
            "number": "1001", "issue_date": "2026-11-20", "currency": "SEK",
            "seller": {"name": "Grönt AB", "org_number": "551000-0001"},
            "payment": {"bankgiro": "5050-1055", "reference": "100101"},
            "lines": [
                {"name": "Tomat", "quantity": "2.5", "unit": "kg", "unit_price": "29.90", "tax_rate": "6"},
                {"name": "Diskmedel", "quantity": 2, "unit": "st", "unit_price": 50, "tax_rate": "25",
                 "discount_cents": 1000}
            ],
            "charges": [{"reason": "Frakt", "amount_cents": 10000, "tax_rate": "25"}],
            "rounding_cents": 2,
            "totals": {"net_cents": 26475, "tax_cents": 5199, "payable_cents": 31676}
        })
    }

    #[test]
    fn what_adds_up_adds_up_as_a_document() {
        let invoice = read(body());
        assert_eq!(closure(&invoice), []);
        let nets: Vec<i64> = invoice.lines.iter().map(|line| line.net_minor.value).collect();
        assert_eq!(nets, [7475, 9000]);
        let rows: Vec<_> =
            invoice.vat.iter().map(|row| (row.taxable_minor.value, row.tax_minor.value)).collect();
        assert_eq!(rows, [(7475, 449), (19000, 4750)]);
        assert_eq!(invoice.seller.legal_id.unwrap().value, "5510000001");
        assert_eq!(invoice.payments[0].account.as_ref().unwrap().value, "50501055");
    }

    #[test]
    fn the_totals_are_a_claim_and_stay_what_was_said() {
        let mut body = body();
        body["totals"]["payable_cents"] = json!(31_677);
        let invoice = read(body);
        assert_eq!(invoice.totals.payable_minor.as_ref().unwrap().value, 31_677);
        assert!(!closure(&invoice).is_empty());
    }

    #[test]
    fn all_faults_come_at_once() {
        let mut body = body();
        body["lines"][0]["quantity"] = json!("many");
        body["lines"][1]["unit"] = json!("barrel of monkeys");
        body["total"] = json!(1);
        let faults = deserr::deserialize::<InvoiceInput, Value, Faults>(body).unwrap_err();
        let codes: Vec<_> = faults.as_slice().iter().map(|fault| fault.code.as_ref()).collect();
        assert_eq!(codes, ["invalid_number", "unknown_unit", "unknown_field"]);
    }
}
