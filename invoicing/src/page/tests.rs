//! Layouts that nobody drew for this code.

use super::{gate, printed::page, read};
use crate::invoice::{Invoice, Kind, Source};

fn lines(invoice: &Invoice) -> Vec<(String, String, String, i64)> {
    invoice
        .lines
        .iter()
        .map(|line| {
            let name = line.name.as_ref().map_or_else(String::new, |name| name.value.clone());
            let (quantity, price) = (line.quantity.value.normalize(), line.net_price.value.normalize());
            (name, quantity.to_string(), price.to_string(), line.net_minor.value)
        })
        .collect()
}

fn line(name: &str, quantity: &str, price: &str, net_minor: i64) -> (String, String, String, i64) {
    (name.to_owned(), quantity.to_owned(), price.to_owned(), net_minor)
}

/// Amounts first, names last, the sums on the left.
const TURNED_ROUND: &str = "
Fiskhuset Påhittet AB                                FAKTURA
Kajen 3, 45099 Smögen                                Fakturanr   F-771
                                                     Fakt.datum  2026-06-02
Krogen Exempel AB                                    Förfaller   2026-07-02
Torget 1                                             Ordernr     PO-9

  Belopp  Moms    Pris  Enh    Antal  Artikel   Benämning
  870,00   6 %  174,00  kg     5      F-10      Torskrygg färsk
1 250,95   6 %   25,01  kg    50,018  F-20      Sill 2,5 kg hink
   96,00  25 %   12,00  st     8      F-90      Frigolitlåda

Summa exkl moms   2 216,95
Moms                151,26
Avrundning           -0,21
Att betala        2 368,00 SEK

Moms     Underlag    Sats
127,26   2 120,95    6 %
 24,00      96,00   25 %

Bankgiro 999-1233  OCR 26051284  Org.nr 551000-0119  Momsreg.nr SE551000011901
";

#[test]
fn columns_in_any_order_are_read() {
    let invoice = read(&[page(TURNED_ROUND)], Source::Text).unwrap();
    let expected = [
        line("Torskrygg färsk", "5", "174", 87_000),
        line("Sill 2,5 kg hink", "50.018", "25.01", 125_095),
        line("Frigolitlåda", "8", "12", 9_600),
    ];
    assert_eq!(lines(&invoice), expected);
    assert_eq!(invoice.lines[1].seller_item_id.as_ref().unwrap().value, "F-20");
    assert_eq!(invoice.lines[1].unit.as_ref().unwrap().value, "KGM");
}

#[test]
fn what_stands_around_the_table_is_read() {
    let invoice = read(&[page(TURNED_ROUND)], Source::Text).unwrap();
    assert_eq!(invoice.number.as_ref().unwrap().value, "F-771");
    assert_eq!(invoice.issue_date.as_ref().unwrap().value.to_string(), "2026-06-02");
    assert_eq!(invoice.references.order.as_ref().unwrap().value, "PO-9");
    assert_eq!(invoice.seller.name.as_ref().unwrap().value, "Fiskhuset Påhittet AB");
    assert_eq!(invoice.buyer.name.as_ref().unwrap().value, "Krogen Exempel AB");
    assert_eq!(invoice.totals.payable_minor.as_ref().unwrap().value, 236_800);
    assert_eq!(invoice.vat.len(), 2);
    assert_eq!(invoice.payments[0].account.as_ref().unwrap().value, "9991233");
}

#[test]
fn a_page_that_adds_up_goes_on_by_itself() {
    let invoice = read(&[page(TURNED_ROUND)], Source::Text).unwrap();
    assert_eq!(gate::doubts(&invoice), []);
}

#[test]
fn a_page_with_one_wrong_digit_does_not() {
    let digits = ["870,00", "174,00", "50,018", "1 250,95", "2 216,95", "151,26", "0,21", "2 368,00"];
    for printed in digits {
        let wrong: String = printed
            .chars()
            .rev()
            .enumerate()
            .map(|(place, sign)| if place == 0 { if sign == '9' { '8' } else { '9' } } else { sign })
            .collect();
        let wrong: String = wrong.chars().rev().collect();
        let invoice = read(&[page(&TURNED_ROUND.replacen(printed, &wrong, 1))], Source::Text).unwrap();
        assert_ne!(gate::doubts(&invoice), [], "{printed} became {wrong}");
    }
}

