//! What an invoice says, without where it was read.

use std::collections::BTreeSet;

use chrono::NaiveDate;
use invoicing::{
    invoice::{AllowanceCharge, Field, Kind, Line, Payment, VatRow},
    matching::{Class, Outcome},
    money,
};
use serde::{Deserialize, Serialize};

/// What an invoice says, as those are told who book or pay it: values without where they were read.
///
/// It stands in the events that decide about an invoice, so that each of them says by itself what was decided about,
/// whatever is corrected later. Names and registration numbers of the parties are not in it, for those of a sole
/// trader are personal; the ids of both sides stand beside it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct InvoiceFacts {
    /// Invoice or credit note; the amounts of both are positive.
    pub kind: Kind,
    /// Its number.
    pub number: Option<String>,
    /// When it was issued.
    pub issue_date: Option<NaiveDate>,
    /// When it is to be paid.
    pub due_date: Option<NaiveDate>,
    /// The day that decides the VAT rate.
    pub tax_point: Option<NaiveDate>,
    /// ISO 4217, as the document has it.
    pub currency: Option<String>,
    /// Numbers of the invoices that it credits or corrects.
    pub preceding: Vec<String>,
    /// In the document's order.
    pub lines: Vec<LineFacts>,
    /// Reductions and additions of the whole document: freight, a discount.
    pub charges: Vec<ChargeFacts>,
    /// Without VAT, in minor units.
    pub net_minor: i64,
    /// One per VAT category and rate.
    pub vat: Vec<VatFacts>,
    /// VAT, in minor units.
    pub vat_minor: i64,
    /// Paid beforehand, in minor units.
    pub prepaid_minor: i64,
    /// Rounding of the amount to pay, in minor units.
    pub rounding_minor: i64,
    /// To pay, in minor units.
    pub payable_minor: i64,
    /// Where to pay to; one per account.
    pub payments: Vec<PaymentFacts>,
}

/// One line of an invoice.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LineFacts {
    /// Its id in the document.
    pub id: String,
    /// What is sold.
    pub name: Option<String>,
    /// The seller's article number.
    pub sku: Option<String>,
    /// How much: a decimal as text, without trailing zeros; documents have more decimals than Iris counts.
    pub quantity: String,
    /// UN/ECE Recommendation 20.
    pub unit: Option<String>,
    /// Price of `base_quantity` units, without VAT, in major units: a decimal as text.
    pub net_price: String,
    /// How many units the price is for; absent is one.
    pub base_quantity: Option<String>,
    /// What the line adds to the document, without VAT, in minor units.
    pub net_minor: i64,
    /// UNTDID 5305.
    pub vat_category: Option<String>,
    /// Hundredths of a per cent.
    pub vat_basis_points: Option<i64>,
}

/// A reduction or an addition of the whole document.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChargeFacts {
    /// In the document's words.
    pub reason: Option<String>,
    /// Without VAT, in minor units; below zero for a reduction.
    pub amount_minor: i64,
    /// UNTDID 5305.
    pub vat_category: Option<String>,
    /// Hundredths of a per cent.
    pub vat_basis_points: Option<i64>,
}

/// VAT of one category and rate.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct VatFacts {
    /// UNTDID 5305.
    pub category: Option<String>,
    /// Hundredths of a per cent.
    pub basis_points: Option<i64>,
    /// What the rate applies to, in minor units.
    pub taxable_minor: i64,
    /// The VAT, in minor units.
    pub tax_minor: i64,
}

/// One account to pay to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaymentFacts {
    /// UNTDID 4461.
    pub means_code: Option<String>,
    /// IBAN, bankgiro, plusgiro or another account.
    pub account: Option<String>,
    /// BIC, or `SE:BANKGIRO`, `SE:PLUSGIRO`.
    pub branch: Option<String>,
    /// What the payer writes on the payment.
    pub reference: Option<String>,
}

/// How an invoice's lines keep to the agreed prices.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PricedLines {
    /// Lines that were compared.
    pub compared: i64,
    /// Of these, lines that cost more than was agreed, whatever the policy lets pass.
    pub above_agreed: i64,
}

