//! What columns and labels are called, in Swedish and English.

/// What stands in a column of a table of lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Role {
    RowNumber,
    Item,
    Gtin,
    Name,
    Quantity,
    Unit,
    Price,
    Discount,
    Vat,
    Amount,
}

impl Role {
    /// Whether numbers stand in it that the lines' arithmetic is about.
    pub fn is_numeric(self) -> bool {
        matches!(self, Self::Quantity | Self::Price | Self::Discount | Self::Vat | Self::Amount)
    }
}

/// What a labelled value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Label {
    Number,
    IssueDate,
    DueDate,
    DeliveryDate,
    Order,
    BuyerReference,
    Despatch,
    Preceding,
    LegalId,
    VatId,
    Bankgiro,
    Plusgiro,
    PaymentReference,
    Net,
    Vat,
    Rounding,
    Gross,
    Payable,
    /// "Total", "Summa": what is to be paid, where nothing says it better.
    Total,
    Prepaid,
    /// "Faktura", "Invoice": a number behind it is the invoice's, if nothing says so better.
    Heading,
    /// Known words whose value is not read; they end the value before them.
    Other,
}

const COLUMNS: [(Role, &[&str]); 10] = [
    (Role::RowNumber, &["rad", "radnr", "pos", "position", "nr", "no", "line", "#"]),
    (
        Role::Item,
        &[
            "artnr",
            "artno",
            "artikelnr",
            "artikelnummer",
            "artikelno",
            "artikel",
            "art",
            "varunr",
            "varunummer",
            "itemno",
            "itemnumber",
            "itemnr",
            "itemcode",
            "sku",
            "code",
            "kod",
            "produktnr",
            "bestnr",
            "productcode",
            "partno",
            "articleno",
            "articlenumber",
            "levartnr",
        ],
    ),
    (Role::Gtin, &["ean", "gtin", "eankod", "streckkod", "barcode"]),
    (
        Role::Name,
        &[
            "benamning",
            "artikelbenamning",
            "artikelbenamning/ean",
            "beskrivning",
            "produkt",
            "produktnamn",
            "produktbenamning",
            "vara",
            "varor",
            "varubeteckning",
            "varubenamning",
            "varunamn",
            "varuslag",
            "text",
            "artikeltext",
            "artikel/benamning",
            "benamning/artikel",
            "benamning/ean",
            "specifikation",
            "item",
            "items",
            "description",
            "itemdescription",
            "product",
            "productname",
            "tjanst",
            "details",
            "service",
            "namn",
            "avser",
        ],
    ),
    (
        Role::Quantity,
        &[
            "antal",
            "kvantitet",
            "levantal",
            "levkvantitet",
            "levereratantal",
            "antallev",
            "mangd",
            "qty",
            "quantity",
            "levererat",
            "lev",
            "hours",
            "timmar",
            "kvant",
            "levkvant",
            "levmangd",
            "fakturerat",
            "faktantal",
        ],
    ),
    (Role::Unit, &["enhet", "enh", "unit", "uom", "sort", "fpenhet"]),
    (
        Role::Price,
        &[
            "apris",
            "pris",
            "pris/enh",
            "pris/enhet",
            "pris/st",
            "styckpris",
            "stpris",
            "enhetspris",
            "prisperenhet",
            "nettopris",
            "rate",
            "price",
            "unitprice",
            "unitcost",
            "priceperunit",
            "prissek",
            "aprissek",
            "cenapris",
            "priskr",
            "aprisexklmoms",
            "prisexklmoms",
            "prisexmoms",
            "prisutanmoms",
            "styckprisexklmoms",
            "enhetsprisexklmoms",
            "nettopris/st",
            "pris/kg",
            "kr/enh",
            "kr/st",
        ],
    ),
    (
        Role::Discount,
        &[
            "rabatt",
            "rab",
            "rabkr",
            "rab%",
            "rabatt%",
            "rabattkr",
            "rabsek",
            "discount",
            "disc",
            "disc%",
            "discount%",
            "avdrag",
        ],
    ),
    (
        Role::Vat,
        &[
            "moms", "moms%", "momssats", "vat", "vat%", "vatrate", "tax", "taxes", "tax%", "taxrate",
            "momskod",
        ],
    ),
    (
        Role::Amount,
        &[
            "belopp",
            "summa",
            "radbelopp",
            "radsumma",
            "radtotal",
            "totalt",
            "total",
            "amount",
            "netto",
            "nettobelopp",
            "nettosumma",
            "linetotal",
            "lineamount",
            "totalprice",
            "totalpris",
            "beloppsek",
            "summasek",
            "beloppkr",
            "summaexklmoms",
            "beloppexklmoms",
            "beloppexmoms",
            "summaexmoms",
            "summakr",
            "radbeloppsek",
            "radbeloppkr",
            "radbeloppexklmoms",
            "totaltexklmoms",
            "totaltsek",
            "subtotal",
            "radpris",
        ],
    ),
];

