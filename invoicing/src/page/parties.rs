//! Who sells and who buys: names are known by where they stand alone.

use super::{
    labels,
    lexicon::normal,
    rows::{Row, Sheet},
    table::Tables,
    token::Token,
};
use crate::invoice::{Field, Invoice, Text};

/// Words that name the document, not a party.
const HEADINGS: [&str; 7] =
    ["faktura", "kreditfaktura", "kreditnota", "invoice", "creditnote", "kopia", "original"];
/// Words after which the buyer's name stands.
const BUYER_LABELS: [&str; 7] =
    ["billto", "faktureras", "kund", "kopare", "fakturaadress", "customer", "faktureringsadress"];

/// A run of words that stand close together.
struct Segment<'a> {
    tokens: &'a [Token],
    row: usize,
}

impl Segment<'_> {
    fn text(&self) -> String {
        self.tokens.iter().map(|token| token.text.as_str()).collect::<Vec<_>>().join(" ")
    }

    fn left(&self) -> i32 {
        self.tokens[0].area.left
    }

    fn field(&self) -> Field<String> {
        self.tokens[0].field(self.text())
    }
}

/// Names from the first page, above its table.
pub(super) fn read(sheets: &[Sheet], tables: &Tables, invoice: &mut Invoice) {
    let (Some(sheet), Some(table)) = (sheets.first(), tables.rows.first()) else { return };
    let end = if table.is_empty() { sheet.rows.len() } else { table.start };
    let segments: Vec<Segment> = (0..end).flat_map(|row| segments(sheet, row)).collect();
    let names: Vec<&Segment> = segments.iter().filter(|segment| is_name(segment, sheet)).collect();
    let Some(seller) = names.first() else { return };
    invoice.seller.name = Some(seller.field());
    invoice.buyer.name = labelled_buyer(&names, &segments).or_else(|| next_block(&names, seller, sheet));
}

fn segments(sheet: &Sheet, index: usize) -> Vec<Segment<'_>> {
    let row: &Row = &sheet.rows[index];
    let mut segments = Vec::new();
    let mut start = 0;
    for end in 1..=row.tokens.len() {
        let is_end = end == row.tokens.len()
            || row.tokens[end - 1].gap_to(&row.tokens[end]) > row.tokens[end - 1].sign_width() * 3;
        if is_end {
            segments.push(Segment { tokens: &row.tokens[start..end], row: index });
            start = end;
        }
    }
    segments
}

/// Letters, no label and no heading; addresses have numbers, names of companies hardly ever.
fn is_name(segment: &Segment<'_>, sheet: &Sheet) -> bool {
    let text = segment.text();
    let folded = normal(&text);
    let is_labelled = labels::in_row(&sheet.rows[segment.row]).iter().any(|found| {
        sheet.rows[segment.row].tokens[found.start..found.end]
            .iter()
            .any(|token| segment.tokens.iter().any(|own| own.area == token.area))
    });
    let is_value = sheet.rows[segment.row]
        .tokens
        .iter()
        .take_while(|token| token.area.left < segment.left())
        .last()
        .is_some_and(|token| token.text.ends_with(':'));
    folded.len() > 2
        && !is_labelled
        && !is_value
        && !text.bytes().any(|byte| byte.is_ascii_digit())
        && !text.contains('@')
        && !text.ends_with(':')
        && !HEADINGS.contains(&folded.as_str())
}

fn labelled_buyer(names: &[&Segment<'_>], segments: &[Segment<'_>]) -> Text {
    let label = segments.iter().find(|segment| BUYER_LABELS.contains(&normal(&segment.text()).as_str()))?;
    let under = names.iter().find(|name| {
        name.row > label.row && name.row <= label.row + 2 && (name.left() - label.left()).abs() < 600
    })?;
    Some(under.field())
}

/// The first name behind a gap below the seller's block, in a column with other names.
fn next_block(names: &[&Segment<'_>], seller: &Segment<'_>, sheet: &Sheet) -> Text {
    let bottom = sheet.rows[seller.row].area.bottom;
    let next = names.iter().find(|name| {
        let row = &sheet.rows[name.row];
        name.row > seller.row && row.area.top - bottom > sheet.height
    })?;
    Some(next.field())
}
