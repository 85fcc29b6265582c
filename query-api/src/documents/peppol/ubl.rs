//! The invoice as a UBL 2.1 `Invoice`, element by element in the schema's order.

use std::io;

use events::{
    order::PaymentMethod,
    values::{Currency, TaxRate},
};

use super::{
    electronic_address::{ElectronicAddress, SWEDISH_ORG, swedish_org_number},
    xml::{Xml, XmlFault},
};
use crate::documents::{DocumentParty, InvoiceDocument, InvoiceLine, PayTo, PayToKind};

const NAMESPACES: [(&str, &str); 3] = [
    ("xmlns", "urn:oasis:names:specification:ubl:schema:xsd:Invoice-2"),
    ("xmlns:cac", "urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2"),
    ("xmlns:cbc", "urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2"),
];
const CUSTOMIZATION: &str = "urn:cen.eu:en16931:2017#compliant#urn:fdc:peppol.eu:2017:poacc:billing:3.0";
const PROFILE: &str = "urn:fdc:peppol.eu:2017:poacc:billing:01:1.0";

/// The invoice as Peppol BIS Billing 3.0; valid where [`InvoiceDocument::peppol_ready`] says so.
pub fn peppol_xml(invoice: &InvoiceDocument) -> Result<String, XmlFault> {
    let mut xml = Xml::new()?;
    xml.within("Invoice", &NAMESPACES, |xml| {
        header(xml, invoice)?;
        xml.within("cac:AccountingSupplierParty", &[], |xml| party(xml, &invoice.seller))?;
        xml.within("cac:AccountingCustomerParty", &[], |xml| party(xml, &invoice.buyer))?;
        xml.within("cac:Delivery", &[], |xml| {
            xml.text("cbc:ActualDeliveryDate", &[], &invoice.delivery_date.to_string())
        })?;
        payment(xml, invoice)?;
        vat(xml, invoice)?;
        totals(xml, invoice)?;
        invoice
            .lines
            .iter()
            .enumerate()
            .try_for_each(|(index, item)| line(xml, invoice.currency, index, item))
    })?;
    Ok(xml.finish())
}

fn header(xml: &mut Xml, invoice: &InvoiceDocument) -> io::Result<()> {
    xml.text("cbc:CustomizationID", &[], CUSTOMIZATION)?;
    xml.text("cbc:ProfileID", &[], PROFILE)?;
    xml.text("cbc:ID", &[], &invoice.number.to_string())?;
    xml.text("cbc:IssueDate", &[], &invoice.issue_date.to_string())?;
    xml.text("cbc:DueDate", &[], &invoice.due_date.to_string())?;
    xml.text("cbc:InvoiceTypeCode", &[], invoice.type_code)?;
    xml.text("cbc:TaxPointDate", &[], &invoice.tax_point_date.to_string())?;
    xml.text("cbc:DocumentCurrencyCode", &[], &invoice.currency.to_string())?;
    // PEPPOL-EN16931-R003: the buyer finds its order by this.
    xml.within("cac:OrderReference", &[], |xml| xml.text("cbc:ID", &[], &invoice.order_id.to_string()))
}

fn party(xml: &mut Xml, party: &DocumentParty) -> io::Result<()> {
    xml.within("cac:Party", &[], |xml| {
        if let Some(address) = ElectronicAddress::of(party) {
            xml.text("cbc:EndpointID", &[("schemeID", address.scheme)], &address.id)?;
        }
        xml.within("cac:PartyName", &[], |xml| xml.text("cbc:Name", &[], &party.name))?;
        xml.within("cac:PostalAddress", &[], |xml| {
            xml.optional("cbc:StreetName", party.street.as_deref())?;
            xml.optional("cbc:CityName", party.city.as_deref())?;
            xml.optional("cbc:PostalZone", party.postal_code.as_deref())?;
            let country = party.country.as_deref();
            xml.within("cac:Country", &[], |xml| xml.optional("cbc:IdentificationCode", country))
        })?;
        if let Some(number) = party.vat_number.as_deref() {
            xml.within("cac:PartyTaxScheme", &[], |xml| {
                xml.text("cbc:CompanyID", &[], number)?;
                tax_scheme(xml)
            })?;
        }
        xml.within("cac:PartyLegalEntity", &[], |xml| {
            xml.text("cbc:RegistrationName", &[], &party.name)?;
            match swedish_org_number(party) {
                Some(number) => xml.text("cbc:CompanyID", &[("schemeID", SWEDISH_ORG)], &number),
                None => xml.optional("cbc:CompanyID", party.org_number.as_deref()),
            }
        })
    })
}

