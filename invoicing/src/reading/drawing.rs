//! Pages as pictures for people, who look at them beside what was read.

use std::io::Cursor;

use image::{DynamicImage, GrayImage, ImageFormat, ImageReader, imageops};

use crate::{picture, refusal::Refusal, sniff::FileKind};

use super::{
    failure::Failure,
    poppler::{self, OCR_DPI, pdf_words},
    programs::Programs,
};

/// Points per inch that small print can be read at on a screen.
const DPI: u32 = 110;
/// The most points of a page: A4 has 1.2 million at 110 dpi, A2 4.8.
const POINTS_MAX: u64 = 5_000_000;

/// One page as a picture.
///
/// Evidence, in hundredths of a point from the page's upper left corner, is at `evidence · dpi / 7200` on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Drawn {
    /// Of the page, from 1.
    pub number: u32,
    /// In grey.
    pub png: Vec<u8>,
    /// Points across.
    pub width: u32,
    /// Points down.
    pub height: u32,
    /// Points per inch. 110, or fewer on a page that is larger than any letter.
    pub dpi: u32,
}

/// Draws the pages of a PDF, or a picture as one page. XML has none.
///
/// At most 50 pages of 5 million points each.
///
/// # Errors
/// See [`Failure`].
pub fn draw_pages(bytes: &[u8], kind: FileKind, programs: &dyn Programs) -> Result<Vec<Drawn>, Failure> {
    match kind {
        FileKind::Xml => Ok(Vec::new()),
        FileKind::Pdf => draw_pdf(bytes, programs),
        FileKind::Png | FileKind::Jpeg | FileKind::Tiff => Ok(vec![draw_picture(bytes)?]),
    }
}

fn draw_pdf(pdf: &[u8], programs: &dyn Programs) -> Result<Vec<Drawn>, Failure> {
    let mut drawn = Vec::new();
    for page in pdf_words(pdf, programs)? {
        let dpi = poppler::dpi(&page, DPI, POINTS_MAX)?;
        let png = poppler::draw(pdf, page.number, dpi, &["-png"], 0, programs)?;
        // What a program that a file may have taken over gives us is checked before others see it.
        let (width, height) = size(&png)?;
        drawn.push(Drawn { number: page.number, png, width, height, dpi });
    }
    Ok(drawn)
}

fn size(png: &[u8]) -> Result<(u32, u32), Refusal> {
    let reader = ImageReader::with_format(Cursor::new(png), ImageFormat::Png);
    reader.into_dimensions().map_err(|error| Refusal::DamagedPdf(format!("it cannot be drawn: {error}")))
}

/// Pictures count as drawn at 300 dpi, as OCR takes them: places that it read are where they are.
fn draw_picture(bytes: &[u8]) -> Result<Drawn, Refusal> {
    let whole = picture::decode(bytes)?;
    let (width, height) = (u64::from(whole.width()), u64::from(whole.height()));
    let dpi = (u64::from(OCR_DPI * OCR_DPI) * POINTS_MAX / (width * height).max(1)).isqrt();
    let dpi = u32::try_from(dpi).unwrap_or(u32::MAX).clamp(1, OCR_DPI);
    let scaled = |side: u32| (u64::from(side) * u64::from(dpi) / u64::from(OCR_DPI)).max(1);
    let (width, height) = (scaled(whole.width()), scaled(whole.height()));
    let small = |side: u64| u32::try_from(side).expect("it is no larger than it was");
    let small = imageops::thumbnail(&whole, small(width), small(height));
    let (width, height) = small.dimensions();
    Ok(Drawn { number: 1, png: to_png(small)?, width, height, dpi })
}

fn to_png(picture: GrayImage) -> Result<Vec<u8>, Refusal> {
    let mut png = Cursor::new(Vec::new());
    DynamicImage::from(picture)
        .write_to(&mut png, ImageFormat::Png)
        .map_err(|error| Refusal::DamagedPicture(error.to_string()))?;
    Ok(png.into_inner())
}