impl InvoiceFacts {
    /// What that document says. A sum that it does not state is what its parts come to.
    ///
    /// # Source
    /// EN 16931-1, BR-CO-13 to BR-CO-16, for the sums.
    pub fn of(document: &invoicing::Invoice) -> Self {
        let totals = &document.totals;
        let stated = |sum: &Option<Field<i64>>| sum.as_ref().map(|sum| sum.value);
        let lines: Vec<LineFacts> = document.lines.iter().map(LineFacts::of).collect();
        let charges: Vec<ChargeFacts> = document.allowances_charges.iter().map(ChargeFacts::of).collect();
        let vat: Vec<VatFacts> = document.vat.iter().map(VatFacts::of).collect();

        let parts = lines.iter().map(|line| line.net_minor).chain(charges.iter().map(|one| one.amount_minor));
        let net_minor = stated(&totals.net_minor).unwrap_or_else(|| sum_minor(parts));
        let vat_minor =
            stated(&totals.vat_minor).unwrap_or_else(|| sum_minor(vat.iter().map(|row| row.tax_minor)));
        let prepaid_minor = stated(&totals.prepaid_minor).unwrap_or_default();
        let rounding_minor = stated(&totals.rounding_minor).unwrap_or_default();
        let payable_minor = stated(&totals.payable_minor).unwrap_or_else(|| {
            let gross_minor =
                stated(&totals.gross_minor).unwrap_or_else(|| sum_minor([net_minor, vat_minor]));
            sum_minor([gross_minor, rounding_minor]).saturating_sub(prepaid_minor)
        });
        let date = |date: &Option<Field<NaiveDate>>| date.as_ref().map(|date| date.value);
        Self {
            kind: document.kind,
            number: text(document.number.as_ref()),
            issue_date: date(&document.issue_date),
            due_date: date(&document.due_date),
            tax_point: document.tax_point(),
            currency: text(document.currency.as_ref()),
            preceding: document.references.preceding.iter().map(|number| number.value.clone()).collect(),
            lines,
            charges,
            net_minor,
            vat,
            vat_minor,
            prepaid_minor,
            rounding_minor,
            payable_minor,
            payments: document.payments.iter().map(PaymentFacts::of).collect(),
        }
    }

    /// How its lines keep to the agreed prices: none of a credit note does or does not, for it asks no price, and
    /// none where nothing was compared.
    pub fn priced_lines(&self, outcome: Option<&Outcome>) -> PricedLines {
        let Some(outcome) = outcome.filter(|_| self.kind == Kind::Invoice) else {
            return PricedLines::default();
        };
        let dear = outcome.variances.iter().filter(|variance| variance.class == Class::PriceOver);
        let dear: BTreeSet<&str> = dear.filter_map(|variance| variance.invoice_line.as_deref()).collect();
        PricedLines {
            compared: self.lines.iter().map(|_| 1).sum(),
            above_agreed: self.lines.iter().map(|line| i64::from(dear.contains(line.id.as_str()))).sum(),
        }
    }

    /// With VAT, in minor units.
    pub fn gross_minor(&self) -> i64 {
        self.net_minor.saturating_add(self.vat_minor)
    }
}

impl LineFacts {
    fn of(line: &Line) -> Self {
        Self {
            id: line.id.clone(),
            name: text(line.name.as_ref()),
            sku: text(line.seller_item_id.as_ref()),
            quantity: line.quantity.value.normalize().to_string(),
            unit: text(line.unit.as_ref()),
            net_price: line.net_price.value.normalize().to_string(),
            base_quantity: line.base_quantity.as_ref().map(|base| base.value.normalize().to_string()),
            net_minor: line.net_minor.value,
            vat_category: text(line.vat_category.as_ref()),
            // Hundredths of a per cent are rounded as hundredths of a krona are.
            vat_basis_points: line.vat_rate.as_ref().and_then(|rate| money::minor(rate.value)),
        }
    }
}

impl ChargeFacts {
    fn of(charge: &AllowanceCharge) -> Self {
        Self {
            reason: text(charge.reason.as_ref()),
            // The one amount that has no opposite.
            amount_minor: charge.signed_minor().unwrap_or(i64::MAX),
            vat_category: charge.vat_category.clone(),
            vat_basis_points: charge.vat_rate.and_then(money::minor),
        }
    }
}

impl VatFacts {
    fn of(row: &VatRow) -> Self {
        Self {
            category: row.category.clone(),
            basis_points: row.rate.as_ref().and_then(|rate| money::minor(rate.value)),
            taxable_minor: row.taxable_minor.value,
            tax_minor: row.tax_minor.value,
        }
    }
}

impl PaymentFacts {
    fn of(payment: &Payment) -> Self {
        Self {
            means_code: text(payment.means_code.as_ref()),
            account: text(payment.account.as_ref()),
            branch: text(payment.branch.as_ref()),
            reference: text(payment.reference.as_ref()),
        }
    }
}

fn text(field: Option<&Field<String>>) -> Option<String> {
    field.map(|field| field.value.clone())
}

/// No document that adds up comes near either end; one that does not is told as far as 63 bits go.
fn sum_minor(parts: impl IntoIterator<Item = i64>) -> i64 {
    parts.into_iter().fold(0, i64::saturating_add)
}

#[cfg(test)]
mod tests {
    use invoicing::{
        invoice::{Effect, Totals},
        matching::{Effect::Noted, Variance, Verdict},
    };