fn payment(xml: &mut Xml, invoice: &InvoiceDocument) -> io::Result<()> {
    if !invoice.pay_to.is_empty() {
        return invoice.pay_to.iter().try_for_each(|pay_to| transfer(xml, invoice, pay_to));
    }
    // UNCL 4461: 1 not defined, 10 in cash, 48 bank card. 30 (credit transfer) would need an account.
    let code = match invoice.payment_method {
        PaymentMethod::Invoice => "1",
        PaymentMethod::Card => "48",
        PaymentMethod::Cash => "10",
    };
    xml.within("cac:PaymentMeans", &[], |xml| {
        xml.text("cbc:PaymentMeansCode", &[], code)?;
        xml.text("cbc:PaymentID", &[], &invoice.payment_reference)
    })
}

/// # Source
/// SE-R-007 to SE-R-011: bankgiro and plusgiro are credit transfers (30) whose bank is named so; UBL-SR-44: all
/// accounts of an invoice share one reference.
fn transfer(xml: &mut Xml, invoice: &InvoiceDocument, pay_to: &PayTo) -> io::Result<()> {
    let branch = match pay_to.kind {
        PayToKind::Bankgiro => Some("SE:BANKGIRO"),
        PayToKind::Plusgiro => Some("SE:PLUSGIRO"),
        PayToKind::Iban => None,
    };
    xml.within("cac:PaymentMeans", &[], |xml| {
        xml.text("cbc:PaymentMeansCode", &[], "30")?;
        xml.text("cbc:PaymentID", &[], &invoice.payment_reference)?;
        xml.within("cac:PayeeFinancialAccount", &[], |xml| {
            xml.text("cbc:ID", &[], &pay_to.account)?;
            let Some(branch) = branch else { return Ok(()) };
            xml.within("cac:FinancialInstitutionBranch", &[], |xml| xml.text("cbc:ID", &[], branch))
        })
    })
}

fn vat(xml: &mut Xml, invoice: &InvoiceDocument) -> io::Result<()> {
    xml.within("cac:TaxTotal", &[], |xml| {
        amount(xml, "cbc:TaxAmount", invoice.currency, invoice.tax_cents)?;
        invoice.vat.iter().try_for_each(|group| {
            xml.within("cac:TaxSubtotal", &[], |xml| {
                amount(xml, "cbc:TaxableAmount", invoice.currency, group.net_cents)?;
                amount(xml, "cbc:TaxAmount", invoice.currency, group.tax_cents)?;
                tax_category(xml, "cac:TaxCategory", group.tax_rate)
            })
        })
    })
}

fn totals(xml: &mut Xml, invoice: &InvoiceDocument) -> io::Result<()> {
    xml.within("cac:LegalMonetaryTotal", &[], |xml| {
        amount(xml, "cbc:LineExtensionAmount", invoice.currency, invoice.net_cents)?;
        amount(xml, "cbc:TaxExclusiveAmount", invoice.currency, invoice.net_cents)?;
        amount(xml, "cbc:TaxInclusiveAmount", invoice.currency, invoice.total_cents)?;
        amount(xml, "cbc:PayableAmount", invoice.currency, invoice.total_cents)
    })
}

fn line(xml: &mut Xml, currency: Currency, index: usize, line: &InvoiceLine) -> io::Result<()> {
    xml.within("cac:InvoiceLine", &[], |xml| {
        xml.text("cbc:ID", &[], &(index + 1).to_string())?;
        xml.text("cbc:InvoicedQuantity", &[("unitCode", &line.unit)], &line.qty.to_string())?;
        amount(xml, "cbc:LineExtensionAmount", currency, line.net_cents)?;
        xml.within("cac:OrderLineReference", &[], |xml| {
            xml.text("cbc:LineID", &[], &line.line_id.to_string())
        })?;
        xml.within("cac:Item", &[], |xml| {
            xml.text("cbc:Name", &[], &line.name)?;
            xml.within("cac:SellersItemIdentification", &[], |xml| xml.text("cbc:ID", &[], &line.sku))?;
            tax_category(xml, "cac:ClassifiedTaxCategory", line.tax_rate)
        })?;
        xml.within("cac:Price", &[], |xml| amount(xml, "cbc:PriceAmount", currency, line.unit_price_cents))
    })
}

fn tax_category(xml: &mut Xml, name: &str, rate: TaxRate) -> io::Result<()> {
    // UNCL 5305: S standard rate (any rate above zero), Z zero rated.
    let category = if rate.basis_points() == 0 { "Z" } else { "S" };
    xml.within(name, &[], |xml| {
        xml.text("cbc:ID", &[], category)?;
        xml.text("cbc:Percent", &[], &rate.to_string())?;
        tax_scheme(xml)
    })
}

fn tax_scheme(xml: &mut Xml) -> io::Result<()> {
    xml.within("cac:TaxScheme", &[], |xml| xml.text("cbc:ID", &[], "VAT"))
}

fn amount(xml: &mut Xml, name: &str, currency: Currency, minor: i64) -> io::Result<()> {
    let sign = if minor < 0 { "-" } else { "" };
    let (whole, hundredths) = (minor.unsigned_abs() / 100, minor.unsigned_abs() % 100);
    xml.text(name, &[("currencyID", &currency.to_string())], &format!("{sign}{whole}.{hundredths:02}"))
}
