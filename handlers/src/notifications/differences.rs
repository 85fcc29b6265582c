//! What differs on an invoice, and why one waits, as a person reads it.

use events::{invoice::HoldReason, public::invoice::InvoiceVariance, values::Locale};

use super::wording::Wording;

/// A difference, with what it needs to be understood.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Difference<'a> {
    /// What the line sells; `None` where the document is meant.
    pub(crate) line: Option<&'a str>,
    pub(crate) variance: &'a InvoiceVariance,
    /// ISO 4217, of the document.
    pub(crate) currency: &'a str,
}

impl Wording {
    /// `Tomater: högre pris än avtalat (28,5 väntat, 29,9 fakturerat; 3,50 kr)`.
    pub(crate) fn difference(self, difference: &Difference<'_>) -> String {
        let Difference { line, variance, currency } = *difference;
        let class = self.variance_class(&variance.class);
        let sentence = line.map_or_else(|| class.to_owned(), |line| format!("{line}: {class}"));
        let compared = variance.expected.as_deref().zip(variance.actual.as_deref());
        let compared = compared.map(|(expected, actual)| {
            let (expected, actual) = (self.decimal(expected), self.decimal(actual));
            match self.locale {
                Locale::Sv => format!("{expected} väntat, {actual} fakturerat"),
                Locale::En => format!("{expected} expected, {actual} invoiced"),
            }
        });
        let value = (variance.value_cents != 0).then(|| self.amount(variance.value_cents, currency));
        match compared.into_iter().chain(value).collect::<Vec<_>>() {
            said if said.is_empty() => sentence,
            said => format!("{sentence} ({})", said.join("; ")),
        }
    }

