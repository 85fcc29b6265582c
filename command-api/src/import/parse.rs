//! A file as rows to import: pure, whole, and the same for the same bytes.

use std::collections::HashMap;

use platform::body::Invalid;
use serde::{Deserialize, Serialize};

use super::{
    columns::{Column, Header},
    file::{FileFault, SourceRow, read_rows},
    row::{self, ProductRow, RowFault},
};

/// A row as the file has it, ready to be decided or told why not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ParsedRow {
    /// Where it stands; strictly increasing.
    pub row: u32,
    /// Its SKU, if it has one that can be repeated.
    pub sku: Option<String>,
    /// The product, or all that is wrong.
    pub product: Result<ProductRow, Vec<RowFault>>,
}

/// Reads the rows of a file, in their order.
///
/// # Errors
/// The file is refused as a whole; a bad row alone is a row's matter.
pub fn parse(bytes: &[u8]) -> Result<Vec<ParsedRow>, FileFault> {
    let mut header: Option<Header> = None;
    let mut rows = Vec::new();
    let mut first_rows: HashMap<String, u32> = HashMap::new();
    read_rows(bytes, &mut |source| {
        match &header {
            None => header = Some(Header::read(&source.cells)?),
            Some(header) => rows.push(parsed(header, &source, &mut first_rows)),
        }
        Ok(())
    })?;
    Ok(rows)
}

fn parsed(header: &Header, source: &SourceRow, first_rows: &mut HashMap<String, u32>) -> ParsedRow {
    let sku = row::sku(header, source);
    let mut product = row::read(header, source);
    if let Some(sku) = &sku {
        // As claims compare SKUs: without regard to case.
        let first = *first_rows.entry(sku.to_lowercase()).or_insert(source.number);
        if first != source.number {
            let message = format!("Row {first} has the same SKU.");
            let fault = RowFault::new(Column::Sku.name(), Invalid::new("duplicate_sku", message));
            product = Err(product.err().unwrap_or_default().into_iter().chain([fault]).collect());
        }
    }
    ParsedRow { row: source.number, sku, product }
}

#[cfg(test)]
mod tests;
