//! Documents with bytes changed, taken out and put in: refused or read, and never the end of the process.

use std::fmt::Write as _;

use invoicing::{
    Received,
    invoice::Source,
    matching::{Ledger, Order, Policy, reconcile},
    page::{self, gate},
    receive, rules,
};
use proptest::prelude::*;

const UBL: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<Invoice xmlns="urn:oasis:names:specification:ubl:schema:xsd:Invoice-2" xmlns:cac="urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2" xmlns:cbc="urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2">
<cbc:CustomizationID>urn:cen.eu:en16931:2017#compliant#urn:fdc:peppol.eu:2017:poacc:billing:3.0</cbc:CustomizationID>
<cbc:ID>F-1</cbc:ID><cbc:IssueDate>2026-05-12</cbc:IssueDate><cbc:InvoiceTypeCode>380</cbc:InvoiceTypeCode><cbc:DocumentCurrencyCode>SEK</cbc:DocumentCurrencyCode>
<cac:OrderReference><cbc:ID>PO-1</cbc:ID></cac:OrderReference>
<cac:AccountingSupplierParty><cac:Party><cac:PartyTaxScheme><cbc:CompanyID>SE551000011901</cbc:CompanyID><cac:TaxScheme><cbc:ID>VAT</cbc:ID></cac:TaxScheme></cac:PartyTaxScheme><cac:PartyLegalEntity><cbc:RegistrationName>Påhittet AB</cbc:RegistrationName></cac:PartyLegalEntity></cac:Party></cac:AccountingSupplierParty>
<cac:TaxTotal><cbc:TaxAmount currencyID="SEK">12.00</cbc:TaxAmount><cac:TaxSubtotal><cbc:TaxableAmount currencyID="SEK">200.00</cbc:TaxableAmount><cbc:TaxAmount currencyID="SEK">12.00</cbc:TaxAmount><cac:TaxCategory><cbc:ID>S</cbc:ID><cbc:Percent>6</cbc:Percent><cac:TaxScheme><cbc:ID>VAT</cbc:ID></cac:TaxScheme></cac:TaxCategory></cac:TaxSubtotal></cac:TaxTotal>
<cac:LegalMonetaryTotal><cbc:LineExtensionAmount currencyID="SEK">200.00</cbc:LineExtensionAmount><cbc:TaxExclusiveAmount currencyID="SEK">200.00</cbc:TaxExclusiveAmount><cbc:TaxInclusiveAmount currencyID="SEK">212.00</cbc:TaxInclusiveAmount><cbc:PayableAmount currencyID="SEK">212.00</cbc:PayableAmount></cac:LegalMonetaryTotal>
<cac:InvoiceLine><cbc:ID>1</cbc:ID><cbc:InvoicedQuantity unitCode="KGM">2</cbc:InvoicedQuantity><cbc:LineExtensionAmount currencyID="SEK">200.00</cbc:LineExtensionAmount><cac:Item><cbc:Name>Torsk</cbc:Name><cac:ClassifiedTaxCategory><cbc:ID>S</cbc:ID><cbc:Percent>6</cbc:Percent><cac:TaxScheme><cbc:ID>VAT</cbc:ID></cac:TaxScheme></cac:ClassifiedTaxCategory></cac:Item><cac:Price><cbc:PriceAmount currencyID="SEK">100.00</cbc:PriceAmount><cbc:BaseQuantity unitCode="KGM">1</cbc:BaseQuantity></cac:Price></cac:InvoiceLine>
</Invoice>"#;

const PDF: &str = "%PDF-1.4\n1 0 obj\n<< /Type /Catalog /Pages 2 0 R /Names << /EmbeddedFiles << /Names [(factur-x.xml) 6 0 R] >> >> >>\nendobj\n\
2 0 obj\n<< /Type /Pages /Kids [3 0 R] /Count 1 >>\nendobj\n3 0 obj\n<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R >>\nendobj\n\
4 0 obj\n<< /Length 5 >>\nstream\nBT ET\nendstream\nendobj\n6 0 obj\n<< /Type /Filespec /F (factur-x.xml) /EF << /F 7 0 R >> >>\nendobj\n\
7 0 obj\n<< /Type /EmbeddedFile /Length 10 >>\nstream\n<Invoice/>\nendstream\nendobj\ntrailer << /Size 8 /Root 1 0 R >>\nstartxref\n0\n%%EOF\n";

/// A change of some bytes: where, how many are taken out, and what is put there.
fn changes() -> impl Strategy<Value = Vec<(usize, usize, Vec<u8>)>> {
    let telling = prop::sample::select(b"<>/&;\"' 0129.-eE\0\xff[]()%".to_vec());
    let put_in = prop::collection::vec(prop_oneof![any::<u8>(), telling], 0..6);
    prop::collection::vec((any::<usize>(), 0..40_usize, put_in), 1..6)
}

fn changed(whole: &[u8], changes: Vec<(usize, usize, Vec<u8>)>) -> Vec<u8> {
    let mut bytes = whole.to_vec();
    for (place, taken_out, put_in) in changes {
        let start = place % (bytes.len() + 1);
        let end = (start + taken_out).min(bytes.len());
        bytes.splice(start..end, put_in);
    }
    bytes
}

/// Everything that is done with an upload before a person sees it.
fn take(bytes: &[u8]) {
    if let Ok(Received::Structured(document) | Received::Hybrid { document, .. }) = receive(bytes) {
        rules::check(&document);
        gate::doubts(&document.invoice);
        let order = Order {
            id: "PO-1".to_owned(),
            currency: "SEK".to_owned(),
            seller: None,
            lines: Vec::new(),
            charges: Vec::new(),
        };
        reconcile(&document.invoice, &order, &Ledger::default(), &Policy::default());
    }
}

#[test]
fn what_is_changed_below_is_sound() {
    assert!(matches!(receive(UBL.as_bytes()), Ok(Received::Structured(_))));
    assert!(receive(PDF.as_bytes()).is_ok());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 192, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn changed_xml_is_refused_or_read(changes in changes()) {
        take(&changed(UBL.as_bytes(), changes));
    }

    #[test]
    fn a_changed_pdf_is_refused_or_read(changes in changes()) {
        take(&changed(PDF.as_bytes(), changes));
    }

    /// Words of invoices, strewn over a page.
    #[test]
    fn any_page_is_read_or_is_none(words in prop::collection::vec((0..24_usize, 0..590_u32, 0..70_u32, 1..90_u32), 0..60)) {
        const WORDS: [&str; 24] = [
            "Antal", "À-pris", "Belopp", "Moms", "Moms:", "Benämning", "Rabatt", "Att", "betala", "Netto", "6", "%",
            "100,00", "1", "182,60", "99999999999999999999", "-0,01", "79228162514264337593543950335", "1/365",
            "1 585,00/365", "EAN", "2000003374717", "SE551000011901", "0",
        ];
        let mut html = String::from("<page width='595' height='842'>");
        for (word, left, row, width) in words {
            let (top, right) = (row * 12, left + width);
            write!(html, "<word xMin='{left}' yMin='{top}' xMax='{right}' yMax='{}'>{}</word>", top + 10, WORDS[word])?;
        }
        html.push_str("</page>");
        let pages = page::from_bbox(&html).expect("poppler writes so");
        for source in [Source::Text, Source::Ocr] {
            if let Some(invoice) = page::read(&pages, source) {
                gate::doubts(&invoice);
            }
        }
    }
}
