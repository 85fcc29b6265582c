//! A row of the file as what the supplier wants of one product.

use events::values::{Gtin, PRICE_MINOR_MAX, QUANTITY_MAX, Quantity, Tax, TaxCategory, TaxRate};
use platform::body::Invalid;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    columns::{Column, Header},
    decimal::scaled,
    file::{CELL_MAX_CHARS, Cell, SourceRow},
};
// The same readers as for JSON bodies: what one way in refuses, the other does as well.
use crate::http::fields::{Barcode, Category, Description, Name, SHELF_LIFE_DAYS_MAX, Sku, UnitCode};

/// One thing wrong with a row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RowFault {
    /// The column, by its English name; empty for the row as a whole.
    #[schema(example = "price")]
    pub field: String,
    /// A word for programs.
    #[schema(example = "too_many_decimals")]
    pub code: String,
    /// A sentence for people.
    #[schema(example = "Must have at most 2 decimals.")]
    pub message: String,
}

impl RowFault {
    /// What is wrong with one column.
    pub fn new(field: impl Into<String>, invalid: Invalid) -> Self {
        Self { field: field.into(), code: invalid.code.to_owned(), message: invalid.message }
    }
}

/// What a row says about something that a product may also lack.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Stated<T> {
    /// The file has no such column: it stays as it is.
    #[default]
    Nothing,
    /// The cell is empty: the product has none.
    Empty,
    /// This.
    Value(T),
}

impl<T> Stated<T> {
    /// As it is to be, where it was `before`.
    pub fn over(self, before: Option<T>) -> Option<T> {
        match self {
            Self::Nothing => before,
            Self::Empty => None,
            Self::Value(value) => Some(value),
        }
    }
}

/// A row without faults.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProductRow {
    /// Which product.
    pub sku: String,
    /// What it is called.
    pub name: String,
    /// UN/ECE code.
    pub unit: String,
    /// Price of one unit without VAT, minor units.
    pub unit_price_minor: i64,
    /// How it is taxed.
    pub tax: Tax,
    /// Its barcode number.
    pub gtin: Stated<Gtin>,
    /// More about it.
    pub description: Stated<String>,
    /// What is on the shelf; without it, the stock stays as it is.
    pub counted: Option<Quantity>,
    /// What counts as low; without it, that stays as it is.
    pub low_stock_at: Option<Quantity>,
    /// Offered; without it, that stays as it is, and a new product is.
    pub active: Option<bool>,
    /// What kind of goods it is. Rows that were kept before there were these three have none of them.
    #[serde(default)]
    pub category: Stated<String>,
    /// Days that it keeps.
    #[serde(default)]
    pub shelf_life_days: Stated<u16>,
    /// What a pack of it holds.
    #[serde(default)]
    pub pack: Stated<Quantity>,
}

/// Reads a row.
///
/// # Errors
/// All of its faults, by column.
pub fn read(header: &Header, row: &SourceRow) -> Result<ProductRow, Vec<RowFault>> {
    let mut cells = Cells { header, row, faults: Vec::new() };
    cells.refuse_unnamed();
    let sku = cells.required(Column::Sku, |text| Sku::parse(text).map(Sku::into_string));
    let name = cells.required(Column::Name, |text| Name::parse(text).map(Name::into_string));
    let unit = cells.required(Column::Unit, |text| UnitCode::parse(text).map(UnitCode::into_string));
    let price = cells.one_of(
        (Column::Price, |text| scaled(text, 2, PRICE_MINOR_MAX)),
        (Column::PriceCents, |text| scaled(text, 0, PRICE_MINOR_MAX)),
    );
    let tax = cells.one_of((Column::TaxRate, tax_rate), (Column::TaxCategory, tax_category));
    let gtin = cells.stated(Column::Gtin, |text| Barcode::parse(text).map(|barcode| barcode.0));
    let description =
        cells.stated(Column::Description, |text| Description::parse(text).map(Description::into_string));
    let counted = cells.optional(Column::StockQty, quantity);
    let low_stock_at = cells.optional(Column::LowStockQty, quantity);
    let active = cells.optional(Column::Active, flag);
    let category = cells.stated(Column::Category, |text| Category::parse(text).map(Category::into_string));
    let shelf_life_days = cells.stated(Column::ShelfLifeDays, days);
    let pack = cells.stated(Column::PackQty, pack);
    let faults = cells.faults;
    match (sku, name, unit, price, tax) {
        (Some(sku), Some(name), Some(unit), Some(unit_price_minor), Some(tax)) if faults.is_empty() => {
            Ok(ProductRow {
                sku,
                name,
                unit,
                unit_price_minor,
                tax,
                gtin,
                description,
                counted,
                low_stock_at,
                active,
                category,
                shelf_life_days,
                pack,
            })
        }
        _ => Err(faults),
    }
}

/// The row's SKU as far as it can be repeated in an answer, whatever else is wrong with the row.
pub fn sku(header: &Header, row: &SourceRow) -> Option<String> {
    let cells = Cells { header, row, faults: Vec::new() };
    match cells.cell(Column::Sku)? {
        Cell::Text(text) => Sku::parse(text).map(Sku::into_string).ok(),
        Cell::Date | Cell::FormulaError => None,
    }
}

/// Two columns that say the same in two ways, each with its reader.
type Reading<T> = (Column, fn(&str) -> Result<T, Invalid>);

