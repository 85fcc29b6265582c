use std::io::Write as _;

use events::values::{Quantity, Tax, TaxCategory, TaxRate};
use proptest::prelude::*;
use rust_xlsxwriter::{Format, Formula, Workbook};
use zip::{ZipArchive, ZipWriter, write::SimpleFileOptions};

use super::*;
use crate::import::{COLUMNS_MAX, ROWS_MAX, row::Stated};

const HEADER: &str = "sku,name,unit,price,tax_category";

fn csv(lines: &[&str]) -> Vec<ParsedRow> {
    parse(lines.join("\n").as_bytes()).unwrap()
}

/// The codes of a row's faults with their columns.
fn faults(row: &ParsedRow) -> Vec<(&str, &str)> {
    let faults = row.product.as_ref().unwrap_err();
    faults.iter().map(|fault| (fault.field.as_str(), fault.code.as_str())).collect()
}

fn refusal(bytes: &[u8]) -> FileFault {
    parse(bytes).unwrap_err()
}

fn workbook(fill: impl FnOnce(&mut rust_xlsxwriter::Worksheet)) -> Vec<u8> {
    let mut workbook = Workbook::new();
    let sheet = workbook.add_worksheet();
    sheet.write_row(0, 0, ["SKU", "Namn", "Enhet", "Pris", "Moms", "Lagersaldo", "EAN", "Aktiv"]).unwrap();
    fill(sheet);
    workbook.save_to_buffer().unwrap()
}

/// The workbook with one of its parts replaced.
fn with_part(workbook: &[u8], part: &str, bytes: &[u8]) -> Vec<u8> {
    let mut archive = ZipArchive::new(std::io::Cursor::new(workbook)).unwrap();
    let mut writer = ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for index in 0..archive.len() {
        let mut entry = archive.by_index(index).unwrap();
        let name = entry.name().unwrap().to_string();
        writer.start_file(&*name, SimpleFileOptions::default()).unwrap();
        if name == part {
            writer.write_all(bytes).unwrap();
        } else {
            std::io::copy(&mut entry, &mut writer).unwrap();
        }
    }
    writer.finish().unwrap().into_inner()
}

#[test]
fn a_swedish_price_list_is_read_whole() {
    let rows = csv(&[
        "Artikelnummer;Namn;Enhet;Pris;Moms;EAN;Beskrivning;Lagersaldo;Lågt lager;Aktiv",
        "TOM-1;Tomater, hela;kg;129,50;12 %;7310865004703;Från Skåne;2,5;1;ja",
        "GUR-1;Gurka;st;7;6;;;;;nej",
    ]);
    let tomatoes = rows[0].product.as_ref().unwrap();
    assert_eq!(
        (tomatoes.sku.as_str(), tomatoes.name.as_str(), tomatoes.unit.as_str()),
        ("TOM-1", "Tomater, hela", "KGM")
    );
    assert_eq!(
        (tomatoes.unit_price_minor, tomatoes.tax),
        (12_950, Tax::Rate(TaxRate::try_new(1200).unwrap()))
    );
    assert_eq!(tomatoes.gtin, Stated::Value("7310865004703".parse().unwrap()));
    assert_eq!((tomatoes.counted, tomatoes.low_stock_at), (Some(Quantity(2500)), Some(Quantity::units(1))));
    let cucumber = rows[1].product.as_ref().unwrap();
    assert_eq!((&cucumber.gtin, &cucumber.description), (&Stated::Empty, &Stated::Empty));
    assert_eq!((cucumber.counted, cucumber.active), (None, Some(false)));
}

#[test]
fn kinds_packs_and_days_are_columns_too() {
    let rows = csv(&[
        "sku,name,unit,price,tax_category,Kategori,Hållbarhet dagar,Förpackning",
        "A,Salt,KGM,10,food, Torrvaror ,3650,\"2,5\"",
        "B,Dill,KGM,10,food,,,",
        "C,Dill,KGM,10,food,x,0,0",
        "D,Dill,KGM,10,food,x,3651,-1",
    ]);
    let salt = rows[0].product.as_ref().unwrap();
    assert_eq!(
        (&salt.category, &salt.shelf_life_days, &salt.pack),
        (&Stated::Value("torrvaror".to_owned()), &Stated::Value(3_650), &Stated::Value(Quantity(2_500)))
    );
    let dill = rows[1].product.as_ref().unwrap();
    assert_eq!(
        (&dill.category, &dill.shelf_life_days, &dill.pack),
        (&Stated::Empty, &Stated::Empty, &Stated::Empty)
    );
    assert_eq!(faults(&rows[2]), [("shelf_life_days", "out_of_range"), ("pack_qty", "must_be_positive")]);
    assert_eq!(faults(&rows[3]), [("shelf_life_days", "out_of_range"), ("pack_qty", "invalid_number")]);
    let silent = csv(&[HEADER, "A,Salt,KGM,10,food"]);
    assert_eq!(silent[0].product.as_ref().unwrap().category, Stated::Nothing);
}

