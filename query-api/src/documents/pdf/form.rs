//! What stands on a document, before it is known where.

/// A document of our kind: two sides, facts, a table, sums.
#[derive(Clone, Debug)]
pub(super) struct Form {
    /// What it is: `Faktura`.
    pub(super) title: &'static str,
    /// Its number, or what else tells it from others.
    pub(super) number: String,
    pub(super) from: Side,
    pub(super) to: Side,
    /// Label and value; two columns of them.
    pub(super) facts: Vec<(&'static str, String)>,
    pub(super) columns: Vec<Column>,
    /// As many cells as columns each.
    pub(super) rows: Vec<Vec<String>>,
    /// A second, small table: label row first, then as many cells each.
    pub(super) groups: Vec<[String; 3]>,
    /// Label and value; the last one is the sum that matters.
    pub(super) sums: Vec<(&'static str, String)>,
    pub(super) notes: Vec<String>,
    /// At the bottom of every page.
    pub(super) foot: String,
}

/// A party with its address.
#[derive(Clone, Debug)]
pub(super) struct Side {
    pub(super) label: &'static str,
    pub(super) name: String,
    pub(super) lines: Vec<String>,
}

/// A column of the table.
#[derive(Clone, Copy, Debug)]
pub(super) struct Column {
    pub(super) title: &'static str,
    /// In points; all columns together are as wide as the page between its margins.
    pub(super) width: f32,
    pub(super) align: Align,
}

/// Where the cells of a column stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Align {
    /// Texts.
    Left,
    /// Numbers.
    Right,
}
