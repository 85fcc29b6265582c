use image::{GrayImage, Luma};

use super::{
    scripted::{Answer, Scripted, said, wrote},
    *,
};
use crate::{refusal::Refusal, sniff::FileKind};

/// A page of 595 × 842 points with these rows of words, each word 6 points for a sign.
fn bbox(pages: &[&str]) -> String {
    let mut html = "<doc>".to_owned();
    for text in pages {
        html.push_str(r#"<page width="595.0" height="842.0">"#);
        for (row, line) in text.lines().enumerate() {
            let mut at = 0;
            for word in line.split_inclusive(' ') {
                let (left, right) = (at * 6, (at + word.trim_end().chars().count()) * 6);
                at += word.chars().count();
                if !word.trim().is_empty() {
                    let (top, bottom, word) = (row * 12, row * 12 + 11, word.trim());
                    let place = format!("xMin='{left}' yMin='{top}' xMax='{right}' yMax='{bottom}'");
                    html.extend(["<word ", &place, ">", word, "</word>"]);
                }
            }
        }
        html.push_str("</page>");
    }
    html + "</doc>"
}

const SOUND: &str = "\
Benämning        Antal    Pris     Belopp
Torsk              2    100,00     200,00

Netto                              200,00
Moms 6 %                            12,00
Att betala                         212,00";

const BROKEN: &str = "\
Benämning        Antal    Pris     Belopp
Torsk              2    100,00     200,00

Netto                              999,00
Moms 6 %                            12,00
Att betala                         212,00";

/// A picture that tesseract is told to find no word in.
fn blank_picture() -> Vec<u8> {
    picture::to_pgm(&GrayImage::from_pixel(80, 60, Luma([255])))
}

fn programs(html: String) -> Scripted {
    Scripted::new(move |run| match run.program {
        "pdftotext" => wrote(html.clone()),
        "pdftoppm" => wrote(blank_picture()),
        "tesseract" => wrote("head\n"),
        other => panic!("{other} is not known here"),
    })
}

fn stages(html: String) -> (Reading, Vec<(Stage, u32, u32)>) {
    let mut seen = Vec::new();
    let reading = read_pdf(b"%PDF", &programs(html), &mut |progress: Progress| {
        seen.push((progress.stage, progress.done, progress.of));
    });
    (reading.unwrap(), seen)
}

#[test]
fn a_text_layer_that_adds_up_is_all_that_is_read() {
    let (reading, seen) = stages(bbox(&[SOUND, ""]));
    assert_eq!(reading.source, Source::Text);
    assert_eq!(reading.invoice.unwrap().totals.payable_minor.unwrap().value, 21_200);
    assert_eq!(seen, [(Stage::Text, 0, 1)]);
    assert!(!needs_ocr(b"%PDF", &programs(bbox(&[SOUND, ""]))).unwrap());
}

#[test]
fn pages_without_words_are_drawn_and_read() {
    let (reading, seen) = stages(bbox(&["", "Stamp"]));
    assert_eq!(reading.invoice, None);
    assert_eq!(reading.pages.len(), 2);
    assert_eq!(seen.last(), Some(&(Stage::Reading, 2, 2)));
    assert_eq!(seen[1..3], [(Stage::Drawing, 0, 2), (Stage::Reading, 0, 2)]);
    assert!(needs_ocr(b"%PDF", &programs(bbox(&["", "Stamp"]))).unwrap());
}

#[test]
fn a_picture_beside_text_that_does_not_add_up_is_read_and_spoils_nothing() {
    let (reading, seen) = stages(bbox(&[BROKEN, ""]));
    assert_eq!(seen.last(), Some(&(Stage::Reading, 1, 1)));
    assert_eq!(reading.source, Source::Text);
    assert_eq!(reading.invoice.unwrap().totals.net_minor.unwrap().value, 99_900);
    assert!(reading.doubts.iter().any(|doubt| matches!(doubt, Doubt::DoesNotAddUp(_))));
}

#[test]
fn what_the_machine_lacks_is_not_blamed_on_the_file() {
    let failure = |answer: Answer| {
        let programs = Scripted::new(move |_| answer.clone());
        read_pdf(b"%PDF", &programs, &mut |_| {}).unwrap_err()
    };
    assert_eq!(failure(Err(NotRun::Absent)), Failure::Absent("pdftotext"));
    assert_eq!(failure(Err(NotRun::TimedOut)), Failure::TimedOut("pdftotext"));
    assert_eq!(failure(Err(NotRun::Cancelled)), Failure::Cancelled);
    assert!(matches!(failure(Err(NotRun::Broken(String::new()))), Failure::Broken { .. }));
}

#[test]
fn what_costs_too_much_or_cannot_be_read_is_refused() {
    let failure = |answer: Answer| {
        let programs = Scripted::new(move |_| answer.clone());
        read_pdf(b"%PDF", &programs, &mut |_| {}).unwrap_err()
    };
    assert_eq!(failure(Err(NotRun::OutputTooLarge)), Refusal::TooCostly.into());
    assert_eq!(failure(said("", Ending::Killed)), Refusal::TooCostly.into());
    assert_eq!(
        failure(said("Command Line Error: Incorrect password", Ending::Failed)),
        Refusal::EncryptedPdf.into()
    );
    let damaged = failure(said("Syntax Error: no trailer", Ending::Failed));
    assert_eq!(damaged, Refusal::DamagedPdf("Syntax Error: no trailer".to_owned()).into());
}

#[test]
fn a_language_that_is_missing_is_no_fault_of_the_picture() {
    let programs = Scripted::new(|_| said("Failed loading language 'swe'", Ending::Failed));
    let failure = read_picture(&blank_picture(), &programs, &mut |_| {}).unwrap_err();
    assert!(matches!(failure, Failure::Absent(_)), "{failure:?}");
}

#[test]
fn stopping_in_the_middle_of_a_scan_is_no_half_reading() {
    let programs =
        Scripted::new(
            |run| {
                if run.arguments.contains(&"swe") { wrote("head\n") } else { Err(NotRun::Cancelled) }
            },
        );
    assert_eq!(read_picture(&blank_picture(), &programs, &mut |_| {}), Err(Failure::Cancelled));
}

#[test]
fn a_huge_page_is_drawn_small_and_an_impossible_one_not_at_all() {
    let page = |width, height| Page { size: page::PageSize { width, height }, ..Page::default() };
    assert_eq!(poppler::dpi(&page(59_500, 84_200), 300, 20_000_000), Ok(300));
    let dpi = poppler::dpi(&page(1_440_000, 1_440_000), 300, 20_000_000).unwrap();
    assert!(u64::from(dpi * 200).pow(2) <= 20_000_000, "{dpi}");
    for size in [(0, 84_200), (1_440_001, 100), (-5, 100)] {
        assert!(poppler::dpi(&page(size.0, size.1), 300, 20_000_000).is_err());
    }
}

#[test]
fn pages_are_drawn_one_by_one_for_people() {
    let png = draw_pages(&blank_picture(), FileKind::Png, &programs(String::new())).unwrap().remove(0);
    assert_eq!((png.number, png.width, png.height, png.dpi), (1, 80, 60, 300));
    let bytes = png.png.clone();
    let programs = Scripted::new(move |run| match run.program {
        "pdftotext" => wrote(bbox(&["", ""])),
        _ => wrote(bytes.clone()),
    });
    let drawn = draw_pages(b"%PDF", FileKind::Pdf, &programs).unwrap();
    assert_eq!(drawn.iter().map(|page| (page.number, page.dpi)).collect::<Vec<_>>(), [(1, 110), (2, 110)]);
    assert_eq!(programs.ran.borrow()[2], "pdftoppm -gray -r 110 -f 2 -l 2 -png -");
    assert_eq!(draw_pages(b"<Invoice/>", FileKind::Xml, &programs), Ok(Vec::new()));
}

#[test]
fn a_large_picture_is_halved_and_its_places_stay() {
    let (small, dpi) = ocr::fitting(GrayImage::new(600, 601), 90_000);
    assert_eq!((small.dimensions(), dpi), ((150, 151), 75));
    let (same, dpi) = ocr::fitting(GrayImage::new(248, 351), 90_000);
    assert_eq!((same.dimensions(), dpi), ((248, 351), 300));
}