#[test]
fn what_the_file_has_no_column_for_is_not_stated() {
    let rows = csv(&[HEADER, "A,Salt,KGM,10,food"]);
    let salt = rows[0].product.as_ref().unwrap();
    assert_eq!((&salt.gtin, &salt.description, salt.active), (&Stated::Nothing, &Stated::Nothing, None));
    assert_eq!(salt.tax, Tax::Category(TaxCategory::Food));
}

#[test]
fn all_faults_of_a_row_come_at_once_and_harm_no_other() {
    let rows = csv(&[
        "sku,name,unit,price,price_cents,tax_rate,tax_category,gtin,stock_qty,active",
        ",,kilo,1.005,,100.01,,123,-1,maybe",
        "A,Salt,KGM,,1000,12,,,,",
        "B,Salt,KGM,10,1000,12,food,,,",
        "C,Salt,KGM,,,,,,,",
    ]);
    let expected = [
        ("sku", "missing"),
        ("name", "missing"),
        ("unit", "unknown_unit"),
        ("price", "too_many_decimals"),
        ("tax_rate", "out_of_range"),
        ("gtin", "invalid_gtin"),
        ("stock_qty", "invalid_number"),
        ("active", "invalid_flag"),
    ];
    assert_eq!(faults(&rows[0]), expected);
    assert_eq!(rows[1].product.as_ref().unwrap().unit_price_minor, 1000);
    assert_eq!(faults(&rows[2]), [("price", "both_given"), ("tax_rate", "both_given")]);
    assert_eq!(faults(&rows[3]), [("price", "missing"), ("tax_rate", "missing")]);
}

#[test]
fn texts_obey_the_rules_of_the_api() {
    let long = "x".repeat(2_001);
    let rows = csv(&[
        HEADER,
        "A,Sa\0lt,KGM,10,food",
        "B\u{200b},Salt,KGM,10,food",
        "C,Sa\u{1b}[31mlt,KGM,10,food",
        &format!("D,{long},KGM,10,food"),
        "E,Salt,KGM,10,food,stray",
    ]);
    assert_eq!(faults(&rows[0]), [("name", "control_character")]);
    assert_eq!(faults(&rows[1]), [("sku", "invisible_character")]);
    assert_eq!(rows[1].sku, None, "what cannot be a SKU is not repeated");
    assert_eq!(faults(&rows[2]), [("name", "control_character")]);
    assert_eq!(faults(&rows[3]), [("name", "too_long")]);
    assert_eq!(faults(&rows[4]), [("column 6", "unnamed_column")]);
}

#[test]
fn the_second_row_of_a_sku_names_the_first() {
    let rows = csv(&[HEADER, "Å-1,Salt,KGM,10,food", "å-1,Salt,KGM,x,food", "B,Salt,KGM,10,food"]);
    assert!(rows[0].product.is_ok() && rows[2].product.is_ok());
    assert_eq!(faults(&rows[1]), [("price", "invalid_number"), ("sku", "duplicate_sku")]);
    assert!(rows[1].product.as_ref().unwrap_err()[1].message.contains("Row 2"));
}

