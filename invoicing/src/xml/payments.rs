//! Accounts to pay to, each with its own reference.
//!
//! The semantic model knows one reference per document; UBL and CII state one per account, and Swedish
//! invoices use that (a bankgiro with an OCR number beside a plain account).

use roxmltree::Node;

use super::header::text;
use crate::invoice::{Payment, Syntax, Text};

/// One per account, in the document's order.
pub(super) fn read(root: Node<'_, '_>, syntax: Syntax) -> Vec<Payment> {
    match syntax {
        Syntax::Ubl => ubl(root),
        Syntax::Cii => cii(root),
    }
}

fn ubl(root: Node<'_, '_>) -> Vec<Payment> {
    let means = children(root, "PaymentMeans");
    means
        .map(|means| Payment {
            means_code: content(means, &["PaymentMeansCode"]),
            reference: content(means, &["PaymentID"]),
            account: content(means, &["PayeeFinancialAccount", "ID"]),
            branch: content(means, &["PayeeFinancialAccount", "FinancialInstitutionBranch", "ID"]),
        })
        .collect()
}

fn cii(root: Node<'_, '_>) -> Vec<Payment> {
    let Some(settlement) = descend(root, &["SupplyChainTradeTransaction", "ApplicableHeaderTradeSettlement"])
    else {
        return Vec::new();
    };
    let reference = content(settlement, &["PaymentReference"]);
    children(settlement, "SpecifiedTradeSettlementPaymentMeans")
        .map(|means| {
            let account = &["PayeePartyCreditorFinancialAccount", "IBANID"];
            let other = &["PayeePartyCreditorFinancialAccount", "ProprietaryID"];
            Payment {
                means_code: content(means, &["TypeCode"]),
                reference: reference.clone(),
                account: content(means, account).or_else(|| content(means, other)),
                branch: content(means, &["PayeeSpecifiedCreditorFinancialInstitution", "BICID"]),
            }
        })
        .collect()
}

fn children<'a, 'b>(node: Node<'a, 'b>, name: &'static str) -> impl Iterator<Item = Node<'a, 'b>> {
    node.children().filter(move |child| child.is_element() && child.tag_name().name() == name)
}

fn descend<'a, 'b>(node: Node<'a, 'b>, path: &[&'static str]) -> Option<Node<'a, 'b>> {
    path.iter().try_fold(node, |node, name| children(node, name).next())
}

fn content(node: Node<'_, '_>, path: &[&'static str]) -> Text {
    text(descend(node, path)?.text())
}