/// English, with heads on the left of their columns and a discount in per cent.
const ENGLISH: &str = "
Northern Spices Ltd                                    INVOICE
                                                       Invoice number: INV-2026-44
                                                       Invoice date: 3 March 2026
Bill To:                                               PO Number: 4500
The Test Kitchen

Description             Quantity    Unit Price    Discount    Amount
Black pepper, whole     2           120.00                    240.00
Cinnamon sticks         10          8.50          10%         76.50
Shipping                                                      15.00

                                    Subtotal                  331.50
                                    Total due          EUR    331.50
";

#[test]
fn heads_on_the_left_and_discounts_in_per_cent_are_read() {
    let invoice = read(&[page(ENGLISH)], Source::Text).unwrap();
    let expected =
        [line("Black pepper, whole", "2", "120", 24_000), line("Cinnamon sticks", "10", "8.5", 7_650)];
    assert_eq!(lines(&invoice), expected);
    assert_eq!(invoice.lines[1].allowances_charges[0].amount_minor.value, 850);
    assert_eq!(invoice.allowances_charges[0].amount_minor.value, 1_500);
    assert_eq!(invoice.buyer.name.as_ref().unwrap().value, "The Test Kitchen");
    assert_eq!(invoice.currency.as_ref().unwrap().value, "EUR");
}

#[test]
fn a_table_goes_on_over_pages() {
    let first = "
Fiskhuset AB      FAKTURA
Fakturanr F-1
Benämning        Antal    Pris     Belopp
Torsk              2    100,00     200,00
Sill               3     10,00      30,00
";
    let second = "
Benämning        Antal    Pris     Belopp
Lax                1     50,00      50,00

Netto                              280,00
Att betala                         280,00
";
    let mut pages = [page(first), page(second)];
    pages[1].number = 2;
    let invoice = read(&pages, Source::Text).unwrap();
    assert_eq!(invoice.lines.len(), 3);
    assert_eq!(invoice.lines[2].net_minor.evidence.unwrap().page, 2);
    assert_eq!(invoice.totals.net_minor.as_ref().unwrap().value, 28_000);
}

#[test]
fn a_sentence_below_the_sums_is_no_head_of_a_table_that_went_on() {
    let first = "
Fiskhuset AB      FAKTURA
Fakturanr F-1
Benämning        Antal    Pris     Belopp
Torsk              2    100,00     200,00
Sill               3     10,00      30,00
";
    let second = "
Fiskhuset AB      Faktura F-1

Momssats  Underlag   Moms        Netto              230,00
   25 %     230,00  57,50        Moms                57,50
                                 Att betala         287,50

Alla belopp är i SEK; priser och radbelopp är exklusive moms.
";
    let mut pages = [page(first), page(second)];
    pages[1].number = 2;
    let invoice = read(&pages, Source::Text).unwrap();
    assert_eq!(invoice.lines.len(), 2);
    assert_eq!(invoice.totals.net_minor.as_ref().map(|net| net.value), Some(23_000));
    assert_eq!(invoice.vat.iter().map(|row| row.tax_minor.value).collect::<Vec<_>>(), [5_750]);
}

#[test]
fn names_over_several_rows_stay_with_their_line() {
    let text = "
Benämning              Antal    Pris     Belopp
Torsk rygg               2    100,00     200,00
från Lofoten, MSC
EAN 7310011796123
Sill                     3     10,00      30,00

Att betala                               230,00
";
    let invoice = read(&[page(text)], Source::Text).unwrap();
    assert_eq!(invoice.lines[0].standard_item_id.as_ref().unwrap().value, "7310011796123");
    assert_eq!(invoice.lines[1].name.as_ref().unwrap().value, "Sill");
}

