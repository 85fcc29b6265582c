//! The header row: which column stands where.

use platform::body::Invalid;

use super::file::{Cell, FileFault};

/// Longest part of a header of the file's own that an answer repeats, in characters.
const ECHO_MAX_CHARS: usize = 64;

/// What a column of the file can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Column {
    Sku,
    Name,
    Unit,
    Price,
    PriceCents,
    TaxRate,
    TaxCategory,
    Gtin,
    Description,
    StockQty,
    LowStockQty,
    Active,
    Category,
    ShelfLifeDays,
    PackQty,
}

/// Every column with its name and its Swedish aliases.
const COLUMNS: [(Column, &str, &[&str]); 15] = [
    (Column::Sku, "sku", &["artikelnummer", "artikelnr", "artnr", "art_nr"]),
    (Column::Name, "name", &["namn", "benämning", "produktnamn", "produkt"]),
    (Column::Unit, "unit", &["enhet"]),
    (Column::Price, "price", &["pris", "á_pris", "à_pris", "a_pris"]),
    (Column::PriceCents, "price_cents", &["pris_öre", "pris_i_öre"]),
    (Column::TaxRate, "tax_rate", &["moms", "momssats", "moms_%"]),
    (Column::TaxCategory, "tax_category", &["momskategori"]),
    (Column::Gtin, "gtin", &["ean", "streckkod"]),
    (Column::Description, "description", &["beskrivning"]),
    (Column::StockQty, "stock_qty", &["lager", "lagersaldo", "saldo"]),
    (Column::LowStockQty, "low_stock_qty", &["lågt_lager", "beställningspunkt"]),
    (Column::Active, "active", &["aktiv"]),
    (Column::Category, "category", &["kategori", "varugrupp"]),
    (Column::ShelfLifeDays, "shelf_life_days", &["hållbarhet", "hållbarhet_dagar"]),
    (Column::PackQty, "pack_qty", &["förpackning", "förpackningsstorlek"]),
];

/// One of each must be there.
const REQUIRED: [&[Column]; 5] = [
    &[Column::Sku],
    &[Column::Name],
    &[Column::Unit],
    &[Column::Price, Column::PriceCents],
    &[Column::TaxRate, Column::TaxCategory],
];

impl Column {
    /// Its name in the API, and in faults.
    pub fn name(self) -> &'static str {
        COLUMNS[self as usize].1
    }

    /// The column of that header: in any case, with spaces, hyphens or underscores between its words.
    pub fn named(header: &str) -> Option<Self> {
        let words: Vec<String> = header
            .split(|c: char| c.is_whitespace() || matches!(c, '-' | '_' | '.'))
            .filter(|word| !word.is_empty())
            .map(str::to_lowercase)
            .collect();
        let header = words.join("_");
        let found = COLUMNS.iter().find(|(_, name, aliases)| *name == header || aliases.contains(&&*header));
        found.map(|(column, ..)| *column)
    }
}

/// The header row, understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    places: Vec<Option<Column>>,
}

impl Header {
    /// Reads the header row.
    ///
    /// # Errors
    /// All of its faults at once: unknown, repeated and missing columns.
    pub fn read(cells: &[Cell]) -> Result<Self, FileFault> {
        let mut faults = Vec::new();
        let mut places: Vec<Option<Column>> = Vec::with_capacity(cells.len());
        for (place, cell) in cells.iter().enumerate() {
            let column = if cell.is_blank() { None } else { column(cell, place, &mut faults)? };
            if let Some(again) = column.filter(|column| places.contains(&Some(*column))) {
                let message = "Stands more than once.";
                faults.push((again.name().to_owned(), Invalid::new("duplicate_column", message)));
            }
            places.push(column);
        }
        for one_of in REQUIRED {
            if !one_of.iter().any(|column| places.contains(&Some(*column))) {
                faults.push((one_of[0].name().to_owned(), missing(one_of)));
            }
        }
        if faults.is_empty() { Ok(Self { places }) } else { Err(FileFault::Header(faults)) }
    }

    /// What stands at that place; nothing where the header is blank.
    pub fn at(&self, place: usize) -> Option<Column> {
        self.places.get(place).copied().flatten()
    }

    /// Whether the file has the column.
    pub fn has(&self, column: Column) -> bool {
        self.places.contains(&Some(column))
    }
}

fn column(
    cell: &Cell,
    place: usize,
    faults: &mut Vec<(String, Invalid)>,
) -> Result<Option<Column>, FileFault> {
    let Cell::Text(header) = cell else {
        faults.push((format!("column {}", place + 1), unknown()));
        return Ok(None);
    };
    let header = header.trim();
    // No header has control characters: what was taken for text is none.
    if header.chars().any(char::is_control) {
        return Err(FileFault::Unreadable);
    }
    let column = Column::named(header);
    if column.is_none() {
        faults.push((header.chars().take(ECHO_MAX_CHARS).collect(), unknown()));
    }
    Ok(column)
}

fn unknown() -> Invalid {
    let known: Vec<&str> = COLUMNS.iter().map(|(_, name, _)| *name).collect();
    Invalid::new("unknown_column", format!("Is not known here; known are: {}.", known.join(", ")))
}

fn missing(one_of: &[Column]) -> Invalid {
    let names: Vec<&str> = one_of.iter().map(|column| column.name()).collect();
    Invalid::new("missing_column", format!("The column {} is missing.", names.join(" or ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(names: &[&str]) -> Result<Header, FileFault> {
        Header::read(&names.iter().map(|name| Cell::Text((*name).to_owned())).collect::<Vec<_>>())
    }

    fn faults(names: &[&str]) -> Vec<(String, &'static str)> {
        match read(names) {
            Err(FileFault::Header(faults)) => {
                faults.into_iter().map(|(column, invalid)| (column, invalid.code)).collect()
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_table_is_in_the_order_of_the_columns() {
        for (column, name, aliases) in COLUMNS {
            assert_eq!(column.name(), name);
            for name in aliases.iter().chain([&name]) {
                assert_eq!(Column::named(name), Some(column), "{name}");
            }
        }
    }

    #[test]
    fn swedish_and_english_headers_are_taken_in_any_order_and_case() {
        let header = read(&["Moms %", "", "PRIS", "Enhet", " namn ", "Artikelnummer", "Stock-Qty"]).unwrap();
        assert_eq!(header.at(0), Some(Column::TaxRate));
        assert_eq!(header.at(1), None);
        assert_eq!(header.at(6), Some(Column::StockQty));
        assert_eq!(header.at(7), None);
        assert!(header.has(Column::Price) && !header.has(Column::Gtin));
    }

    #[test]
    fn all_faults_of_a_header_come_at_once() {
        let found = faults(&["sku", "Artikelnummer", "colour", "price"]);
        let expected = [
            ("sku", "duplicate_column"),
            ("colour", "unknown_column"),
            ("name", "missing_column"),
            ("unit", "missing_column"),
            ("tax_rate", "missing_column"),
        ];
        assert_eq!(found, expected.map(|(column, code)| (column.to_owned(), code)));
    }

    #[test]
    fn an_unknown_column_is_told_which_ones_are_known() {
        let Err(FileFault::Header(faults)) = read(&["färg"]) else { panic!("refused") };
        assert!(
            COLUMNS.iter().all(|(_, name, _)| faults[0].1.message.contains(name)),
            "{}",
            faults[0].1.message
        );
    }

    #[test]
    fn what_has_control_characters_in_its_header_is_no_text() {
        assert_eq!(read(&["sku", "na\0me"]), Err(FileFault::Unreadable));
    }
}
