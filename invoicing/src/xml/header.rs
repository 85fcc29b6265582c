//! From the semantic model of EN 16931 to an [`Invoice`]: all but the lines.

use en16931::{
    Identifier, InvoiceAmount,
    invoice::{DocumentAllowanceCharge, DocumentKind, Party as ModelParty},
};

use super::lines;
use crate::invoice::{
    AllowanceCharge, Effect, Field, Invoice, Kind, Party, References, Syntax, Text, Totals, VatRow,
};

/// The model as an invoice; its payments are read by [`super::payments`].
pub(super) fn invoice(model: &en16931::Invoice, syntax: Syntax) -> Invoice {
    let kind = if model.kind == DocumentKind::CreditNote { Kind::CreditNote } else { Kind::Invoice };
    Invoice {
        kind,
        syntax: Some(syntax),
        customization: text(model.specification_id.as_deref()),
        number: text(model.number.as_deref()),
        type_code: text(model.type_code.as_ref().map(en16931::invoice::Code::as_str)),
        issue_date: date(model.issue_date),
        due_date: date(model.due_date),
        tax_point_date: date(model.vat_point_date),
        delivery_date: date(model.delivery.as_ref().and_then(|delivery| delivery.date)),
        currency: text(model.currency.as_ref().map(en16931::invoice::Code::as_str)),
        tax_currency: text(model.vat_accounting_currency.as_ref().map(en16931::invoice::Code::as_str)),
        references: references(model),
        seller: party(&model.seller),
        buyer: party(&model.buyer),
        payee: text(model.payee.as_ref().and_then(|payee| payee.name.as_deref())),
        payments: Vec::new(),
        allowances_charges: allowances_charges(model),
        vat: vat(model),
        lines: model.lines.iter().map(lines::line).collect(),
        totals: totals(model),
        attachments: model
            .attachments
            .iter()
            .filter_map(|supporting| supporting.attachment.as_ref())
            .map(|attachment| attachment.filename().to_owned())
            .collect(),
    }
}

/// A text of the document; what is blank is absent.
pub(super) fn text(value: Option<&str>) -> Text {
    let value = value.map(str::trim).filter(|value| !value.is_empty())?;
    Some(Field::xml(value.to_owned()))
}

pub(super) fn amount(value: InvoiceAmount) -> Field<i64> {
    Field::xml(value.to_minor_units())
}

fn date(value: Option<en16931::Date>) -> Option<Field<chrono::NaiveDate>> {
    let value = value?;
    let date = chrono::NaiveDate::from_ymd_opt(value.year(), value.month().into(), value.day().into())?;
    Some(Field::xml(date))
}

fn references(model: &en16931::Invoice) -> References {
    let reference = |value: &Option<en16931::DocumentReference>| {
        text(value.as_ref().map(en16931::DocumentReference::as_str))
    };
    References {
        buyer: text(model.buyer_reference.as_deref()),
        order: reference(&model.purchase_order_reference),
        sales_order: reference(&model.sales_order_reference),
        despatch: reference(&model.despatch_advice_reference),
        receipt: reference(&model.receiving_advice_reference),
        preceding: model
            .preceding_invoices
            .iter()
            .filter_map(|preceding| text(Some(preceding.reference.as_str())))
            .collect(),
    }
}

fn party(model: &ModelParty) -> Party {
    let endpoint = model.electronic_address.as_ref();
    Party {
        name: text(model.name.as_deref()),
        vat_id: text(model.vat_identifier.as_deref()),
        legal_id: text(model.legal_registration.as_ref().map(Identifier::content)),
        endpoint: text(endpoint.map(Identifier::content)),
        endpoint_scheme: endpoint.and_then(Identifier::scheme).map(ToOwned::to_owned),
        country: text(model.address.country.as_ref().map(en16931::invoice::Code::as_str)),
        tax_registration: text(model.tax_registration.as_deref()),
    }
}

fn allowances_charges(model: &en16931::Invoice) -> Vec<AllowanceCharge> {
    let one = |effect, change: &DocumentAllowanceCharge| AllowanceCharge {
        effect,
        amount_minor: amount(change.amount),
        base_minor: change.base_amount.map(InvoiceAmount::to_minor_units),
        percent: change.percentage.map(en16931::Percentage::into_decimal),
        reason: text(change.reason.as_deref()),
        reason_code: change.reason_code.as_ref().map(|code| code.as_str().to_owned()),
        vat_category: Some(change.vat.category.as_str().to_owned()),
        vat_rate: change.vat.rate.map(en16931::Percentage::into_decimal),
    };
    let allowances = model.allowances.iter().map(|change| one(Effect::Allowance, change));
    let charges = model.charges.iter().map(|change| one(Effect::Charge, change));
    allowances.chain(charges).collect()
}

fn vat(model: &en16931::Invoice) -> Vec<VatRow> {
    let row = |row: &en16931::invoice::VatBreakdown| VatRow {
        category: Some(row.category.as_str().to_owned()),
        rate: row.rate.map(|rate| Field::xml(rate.into_decimal())),
        taxable_minor: amount(row.taxable_amount),
        tax_minor: amount(row.tax_amount),
    };
    model.vat_breakdown.iter().map(row).collect()
}

fn totals(model: &en16931::Invoice) -> Totals {
    let totals = &model.totals;
    Totals {
        lines_minor: Some(amount(totals.line_total)),
        allowances_minor: totals.allowance_total.map(amount),
        charges_minor: totals.charge_total.map(amount),
        net_minor: Some(amount(totals.taxable_total)),
        vat_minor: totals.vat_total.map(amount),
        gross_minor: Some(amount(totals.gross_total)),
        prepaid_minor: totals.paid.map(amount),
        rounding_minor: totals.rounding.map(amount),
        payable_minor: Some(amount(totals.due)),
    }
}