/// The row's cells by column, and what is wrong with them.
struct Cells<'r> {
    header: &'r Header,
    row: &'r SourceRow,
    faults: Vec<RowFault>,
}

impl Cells<'_> {
    fn cell(&self, column: Column) -> Option<&Cell> {
        let mut cells = self.row.cells.iter().enumerate();
        cells.find(|(place, _)| self.header.at(*place) == Some(column)).map(|(_, cell)| cell)
    }

    fn fault(&mut self, field: impl Into<String>, invalid: Invalid) {
        self.faults.push(RowFault::new(field, invalid));
    }

    /// The cell's text, trimmed; `None` where it is empty or, with a fault, no text.
    fn text(&mut self, column: Column) -> Option<String> {
        let fault = match self.cell(column)? {
            Cell::Text(text) if text.chars().nth(CELL_MAX_CHARS).is_some() => {
                Invalid::new("too_long", format!("Must have at most {CELL_MAX_CHARS} characters."))
            }
            Cell::Text(text) => {
                let text = text.trim();
                return (!text.is_empty()).then(|| text.to_owned());
            }
            Cell::Date => Invalid::new("date_cell", "Is a date; format the cell as text or as a number."),
            Cell::FormulaError => Invalid::new("formula_error", "Is a formula without a result."),
        };
        self.fault(column.name(), fault);
        None
    }

    fn optional<T>(&mut self, column: Column, read: impl Fn(&str) -> Result<T, Invalid>) -> Option<T> {
        let text = self.text(column)?;
        read(&text).map_err(|invalid| self.fault(column.name(), invalid)).ok()
    }

    fn required<T>(&mut self, column: Column, read: impl Fn(&str) -> Result<T, Invalid>) -> Option<T> {
        let faults = self.faults.len();
        let value = self.optional(column, read);
        if value.is_none() && self.faults.len() == faults {
            self.fault(column.name(), Invalid::new("missing", "Is missing."));
        }
        value
    }

    fn stated<T>(&mut self, column: Column, read: impl Fn(&str) -> Result<T, Invalid>) -> Stated<T> {
        match self.optional(column, read) {
            Some(value) => Stated::Value(value),
            None if self.header.has(column) => Stated::Empty,
            None => Stated::Nothing,
        }
    }

    /// A file may have both columns, a row only one of them.
    fn one_of<T>(&mut self, first: Reading<T>, second: Reading<T>) -> Option<T> {
        let is_filled = |column| self.cell(column).is_some_and(|cell| !cell.is_blank());
        if is_filled(first.0) && is_filled(second.0) {
            let message = format!("Give either {} or {}.", first.0.name(), second.0.name());
            self.fault(first.0.name(), Invalid::new("both_given", message));
            return None;
        }
        let (column, read) = if is_filled(second.0) || !self.header.has(first.0) { second } else { first };
        self.required(column, read)
    }

    /// A cell under no header belongs somewhere else: better said than overlooked.
    fn refuse_unnamed(&mut self) {
        let cells = self.row.cells.iter().enumerate();
        let stray = cells.filter(|(place, cell)| self.header.at(*place).is_none() && !cell.is_blank());
        let places: Vec<usize> = stray.map(|(place, _)| place + 1).collect();
        for place in places {
            let message = "Has no header; does the row have a delimiter too many?";
            self.fault(format!("column {place}"), Invalid::new("unnamed_column", message));
        }
    }
}

fn tax_rate(text: &str) -> Result<Tax, Invalid> {
    let basis_points = scaled(text.trim_end_matches('%'), 2, 10_000)?;
    let rate = i32::try_from(basis_points).ok().and_then(|rate| TaxRate::try_new(rate).ok());
    rate.map(Tax::Rate).ok_or_else(|| Invalid::new("out_of_range", "Must be at most 100."))
}

fn tax_category(text: &str) -> Result<Tax, Invalid> {
    let category: Result<TaxCategory, _> = text.to_lowercase().parse();
    category
        .map(Tax::Category)
        .map_err(|_| Invalid::new("unknown_value", "Must be one of: standard, food, reduced, zero."))
}

fn quantity(text: &str) -> Result<Quantity, Invalid> {
    scaled(text, 3, QUANTITY_MAX.0).map(Quantity)
}

fn pack(text: &str) -> Result<Quantity, Invalid> {
    let quantity = quantity(text)?;
    let positive = quantity.is_positive().then_some(quantity);
    positive.ok_or_else(|| Invalid::new("must_be_positive", "Must be more than 0."))
}

fn days(text: &str) -> Result<u16, Invalid> {
    let days = scaled(text, 0, SHELF_LIFE_DAYS_MAX)?;
    let days = u16::try_from(days).ok().filter(|days| *days > 0);
    days.ok_or_else(|| Invalid::new("out_of_range", format!("Must be from 1 to {SHELF_LIFE_DAYS_MAX}.")))
}

fn flag(text: &str) -> Result<bool, Invalid> {
    match text.to_lowercase().as_str() {
        "true" | "yes" | "ja" | "sant" | "1" => Ok(true),
        "false" | "no" | "nej" | "falskt" | "0" => Ok(false),
        _ => Err(Invalid::new("invalid_flag", "Must be true or false, yes or no, 1 or 0.")),
    }
}