    /// Classes come as words: one that is newer than this program is told as a difference nevertheless.
    fn variance_class(self, class: &str) -> &'static str {
        let (sv, en) = match class {
            "price_over" => ("högre pris än avtalat", "price above the agreed one"),
            "price_under" => ("lägre pris än avtalat", "price below the agreed one"),
            "missing_discount" => ("avtalad rabatt saknas", "agreed discount is missing"),
            "quantity_over_received" => ("mer fakturerat än mottaget", "more invoiced than received"),
            "quantity_over_ordered" => ("mer fakturerat än beställt", "more invoiced than ordered"),
            "invoiced_before_receipt" => {
                ("fakturerat innan något har tagits emot", "invoiced before anything was received")
            }
            "credit_over_invoiced" => ("mer krediterat än fakturerat", "more credited than invoiced"),
            "unmatched_line" => ("finns inte på beställningen", "not on the order"),
            "ambiguous_link" => {
                ("oklart vilken beställd rad som avses", "several lines of the order could be meant")
            }
            "unplanned_charge" => ("avgift som inte är avtalad", "charge that nobody agreed to"),
            "unplanned_allowance" => ("avdrag som inte var väntat", "reduction that nobody expected"),
            "vat_rate" => ("fel momssats", "wrong VAT rate"),
            "vat_amount" => {
                ("momsen följer inte av underlag och sats", "VAT does not follow from base and rate")
            }
            "unit_mismatch" => ("annan enhet än beställt", "another unit than ordered"),
            "currency_mismatch" => ("annan valuta än beställt", "another currency than ordered"),
            "arithmetic" => ("beloppen går inte ihop", "the amounts do not add up"),
            "order_reference" => ("hänvisar till en annan beställning", "refers to another order"),
            "unlinked_credit" => (
                "hänvisar inte till fakturan som krediteras",
                "does not refer to the invoice that it credits",
            ),
            "unknown_seller" => {
                ("säljaren är inte den som fick beställningen", "the seller is not the one who got the order")
            }
            "unknown_account" => (
                "betalning till ett konto som inte är bekräftat",
                "payment to an account that is not confirmed",
            ),
            "duplicate" => ("har troligen kommit förut", "has probably come before"),
            "low_confidence" => ("ett värde gick inte att läsa säkert", "a value could not be read surely"),
            _ => ("annan avvikelse", "another difference"),
        };
        self.pick(sv, en)
    }

    pub(crate) fn hold_reason(self, reason: HoldReason) -> &'static str {
        let (sv, en) = match reason {
            HoldReason::OrderNotFound => ("ingen beställning hittades", "no order was found"),
            HoldReason::SeveralOrders => ("flera beställningar kan avses", "several orders could be meant"),
            HoldReason::AwaitsReceipt => ("mottagningen är inte bekräftad", "the receipt is not confirmed"),
            HoldReason::InvoiceNotFound => {
                ("fakturan som krediteras saknas", "the invoice that it credits is missing")
            }
            HoldReason::ReadingUnsure => {
                ("sidan gick inte att läsa säkert", "the page could not be read surely")
            }
            HoldReason::PageDiffers => (
                "sidan säger något annat än e-fakturan i filen",
                "the page says something else than the e-invoice in the file",
            ),
            HoldReason::PossibleDuplicate => (
                "en faktura med samma nummer har kommit förut",
                "an invoice with the same number came before",
            ),
            HoldReason::NeedsReview => ("något på den är osäkert", "something about it is not sure"),
            HoldReason::NeedsManualEntry => ("den måste matas in för hand", "it must be entered by hand"),
        };
        self.pick(sv, en)
    }

    fn pick(self, sv: &'static str, en: &'static str) -> &'static str {
        match self.locale {
            Locale::Sv => sv,
            Locale::En => en,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use chrono_tz::Tz;
    use events::public::invoice::VarianceEffect;

    use super::*;

    const SV: Wording = Wording { locale: Locale::Sv, zone: Tz::Europe__Stockholm };
    const EN: Wording = Wording { locale: Locale::En, zone: Tz::Europe__Stockholm };

    fn variance(class: &str) -> InvoiceVariance {
        InvoiceVariance {
            class: class.to_owned(),
            effect: VarianceEffect::Blocks,
            invoice_line: None,
            order_line_id: None,
            expected: Some("28.5".to_owned()),
            actual: Some("29.9".to_owned()),
            value_cents: 350,
        }
    }

    fn told(words: Wording, line: Option<&str>, variance: &InvoiceVariance) -> String {
        words.difference(&Difference { line, variance, currency: "SEK" }).replace('\u{a0}', " ")
    }

    #[test]
    fn a_difference_says_what_where_and_how_much() {
        let dearer = variance("price_over");
        assert_eq!(
            told(SV, Some("Tomater"), &dearer),
            "Tomater: högre pris än avtalat (28,5 väntat, 29,9 fakturerat; 3,50 kr)"
        );
        assert_eq!(
            told(EN, None, &dearer),
            "price above the agreed one (28.5 expected, 29.9 invoiced; SEK 3.50)"
        );
        let bare = InvoiceVariance { expected: None, value_cents: 0, ..variance("never_heard_of") };
        assert_eq!(told(EN, None, &bare), "another difference");
    }

    #[test]
    fn every_class_has_words_of_its_own_in_every_language() {
        let classes = [
            "price_over",
            "price_under",
            "missing_discount",
            "quantity_over_received",
            "quantity_over_ordered",
            "invoiced_before_receipt",
            "credit_over_invoiced",
            "unmatched_line",
            "ambiguous_link",
            "unplanned_charge",
            "unplanned_allowance",
            "vat_rate",
            "vat_amount",
            "unit_mismatch",
            "currency_mismatch",
            "arithmetic",
            "order_reference",
            "unlinked_credit",
            "unknown_seller",
            "unknown_account",
            "duplicate",
            "low_confidence",
        ];
        for words in [SV, EN] {
            let said: BTreeSet<&str> = classes.iter().map(|class| words.variance_class(class)).collect();
            assert_eq!(said.len(), classes.len());
            assert!(!said.contains(words.variance_class("never_heard_of")));
        }
    }
}
