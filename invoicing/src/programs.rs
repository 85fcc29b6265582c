//! poppler and tesseract, each a process of its own with bounds on its time and memory.

use std::{
    io::{ErrorKind, Read, Write},
    process::{Command, Stdio},
    sync::OnceLock,
    thread,
};

use image::GrayImage;
use invoicing::{
    Refusal,
    invoice::Source,
    page::{self, PAGES_MAX, Page, add_pass, from_bbox, from_tsv, merge_passes},
    picture,
    rules::closure,
};

/// Seconds of processor that one run may take.
const CPU_SECONDS_MAX: u32 = 30;
/// Bytes of memory that one run may take.
const MEMORY_BYTES_MAX: u64 = 2 << 30;
/// Bytes of output that are read of one run.
const OUTPUT_BYTES_MAX: u64 = 256 << 20;
/// Points per inch that pages are drawn at.
const DPI: u32 = 300;

/// Why nothing was read.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The file is to blame.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// A program is not installed, or did not start; the file may be sound.
    #[error("{0} did not start")]
    Absent(String),
}

/// What came of a run.
struct Ended {
    output: Vec<u8>,
    errors: String,
    is_success: bool,
}

/// Whether a program can be started; asked once.
fn is_there(program: &'static str, known: &OnceLock<bool>) -> bool {
    *known.get_or_init(|| {
        let asked =
            Command::new(program).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
        let is_there = !matches!(asked, Err(error) if error.kind() == ErrorKind::NotFound);
        if !is_there {
            eprintln!(
                "{program} is not installed: what needs it is read from the folder's word boxes, or not"
            );
        }
        is_there
    })
}

/// Whether the text layer of a PDF can be read.
pub fn has_poppler() -> bool {
    static KNOWN: OnceLock<bool> = OnceLock::new();
    is_there("pdftotext", &KNOWN)
}

/// Whether pictures can be read.
pub fn has_tesseract() -> bool {
    static KNOWN: OnceLock<bool> = OnceLock::new();
    is_there("tesseract", &KNOWN)
}

/// The words of a PDF's text layer; pages of pictures have none.
pub fn pdf_words(pdf: &[u8]) -> Result<Vec<Page>, Failure> {
    let last = (PAGES_MAX + 1).to_string();
    let ended = run(&["pdftotext", "-bbox", "-l", &last, "-", "-"], pdf)?;
    refuse_unreadable(&ended)?;
    Ok(from_bbox(&String::from_utf8_lossy(&ended.output))?)
}

/// The pages of a PDF, drawn and read by OCR.
pub fn pdf_pictures(pdf: &[u8]) -> Result<Vec<Page>, Failure> {
    let pages = pdf_words(pdf)?.len();
    let mut read = Vec::new();
    for number in 1..=u32::try_from(pages).unwrap_or(u32::MAX) {
        let (page, dpi) = (number.to_string(), DPI.to_string());
        let arguments = ["pdftoppm", "-gray", "-r", &dpi, "-f", &page, "-l", &page, "-"];
        let ended = run(&arguments, pdf)?;
        refuse_unreadable(&ended)?;
        read.push(ocr(&ended.output, number)?);
    }
    Ok(read)
}

/// A picture, read twice: once for words and once for numbers.
pub fn ocr(bytes: &[u8], number: u32) -> Result<Page, Failure> {
    let mut picture = picture::calmed(picture::decode(bytes)?);
    let raw = picture::to_pgm(&picture);
    picture::remove_rules(&mut picture);
    let pgm = picture::to_pgm(&picture);
    let pass = |language: &str, pgm: &[u8]| -> Result<Page, Failure> {
        let dpi = DPI.to_string();
        let arguments = ["tesseract", "stdin", "stdout", "-l", language, "--psm", "6", "--dpi", &dpi, "tsv"];
        let ended = run(&arguments, pgm)?;
        if !ended.is_success {
            return Err(Refusal::DamagedPicture(last_line(&ended.errors)).into());
        }
        Ok(from_tsv(&String::from_utf8_lossy(&ended.output), number, DPI))
    };
    let mut page = merge_passes(&pass("swe", &pgm)?, &pass("eng", &pgm)?);
    // Without its rules a table reads better, but not every number does: a page that does not add up
    // gets one more look at it as it was.
    let adds_up =
        page::read(std::slice::from_ref(&page), Source::Ocr).is_some_and(|read| closure(&read).is_empty());
    if !adds_up {
        // What these give is welcome; that they fail on a bad scan is no reason to lose what was read.
        if let Ok(more) = pass("eng", &raw) {
            add_pass(&mut page, &more);
        }
        look_closer(&mut page, &picture).ok();
    }
    Ok(page)
}

