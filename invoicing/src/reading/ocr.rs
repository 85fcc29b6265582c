//! Reading a picture of a page, twice: once for words and once for numbers.

use image::{GrayImage, imageops};

use crate::{
    invoice::Source,
    page::{self, Page, add_pass, from_tsv, merge_passes},
    picture,
    refusal::Refusal,
    rules::closure::closure,
};

use super::{
    failure::{Failure, last_line, run},
    poppler::OCR_DPI,
    programs::{Bounds, Ended, Ending, Programs, Run},
};

/// For one pass over one page. A4 at 300 dpi takes a second, a noisy one a few.
const PASS: Bounds =
    Bounds { memory_bytes: 1 << 30, cpu_seconds: 20, wall_seconds: 240, output_bytes: 16 << 20 };
/// Tesseract's threads wait for each other: one is four times cheaper.
const ENVIRONMENT: [(&str, &str); 1] = [("OMP_THREAD_LIMIT", "1")];
/// Behind requests and everything else that somebody waits for.
const NICENESS: u8 = 10;

/// A picture with as many points as OCR is given, and its points per inch.
///
/// Pictures tell their scale seldom and wrongly: each counts as one of 300 dpi, which makes no difference to
/// how it is read. Halved, it has half of that, so that places on it stay where they were.
pub(super) fn fitting(mut picture: GrayImage, points_max: u64) -> (GrayImage, u32) {
    let mut dpi = OCR_DPI;
    while u64::from(picture.width()) * u64::from(picture.height()) > points_max {
        picture = imageops::thumbnail(&picture, picture.width().div_ceil(2), picture.height().div_ceil(2));
        dpi /= 2;
    }
    (picture, dpi)
}

/// Reads the picture of `page`, whose number and size stay.
pub(super) fn read_page(
    picture: GrayImage,
    page: &Page,
    dpi: u32,
    programs: &dyn Programs,
) -> Result<Page, Failure> {
    let reader = Reader { programs, number: page.number, dpi };
    let mut picture = picture::calmed(picture);
    let raw = picture::to_pgm(&picture);
    picture::remove_rules(&mut picture);
    let pgm = picture::to_pgm(&picture);
    let mut read = merge_passes(&reader.pass("swe", &pgm)?, &reader.pass("eng", &pgm)?);
    // Without its rules a table reads better, but not every number does: a page that does not add up
    // gets one more look at it as it was.
    let adds_up =
        page::read(std::slice::from_ref(&read), Source::Ocr).is_some_and(|read| closure(&read).is_empty());
    if !adds_up {
        if let Some(more) = welcome(reader.pass("eng", &raw))? {
            add_pass(&mut read, &more);
        }
        welcome(reader.look_closer(&mut read, &picture))?;
    }
    Ok(Page { size: page.size, ..read })
}

/// What a further look gives is welcome; that it fails on a bad scan is no reason to lose what was read.
fn welcome<T>(more: Result<T, Failure>) -> Result<Option<T>, Failure> {
    match more {
        Ok(more) => Ok(Some(more)),
        Err(Failure::Refused(_)) => Ok(None),
        Err(other) => Err(other),
    }
}

struct Reader<'a> {
    programs: &'a dyn Programs,
    number: u32,
    dpi: u32,
}

impl Reader<'_> {
    /// One pass over the whole page.
    fn pass(&self, language: &str, pgm: &[u8]) -> Result<Page, Failure> {
        let ended = self.tesseract(&["-l", language, "--psm", "6"], &["tsv"], pgm)?;
        if ended.ending != Ending::Succeeded {
            return Err(Refusal::DamagedPicture(last_line(&ended.errors)).into());
        }
        Ok(from_tsv(&String::from_utf8_lossy(&ended.output), self.number, self.dpi))
    }

    /// Reads each cell of lines that do not add up by itself, as a number.
    fn look_closer(&self, page: &mut Page, picture: &GrayImage) -> Result<(), Failure> {
        const NUMBERS: &str = "tessedit_char_whitelist=0123456789,.- ";
        for cell in page::doubtful_cells(page) {
            let Some(part) = picture::part(picture, page.as_it_came(cell), self.dpi) else { continue };
            let options = ["-l", "eng", "--psm", "7", "-c", NUMBERS];
            let ended = self.tesseract(&options, &[], &picture::to_pgm(&part))?;
            page::take_reading(page, cell, &String::from_utf8_lossy(&ended.output));
        }
        Ok(())
    }

    fn tesseract(&self, options: &[&str], forms: &[&str], pgm: &[u8]) -> Result<Ended, Failure> {
        let dpi = self.dpi.to_string();
        let mut arguments = vec!["stdin", "stdout", "--dpi", &dpi];
        arguments.extend(options);
        arguments.extend(forms);
        let ended = run(
            self.programs,
            &Run {
                program: "tesseract",
                arguments: &arguments,
                environment: &ENVIRONMENT,
                input: pgm,
                bounds: PASS,
                niceness: NICENESS,
            },
        )?;
        // Debian has each language in a package of its own; the picture is not to blame.
        if ended.errors.contains("Failed loading language") {
            return Err(Failure::Absent("tesseract's Swedish or English model"));
        }
        Ok(ended)
    }
}
