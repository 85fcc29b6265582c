//! The file, read by rules written down apart from those that wrote it.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use proptest::prelude::*;

use super::*;
use crate::invoice::Kind;

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn invoice(kind: Kind, nets: &[(i64, i64)], vat_minor: i64, rounding_minor: i64) -> SupplierInvoice {
    let payable_minor = nets.iter().map(|(_, net)| net).sum::<i64>() + vat_minor + rounding_minor;
    let nets = nets.iter().map(|(rate, net)| NetOfRate { vat_rate: (*rate).into(), net_minor: *net });
    SupplierInvoice {
        kind,
        number: "1042".to_owned(),
        supplier_name: "Grönsakskompaniet Åby AB".to_owned(),
        booked_on: day("2026-11-20"),
        nets: nets.collect(),
        vat_minor,
        rounding_minor,
        payable_minor,
    }
}

fn export(invoices: Vec<SupplierInvoice>) -> Export {
    Export {
        company_name: "Krogen Ä & Ö AB".to_owned(),
        org_number: Some("5510000119".to_owned()),
        currency: "SEK".to_owned(),
        generated_on: day("2026-12-01"),
        series: "L".to_owned(),
        accounts: Accounts::default(),
        invoices,
    }
}

/// Voucher text and rows, as a strict reader finds them.
type Voucher = (Vec<String>, Vec<(String, i128)>);

/// Reads a file by the grammar of the format; anything outside it panics.
fn read(bytes: &[u8]) -> (BTreeMap<String, Vec<String>>, Vec<Voucher>) {
    assert!(bytes.ends_with(b"\r\n"));
    assert!(bytes.iter().all(|byte| !byte.is_ascii_control() || matches!(byte, b'\r' | b'\n')));
    let text: String = bytes.iter().map(|byte| char::from(*byte)).collect();
    assert_eq!(text.matches('\n').count(), text.matches("\r\n").count());
    assert_eq!(text.matches('\r').count(), text.matches("\r\n").count());
    let (mut posts, mut vouchers) = (BTreeMap::new(), Vec::<Voucher>::new());
    let mut is_open = false;
    for line in text.trim_end().split("\r\n") {
        let fields = fields(line);
        match fields[0].as_str() {
            "{" => {
                assert!(!std::mem::replace(&mut is_open, true) && fields.len() == 1);
            }
            "}" => {
                assert!(std::mem::replace(&mut is_open, false) && fields.len() == 1);
            }
            "#VER" => {
                assert!(!is_open && fields.len() == 5, "{line}");
                vouchers.push((fields[1..].to_vec(), Vec::new()));
            }
            "#TRANS" => {
                assert!(is_open && fields.len() == 4 && fields[2] == "{}", "{line}");
                let rows = &mut vouchers.last_mut().unwrap().1;
                rows.push((fields[1].clone(), minor(&fields[3])));
            }
            "#KONTO" => {
                assert!(!is_open && vouchers.is_empty() && fields.len() == 3, "{line}");
                let known = posts.insert(format!("#KONTO {}", fields[1]), fields[2..].to_vec());
                assert_eq!(known, None, "an account is named once");
            }
            post => {
                assert!(!is_open && vouchers.is_empty() && post.starts_with('#'), "{line}");
                assert_eq!(posts.insert(post.to_owned(), fields[1..].to_vec()), None, "{line}");
            }
        }
    }
    assert!(!is_open && text.starts_with("#FLAGGA 0\r\n"));
    (posts, vouchers)
}

fn fields(line: &str) -> Vec<String> {
    let mut fields = Vec::new();
    let mut rest = line.chars().peekable();
    while let Some(first) = rest.next() {
        let mut field = String::new();
        if first == '"' {
            loop {
                match rest.next().expect("a field in quotation marks ends") {
                    '"' => break,
                    '\\' => field.push(rest.next().expect("an escaped sign")),
                    sign => field.push(sign),
                }
            }
        } else {
            field.push(first);
            while let Some(sign) = rest.next_if(|sign| *sign != ' ') {
                assert_ne!(sign, '"', "{line}");
                field.push(sign);
            }
        }
        assert!(matches!(rest.next(), None | Some(' ')), "one space between fields: {line}");
        fields.push(field);
    }
    fields
}

fn minor(amount: &str) -> i128 {
    let (whole, öre) = amount.split_once('.').expect("a decimal point");
    assert!(öre.len() == 2 && öre.bytes().all(|byte| byte.is_ascii_digit()), "{amount}");
    assert!(whole.trim_start_matches('-').bytes().all(|byte| byte.is_ascii_digit()), "{amount}");
    format!("{whole}{öre}").parse().unwrap()
}

fn row(account: &str, minor: i128) -> (String, i128) {
    (account.to_owned(), minor)
}

#[test]
fn an_invoice_debits_goods_and_vat_and_credits_the_supplier() {
    let bytes = write(&export(vec![invoice(Kind::Invoice, &[(6, 100_000), (25, 1001)], 6250, -51)])).unwrap();
    let (posts, vouchers) = read(&bytes);
    let expected = vec![row("4010", 101_001), row("2641", 6250), row("3740", -51), row("2440", -107_200)];
    assert_eq!(vouchers[0].1, expected);
    assert_eq!(vouchers[0].0[..3], ["L", "", "20261120"]);
    assert_eq!(posts["#SIETYP"], ["4"]);
    assert_eq!(posts["#FORMAT"], ["PC8"]);
    assert_eq!(posts["#GEN"], ["20261201"]);
    assert_eq!(posts["#ORGNR"], ["551000-0119"]);
    assert_eq!(posts["#VALUTA"], ["SEK"]);
    let accounts: Vec<&str> = posts.keys().filter_map(|post| post.strip_prefix("#KONTO ")).collect();
    assert_eq!(accounts, ["2440", "2641", "3740", "4010"]);
}