const LABELS: [(Label, &[&str]); 22] = [
    (
        Label::Number,
        &[
            "fakturanummer",
            "fakturanr",
            "fakturano",
            "faktnr",
            "kreditnr",
            "kreditnummer",
            "kreditfakturanr",
            "kreditfakturanummer",
            "kreditnotanr",
            "invoicenumber",
            "invoiceno",
            "invoicenr",
            "invoice#",
            "invoiceid",
            "creditnotenumber",
            "creditnoteno",
            "#",
            "fakturaid",
        ],
    ),
    (
        Label::IssueDate,
        &[
            "fakturadatum",
            "faktdatum",
            "fakturadat",
            "datum",
            "date",
            "invoicedate",
            "kreditdatum",
            "utfardad",
            "issuedate",
            "dateofissue",
        ],
    ),
    (
        Label::DueDate,
        &[
            "forfallodatum",
            "forfdatum",
            "forfaller",
            "forfallodag",
            "forfall",
            "duedate",
            "betalassenast",
            "betalsenast",
            "osstillhanda",
            "osstillhandasenast",
            "paymentdue",
            "paymentduedate",
            "sistabetalningsdag",
        ],
    ),
    (
        Label::DeliveryDate,
        &[
            "leveransdatum",
            "levdatum",
            "levererat",
            "leveransdag",
            "leverans",
            "levererad",
            "deliverydate",
            "datelivered",
            "utlevdatum",
        ],
    ),
    (
        Label::Order,
        &[
            "ertordernr",
            "erordernr",
            "ertordernummer",
            "erorder",
            "ordernr",
            "ordernummer",
            "orderno",
            "inkopsordernr",
            "inkopsordernummer",
            "inkopsorder",
            "erbestallning",
            "bestallningsnr",
            "bestallningsnummer",
            "ertbestallningsnr",
            "ponumber",
            "po",
            "ponr",
            "purchaseorder",
            "ordernumber",
            "rekvisitionsnr",
            "rekvisition",
            "order",
            "yourorder",
        ],
    ),
    (
        Label::BuyerReference,
        &[
            "erreferens",
            "erref",
            "marke",
            "ermarkning",
            "markning",
            "yourreference",
            "yourref",
            "kundreferens",
            "buyerreference",
            "godsmarke",
            "bestallare",
            "kundref",
        ],
    ),
    (
        Label::Despatch,
        &[
            "foljesedel",
            "foljesedelnr",
            "foljesedelsnr",
            "foljesedelnummer",
            "deliverynote",
            "leveransnr",
            "fs",
            "foljesedelsnummer",
        ],
    ),
    (
        Label::Preceding,
        &[
            "avserfaktura",
            "avserfakturanr",
            "krediterarfaktura",
            "krediteradfaktura",
            "gallerfaktura",
            "originalinvoice",
            "creditsinvoice",
            "kreditavfaktura",
            "kreditavser",
        ],
    ),
    (
        Label::LegalId,
        &["orgnr", "organisationsnr", "organisationsnummer", "orgnummer", "companyno", "companynumber"],
    ),
    (
        Label::VatId,
        &[
            "momsregnr",
            "momsregistreringsnr",
            "momsregistreringsnummer",
            "momsnr",
            "vatno",
            "vatnr",
            "vatnumber",
            "vatid",
            "vatregno",
            "vatregnr",
            "taxid",
        ],
    ),
    (Label::Bankgiro, &["bankgiro", "bg", "bankgironr", "bankgironummer", "tillbg", "bankgirot"]),
    (Label::Plusgiro, &["plusgiro", "pg", "plusgironr", "postgiro"]),
    (
        Label::PaymentReference,
        &[
            "ocr",
            "ocrnr",
            "ocrnummer",
            "betalningsreferens",
            "ocrreferens",
            "referensnummer",
            "paymentreference",
            "angeocr",
            "meddelande/ocr",
        ],
    ),
    (
        Label::Net,
        &[
            "netto",
            "nettobelopp",
            "nettosumma",
            "summanetto",
            "summaexklmoms",
            "summaexkl",
            "delsumma",
            "subtotal",
            "untaxedamount",
            "totalexklmoms",
            "totaltexklmoms",
            "exklmoms",
            "beloppexklmoms",
            "beloppforemoms",
            "varuvarde",
            "netamount",
            "totalexclvat",
            "totalexcltax",
            "nettototal",
            "summavaror",
            "netwithoutvat",
            "totaltnetto",
            "summautanmoms",
        ],
    ),
    (
        Label::Vat,
        &[
            "moms",
            "mervardesskatt",
            "mervardeskatt",
            "momsattbetala",
            "vat",
            "tax",
            "taxes",
            "momsbelopp",
            "summamoms",
            "momstotalt",
            "totalmoms",
            "totaltmoms",
            "vatamount",
            "varavmoms",
            "varavmervardesskatt",
            "dettaavmoms",
            "salestax",
            "momssek",
            "momskr",
        ],
    ),
    (Label::Rounding, &["oresavrundning", "avrundning", "oresutjamning", "rounding", "oresavr", "utjamning"]),
    (
        Label::Gross,
        &[
            "summainklmoms",
            "totalinklmoms",
            "totaltinklmoms",
            "inklmoms",
            "beloppinklmoms",
            "totalinclvat",
            "totalincltax",
            "bruttobelopp",
            "brutto",
        ],
    ),
    (
        Label::Payable,
        &[
            "attbetala",
            "summaattbetala",
            "atterhalla",
            "fakturabelopp",
            "totaltattbetala",
            "totalattbetala",
            "beloppattbetala",
            "balancedue",
            "amountdue",
            "totaldue",
            "tillgodo",
            "attatererhalla",
            "fakturasumma",
            "summaatterhalla",
            "fakturatotal",
            "kreditbelopp",
            "attkreditera",
        ],
    ),
    (Label::Total, &["total", "totalt", "summa", "totalbelopp", "totalsumma", "totalamount", "grandtotal"]),
    (
        Label::Prepaid,
        &[
            "forskott",
            "avgarforskott",
            "redanbetalt",
            "betalt",
            "prepaid",
            "amountpaid",
            "paid",
            "avgarbetalt",
        ],
    ),
    (Label::Heading, &["faktura", "kreditfaktura", "kreditnota", "invoice", "creditnote", "taxinvoice"]),
    (
        Label::Other,
        &[
            "momssats",
            "underlag",
            "momsunderlag",
            "sida",
            "telefon",
            "epost",
            "bic",
            "swift",
            "iban",
            "varreferens",
            "varref",
            "kundnr",
            "kundnummer",
            "betalningsvillkor",
            "drojsmalsranta",
            "paymentterms",
            "billto",
            "shipto",
            "kund",
            "leveransadress",
            "vat%",
            "momsbas",
            "godkandforfskatt",
            "fskatt",
            "transport",
            "levvillkor",
            "leveransvillkor",
            "page",
            "vatbase",
            "leveranssatt",
            "taxableamount",
        ],
    ),
];

