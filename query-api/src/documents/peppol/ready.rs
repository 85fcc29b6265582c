//! What Peppol requires of an invoice's sides beyond what Iris requires to trade.

use super::electronic_address::ElectronicAddress;
use crate::documents::{DocumentParty, InvoiceDocument};

/// Something without which an invoice cannot be sent through Peppol.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lacking {
    /// Where it belongs: `seller.vat_number`.
    pub field: String,
    /// Stable machine word: `missing` or `invalid`.
    pub code: &'static str,
    /// A sentence for people.
    pub message: String,
}

impl InvoiceDocument {
    /// # Errors
    /// All that is lacking, the seller's first.
    ///
    /// # Source
    /// Peppol BIS Billing 3.0: BT-34 and BT-49 (electronic addresses), BT-40 and BT-55 (countries), BT-31 with
    /// BR-S-02 and SE-R-001, SE-R-006 (Swedish rates).
    pub fn peppol_ready(&self) -> Result<(), Vec<Lacking>> {
        let mut lacking = Vec::new();
        check_vat_number(&self.seller, &mut lacking);
        check_party("seller", &self.seller, &mut lacking);
        check_party("buyer", &self.buyer, &mut lacking);
        self.check_lines(&mut lacking);
        if lacking.is_empty() { Ok(()) } else { Err(lacking) }
    }

    fn check_lines(&self, lacking: &mut Vec<Lacking>) {
        let swedish = self.seller.country.as_deref() == Some("SE");
        for (index, line) in self.lines.iter().enumerate() {
            if swedish && !matches!(line.tax_rate.basis_points(), 0 | 600 | 1200 | 2500) {
                let message = "Sweden has the rates 6, 12 and 25 per cent.";
                lacking.push(lack(format!("lines[{index}].tax_rate"), "invalid", message));
            }
            if !is_unit_code(&line.unit) {
                let message = "The unit must be a code of UN/ECE Recommendation 20 or 21.";
                lacking.push(lack(format!("lines[{index}].unit"), "invalid", message));
            }
        }
    }
}

fn check_party(side: &str, party: &DocumentParty, lacking: &mut Vec<Lacking>) {
    let field = |name: &str| format!("{side}.{name}");
    match party.country.as_deref() {
        None => lacking.push(lack(field("country"), "missing", "The country is needed.")),
        Some(code) if !is_country_code(code) => {
            lacking.push(lack(field("country"), "invalid", "The country must be two capital letters."));
        }
        Some(_) => {}
    }
    if ElectronicAddress::of(party).is_none() {
        let code = if party.gln.is_some() || party.org_number.is_some() { "invalid" } else { "missing" };
        let message = "A GLN, or in Sweden an organisation number, is needed as the electronic address.";
        lacking.push(lack(field("gln"), code, message));
    }
}

fn check_vat_number(seller: &DocumentParty, lacking: &mut Vec<Lacking>) {
    let field = "seller.vat_number".to_owned();
    match seller.vat_number.as_deref() {
        None => lacking.push(lack(field, "missing", "The seller's VAT number is needed.")),
        Some(number) if !is_vat_number(number) => {
            let message = "The VAT number must begin with its country, as in SE556123456701.";
            lacking.push(lack(field, "invalid", message));
        }
        Some(_) => {}
    }
}

/// BR-CO-09: the country goes first; SE-R-001 and -002: in Sweden twelve digits follow.
fn is_vat_number(number: &str) -> bool {
    let Some((country, rest)) = number.split_at_checked(2) else { return false };
    let swedish_form = rest.len() == 12 && rest.bytes().all(|byte| byte.is_ascii_digit());
    let form = (2..=13).contains(&rest.len()) && rest.bytes().all(|byte| byte.is_ascii_alphanumeric());
    is_country_code(country) && if country == "SE" { swedish_form } else { form }
}

fn is_country_code(code: &str) -> bool {
    code.len() == 2 && code.bytes().all(|byte| byte.is_ascii_uppercase())
}

fn is_unit_code(code: &str) -> bool {
    (2..=3).contains(&code.len())
        && code.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
}

fn lack(field: String, code: &'static str, message: &str) -> Lacking {
    Lacking { field, code, message: message.to_owned() }
}
