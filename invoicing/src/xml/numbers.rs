//! Every number of a document must be one.
//!
//! The model's reader takes a price that it cannot hold for 0. A price of 0 is a gift, not a fault to be
//! passed on in silence, so the numbers are looked at before.

use std::str::FromStr;

use roxmltree::Node;
use rust_decimal::Decimal;

use crate::{money, refusal::Refusal};

/// Ends of the names of elements that hold numbers, in UBL and in CII.
const NUMBER_NAMES: [&str; 4] = ["Amount", "Quantity", "Percent", "Numeric"];
/// Amounts of documents stay below this; so every sum of a document's lines stays below 2^63.
const AMOUNT_MAX_MINOR: i64 = 1_000_000_000_000_000;

/// # Errors
/// The first number that is none, or that is too large.
pub(super) fn check(root: Node<'_, '_>) -> Result<(), Refusal> {
    for node in root.descendants().filter(Node::is_element) {
        let name = node.tag_name().name();
        let is_leaf = !node.children().any(|child| child.is_element());
        if !is_leaf || !NUMBER_NAMES.iter().any(|end| name.ends_with(end)) {
            continue;
        }
        // An empty element is an absent one.
        let Some(text) = node.text().map(str::trim).filter(|text| !text.is_empty()) else { continue };
        if !is_readable(text) {
            let value = text.chars().take(60).collect();
            return Err(Refusal::UnreadableValue { path: path(node), value });
        }
    }
    Ok(())
}

fn is_readable(text: &str) -> bool {
    let Ok(number) = Decimal::from_str(text) else { return false };
    money::minor(number).is_some_and(|minor| minor.abs() <= AMOUNT_MAX_MINOR)
}

fn path(node: Node<'_, '_>) -> String {
    let mut names: Vec<&str> =
        node.ancestors().filter(Node::is_element).map(|node| node.tag_name().name()).collect();
    names.reverse();
    names.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(xml: &str) -> Result<(), Refusal> {
        check(roxmltree::Document::parse(xml).unwrap().root_element())
    }

    #[test]
    fn what_is_no_number_is_named_with_its_place() {
        let refusal = checked("<Line><Price><PriceAmount>1,50</PriceAmount></Price></Line>").unwrap_err();
        let path = "Line/Price/PriceAmount".to_owned();
        assert_eq!(refusal, Refusal::UnreadableValue { path, value: "1,50".to_owned() });
    }

    #[test]
    fn a_number_beyond_all_invoices_is_refused() {
        assert!(checked("<a><BaseAmount>9999999999999.99</BaseAmount></a>").is_ok());
        assert!(checked("<a><BaseAmount>99999999999999.99</BaseAmount></a>").is_err());
        assert!(checked(&format!("<a><BaseAmount>{}</BaseAmount></a>", "9".repeat(60))).is_err());
    }
}