/// Lower case, without accents and without everything but letters, digits, `/`, `%` and `#`.
pub(super) fn normal(text: &str) -> String {
    let plain = |sign: char| match sign {
        'å' | 'ä' | 'à' | 'á' | 'â' => 'a',
        'ö' | 'ó' | 'ò' | 'ø' => 'o',
        'é' | 'è' | 'ê' => 'e',
        'ü' => 'u',
        other => other,
    };
    text.chars()
        .flat_map(char::to_lowercase)
        .map(plain)
        .filter(|sign| sign.is_alphanumeric() || matches!(sign, '/' | '%' | '#'))
        .collect()
}

/// The column that a head's word or words name.
pub(super) fn column(phrase: &str) -> Option<Role> {
    find(&COLUMNS, phrase)
}

/// The same, for words that are no column's name misread.
pub(super) fn exact_column(phrase: &str) -> Option<Role> {
    exact(&COLUMNS, &normal(phrase))
}

/// The label that a word or words are.
pub(super) fn label(phrase: &str) -> Option<Label> {
    find(&LABELS, phrase)
}

/// Exactly, or for longer words off by one sign: scans misread one, and no two entries are that close.
fn find<T: Copy>(entries: &[(T, &[&str])], phrase: &str) -> Option<T> {
    const INEXACT_MIN: usize = 6;
    let phrase = normal(phrase);
    if phrase.is_empty() {
        return None;
    }
    if let Some(found) = exact(entries, &phrase) {
        return Some(found);
    }
    if phrase.len() < INEXACT_MIN || phrase.bytes().any(|byte| byte.is_ascii_digit()) {
        return None;
    }
    // Lengths first: comparing signs with every entry is what most of the time on a page would go into.
    let is_near = |name: &str| {
        name.len() >= INEXACT_MIN
            && name.len().abs_diff(phrase.len()) <= 1
            && strsim::levenshtein(name, &phrase) == 1
    };
    entries.iter().find(|(_, names)| names.iter().any(|name| is_near(name))).map(|(found, _)| *found)
}

fn exact<T: Copy>(entries: &[(T, &[&str])], phrase: &str) -> Option<T> {
    entries.iter().find(|(_, names)| names.contains(&phrase)).map(|(found, _)| *found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_known_however_they_are_set() {
        assert_eq!(column("À-pris"), Some(Role::Price));
        assert_eq!(column("Lev. antal"), Some(Role::Quantity));
        assert_eq!(column("Moms %"), Some(Role::Vat));
        assert_eq!(label("Förf.datum"), Some(Label::DueDate));
        assert_eq!(label("ATT BETALA"), Some(Label::Payable));
    }

    #[test]
    fn one_misread_sign_does_not_hide_a_word() {
        assert_eq!(column("Benärnning"), None);
        assert_eq!(column("Benamming"), Some(Role::Name));
        assert_eq!(label("Fakturadatun:"), Some(Label::IssueDate));
    }

    #[test]
    fn values_are_no_labels() {
        for value in ["436,25", "Tomat", "2026-05-12", "SE551000011901", ""] {
            assert_eq!(label(value), None, "{value}");
        }
    }
}
