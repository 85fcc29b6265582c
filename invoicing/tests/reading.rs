//! Reading with the real programs, in the sandbox of this machine.
//!
//! Without poppler or tesseract these tests say so and pass: they are not everywhere, and a service without them
//! starts all the same.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use invoicing::{
    Refusal,
    invoice::Source,
    reading::{Bounds, Drawn, Failure, NotRun, Programs, Run, draw_pages, needs_ocr, read_pdf, read_picture},
    sniff::FileKind,
};

#[path = "../src/evaluate/programs.rs"]
mod programs;

use programs::Sandboxed;

fn installed() -> Option<Sandboxed> {
    let programs = Sandboxed::probe();
    let all = ["pdftotext", "pdftoppm", "tesseract"].iter().all(|program| programs.has(program));
    if !all {
        eprintln!("skipped");
    }
    all.then_some(programs)
}

/// A page of this size with words at these places, in points from the lower left corner.
fn pdf(width: u32, height: u32, words: &[(u32, u32, &str)]) -> Vec<u8> {
    let mut drawing = String::from("BT /F1 10 Tf\n");
    for (x, y, text) in words {
        drawing
            .push_str(&["1 0 0 1 ", &x.to_string(), " ", &y.to_string(), " Tm (", text, ") Tj\n"].concat());
    }
    drawing.push_str("ET");
    let bodies = [
        "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_owned(),
        format!(
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {width} {height}] /Contents 4 0 R \
             /Resources << /Font << /F1 5 0 R >> >> >>"
        ),
        format!("<< /Length {} >>\nstream\n{drawing}\nendstream", drawing.len()),
        "<< /Type /Font /Subtype /Type1 /BaseFont /Courier >>".to_owned(),
    ];
    let mut file = String::from("%PDF-1.4\n");
    let mut places = Vec::new();
    for (index, body) in bodies.iter().enumerate() {
        places.push(file.len());
        file.extend([&(index + 1).to_string(), " 0 obj\n", body, "\nendobj\n"]);
    }
    let start = file.len();
    file.push_str("xref\n0 6\n0000000000 65535 f \n");
    file.extend(places.iter().map(|place| format!("{place:010} 00000 n \n")));
    let end = format!("trailer << /Size 6 /Root 1 0 R >>\nstartxref\n{start}\n%%EOF\n");
    [file, end].concat().into_bytes()
}

/// An invoice of one line.
const WORDS: [(u32, u32, &str); 15] = [
    (50, 780, "Faktura 4711"),
    (50, 700, "Produkt"),
    (250, 700, "Antal"),
    (350, 700, "Pris"),
    (450, 700, "Belopp"),
    (50, 680, "Torsk"),
    (262, 680, "2"),
    (338, 680, "100,00"),
    (450, 680, "200,00"),
    (50, 640, "Netto"),
    (450, 640, "200,00"),
    (50, 620, "Moms 6 %"),
    (456, 620, "12,00"),
    (50, 600, "Att betala"),
    (450, 600, "212,00"),
];

fn png_of(pdf: &[u8], programs: &Sandboxed) -> Drawn {
    draw_pages(pdf, FileKind::Pdf, programs).unwrap().remove(0)
}

#[test]
fn a_text_layer_is_read_and_its_evidence_fits_the_drawn_page() {
    let Some(programs) = installed() else { return };
    let pdf = pdf(595, 842, &WORDS);
    assert!(!needs_ocr(&pdf, &programs).unwrap());
    let reading = read_pdf(&pdf, &programs, &mut |_| {}).unwrap();
    assert_eq!(reading.source, Source::Text);
    let payable = reading.invoice.unwrap().totals.payable_minor.unwrap();
    assert_eq!(payable.value, 21_200);

    let drawn = png_of(&pdf, &programs);
    assert_eq!((drawn.width, drawn.height, drawn.dpi), (910, 1287, 110));
    let picture = image::load_from_memory(&drawn.png).unwrap().into_luma8();
    let area = payable.evidence.unwrap().area;
    let dot = |place: i32| u32::try_from(place).unwrap() * drawn.dpi / 7200;
    let inked = |left: i32, right: i32| {
        let columns = dot(left)..dot(right);
        columns.flat_map(|x| (dot(area.top)..dot(area.bottom)).map(move |y| (x, y))).any(|(x, y)| {
            let [grey] = picture.get_pixel(x, y).0;
            grey < 128
        })
    };
    assert!(inked(area.left, area.right), "the number is where it is said to be");
    assert!(!inked(area.right + 300, area.right + 3000), "and nothing is beside it");
}

#[test]
fn a_page_that_is_a_picture_is_read_by_ocr() {
    let Some(programs) = installed() else { return };
    // At 300 dpi, as a scanner would have it.
    let ended = programs
        .run(&Run {
            program: "pdftoppm",
            arguments: &["-gray", "-r", "300", "-png", "-"],
            environment: &[],
            input: &pdf(595, 842, &WORDS),
            bounds: Bounds {
                memory_bytes: 1 << 30,
                cpu_seconds: 30,
                wall_seconds: 60,
                output_bytes: 1 << 24,
            },
            niceness: 0,
        })
        .unwrap();
    let reading = read_picture(&ended.output, &programs, &mut |_| {}).unwrap();
    assert_eq!(reading.source, Source::Ocr);
    assert_eq!(reading.invoice.unwrap().totals.payable_minor.unwrap().value, 21_200);
    assert!(needs_ocr(&pdf(595, 842, &[]), &programs).unwrap(), "a page without words may be a picture");
}

#[test]
fn a_page_as_large_as_a_house_costs_no_more_than_others() {
    let Some(programs) = installed() else { return };
    let drawn = png_of(&pdf(14_400, 14_400, &WORDS), &programs);
    assert!(drawn.width * drawn.height <= 5_100_000 && drawn.dpi < 110, "{} × {}", drawn.width, drawn.height);
    let refused = draw_pages(&pdf(2_000_000, 2_000_000, &WORDS), FileKind::Pdf, &programs).unwrap_err();
    assert!(matches!(refused, Failure::Refused(Refusal::DamagedPdf(_))), "{refused:?}");
}

#[test]
fn a_reader_that_is_given_no_room_refuses_the_file() {
    let Some(programs) = installed() else { return };
    let tight = Tight(programs);
    let refused = read_pdf(&pdf(595, 842, &WORDS), &tight, &mut |_| {}).unwrap_err();
    assert_eq!(refused, Failure::Refused(Refusal::TooCostly));
}

/// Lets no program write more than ten bytes.
struct Tight(Sandboxed);

impl Programs for Tight {
    fn run(&self, run: &Run<'_>) -> Result<invoicing::reading::Ended, NotRun> {
        self.0.run(&Run { bounds: Bounds { output_bytes: 10, ..run.bounds }, ..*run })
    }

    fn has(&self, program: &str) -> bool {
        self.0.has(program)
    }
}
