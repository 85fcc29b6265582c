//! What is wrong with the documents themselves: sums, references, seller, accounts, currency.

use super::{
    links::fold,
    order::{KnownSeller, Order},
    policy::Policy,
    variance::{Class, Effect, Variance, plain},
};
use crate::{
    invoice::{Invoice, Source, Text},
    money,
    rules::closure::{Grade, closure},
};

/// The first document is the invoice, the others are credit notes to it.
pub(super) fn check(documents: &[&Invoice], order: &Order, policy: &Policy) -> Vec<Variance> {
    let mut variances = Vec::new();
    for document in documents {
        variances.extend(currency(document, order));
        variances.extend(order_reference(document, order));
        if let Some(seller) = &order.seller {
            variances.extend(seller_identity(document, seller));
            variances.extend(accounts(document, seller));
        }
        arithmetic(document, policy, &mut variances);
        variances.extend(prepaid(document));
        variances.extend(repeated_line(document));
    }
    if let Some((invoice, credits)) = documents.split_first() {
        variances.extend(credits.iter().filter_map(|credit| credit_reference(credit, invoice)));
    }
    variances
}

fn currency(document: &Invoice, order: &Order) -> Option<Variance> {
    let stated = document.currency.as_ref().map(|currency| currency.value.clone());
    if stated.as_deref() == Some(order.currency.as_str()) {
        return None;
    }
    let effect = if stated.is_some() { Effect::Blocks } else { Effect::Doubts };
    Some(Variance {
        expected: Some(order.currency.clone()),
        actual: stated,
        ..Variance::of_document(Class::CurrencyMismatch, effect)
    })
}

fn order_reference(document: &Invoice, order: &Order) -> Option<Variance> {
    let stated = document.references.order.as_ref()?;
    let is_same = match stated.source {
        Source::Ocr => fold_seen(stated) == fold_seen(&order.id),
        Source::Xml | Source::Json | Source::Person | Source::Text => fold(stated) == fold(&order.id),
    };
    (!is_same).then(|| Variance {
        expected: Some(order.id.clone()),
        actual: Some(stated.value.clone()),
        ..Variance::of_document(Class::OrderReference, Effect::Doubts)
    })
}

/// Signs that OCR takes for one another are one sign.
fn fold_seen(key: &str) -> String {
    let seen = |sign| match sign {
        'O' | 'Q' | 'D' => '0',
        'I' | 'L' => '1',
        'S' => '5',
        'B' => '8',
        'Z' => '2',
        other => other,
    };
    key.chars().filter(|sign| sign.is_alphanumeric()).flat_map(char::to_uppercase).map(seen).collect()
}

fn seller_identity(document: &Invoice, seller: &KnownSeller) -> Option<Variance> {
    let same = |stated: &Text, known: &Option<String>| {
        stated.as_ref().zip(known.as_ref()).map(|(stated, known)| fold(stated) == fold(known))
    };
    let ids =
        [same(&document.seller.vat_id, &seller.vat_id), same(&document.seller.legal_id, &seller.legal_id)];
    let effect = match ids {
        _ if ids.contains(&Some(false)) => Effect::Blocks,
        _ if ids.contains(&Some(true)) => return None,
        _ => Effect::Doubts,
    };
    let stated = document.seller.vat_id.as_ref().or(document.seller.legal_id.as_ref());
    Some(Variance {
        expected: seller.vat_id.clone().or_else(|| seller.legal_id.clone()),
        actual: stated.map(|stated| stated.value.clone()),
        ..Variance::of_document(Class::UnknownSeller, effect)
    })
}

/// A changed account is how invoice fraud works: a known seller with a new account never passes. Of a seller whose
/// account nobody has confirmed yet, a person looks at the first.
fn accounts(document: &Invoice, seller: &KnownSeller) -> Vec<Variance> {
    let effect = if seller.accounts.is_empty() { Effect::Doubts } else { Effect::Blocks };
    let is_known = |account: &str| seller.accounts.iter().any(|known| fold(known) == fold(account));
    let stated = document.payments.iter().filter_map(|payment| payment.account.as_ref());
    stated
        .filter(|account| !is_known(account))
        .map(|account| Variance {
            actual: Some(account.value.clone()),
            ..Variance::of_document(Class::UnknownAccount, effect)
        })
        .collect()
}

fn arithmetic(document: &Invoice, policy: &Policy, variances: &mut Vec<Variance>) {
    let mut rounded_minor =
        document.totals.rounding_minor.as_ref().map_or(0, |rounding| rounding.value.saturating_abs());
    for fault in closure(document) {
        let is_vat = matches!(fault.rule, "BR-CO-17" | "BR-S-08" | "BR-CO-14");
        if fault.rule == "BR-CO-17" {
            rounded_minor = rounded_minor.saturating_add(fault.difference_minor.saturating_abs());
        }
        variances.push(Variance {
            invoice_line: fault.line,
            value_minor: fault.difference_minor,
            reason: Some(fault.rule.to_owned()),
            ..Variance::of_document(
                if is_vat { Class::VatAmount } else { Class::Arithmetic },
                if fault.grade == Grade::Broken { Effect::Blocks } else { Effect::Noted },
            )
        });
    }
    if rounded_minor > policy.rounding_max_minor {
        variances.push(Variance {
            expected: Some(plain(money::decimal(policy.rounding_max_minor))),
            actual: Some(plain(money::decimal(rounded_minor))),
            value_minor: rounded_minor,
            reason: Some("rounding".to_owned()),
            ..Variance::of_document(Class::Arithmetic, Effect::Blocks)
        });
    }
}

/// Nothing that Iris knows of confirms what a document says was paid beforehand; below zero it would be added to what
/// is to be paid.
fn prepaid(document: &Invoice) -> Option<Variance> {
    let prepaid = document.totals.prepaid_minor.as_ref().filter(|prepaid| prepaid.value != 0)?;
    Some(Variance {
        actual: Some(plain(money::decimal(prepaid.value))),
        value_minor: prepaid.value.saturating_neg(),
        reason: Some("prepaid".to_owned()),
        ..Variance::of_document(
            Class::Arithmetic,
            if prepaid.value < 0 { Effect::Blocks } else { Effect::Doubts },
        )
    })
}

/// Links and the order's ledger go by a line's id.
fn repeated_line(document: &Invoice) -> Option<Variance> {
    let mut seen = std::collections::BTreeSet::new();
    let again = document.lines.iter().find(|line| !seen.insert(line.id.as_str()))?;
    Some(Variance {
        invoice_line: Some(again.id.clone()),
        reason: Some("repeated_line_id".to_owned()),
        ..Variance::of_document(Class::AmbiguousLink, Effect::Blocks)
    })
}

fn credit_reference(credit: &Invoice, invoice: &Invoice) -> Option<Variance> {
    let number = invoice.number.as_ref().map(|number| fold(number));
    let refers = credit.references.preceding.iter().any(|preceding| Some(fold(preceding)) == number);
    (!refers).then(|| Variance {
        expected: invoice.number.as_ref().map(|number| number.value.clone()),
        actual: credit.references.preceding.first().map(|preceding| preceding.value.clone()),
        ..Variance::of_document(Class::UnlinkedCredit, Effect::Doubts)
    })
}
