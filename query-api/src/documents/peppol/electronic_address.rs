//! Where a party takes electronic documents.

use invoicing::checksum;

use crate::documents::DocumentParty;

/// An address in the Peppol network: a number and the list it stands in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ElectronicAddress {
    /// ISO 6523 code of the list.
    pub(super) scheme: &'static str,
    /// The number.
    pub(super) id: String,
}

/// ISO 6523: GS1's global location numbers.
const GLN: &str = "0088";
/// ISO 6523: Swedish organisation numbers.
pub(super) const SWEDISH_ORG: &str = "0007";

impl ElectronicAddress {
    /// The party's GLN, else its Swedish organisation number.
    pub(super) fn of(party: &DocumentParty) -> Option<Self> {
        let gln = party.gln.as_deref().map(compact).filter(|gln| is_gln(gln));
        gln.map(|id| Self { scheme: GLN, id })
            .or_else(|| swedish_org_number(party).map(|id| Self { scheme: SWEDISH_ORG, id }))
    }
}

/// The ten digits of a Swedish organisation number with a right check digit.
///
/// # Source
/// SE-R-013 and PEPPOL-COMMON-R049.
pub(super) fn swedish_org_number(party: &DocumentParty) -> Option<String> {
    let number = party.org_number.as_deref().map(compact)?;
    let swedish = party.country.as_deref() == Some("SE");
    (swedish && checksum::is_organisation_number(&number)).then_some(number)
}

fn compact(number: &str) -> String {
    number.chars().filter(|c| !matches!(c, ' ' | '-')).collect()
}

/// # Source
/// PEPPOL-COMMON-R040: 13 digits, the last of which checks the others with weights 3 and 1.
fn is_gln(number: &str) -> bool {
    number.len() == 13 && number.parse::<events::values::Gtin>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn check_digits_are_checked() {
        assert!(is_gln("7300010000001") && !is_gln("7300010000002") && !is_gln("96385074"));
    }
}