    use super::*;

    fn decimal<T: std::str::FromStr<Err: std::fmt::Debug>>(text: &str) -> T {
        text.parse().unwrap()
    }

    /// 7.48 + 50.00 − 10.00 without VAT, and 10.31 of it.
    fn unsummed() -> invoicing::Invoice {
        let charge = |effect, amount_minor| AllowanceCharge {
            effect,
            amount_minor: Field::xml(amount_minor),
            base_minor: None,
            percent: None,
            reason: None,
            reason_code: None,
            vat_category: None,
            vat_rate: Some(decimal("25")),
        };
        let line = Line {
            id: "1".to_owned(),
            name: None,
            description: None,
            seller_item_id: None,
            buyer_item_id: None,
            standard_item_id: None,
            standard_item_scheme: None,
            quantity: Field::xml(decimal("2.50")),
            unit: None,
            net_price: Field::xml(decimal("0.29900")),
            base_quantity: Some(Field::xml(decimal("0.10"))),
            allowances_charges: vec![],
            net_minor: Field::xml(748),
            vat_category: None,
            vat_rate: Some(Field::xml(decimal("5.50"))),
            order_line_reference: None,
        };
        let row = VatRow {
            category: None,
            rate: None,
            taxable_minor: Field::xml(4_748),
            tax_minor: Field::xml(1_031),
        };
        invoicing::Invoice {
            lines: vec![line],
            allowances_charges: vec![charge(Effect::Charge, 5_000), charge(Effect::Allowance, 1_000)],
            vat: vec![row],
            ..invoicing::Invoice::default()
        }
    }

    #[test]
    fn sums_that_are_not_stated_are_those_of_the_parts() {
        let facts = InvoiceFacts::of(&unsummed());
        assert_eq!((facts.net_minor, facts.vat_minor, facts.payable_minor), (4_748, 1_031, 5_779));
        let totals = Totals {
            prepaid_minor: Some(Field::xml(700)),
            rounding_minor: Some(Field::xml(21)),
            ..Totals::default()
        };
        let facts = InvoiceFacts::of(&invoicing::Invoice { totals, ..unsummed() });
        assert_eq!((facts.gross_minor(), facts.payable_minor), (5_779, 5_100));
    }

    #[test]
    fn a_line_is_dear_once_and_a_credit_note_asks_no_price() {
        let variance = |class, line: Option<&str>| Variance {
            invoice_line: line.map(str::to_owned),
            order_line: None,
            class,
            effect: Noted,
            expected: None,
            actual: None,
            value_minor: 1,
            counts_in_net: true,
            reason: None,
        };
        let outcome = Outcome {
            verdict: Verdict::MatchedWithVariance,
            links: vec![],
            variances: vec![
                variance(Class::PriceOver, Some("1")),
                variance(Class::PriceOver, Some("1")),
                variance(Class::PriceUnder, Some("2")),
                variance(Class::PriceOver, Some("of a credit note to it")),
                variance(Class::UnplannedCharge, None),
            ],
            expected_net_minor: 0,
            policy_version: 1,
        };
        let line = |id: &str| LineFacts { id: id.to_owned(), ..LineFacts::default() };
        let lines = vec![line("1"), line("2"), line("3")];
        let invoice = InvoiceFacts { lines, ..InvoiceFacts::default() };
        assert_eq!(invoice.priced_lines(Some(&outcome)), PricedLines { compared: 3, above_agreed: 1 });
        assert_eq!(invoice.priced_lines(None), PricedLines::default());
        let credit = InvoiceFacts { kind: Kind::CreditNote, ..invoice };
        assert_eq!(credit.priced_lines(Some(&outcome)), PricedLines::default());
    }

    #[test]
    fn what_is_stated_is_told_as_stated_even_where_it_does_not_add_up() {
        let stated = |minor| Some(Field::xml(minor));
        let totals = Totals {
            net_minor: stated(1),
            vat_minor: stated(2),
            payable_minor: stated(4),
            ..Totals::default()
        };
        let facts = InvoiceFacts::of(&invoicing::Invoice { totals, ..unsummed() });
        assert_eq!((facts.net_minor, facts.vat_minor, facts.payable_minor), (1, 2, 4));
    }

    #[test]
    fn decimals_lose_their_trailing_zeros_and_rates_become_basis_points() {
        let facts = InvoiceFacts::of(&unsummed());
        let line = &facts.lines[0];
        let decimals = (line.quantity.as_str(), line.net_price.as_str(), line.base_quantity.as_deref());
        assert_eq!(decimals, ("2.5", "0.299", Some("0.1")));
        assert_eq!((line.vat_basis_points, facts.charges[1].vat_basis_points), (Some(550), Some(2_500)));
        assert_eq!(facts.charges[1].amount_minor, -1_000);
    }
}
