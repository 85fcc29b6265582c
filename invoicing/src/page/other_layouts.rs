//! Tables that are set another way: columns turned round, heads in two rows, VAT in other words.

use super::{Word, gate, printed::page, read, token::Spacing};
use crate::{
    invoice::{Area, Invoice, Source},
    rules::closure::closure,
};

fn invoice(text: &str) -> Invoice {
    read(&[page(text)], Source::Text).unwrap()
}

/// Number, name, quantity, price and net of each line.
fn lines(invoice: &Invoice) -> Vec<(String, String, String, String, i64)> {
    let text =
        |field: &crate::invoice::Text| field.as_ref().map_or_else(String::new, |text| text.value.clone());
    let line = |line: &crate::invoice::Line| {
        let (quantity, price) = (line.quantity.value.to_string(), line.net_price.value.to_string());
        (text(&line.seller_item_id), text(&line.name), quantity, price, line.net_minor.value)
    };
    invoice.lines.iter().map(line).collect()
}

fn own(line: (&str, &str, &str, &str, i64)) -> (String, String, String, String, i64) {
    (line.0.to_owned(), line.1.to_owned(), line.2.to_owned(), line.3.to_owned(), line.4)
}

const TURNED: &str = "
     Belopp  Moms    À-pris  Enh   Antal  Benämning              Artnr
   1 182,60   6 %    236,52  st        5  Grädde 40 % 2,5 kg     10-2201
     436,25   6 %     34,90  kg     12,5  Tomat kvist            10-2207

                     Netto                1 618,85
                     Moms                    97,13
                     Att betala           1 715,98
";

#[test]
fn columns_may_stand_in_any_order() {
    let invoice = invoice(TURNED);
    let first = own(("10-2201", "Grädde 40 % 2,5 kg", "5", "236.52", 118_260));
    let second = own(("10-2207", "Tomat kvist", "12.5", "34.90", 43_625));
    assert_eq!(lines(&invoice), [first, second]);
    assert_eq!(invoice.lines[1].unit.as_ref().unwrap().value, "KGM");
    assert_eq!(closure(&invoice), []);
}

const TWO_ROWS: &str = "
             Lev                Pris exkl.
Produkt    antal  Enh                 moms     Belopp
Torsk          3  kg                100,00     300,00
Sill           2  kg                 50,00     100,00

Netto                                          400,00
Moms 12 %                                       48,00
Att betala                                     448,00
";

#[test]
fn a_head_may_have_two_rows() {
    let invoice = invoice(TWO_ROWS);
    let found = [own(("", "Torsk", "3", "100.00", 30_000)), own(("", "Sill", "2", "50.00", 10_000))];
    assert_eq!(lines(&invoice), found);
    assert_eq!(closure(&invoice), []);
}

const BY_RATE: &str = "
Produkt        Antal      Pris    Moms     Belopp
Torsk              2    100,00    6 %      200,00
Servetter          1    100,00    25 %     100,00

Summa exkl. moms                           300,00
Varav moms 6 %                              12,00
Varav moms 25 %                             25,00
Att betala                                 337,00
";

#[test]
fn vat_may_be_said_for_each_rate_without_its_base() {
    let found = invoice(BY_RATE);
    let bases: Vec<i64> = found.vat.iter().map(|row| row.taxable_minor.value).collect();
    assert_eq!((bases, found.totals.vat_minor.as_ref().unwrap().value), (vec![20_000, 10_000], 3_700));
    assert_eq!(closure(&found), []);
    // VAT that is not that of the lines at this rate makes no rows up.
    let wrong = invoice(&BY_RATE.replace("  12,00", "  13,00"));
    assert!(wrong.vat.is_empty() && !gate::doubts(&wrong).is_empty());
}

const SENTENCES: &str = "
Produkt        Antal      Pris    Moms     Belopp
Torsk              2    931,12    6 %    1 862,24

Summa exkl. moms                         1 862,24
Moms                                       111,73
Att betala                               1 973,97
Moms 6 % på 1 862,24: 111,73
";

#[test]
fn vat_may_be_said_in_a_sentence() {
    let invoice = invoice(SENTENCES);
    assert_eq!(invoice.vat.len(), 1);
    assert_eq!(invoice.totals.vat_minor.as_ref().unwrap().value, 11_173);
    assert_eq!(closure(&invoice), []);
}

#[test]
fn a_word_that_is_split_by_a_row_is_whole_again() {
    let text = BY_RATE.replace("Servetter    ", "Servetter 12-").replace("\n\nSumma", "\npack\n\nSumma");
    assert_eq!(lines(&invoice(&text))[1].1, "Servetter 12-pack");
}

#[test]
fn a_piece_of_the_name_in_a_number_is_not_passed_on() {
    let mut invoice = invoice(TURNED);
    let is_unsure =
        |invoice: &Invoice| gate::doubts(invoice).contains(&gate::Doubt::Unsure("line 1".to_owned()));
    assert!(!is_unsure(&invoice));
    invoice.lines[0].seller_item_id.as_mut().unwrap().value = "10-2201 Grädde".to_owned();
    assert!(is_unsure(&invoice));
}

#[test]
fn a_font_tells_how_far_apart_the_parts_of_a_number_are() {
    let word = |text: &str, width: i32| Word {
        text: text.to_owned(),
        area: Area { left: 0, top: 0, right: width, bottom: 1000 },
        confidence: 1000,
        agreed: true,
        others: Vec::new(),
    };
    let even = ["Faktura", "Belopp", "Moms", "Grönsaker"];
    let even: Vec<Word> =
        even.map(|text| word(text, i32::try_from(text.chars().count()).unwrap() * 600)).into();
    let uneven = [word("Faktura", 3300), word("illa", 1000), word("MOMS", 3200), word("Belopp", 3000)];
    assert!(Spacing::of(&even, Source::Text) > Spacing::of(&uneven, Source::Text));
    assert!(Spacing::of(&even, Source::Ocr) > Spacing::of(&uneven, Source::Ocr));
}
