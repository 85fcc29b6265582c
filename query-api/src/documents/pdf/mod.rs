//! Documents as PDF: A4, in Swedish, the same bytes for the same document.
//!
//! A document is first a [`form::Form`] (what stands on it), then marks on pages ([`sheet`]), then bytes.

mod form;
mod invoice;
mod layout;
mod receipt;
mod sheet;
mod swedish;
mod typeface;

use chrono::{Datelike, NaiveDate};
use krilla::{
    Document,
    color::rgb,
    geom::{PathBuilder, Point, Rect},
    metadata::{DateTime, Metadata},
    num::NormalizedF32,
    page::PageSettings,
    paint::Fill,
    surface::Surface,
    text::TextDirection,
};

pub(crate) use self::swedish::{amount, quantity};
use self::{
    form::Form,
    sheet::{Mark, PAGE_HEIGHT, PAGE_WIDTH, Shade},
};
use super::{InvoiceDocument, ReceiptDocument};

/// The PDF could not be written.
#[derive(Debug, thiserror::Error)]
#[error("the document cannot be written as PDF: {0}")]
pub struct PdfFault(String);

/// The invoice as PDF.
pub fn invoice_pdf(invoice: &InvoiceDocument) -> Result<Vec<u8>, PdfFault> {
    write(&invoice::form(invoice), invoice.issue_date)
}

/// The receipt as PDF.
pub fn receipt_pdf(receipt: &ReceiptDocument) -> Result<Vec<u8>, PdfFault> {
    write(&receipt::form(receipt), events::values::swedish_day(receipt.placed_at))
}

fn write(form: &Form, day: NaiveDate) -> Result<Vec<u8>, PdfFault> {
    let mut document = Document::new();
    document.set_metadata(metadata(form, day));
    for marks in layout::pages(form) {
        let size = PageSettings::from_wh(PAGE_WIDTH, PAGE_HEIGHT);
        let mut page = document.start_page_with(size.expect("A4 has a positive size"));
        let mut surface = page.surface();
        for mark in &marks {
            draw(&mut surface, mark);
        }
        surface.finish();
        page.finish();
    }
    document.finish().map_err(|error| PdfFault(format!("{error:?}")))
}

/// Dated by the document, not by the clock: asking twice gives the same bytes.
fn metadata(form: &Form, day: NaiveDate) -> Metadata {
    let year = u16::try_from(day.year()).unwrap_or_default();
    let month = u8::try_from(day.month()).expect("months are small");
    let date = DateTime::new(year).month(month).day(u8::try_from(day.day()).expect("days are small"));
    Metadata::new()
        .title(format!("{} {}", form.title, form.number))
        .authors(vec![form.from.name.clone()])
        .language("sv-SE".to_owned())
        .creator("Iris".to_owned())
        .creation_date(date)
}

fn draw(surface: &mut Surface<'_>, mark: &Mark) {
    match mark {
        Mark::Text { x, baseline, style, text } => {
            surface.set_fill(Some(fill(style.shade)));
            let (face, start) = (style.weight.face(), Point::from_xy(*x, *baseline));
            surface.draw_text(start, face.krilla(), style.size, text, false, TextDirection::LeftToRight);
        }
        Mark::Block { x, y, width, height, shade } => {
            let mut path = PathBuilder::new();
            let Some(rect) = Rect::from_xywh(*x, *y, *width, *height) else { return };
            path.push_rect(rect);
            let Some(path) = path.finish() else { return };
            surface.set_fill(Some(fill(*shade)));
            surface.draw_path(&path);
        }
    }
}

fn fill(shade: Shade) -> Fill {
    let level = shade.level();
    Fill {
        paint: rgb::Color::new(level, level, level).into(),
        opacity: NormalizedF32::ONE,
        ..Fill::default()
    }
}
