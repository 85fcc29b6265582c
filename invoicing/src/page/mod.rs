//! Invoices as pages: word boxes in, an invoice out.
//!
//! No layout is known beforehand. Rows are words at one height, columns are what stands under the words
//! of a table's head, fields are what stands beside a known label. Whether the result is trusted is
//! decided by [`gate`]: a page that does not add up is for a person.

mod bbox;
mod cells;
mod columns;
mod dates;
mod fields;
pub mod gate;
mod labels;
mod lexicon;
mod lines;
mod merge;
mod numbers;
#[cfg(test)]
mod other_layouts;
mod parties;
#[cfg(test)]
mod printed;
mod reread;
mod rows;
mod table;
#[cfg(test)]
mod tests;
mod token;
mod totals;
mod tsv;
mod units;

pub use bbox::from_bbox;
pub use merge::{add_pass, merge_passes};
pub use reread::{doubtful_cells, take_reading};
pub use tsv::from_tsv;

use crate::invoice::{Area, Effect, Invoice, Kind, Source};

/// The most pages that are read.
pub const PAGES_MAX: usize = 50;
/// The most words of a page that are read; a closely printed one has 1,500.
pub const WORDS_MAX: usize = 20_000;
/// The most words of a file: 50 closely printed pages. More would keep a processor busy for minutes.
pub const WORDS_OF_FILE_MAX: usize = 75_000;

/// One word on a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word {
    /// What it says.
    pub text: String,
    /// Where it stands.
    pub area: Area,
    /// How sure the reader was, in thousandths.
    pub confidence: u16,
    /// Whether every pass over the page read the same; true for a text layer.
    pub agreed: bool,
    /// What other passes read instead.
    pub others: Vec<String>,
}

/// How large a page is, in hundredths of a point, before it is turned.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PageSize {
    /// Across.
    pub width: i32,
    /// Down.
    pub height: i32,
}

/// One page with its words, in any order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// From 1.
    pub number: u32,
    /// Its words.
    pub words: Vec<Word>,
    /// How large it is; zero for a picture, which does not say.
    pub size: PageSize,
    /// How much lower a row ended than it began before it was straightened, in millionths of its length.
    pub fall: i64,
}

impl Page {
    /// Where an area of the straightened page is on the page as it came.
    pub fn as_it_came(&self, area: Area) -> Area {
        tsv::as_it_came(area, self.fall)
    }
}

/// Reads an invoice from its pages. `None` when they hold no table of lines and no sum to pay.
pub fn read(pages: &[Page], source: Source) -> Option<Invoice> {
    let sheets: Vec<rows::Sheet> = pages.iter().map(|page| rows::sheet(page, source)).collect();
    let tables = table::read(&sheets);
    let mut invoice = Invoice::default();
    fields::read(&sheets, &tables, &mut invoice);
    parties::read(&sheets, &tables, &mut invoice);
    let printed = totals::read(&sheets, &tables, &mut invoice);
    lines::fill(tables, &mut invoice);
    totals::complete_rates(&mut invoice, printed);
    positive_credit(&mut invoice);
    let is_found = !invoice.lines.is_empty() || invoice.totals.payable_minor.is_some();
    is_found.then_some(invoice)
}
/// A credit note's amounts count against invoices; printed below zero they would count for them.
fn positive_credit(invoice: &mut Invoice) {
    let is_negative = invoice.totals.payable_minor.as_ref().is_some_and(|payable| payable.value < 0);
    if invoice.kind != Kind::CreditNote || !is_negative {
        return;
    }
    let totals = &mut invoice.totals;
    let sums = [
        &mut totals.net_minor,
        &mut totals.vat_minor,
        &mut totals.gross_minor,
        &mut totals.prepaid_minor,
        &mut totals.rounding_minor,
        &mut totals.payable_minor,
    ];
    sums.into_iter().flatten().for_each(|sum| sum.value = -sum.value);
    for row in &mut invoice.vat {
        row.taxable_minor.value = -row.taxable_minor.value;
        row.tax_minor.value = -row.tax_minor.value;
    }
    for line in invoice.lines.iter_mut().filter(|line| line.net_minor.value < 0) {
        line.net_minor.value = -line.net_minor.value;
        // The sign stands on the quantity, on the price, or on neither.
        line.quantity.value = line.quantity.value.abs();
        line.net_price.value = line.net_price.value.abs();
    }
    for change in &mut invoice.allowances_charges {
        change.effect = match change.effect {
            Effect::Allowance => Effect::Charge,
            Effect::Charge => Effect::Allowance,
        };
    }
}
