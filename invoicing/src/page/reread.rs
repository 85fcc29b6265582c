//! Cells of a scan whose numbers do not fit each other, to be looked at once more, each by itself.

use super::{
    Page, Word,
    columns::Columns,
    lexicon::Role,
    lines,
    numbers::{self, DecimalMark},
    rows,
    table::{self, Item},
};
use crate::invoice::{Area, Source};

/// The most cells that are worth it: a page on which all is wrong is for a person.
const CELLS_MAX: usize = 40;

/// Where the numbers stand of lines that are not quantity times price, in hundredths of a point.
pub fn doubtful_cells(page: &Page) -> Vec<Area> {
    let sheet = rows::sheet(page, Source::Ocr);
    let Some((columns, body)) = table::columns_and_rows(&sheet) else { return Vec::new() };
    let mut cells = Vec::new();
    for row in body {
        let item = table::item(row, &columns, sheet.height);
        let seen = [&item.quantity, &item.price, &item.amount].into_iter().flatten().count();
        if seen < 2 || lines::adds_up(&item) {
            continue;
        }
        cells.extend(cells_of(&item, &columns, row.area));
    }
    cells.truncate(CELLS_MAX);
    cells
}

fn cells_of(item: &Item, columns: &Columns, row: Area) -> Vec<Area> {
    let slots = [
        (Role::Quantity, &item.quantity),
        (Role::Price, &item.price),
        (Role::Discount, &item.discount),
        (Role::Amount, &item.amount),
    ];
    let cell = |(role, token): (Role, &Option<super::token::Token>)| match token {
        Some(token) => Some(token.area),
        // A discount may be absent; the others are there and were not read as numbers.
        None if role == Role::Discount => None,
        None => columns.cell(role, row),
    };
    slots.into_iter().filter_map(cell).collect()
}

/// Takes what a closer look at a cell gave. It may be chosen where sums do not come out; a cell in which
/// no number was read before has it now.
pub fn take_reading(page: &mut Page, cell: Area, text: &str) {
    let mark = DecimalMark::of(page.words.iter().map(|word| word.text.as_str()));
    let text = text.trim();
    if numbers::parse(text, mark).is_none() {
        return;
    }
    let is_in_cell = |word: &Word| {
        let area = word.area;
        let middle = i32::midpoint(area.left, area.right);
        (cell.left..=cell.right).contains(&middle) && (cell.top..=cell.bottom).contains(&area.middle())
    };
    let last = page.words.iter_mut().filter(|word| is_in_cell(word)).max_by_key(|word| word.area.left);
    if let Some(last) = last
        && numbers::parse(&last.text, mark).is_some()
    {
        if last.text != text && !last.others.iter().any(|other| other == text) {
            last.others.push(text.to_owned());
        }
        return;
    }
    page.words.retain(|word| !is_in_cell(word));
    page.words.push(Word {
        text: text.to_owned(),
        area: cell,
        confidence: 500,
        agreed: false,
        others: Vec::new(),
    });
}

impl Columns {
    /// Where a number of this column stands in a row: as wide as the widest of the column.
    fn cell(&self, role: Role, row: Area) -> Option<Area> {
        let widest = self.seen_areas(role)?;
        Some(Area { left: widest.left, right: widest.right, ..row })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::page::{printed::page, read};

    const MISREAD: &str = "
Benämning        Antal    Pris     Belopp
Torsk              2    100,00     200,00
Sill               3     10,00      80,00
Lax                1     50,00      S0;OO

Att betala                         280,00
";

    #[test]
    fn only_what_does_not_fit_is_looked_at_again() {
        let cells = doubtful_cells(&page(MISREAD));
        let rows: Vec<i32> = cells.iter().map(|cell| cell.top / 1200).collect();
        assert_eq!(rows, [3, 3, 3, 4, 4, 4]);
    }

    #[test]
    fn a_closer_look_mends_a_line_only_if_it_then_adds_up() {
        let mut page = page(MISREAD);
        let cells = doubtful_cells(&page);
        take_reading(&mut page, cells[2], "30,00");
        take_reading(&mut page, cells[0], "7");
        take_reading(&mut page, cells[5], "50,00");
        let invoice = read(&[page], Source::Ocr).unwrap();
        let nets: Vec<i64> = invoice.lines.iter().map(|line| line.net_minor.value).collect();
        assert_eq!(nets, [20_000, 3_000, 5_000]);
        assert_eq!(invoice.lines[1].quantity.value.to_string(), "3");
    }
}