#[test]
fn a_credit_note_is_booked_the_other_way_round() {
    let note = invoice(Kind::CreditNote, &[(12, 5000)], 600, 0);
    let (_, vouchers) = read(&write(&export(vec![note])).unwrap());
    assert_eq!(vouchers[0].1, [row("4010", -5000), row("2641", -600), row("2440", 5600)]);
    assert!(vouchers[0].0[3].starts_with("Kreditfaktura 1042 "));
}

#[test]
fn a_chart_may_keep_rates_apart() {
    let mut export = export(vec![invoice(Kind::Invoice, &[(6, 100), (12, 200), (25, 400)], 130, 0)]);
    export.accounts.goods_by_rate = vec![("6.00".parse().unwrap(), Account::new(4016, "Mat 6 %"))];
    let (posts, vouchers) = read(&write(&export).unwrap());
    assert_eq!(vouchers[0].1[..2], [row("4016", 100), row("4010", 600)]);
    assert_eq!(posts["#KONTO 4016"], ["Mat 6 %"]);
}

#[test]
fn what_does_not_balance_is_not_written() {
    let mut wrong = invoice(Kind::CreditNote, &[(25, 1000)], 250, 0);
    wrong.payable_minor += 1;
    let sound = invoice(Kind::Invoice, &[(25, 1000)], 250, 0);
    let fault = Unbalanced { number: "1042".to_owned(), difference_minor: -1 };
    assert_eq!(write(&export(vec![sound, wrong])), Err(fault));
}

#[test]
fn an_invoice_over_nothing_has_no_voucher() {
    let (posts, vouchers) = read(&write(&export(vec![invoice(Kind::Invoice, &[(6, 0)], 0, 0)])).unwrap());
    assert_eq!(vouchers, []);
    assert!(posts.keys().all(|post| !post.starts_with("#KONTO")));
}

#[test]
fn swedish_letters_have_the_places_of_code_page_437() {
    let mut export = export(Vec::new());
    export.company_name = "åäöÅÄÖéü 日本 €".to_owned();
    let bytes = write(&export).unwrap();
    let name = b"#FNAMN \"\x86\x84\x94\x8f\x8e\x99\x82\x81 ?? ?\"\r\n";
    assert!(bytes.windows(name.len()).any(|window| window == name), "{}", bytes.escape_ascii());
}

#[test]
fn no_name_can_leave_its_field() {
    let mut hostile = invoice(Kind::Invoice, &[(6, 100)], 6, 0);
    hostile.supplier_name = "\\\"\r\n#TRANS 1930 {} -999.00\r\n}\u{7f}☺⌂\\".to_owned();
    let (_, vouchers) = read(&write(&export(vec![hostile])).unwrap());
    assert_eq!(vouchers.len(), 1);
    assert_eq!(vouchers[0].1, [row("4010", 100), row("2641", 6), row("2440", -106)]);
    assert_eq!(vouchers[0].0[3], "Faktura 1042 /\"  #TRANS 1930 {} -999.00  } ??/");
}

#[test]
fn the_number_of_another_country_is_left_out() {
    let mut export = export(Vec::new());
    export.org_number = Some("FI-1234567".to_owned());
    assert!(!read(&write(&export).unwrap()).0.contains_key("#ORGNR"));
}

prop_compose! {
    fn any_invoice()(
        is_credit in any::<bool>(),
        nets in prop::collection::vec((0..4_usize, any::<i32>()), 0..6),
        vat_minor in any::<i32>(),
        rounding_minor in -99..=99_i64,
        supplier_name in ".*",
        number in ".*",
    ) -> SupplierInvoice {
        let kind = if is_credit { Kind::CreditNote } else { Kind::Invoice };
        let nets: Vec<(i64, i64)> =
            nets.into_iter().map(|(rate, net)| ([0, 6, 12, 25][rate], net.into())).collect();
        let invoice = invoice(kind, &nets, vat_minor.into(), rounding_minor);
        SupplierInvoice { number, supplier_name, ..invoice }
    }
}

proptest! {
    #[test]
    fn every_voucher_comes_to_zero_and_owes_what_is_to_be_paid(
        invoices in prop::collection::vec(any_invoice(), 0..6),
        company_name in ".*",
    ) {
        let export = Export { company_name, ..export(invoices.clone()) };
        let (posts, vouchers) = read(&write(&export).unwrap());
        for (_, rows) in &vouchers {
            prop_assert_eq!(rows.iter().map(|(_, minor)| minor).sum::<i128>(), 0);
            let is_named = |account: &str| posts.contains_key(&format!("#KONTO {account}"));
            prop_assert!(rows.iter().all(|(account, _)| is_named(account)));
        }
        let of = |account: &str| -> i128 {
            let rows = vouchers.iter().flat_map(|(_, rows)| rows);
            rows.filter(|row| row.0 == account).map(|row| row.1).sum()
        };
        let signed = |amount: &dyn Fn(&SupplierInvoice) -> i64| -> i128 {
            invoices.iter().map(|invoice| i128::from(invoice.kind.sign() * amount(invoice))).sum()
        };
        prop_assert_eq!(of("2440"), -signed(&|invoice| invoice.payable_minor));
        prop_assert_eq!(of("2641"), signed(&|invoice| invoice.vat_minor));
        prop_assert_eq!(of("3740"), signed(&|invoice| invoice.rounding_minor));
    }

    #[test]
    fn one_minor_unit_off_is_refused(mut invoice in any_invoice(), off in prop::sample::select(vec![-1, 1])) {
        invoice.payable_minor += off;
        prop_assert!(write(&export(vec![invoice])).is_err());
    }
}
