//! From what was read of an invoice to what is booked of it: pure.

use chrono::NaiveDate;
use invoicing::{
    invoice::{Field, VatRow},
    sie::{NetOfRate, SupplierInvoice},
};
use rust_decimal::Decimal;

/// A matched invoice as a voucher says it.
///
/// What was paid beforehand is owed all the same in this voucher: the payment has one of its own.
pub(super) fn booked(
    document: &invoicing::Invoice,
    issued_on: NaiveDate,
    registered_name: Option<String>,
) -> SupplierInvoice {
    let totals = &document.totals;
    let vat_minor = amount(totals.vat_minor.as_ref()).unwrap_or_else(|| document.vat.iter().map(tax).sum());
    let rounding_minor = amount(totals.rounding_minor.as_ref()).unwrap_or(0);
    let prepaid_minor = amount(totals.prepaid_minor.as_ref()).unwrap_or(0);
    let payable_minor = amount(totals.payable_minor.as_ref())
        .map(|payable| payable.saturating_add(prepaid_minor))
        .or(amount(totals.gross_minor.as_ref()))
        .unwrap_or(0);
    let mut nets = nets(document);
    // Published rules let a sum be off by a little, and a person may have let pass more: what is owed is what was let
    // pass, and what no rate accounts for is booked with the goods. One such voucher must not keep all others back.
    let accounted = nets
        .iter()
        .map(|net| net.net_minor)
        .fold(vat_minor.saturating_add(rounding_minor), i64::saturating_add);
    let rest_minor = payable_minor.saturating_sub(accounted);
    if rest_minor != 0 {
        nets.push(NetOfRate { vat_rate: Decimal::ZERO, net_minor: rest_minor });
    }
    SupplierInvoice {
        kind: document.kind,
        number: document.number.as_ref().map(|number| number.value.clone()).unwrap_or_default(),
        supplier_name: registered_name
            .or_else(|| document.seller.name.as_ref().map(|name| name.value.clone()))
            .unwrap_or_default(),
        booked_on: issued_on,
        nets,
        vat_minor,
        rounding_minor,
        payable_minor,
    }
}

/// By rate where the document says so, else as one: a page may print no table of rates.
fn nets(document: &invoicing::Invoice) -> Vec<NetOfRate> {
    if document.vat.is_empty() {
        let net_minor = amount(document.totals.net_minor.as_ref()).unwrap_or(0);
        return vec![NetOfRate { vat_rate: Decimal::ZERO, net_minor }];
    }
    let net = |row: &VatRow| NetOfRate {
        vat_rate: row.rate.as_ref().map_or(Decimal::ZERO, |rate| rate.value),
        net_minor: row.taxable_minor.value,
    };
    document.vat.iter().map(net).collect()
}

fn tax(row: &VatRow) -> i64 {
    row.tax_minor.value
}

fn amount(field: Option<&Field<i64>>) -> Option<i64> {
    field.map(|field| field.value)
}

#[cfg(test)]
mod tests {
    use invoicing::invoice::{Kind, Totals};

    use super::*;

    fn day() -> NaiveDate {
        NaiveDate::from_ymd_opt(2026, 11, 12).unwrap()
    }

    fn document() -> invoicing::Invoice {
        let row = |rate: i64, taxable, tax| VatRow {
            category: None,
            rate: Some(Field::xml(Decimal::from(rate))),
            taxable_minor: Field::xml(taxable),
            tax_minor: Field::xml(tax),
        };
        invoicing::Invoice {
            number: Some(Field::xml("F-1".to_owned())),
            vat: vec![row(6, 10_000, 600), row(25, 2_000, 500)],
            totals: Totals {
                net_minor: Some(Field::xml(12_000)),
                vat_minor: Some(Field::xml(1_100)),
                rounding_minor: Some(Field::xml(-100)),
                payable_minor: Some(Field::xml(13_000)),
                ..Totals::default()
            },
            ..invoicing::Invoice::default()
        }
    }

    #[test]
    fn an_invoice_is_booked_by_rate() {
        let booked = booked(&document(), day(), Some("Fiskhuset".to_owned()));
        assert_eq!(
            (booked.kind, booked.number.as_str(), booked.supplier_name.as_str()),
            (Kind::Invoice, "F-1", "Fiskhuset")
        );
        assert_eq!((booked.vat_minor, booked.rounding_minor, booked.payable_minor), (1_100, -100, 13_000));
        assert_eq!(booked.nets.iter().map(|net| net.net_minor).collect::<Vec<_>>(), [10_000, 2_000]);
    }

    #[test]
    fn what_was_paid_beforehand_is_booked_as_owed() {
        let mut document = document();
        document.totals.prepaid_minor = Some(Field::xml(3_000));
        document.totals.payable_minor = Some(Field::xml(10_000));
        assert_eq!(booked(&document, day(), None).payable_minor, 13_000);
    }

    #[test]
    fn a_document_without_a_table_of_rates_is_booked_as_one() {
        let mut document = document();
        document.vat.clear();
        let booked = booked(&document, day(), None);
        assert_eq!(booked.nets, [NetOfRate { vat_rate: Decimal::ZERO, net_minor: 12_000 }]);
        assert_eq!(booked.vat_minor, 1_100);
    }
}
