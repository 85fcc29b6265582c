//! The text layer of a PDF, and its pages drawn.

use crate::{
    page::{PAGES_MAX, Page, PageSize, from_bbox},
    refusal::Refusal,
};

use super::{
    failure::{Failure, last_line, run},
    programs::{Bounds, Ended, Ending, Programs, Run},
};

/// For the text of 50 pages, closely printed. A PDF of 2 kB that inflates to 1 GiB takes 5 s.
const TEXT: Bounds =
    Bounds { memory_bytes: 1 << 30, cpu_seconds: 10, wall_seconds: 60, output_bytes: 64 << 20 };
/// For one page as a picture.
const PICTURE: Bounds =
    Bounds { memory_bytes: 1 << 30, cpu_seconds: 20, wall_seconds: 120, output_bytes: 32 << 20 };
/// Points per inch that OCR knows signs best at.
pub(super) const OCR_DPI: u32 = 300;
/// The most points of a page that is drawn for OCR: A4 has 9 million at 300 dpi, A3 17.
pub(super) const OCR_POINTS_MAX: u64 = 20_000_000;

/// The words of a PDF's text layer, and the size of its pages; pages of pictures have no words.
///
/// # Errors
/// See [`Failure`].
pub fn pdf_words(pdf: &[u8], programs: &dyn Programs) -> Result<Vec<Page>, Failure> {
    // One more than is read tells that there are more.
    let last = (PAGES_MAX + 1).to_string();
    let arguments = ["-bbox", "-l", &last, "-", "-"];
    let ended = run(
        programs,
        &Run {
            program: "pdftotext",
            arguments: &arguments,
            environment: &[],
            input: pdf,
            bounds: TEXT,
            niceness: 0,
        },
    )?;
    refuse_unreadable(&ended)?;
    Ok(from_bbox(&String::from_utf8_lossy(&ended.output))?)
}

/// A page as a grey picture for OCR, and the points per inch that it got.
pub(super) fn draw_for_ocr(
    pdf: &[u8],
    page: &Page,
    programs: &dyn Programs,
) -> Result<(Vec<u8>, u32), Failure> {
    let dpi = dpi(page, OCR_DPI, OCR_POINTS_MAX)?;
    Ok((draw(pdf, page.number, dpi, &[], 10, programs)?, dpi))
}

/// Draws one page in grey: as PGM, or as another option says.
pub(super) fn draw(
    pdf: &[u8],
    page: u32,
    dpi: u32,
    options: &[&str],
    niceness: u8,
    programs: &dyn Programs,
) -> Result<Vec<u8>, Failure> {
    let (page, dpi) = (page.to_string(), dpi.to_string());
    let mut arguments = vec!["-gray", "-r", &dpi, "-f", &page, "-l", &page];
    arguments.extend(options);
    arguments.push("-");
    let ended = run(
        programs,
        &Run {
            program: "pdftoppm",
            arguments: &arguments,
            environment: &[],
            input: pdf,
            bounds: PICTURE,
            niceness,
        },
    )?;
    refuse_unreadable(&ended)?;
    Ok(ended.output)
}

/// `wanted` points per inch, or as many as a page of this size has within `points_max`: a page can claim to
/// be as large as a house, and memory is taken by its points.
pub(super) fn dpi(page: &Page, wanted: u32, points_max: u64) -> Result<u32, Refusal> {
    /// 200 inches, the most that a page may measure (ISO 32000-1, annex C.2), in hundredths of a point.
    const SIDE_MAX: i32 = 1_440_000;
    let PageSize { width, height } = page.size;
    if !(1..=SIDE_MAX).contains(&width) || !(1..=SIDE_MAX).contains(&height) {
        return Err(Refusal::DamagedPdf("a page is larger than any paper".to_owned()));
    }
    let area = u64::from(width.unsigned_abs()) * u64::from(height.unsigned_abs());
    let most = (points_max * 7200 * 7200 / area).isqrt();
    Ok(u32::try_from(most).unwrap_or(u32::MAX).clamp(1, wanted))
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
    if ended.ending != Ending::Succeeded {
        return Err(Refusal::DamagedPdf(last_line(errors)));
    }
    Ok(())
}
