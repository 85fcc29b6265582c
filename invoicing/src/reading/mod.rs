//! From the bytes of a PDF or a picture to an invoice, by programs that somebody else runs.
//!
//! Which program is asked for what, in which order, and what its answer means: that is here. Running one is the
//! caller's, through [`Programs`], so that this stays without I/O.

mod drawing;
mod failure;
mod ocr;
mod poppler;
mod programs;
#[cfg(test)]
mod scripted;
#[cfg(test)]
mod tests;

pub use drawing::{Drawn, draw_pages};
pub use failure::Failure;
pub use poppler::pdf_words;
pub use programs::{Bounds, Ended, Ending, NotRun, Programs, Run};

use crate::{
    invoice::{Invoice, Source},
    page::{
        self, Page,
        gate::{self, Doubt},
    },
    picture,
    rules::closure::closure,
};

/// A page with fewer words than this is a picture, perhaps with a stamp or a page number over it.
const WORDS_OF_TEXT_MIN: usize = 10;

/// How far reading has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// What is being done.
    pub stage: Stage,
    /// Pages of this stage that are done.
    pub done: u32,
    /// Pages that this stage is about.
    pub of: u32,
}

/// What is done with a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Its text layer is read.
    Text,
    /// A page is drawn.
    Drawing,
    /// A drawn page is read by OCR.
    Reading,
}

impl Stage {
    /// In lower case, for clients.
    pub fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Drawing => "drawing",
            Self::Reading => "reading",
        }
    }
}

/// What was read.
#[derive(Clone, Debug, PartialEq)]
pub struct Reading {
    /// Every page with its words.
    pub pages: Vec<Page>,
    /// What the invoice was read from: the text layer, or pictures where only one page is one.
    pub source: Source,
    /// `None` when nothing on the pages is an invoice.
    pub invoice: Option<Invoice>,
    /// What keeps the invoice from going on without a person; empty when nothing does.
    pub doubts: Vec<Doubt>,
}

impl Reading {
    fn of(pages: Vec<Page>, source: Source) -> Self {
        let invoice = page::read(&pages, source);
        let doubts = invoice.as_ref().map_or_else(Vec::new, gate::doubts);
        Self { pages, source, invoice, doubts }
    }

    /// Sums that do not come out; what is no invoice has more of them than any.
    fn faults(&self) -> usize {
        self.invoice.as_ref().map_or(usize::MAX, |invoice| closure(invoice).len())
    }
}

/// Reads a PDF: its text layer first, then by OCR the pages that have none.
///
/// # Errors
/// See [`Failure`].
pub fn read_pdf(
    pdf: &[u8],
    programs: &dyn Programs,
    progress: &mut dyn FnMut(Progress),
) -> Result<Reading, Failure> {
    progress(Progress { stage: Stage::Text, done: 0, of: 1 });
    let mut pages = pdf_words(pdf, programs)?;
    let text = Reading::of(pages.clone(), Source::Text);
    let pictures = pictures(&text);
    if pictures.is_empty() {
        return Ok(text);
    }
    let of = count(pictures.len());
    for (done, index) in pictures.into_iter().enumerate() {
        let done = count(done);
        progress(Progress { stage: Stage::Drawing, done, of });
        let (drawn, dpi) = poppler::draw_for_ocr(pdf, &pages[index], programs)?;
        progress(Progress { stage: Stage::Reading, done, of });
        pages[index] = ocr::read_page(picture::decode(&drawn)?, &pages[index], dpi, programs)?;
    }
    progress(Progress { stage: Stage::Reading, done: of, of });
    // Where some pages are text, the pictures may be advertisements: then what the text says stands.
    let all = Reading::of(pages, Source::Ocr);
    Ok(if text.faults() <= all.faults() && text.invoice.is_some() { text } else { all })
}

/// Reads a picture by OCR.
///
/// # Errors
/// See [`Failure`].
pub fn read_picture(
    bytes: &[u8],
    programs: &dyn Programs,
    progress: &mut dyn FnMut(Progress),
) -> Result<Reading, Failure> {
    progress(Progress { stage: Stage::Reading, done: 0, of: 1 });
    let (picture, dpi) = ocr::fitting(picture::decode(bytes)?, poppler::OCR_POINTS_MAX);
    let page = ocr::read_page(picture, &Page { number: 1, ..Page::default() }, dpi, programs)?;
    progress(Progress { stage: Stage::Reading, done: 1, of: 1 });
    Ok(Reading::of(vec![page], Source::Ocr))
}

/// Whether a PDF has pages that only OCR can read: minutes of work, and a queue of its own.
///
/// # Errors
/// See [`Failure`].
pub fn needs_ocr(pdf: &[u8], programs: &dyn Programs) -> Result<bool, Failure> {
    let pages = pdf_words(pdf, programs)?;
    Ok(!pictures(&Reading::of(pages, Source::Text)).is_empty())
}

/// The pages that are to be drawn and read by OCR.
///
/// None where the text layer is an invoice that adds up, whatever else is in the file. All where it is no
/// invoice at all: fonts without a table of their signs give words that mean nothing.
fn pictures(text: &Reading) -> Vec<usize> {
    let has_words = |page: &Page| page.words.len() >= WORDS_OF_TEXT_MIN;
    match text.faults() {
        0 => Vec::new(),
        usize::MAX => (0..text.pages.len()).collect(),
        _ => (0..text.pages.len()).filter(|index| !has_words(&text.pages[*index])).collect(),
    }
}

fn count(pages: usize) -> u32 {
    u32::try_from(pages).expect("a file has at most PAGES_MAX pages")
}