/// Reads each cell of lines that do not add up by itself, as a number.
fn look_closer(page: &mut Page, picture: &GrayImage) -> Result<(), Failure> {
    const NUMBERS: &str = "tessedit_char_whitelist=0123456789,.- ";
    for cell in page::doubtful_cells(page) {
        let Some(part) = picture::part(picture, page.as_it_came(cell), DPI) else { continue };
        let arguments =
            ["tesseract", "stdin", "stdout", "-l", "eng", "--psm", "7", "--dpi", "300", "-c", NUMBERS];
        let ended = run(&arguments, &picture::to_pgm(&part))?;
        page::take_reading(page, cell, &String::from_utf8_lossy(&ended.output));
    }
    Ok(())
}

/// Poppler says in words what is wrong with a file.
fn refuse_unreadable(ended: &Ended) -> Result<(), Refusal> {
    let errors = &ended.errors;
    if errors.contains("Incorrect password") {
        return Err(Refusal::EncryptedPdf);
    }
    if errors.contains("Loop in Pages tree") {
        return Err(Refusal::DamagedPdf("its pages lead back to themselves".to_owned()));
    }
    if !ended.is_success {
        return Err(Refusal::DamagedPdf(last_line(errors)));
    }
    Ok(())
}

fn last_line(errors: &str) -> String {
    errors.lines().last().unwrap_or("the reader stopped").chars().take(200).collect()
}

/// Runs a program under `prlimit`: a file that makes it spin or grow ends it, and nothing else.
fn run(arguments: &[&str], input: &[u8]) -> Result<Ended, Failure> {
    let failed = |_: std::io::Error| Failure::Absent(arguments[0].to_owned());
    let mut child = bounded(arguments).spawn().map_err(failed)?;
    let (mut stdin, stdout, stderr) = (
        child.stdin.take().expect("it was asked for"),
        child.stdout.take().expect("it was asked for"),
        child.stderr.take().expect("it was asked for"),
    );
    let input = input.to_vec();
    // A program may end without reading all of its input; that is its own affair.
    let writer = thread::spawn(move || stdin.write_all(&input).ok());
    let reader = thread::spawn(move || {
        let mut errors = Vec::new();
        stderr.take(1 << 20).read_to_end(&mut errors).ok();
        String::from_utf8_lossy(&errors).into_owned()
    });
    let mut output = Vec::new();
    stdout.take(OUTPUT_BYTES_MAX).read_to_end(&mut output).map_err(failed)?;
    let status = child.wait().map_err(failed)?;
    writer.join().ok();
    let errors = reader.join().unwrap_or_default();
    Ok(Ended { output, errors, is_success: status.success() })
}

fn bounded(arguments: &[&str]) -> Command {
    static KNOWN: OnceLock<bool> = OnceLock::new();
    let mut command = if is_there("prlimit", &KNOWN) {
        let mut command = Command::new("prlimit");
        command
            .arg(format!("--cpu={CPU_SECONDS_MAX}"))
            .arg(format!("--as={MEMORY_BYTES_MAX}"))
            .arg("--")
            .args(arguments);
        command
    } else {
        let mut command = Command::new(arguments[0]);
        command.args(&arguments[1..]);
        command
    };
    // Tesseract's threads wait for each other: one is four times cheaper.
    command.env("OMP_THREAD_LIMIT", "1");
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}
