//! Where everything on a document stands, and where a page ends.

use super::{
    form::{Align, Column, Form, Side},
    sheet::{
        BODY, LABEL, LEFT, Mark, NAME, PAGE_HEIGHT, RIGHT, STRONG, Shade, Sheet, Style, TITLE, TOP, TOTAL,
    },
};

/// Room between a cell's text and its column's edge.
const GAP: f32 = 6.0;
const MIDDLE: f32 = LEFT + 266.0;
const ROW_PADDING: f32 = 4.5;

/// The pages of a form, each complete with head and foot.
pub(super) fn pages(form: &Form) -> Vec<Vec<Mark>> {
    let mut sheet = Sheet::new();
    first_head(&mut sheet, form);
    table(&mut sheet, form);
    summary(&mut sheet, form);
    feet(&mut sheet, form);
    sheet.pages
}

fn first_head(sheet: &mut Sheet, form: &Form) {
    let title = TOP + 14.0;
    for (index, line) in NAME.wrapped(&form.from.name, MIDDLE - LEFT - 20.0).iter().enumerate() {
        #[expect(clippy::cast_precision_loss, reason = "a name has few lines")]
        sheet.left(LEFT, title + index as f32 * NAME.leading(), NAME, line);
    }
    sheet.right(RIGHT, title, TITLE, &form.title.to_uppercase());
    sheet.right(RIGHT, title + 18.0, STRONG, &form.number);
    sheet.y = title + 48.0;
    sheet.rule(LEFT, RIGHT, sheet.y, Shade::Light);
    sheet.y += 20.0;
    let top = sheet.y;
    let left_end = side(sheet, LEFT, top, &form.from);
    let right_end = side(sheet, MIDDLE, top, &form.to);
    sheet.y = left_end.max(right_end) + 12.0;
    facts(sheet, &form.facts);
    sheet.y += 14.0;
}

/// Returns where it ends.
fn side(sheet: &mut Sheet, x: f32, top: f32, side: &Side) -> f32 {
    sheet.left(x, top, LABEL, side.label);
    let mut y = top + STRONG.leading() + 2.0;
    let width = MIDDLE - LEFT - 20.0;
    let names = STRONG.wrapped(&side.name, width).into_iter().map(|line| (STRONG, line));
    let lines = side.lines.iter().flat_map(|line| BODY.wrapped(line, width)).map(|line| (BODY, line));
    for (style, line) in names.chain(lines) {
        sheet.left(x, y, style, &line);
        y += style.leading();
    }
    y
}