#[test]
fn a_credit_note_says_so() {
    let text = "
KREDITFAKTURA     Kreditnr K-1   Avser faktura F-1
Benämning        Antal    Pris     Belopp
Torsk              2    100,00     200,00
Netto                              200,00
Att erhålla                        200,00
";
    let invoice = read(&[page(text)], Source::Text).unwrap();
    assert_eq!(invoice.kind, Kind::CreditNote);
    assert_eq!(invoice.references.preceding[0].value, "F-1");
}

#[test]
fn a_letter_is_no_invoice() {
    assert_eq!(read(&[page("Hej!\nVi ses på torsdag, 12 maj.\n")], Source::Text), None);
}

#[test]
fn heads_in_two_rows_are_one_head() {
    let text = "
Art     Benämning       Lev.     À-      Belopp
nr                      antal    pris       SEK
A-1     Torsk               2  100,00    200,00
A-2     Sill                3   10,00     30,00

Att betala                               230,00
";
    let invoice = read(&[page(text)], Source::Text).unwrap();
    let expected = [line("Torsk", "2", "100", 20_000), line("Sill", "3", "10", 3_000)];
    assert_eq!(lines(&invoice), expected);
}

#[test]
fn signs_of_currency_are_no_part_of_names() {
    let text = "
Invoice INV/2026/0008

Description              Quantity     Unit Price    Taxes        Amount
[D_8220] Four Person    5.00 Units     23,500.00     15%   $ 117,500.00
Desk
[D_0269] Office Chair   5.00 Units        120.50     15%       $ 602.50

                                      Untaxed Amount       $ 118,102.50
                                      Tax 15%               $ 17,715.38
                                      Total                $ 135,817.88
";
    let invoice = read(&[page(text)], Source::Text).unwrap();
    assert_eq!(invoice.number.as_ref().unwrap().value, "INV/2026/0008");
    assert_eq!(invoice.lines[1].name.as_ref().unwrap().value, "[D_0269] Office Chair");
    assert_eq!(invoice.lines[0].net_minor.value, 11_750_000);
    assert_eq!(invoice.totals.payable_minor.as_ref().unwrap().value, 13_581_788);
}

#[test]
fn a_credit_note_below_zero_counts_against_and_not_for() {
    let text = "
KREDITFAKTURA     Kreditnr K-1
Benämning        Antal    Pris     Belopp
Torsk               -2  100,00    -200,00
Netto                             -200,00
Summa att betala                  -200,00
";
    let invoice = read(&[page(text)], Source::Text).unwrap();
    assert_eq!(invoice.lines[0].net_minor.value, 20_000);
    assert_eq!(invoice.lines[0].quantity.value.to_string(), "2");
    assert_eq!(invoice.totals.payable_minor.as_ref().unwrap().value, 20_000);
}

#[test]
fn what_is_said_of_credit_notes_below_makes_none() {
    let text = format!("{TURNED_ROUND}Kreditfaktura utfärdas inte efter 30 dagar.\n");
    assert_eq!(read(&[page(&text)], Source::Text).unwrap().kind, Kind::Invoice);
}

#[test]
fn sums_that_are_carried_over_are_no_charges() {
    let first = "
Fiskhuset AB      FAKTURA
Fakturanr F-1
Benämning    Antal            Pris     Belopp
Torsk            2          100,00     200,00
Sill           3kg           10,00      30,00
Transporteras                          230,00


Fiskhuset AB   Org.nr 551000-0119   Sida 1
";
    let second = "
Transport från sida 1                  230,00
Hyra           365    1 585,00/365   1 585,00

Netto                                1 815,00
Att betala                           1 815,00
";
    let mut pages = [page(first), page(second)];
    pages[1].number = 2;
    let invoice = read(&pages, Source::Text).unwrap();
    assert_eq!(invoice.allowances_charges, []);
    assert_eq!(invoice.lines.len(), 3);
    assert_eq!(invoice.lines[1].unit.as_ref().unwrap().value, "KGM");
    assert_eq!(invoice.lines[2].base_quantity.as_ref().unwrap().value.to_string(), "365");
    assert_eq!(crate::rules::closure(&invoice), []);
    assert_eq!(invoice.seller.legal_id.as_ref().unwrap().value, "5510000119");
}
