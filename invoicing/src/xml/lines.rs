//! From the semantic model of EN 16931 to [`Line`]s.

use en16931::{
    Identifier,
    invoice::{InvoiceLine, LineAllowanceCharge},
};

use super::header::{amount, text};
use crate::invoice::{AllowanceCharge, Effect, Field, Line};

/// One line of the model.
pub(super) fn line(model: &InvoiceLine) -> Line {
    let standard = model.item.standard_identifier.as_ref();
    Line {
        id: model.id.clone(),
        name: text(model.item.name.as_deref()),
        description: text(model.item.description.as_deref()),
        seller_item_id: text(model.item.seller_identifier.as_deref()),
        buyer_item_id: text(model.item.buyer_identifier.as_deref()),
        standard_item_id: text(standard.map(Identifier::content)),
        standard_item_scheme: standard.and_then(Identifier::scheme).map(ToOwned::to_owned),
        quantity: Field::xml(model.quantity.into_decimal()),
        unit: text(Some(model.unit_code.as_str())),
        net_price: Field::xml(model.price.net_price.into_decimal()),
        base_quantity: model.price.base_quantity.map(|base| Field::xml(base.into_decimal())),
        allowances_charges: allowances_charges(model),
        net_minor: amount(model.net_amount),
        vat_category: text(Some(model.vat.category.as_str())),
        vat_rate: model.vat.rate.map(|rate| Field::xml(rate.into_decimal())),
        order_line_reference: text(
            model.order_line_reference.as_ref().map(en16931::DocumentReference::as_str),
        ),
    }
}

fn allowances_charges(model: &InvoiceLine) -> Vec<AllowanceCharge> {
    let one = |effect, change: &LineAllowanceCharge| AllowanceCharge {
        effect,
        amount_minor: amount(change.amount),
        base_minor: change.base_amount.map(en16931::InvoiceAmount::to_minor_units),
        percent: change.percentage.map(en16931::Percentage::into_decimal),
        reason: text(change.reason.as_deref()),
        reason_code: change.reason_code.as_ref().map(|code| code.as_str().to_owned()),
        vat_category: None,
        vat_rate: None,
    };
    let allowances = model.allowances.iter().map(|change| one(Effect::Allowance, change));
    let charges = model.charges.iter().map(|change| one(Effect::Charge, change));
    allowances.chain(charges).collect()
}