fn facts(sheet: &mut Sheet, facts: &[(&'static str, String)]) {
    let height = BODY.leading() + 1.5;
    // An order's id is as long as the right column has room for.
    let columns = [(LEFT, LEFT + 96.0, MIDDLE), (MIDDLE, MIDDLE + 64.0, RIGHT)];
    for pair in facts.chunks(2) {
        for ((label, value), (x, value_x, end)) in pair.iter().zip(columns) {
            sheet.left(x, sheet.y, LABEL, label);
            sheet.left(value_x, sheet.y, BODY.fitted(value, end - value_x), value);
        }
        sheet.y += height;
    }
}

fn table(sheet: &mut Sheet, form: &Form) {
    table_head(sheet, &form.columns);
    for row in &form.rows {
        let cells: Vec<Vec<String>> =
            form.columns.iter().zip(row).map(|(column, cell)| cell_lines(column, cell)).collect();
        let lines = cells.iter().map(Vec::len).max().unwrap_or(1);
        #[expect(clippy::cast_precision_loss, reason = "a cell has few lines")]
        let height = lines as f32 * BODY.leading() + ROW_PADDING;
        if sheet.is_full(height) {
            next_page(sheet, form);
            table_head(sheet, &form.columns);
        }
        row_at(sheet, &form.columns, &cells);
        sheet.y += height;
        sheet.rule(LEFT, RIGHT, sheet.y - BODY.size - 1.0, Shade::Faint);
    }
}

fn cell_lines(column: &Column, cell: &str) -> Vec<String> {
    match column.align {
        Align::Left => BODY.wrapped(cell, column.width - GAP),
        // A number is never broken; one too large for its column is written smaller.
        Align::Right => vec![cell.to_owned()],
    }
}

fn table_head(sheet: &mut Sheet, columns: &[Column]) {
    let height = LABEL.leading() + 8.0;
    let block = Mark::Block { x: LEFT, y: sheet.y, width: RIGHT - LEFT, height, shade: Shade::Faint };
    sheet.mark(block);
    let titles: Vec<Vec<String>> = columns.iter().map(|column| vec![column.title.to_owned()]).collect();
    sheet.y += LABEL.leading() + 2.5;
    cells_at(sheet, columns, &titles, LABEL);
    sheet.y += height - LABEL.leading() - 2.5 + BODY.size + 5.0;
}

fn row_at(sheet: &mut Sheet, columns: &[Column], cells: &[Vec<String>]) {
    cells_at(sheet, columns, cells, BODY);
}

fn cells_at(sheet: &mut Sheet, columns: &[Column], cells: &[Vec<String>], style: Style) {
    let mut x = LEFT;
    for (column, lines) in columns.iter().zip(cells) {
        let mut baseline = sheet.y;
        for line in lines {
            match column.align {
                Align::Left => sheet.left(x + GAP, baseline, style, line),
                Align::Right => {
                    let smaller = style.fitted(line, column.width - GAP);
                    sheet.right(x + column.width - GAP, baseline, smaller, line);
                }
            }
            baseline += style.leading();
        }
        x += column.width;
    }
}

fn next_page(sheet: &mut Sheet, form: &Form) {
    sheet.turn();
    sheet.left(LEFT, TOP, STRONG, &form.from.name);
    sheet.right(RIGHT, TOP, STRONG, &format!("{} {}", form.title, form.number));
    sheet.y = TOP + 8.0;
    sheet.rule(LEFT, RIGHT, sheet.y, Shade::Light);
    sheet.y += 14.0;
}

/// Sums and notes, kept together on one page.
fn summary(sheet: &mut Sheet, form: &Form) {
    let notes: Vec<String> = form.notes.iter().flat_map(|note| BODY.wrapped(note, RIGHT - LEFT)).collect();
    #[expect(clippy::cast_precision_loss, reason = "a document has few sums and notes")]
    let height = {
        let rows = form.groups.len().max(form.sums.len()) as f32;
        30.0 + rows * 16.0 + 14.0 + notes.len() as f32 * BODY.leading()
    };
    if sheet.is_full(height) {
        next_page(sheet, form);
    }
    sheet.y += 12.0;
    let top = sheet.y;
    let groups_end = groups(sheet, top, &form.groups);
    let sums_end = sums(sheet, top, &form.sums);
    sheet.y = groups_end.max(sums_end) + 14.0;
    for note in notes {
        sheet.left(LEFT, sheet.y, BODY, &note);
        sheet.y += BODY.leading();
    }
}

fn groups(sheet: &mut Sheet, top: f32, groups: &[[String; 3]]) -> f32 {
    let mut y = top;
    for (index, cells) in groups.iter().enumerate() {
        let style = if index == 0 { LABEL } else { BODY };
        for (cell, edge) in cells.iter().zip([LEFT + 60.0, LEFT + 150.0, LEFT + 240.0]) {
            sheet.right(edge, y, style.fitted(cell, 84.0), cell);
        }
        y += 15.0;
    }
    y
}

fn sums(sheet: &mut Sheet, top: f32, sums: &[(&'static str, String)]) -> f32 {
    let (label_x, mut y) = (MIDDLE + 40.0, top);
    for (index, (label, value)) in sums.iter().enumerate() {
        let last = index + 1 == sums.len();
        if last {
            sheet.rule(label_x, RIGHT, y - 6.0, Shade::Light);
            y += 10.0;
        }
        let style = if last { TOTAL } else { BODY };
        sheet.left(label_x, y, style, label);
        let room = RIGHT - GAP - label_x - style.width(label) - GAP;
        sheet.right(RIGHT - GAP, y, style.fitted(value, room), value);
        y += 15.0;
    }
    y
}

fn feet(sheet: &mut Sheet, form: &Form) {
    let count = sheet.pages.len();
    let foot = LABEL.wrapped(&form.foot, RIGHT - LEFT - 80.0);
    for index in 0..count {
        let mut page = Sheet { pages: vec![Vec::new()], y: 0.0 };
        let mut baseline = PAGE_HEIGHT - 46.0;
        page.rule(LEFT, RIGHT, baseline - 12.0, Shade::Light);
        page.right(RIGHT, baseline, LABEL, &format!("Sida {} av {count}", index + 1));
        for line in foot.iter().take(2) {
            page.left(LEFT, baseline, LABEL, line);
            baseline += LABEL.leading();
        }
        sheet.pages[index].extend(page.pages.into_iter().flatten());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::documents::{DocumentParty, pdf::sheet::BOTTOM};

    fn form(rows: usize, cell: &str, number: &str) -> Form {
        let party = DocumentParty {
            id: uuid::Uuid::max(),
            name: cell.to_owned(),
            street: Some(cell.to_owned()),
            postal_code: Some("119 99".to_owned()),
            city: Some(cell.to_owned()),
            country: Some("FI".to_owned()),
            org_number: Some("5510000119".to_owned()),
            vat_number: Some("SE551000011901".to_owned()),
            gln: Some("7300010000001".to_owned()),
        };
        let columns = crate::documents::pdf::invoice::COLUMNS;
        let texts = columns.iter().map(|column| match column.align {
            Align::Left => cell.to_owned(),
            Align::Right => number.to_owned(),
        });
        Form {
            title: "Faktura",
            number: uuid::Uuid::max().to_string(),
            from: crate::documents::pdf::swedish::side("Säljare", &party),
            to: crate::documents::pdf::swedish::side("Köpare", &party),
            facts: vec![("Fakturanummer", number.to_owned()), ("Order", uuid::Uuid::max().to_string())],
            columns: columns.to_vec(),
            rows: vec![texts.collect(); rows],
            groups: vec![["25 %".to_owned(), number.to_owned(), number.to_owned()]; 5],
            sums: vec![("Netto", number.to_owned()), ("Att betala", number.to_owned())],
            notes: vec![cell.to_owned()],
            foot: crate::documents::pdf::swedish::foot(&party),
        }
    }

    /// A text and where it stands.
    struct Span<'a> {
        left: f32,
        right: f32,
        baseline: f32,
        text: &'a str,
    }

    fn spans(page: &[Mark]) -> Vec<Span<'_>> {
        let span = |mark| match mark {
            &Mark::Text { x, baseline, style, ref text } if !text.is_empty() => {
                Some(Span { left: x, right: x + style.width(text), baseline, text })
            }
            _ => None,
        };
        page.iter().filter_map(span).collect()
    }

    #[test]
    fn nothing_leaves_the_page_or_stands_on_another_thing_however_long_it_is() {
        let long = "Tomatkrossmedvitlökochbasilika frånenväldigtlångtbortliggandegårdiSkåne 24 st";
        for (rows, cell, number) in
            [(3, "Tomat", "1,00"), (70, long, "1\u{a0}000\u{a0}000\u{a0}000\u{a0}000,00")]
        {
            for page in pages(&form(rows, cell, number)) {
                let spans = spans(&page);
                for (index, one) in spans.iter().enumerate() {
                    assert!(one.left >= LEFT - 0.1 && one.right <= RIGHT + 0.1, "outside: {}", one.text);
                    assert!(one.baseline < PAGE_HEIGHT - 24.0, "below the page: {}", one.text);
                    for other in &spans[index + 1..] {
                        let same_line = (one.baseline - other.baseline).abs() < 4.0;
                        let apart = one.right < other.left || other.right < one.left;
                        assert!(!same_line || apart, "{} stands on {}", one.text, other.text);
                    }
                }
            }
        }
    }

    #[test]
    fn pages_are_numbered_and_repeat_the_head_of_the_table() {
        let pages = pages(&form(110, "Tomat", "1,00"));
        assert_eq!(pages.len(), 4);
        for (index, page) in pages.iter().enumerate() {
            let texts: Vec<&str> = spans(page).into_iter().map(|span| span.text).collect();
            assert!(texts.contains(&format!("Sida {} av 4", index + 1).as_str()), "{texts:?}");
            assert!(texts.contains(&"Benämning"), "{texts:?}");
            assert!(spans(page).iter().all(|span| span.text != "Tomat" || span.baseline < BOTTOM));
        }
    }
}