#[test]
fn a_workbook_is_read_like_text() {
    let percent = Format::new().set_num_format("0%");
    let date = Format::new().set_num_format("yyyy-mm-dd");
    let file = workbook(|sheet| {
        sheet.write_row(1, 0, ["TOM-1", "Tomater", "kg"]).unwrap();
        sheet.write_number(1, 3, 129.5).unwrap();
        sheet.write_number_with_format(1, 4, 0.12, &percent).unwrap();
        sheet.write_number(1, 5, 2.125).unwrap();
        sheet.write_number(1, 6, 7_310_865_004_703.0).unwrap();
        sheet.write_boolean(1, 7, true).unwrap();
        // Row 3 is blank; row 4 has a number for a SKU.
        sheet.write_number(3, 0, 1001.0).unwrap();
        sheet.write_row(3, 1, ["Lök", "kg"]).unwrap();
        sheet.write_number(3, 3, 0.1 + 0.2).unwrap();
        sheet.write_number(3, 4, 12.0).unwrap();
        sheet.write_number_with_format(3, 5, 45_000.0, &date).unwrap();
        sheet.write_formula(3, 6, Formula::new("=1/0").set_result("#DIV/0!")).unwrap();
    });
    let rows = parse(&file).unwrap();
    let tomatoes = rows[0].product.as_ref().unwrap();
    assert_eq!(
        (tomatoes.unit_price_minor, tomatoes.tax),
        (12_950, Tax::Rate(TaxRate::try_new(1200).unwrap()))
    );
    assert_eq!((tomatoes.counted, tomatoes.active), (Some(Quantity(2125)), Some(true)));
    assert_eq!(tomatoes.gtin, Stated::Value("7310865004703".parse().unwrap()));
    assert_eq!((rows[1].row, rows[1].sku.as_deref()), (4, Some("1001")));
    let found = faults(&rows[1]);
    assert!(
        found.starts_with(&[("price", "too_many_decimals")]) && found.contains(&("stock_qty", "date_cell")),
        "{found:?}"
    );
}

#[test]
fn a_sheet_that_lies_about_its_size_is_read_for_what_it_has() {
    let file = workbook(|sheet| {
        sheet.write_row(1, 0, ["A", "Salt", "kg", "10", "12"]).unwrap();
    });
    let sheet = r#"<worksheet><dimension ref="A1:XFD1048576"/><sheetData><row r="1">
        <c r="A1" t="inlineStr"><is><t>sku</t></is></c></row></sheetData></worksheet>"#;
    let lying = with_part(&file, "xl/worksheets/sheet1.xml", sheet.as_bytes());
    assert!(matches!(refusal(&lying), FileFault::Header(_)), "only its header is there");
}

#[test]
fn cells_beyond_the_limits_are_refused_wherever_they_claim_to_be() {
    let file = workbook(|_| {});
    let cell = |address: &str, row: &str| {
        let sheet = format!(
            r#"<worksheet><sheetData><row r="{row}"><c r="{address}" t="inlineStr"><is><t>x</t></is></c></row></sheetData></worksheet>"#
        );
        with_part(&file, "xl/worksheets/sheet1.xml", sheet.as_bytes())
    };
    assert_eq!(refusal(&cell("BM1", "1")), FileFault::TooManyColumns);
    assert_eq!(refusal(&cell("XFD1", "1")), FileFault::TooManyColumns);
    assert_eq!(refusal(&cell("A4294967295", "1")), FileFault::Unreadable);
    assert_eq!(refusal(&cell("A1048577", "1")), FileFault::Unreadable);
    // The reader's own arithmetic overflows here: a panic in some builds, some other cell in others.
    for address in ["ZZZZZZZZZZZZ1", "A99999999999999"] {
        assert!(parse(&cell(address, "1")).is_err(), "{address}");
    }
}

#[test]
fn a_bomb_inside_of_a_real_workbook_is_refused() {
    let file = workbook(|_| {});
    let styles = "<xf/>".repeat(40_001);
    let bomb = with_part(&file, "xl/styles.xml", styles.as_bytes());
    assert!(bomb.len() < 64 * 1024, "{}", bomb.len());
    assert_eq!(refusal(&bomb), FileFault::TooLargeUnpacked);
    let strings = br#"<sst uniqueCount="9999999999999999"><si><t>x</t></si></sst>"#;
    assert_eq!(refusal(&with_part(&file, "xl/sharedStrings.xml", strings)), FileFault::TooLargeUnpacked);
}

#[test]
fn one_long_text_that_every_row_repeats_is_refused() {
    let file = workbook(|sheet| {
        sheet.write_string(0, 8, "Beskrivning").unwrap();
    });
    let long = "x".repeat(30_000);
    let strings = format!("<sst><si><t>{long}</t></si></sst>");
    let rows = (2..3_000).map(|row| format!(r#"<row r="{row}"><c r="I{row}" t="s"><v>0</v></c></row>"#));
    let header = ["sku", "name", "unit", "price", "tax_rate"];
    let header = header.map(|name| format!(r#"<c t="inlineStr"><is><t>{name}</t></is></c>"#)).concat();
    let rows: String = rows.collect();
    let sheet = format!(r#"<worksheet><sheetData><row r="1">{header}</row>{rows}</sheetData></worksheet>"#);
    let file = with_part(&file, "xl/sharedStrings.xml", strings.as_bytes());
    assert_eq!(
        refusal(&with_part(&file, "xl/worksheets/sheet1.xml", sheet.as_bytes())),
        FileFault::TooLargeUnpacked
    );
}

#[test]
fn damaged_and_foreign_files_are_refused() {
    let file = workbook(|_| {});
    for end in [4, 100, file.len() / 2, file.len() - 10] {
        assert_eq!(refusal(&file[..end]), FileFault::Unreadable, "cut at {end}");
    }
    assert_eq!(refusal(b""), FileFault::Empty);
    assert_eq!(refusal(b"\n\n  \n"), FileFault::Empty);
    assert_eq!(refusal(b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1 and so on"), FileFault::OldExcel);
    assert_eq!(refusal(b"\x7FELF\x02\x01\x01\0\0\0"), FileFault::Unreadable);
    assert!(
        matches!(refusal(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"), FileFault::Header(_)),
        "its first line is text"
    );
    let other_zip = {
        let mut writer = ZipWriter::new(std::io::Cursor::new(Vec::new()));
        writer.start_file("word/document.xml", SimpleFileOptions::default()).unwrap();
        writer.finish().unwrap().into_inner()
    };
    assert_eq!(refusal(&other_zip), FileFault::Unreadable);
}

#[test]
fn files_beyond_the_limits_are_refused() {
    let wide = vec!["c"; 1_000_000].join(",");
    assert_eq!(refusal(wide.as_bytes()), FileFault::TooManyColumns);
    let widest = format!("{HEADER}{}x", ",".repeat(COLUMNS_MAX - 4));
    assert!(matches!(refusal(widest.as_bytes()), FileFault::TooManyColumns));
    let row = "A,Salt,KGM,10,food\n";
    let full = format!("{HEADER}\n{}", row.repeat(ROWS_MAX));
    assert_eq!(parse(full.as_bytes()).unwrap().len(), ROWS_MAX);
    assert_eq!(refusal(format!("{full}{row}").as_bytes()), FileFault::TooManyRows);
}

#[test]
fn stored_rows_come_back_as_they_were() {
    let rows = csv(&["sku,name,unit,price,tax_rate,gtin", "A,Salt,KGM,10,12,", "B,,KGM,10,12,96385074"]);
    let stored = serde_json::to_string(&rows).unwrap();
    assert_eq!(serde_json::from_str::<Vec<ParsedRow>>(&stored).unwrap(), rows);
}

proptest! {
    #[test]
    fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..2_000)) {
        let _either = parse(&bytes);
    }

    #[test]
    fn no_text_panics(rows in "(sku|namn|enhet|pris|moms|lager|[a-zåäö0-9\0 ,;\t\"\r\n€.%-]){0,40}") {
        let _either = parse(rows.as_bytes());
        let _either = parse(format!("{HEADER}\n{rows}").as_bytes());
    }

    #[test]
    fn no_damage_to_a_workbook_panics(place in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let mut file = workbook(|sheet| { sheet.write_row(1, 0, ["A", "Salt", "kg", "10", "12"]).unwrap(); });
        let place = place.index(file.len());
        file[place] = byte;
        let _either = parse(&file);
    }

    /// Whatever stands in the cells of a sheet's own XML, it is read or refused.
    #[test]
    fn no_sheet_panics(xml in "(<row r=\"[0-9]{0,12}\">|</row>|<c r=\"[A-Z]{0,8}[0-9]{0,12}\"( t=\"(s|n|b|e|d|str|inlineStr|x)\")?( s=\"[0-9]{1,3}\")?>|</c>|<v>|</v>|<is>|</is>|<t>|</t>|[0-9a-z.&;]{0,5}){0,30}") {
        let file = workbook(|_| {});
        let sheet = format!("<worksheet><sheetData>{xml}</sheetData></worksheet>");
        let _either = parse(&with_part(&file, "xl/worksheets/sheet1.xml", sheet.as_bytes()));
    }
}
