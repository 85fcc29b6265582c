//! `read.products`: one row per product, with the stock that shares its id; and `read.search_words`, what their names
//! are made of.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use chrono::{DateTime, Utc};
use events::{
    Folded, RecordedEvent, StreamKind,
    product::Product,
    stock::{Lot, Stock},
    values::{Quantity, words_of_product},
};
use sqlx::{PgConnection, Row, types::Json};
use uuid::Uuid;

use crate::{
    keyed_fold::{apply_one, parse_state, state_json},
    projection::{Identity, ProjectError, Projecting, Projection, ReadTable},
    schema::SchemaName,
};

const TABLE: ReadTable = ReadTable { name: "products", key: "product_id" };
/// Events that say what a product is called.
const NAMING: [&str; 2] = ["ProductCreated", "ProductDetailsRevised"];
const WORDS: ReadTable = ReadTable { name: "search_words", key: "word_id" };

/// Folds product streams and their stock streams.
///
/// Both have the product's id, so a product that cannot be folded leaves its stock out with it.
#[derive(Debug)]
pub struct Catalogue;

impl Projection for Catalogue {
    fn identity(&self) -> &'static Identity {
        &Identity {
            name: "catalogue",
            version: 3,
            kinds: &[StreamKind::Product, StreamKind::Stock],
            tables: &[TABLE, WORDS],
        }
    }

    fn project_in_tx<'a>(
        &'a self,
        tx: &'a mut PgConnection,
        schema: &'a SchemaName,
        events: &'a [Arc<RecordedEvent>],
    ) -> Projecting<'a> {
        Box::pin(write_in_tx(tx, schema, events))
    }
}

/// A row. `product` is loaded only where the batch has an event of the product itself: every order
/// touches stock, few touch what the product is.
#[derive(Default)]
struct Entry {
    is_stored: bool,
    product: Option<Folded<Product>>,
    stock: Folded<Stock>,
    /// When this batch offers it again.
    reoffered_at: Option<DateTime<Utc>>,
}

type Entries = BTreeMap<Uuid, Entry>;

async fn write_in_tx(
    tx: &mut PgConnection,
    schema: &SchemaName,
    events: &[Arc<RecordedEvent>],
) -> Result<(), ProjectError> {
    let mut entries = load_in_tx(tx, schema, events).await?;
    let mut words = BTreeSet::new();
    for event in events {
        let entry = entries.entry(event.stream_id).or_default();
        apply(entry, event)?;
        // After every event, not as the batch leaves it: the rows are the same however the log is cut into batches.
        if NAMING.contains(&&*event.event_type)
            && let Some(product) = &entry.product
        {
            words.extend(words_of(&product.state));
        }
    }
    write_words_in_tx(tx, schema, words).await?;
    write_products_in_tx(tx, schema, &entries).await?;
    write_stock_in_tx(tx, schema, &entries).await
}

fn apply(entry: &mut Entry, event: &RecordedEvent) -> Result<(), ProjectError> {
    if event.stream_kind == StreamKind::Product.name() {
        apply_one(entry.product.get_or_insert_default(), event)?;
        if event.event_type == "ProductReactivated" {
            entry.reoffered_at = Some(event.recorded_at);
        }
        return Ok(());
    }
    if !entry.is_stored && entry.product.is_none() {
        return Err(ProjectError::StockWithoutProduct {
            key: event.stream_id,
            position: event.global_position,
        });
    }
    apply_one(&mut entry.stock, event)
}

/// One query for both: the state only of the products that need it.
async fn load_in_tx(
    tx: &mut PgConnection,
    schema: &SchemaName,
    events: &[Arc<RecordedEvent>],
) -> Result<Entries, ProjectError> {
    let mut wanted: BTreeMap<Uuid, bool> = BTreeMap::new();
    for event in events {
        *wanted.entry(event.stream_id).or_default() |= event.stream_kind == StreamKind::Product.name();
    }
    let sql = format!(
        "SELECT p.product_id, p.on_hand, p.allocated, p.stock_lots, p.stock_revision, \
                CASE WHEN w.with_state THEN p.state::text END AS state \
         FROM unnest($1::uuid[], $2::boolean[]) AS w(product_id, with_state) \
         JOIN {schema}.products p ON p.product_id = w.product_id"
    );
    let rows = sqlx::query(&sql)
        .bind(wanted.keys().copied().collect::<Vec<_>>())
        .bind(wanted.values().copied().collect::<Vec<_>>())
        .fetch_all(tx)
        .await?;
    let mut entries = Entries::new();
    for row in &rows {
        let id = row.try_get("product_id")?;
        let state: Option<&str> = row.try_get("state")?;
        let product = state.map(|state| parse_state(id, state)).transpose()?;
        let lots: Option<Json<Vec<Lot>>> = row.try_get("stock_lots")?;
        let stock = Stock {
            on_hand: Quantity(row.try_get("on_hand")?),
            allocated: Quantity(row.try_get("allocated")?),
            lots: lots.map(|lots| lots.0).unwrap_or_default(),
        };
        // When the stock first and last changed is not kept: no reader asks.
        let stock = Folded { revision: row.try_get("stock_revision")?, state: stock, ..Folded::default() };
        entries.insert(id, Entry { is_stored: true, product, stock, reoffered_at: None });
    }
    Ok(entries)
}

async fn write_products_in_tx(
    tx: &mut PgConnection,
    schema: &SchemaName,
    entries: &Entries,
) -> Result<(), ProjectError> {
    let rows: Vec<(Uuid, &Folded<Product>, &Entry)> = entries
        .iter()
        .filter_map(|(id, entry)| entry.product.as_ref().map(|product| (*id, product, entry)))
        .collect();
    if rows.is_empty() {
        return Ok(());
    }
    let sql = format!(
        "INSERT INTO {schema}.products \
             (product_id, supplier_id, active, search, created_at, state, on_hand, allocated, stock_revision, \
              stock_lots, reoffered_at, category, words) \
         SELECT r.product_id, r.supplier_id, r.active, r.search, r.created_at, r.state::jsonb, r.on_hand, \
                r.allocated, r.stock_revision, r.stock_lots, r.reoffered_at, \
                r.category, string_to_array(r.words, ' ') \
         FROM unnest($1::uuid[], $2::uuid[], $3::boolean[], $4::text[], $5::timestamptz[], $6::text[], \
                     $7::bigint[], $8::bigint[], $9::bigint[], $10::jsonb[], $11::timestamptz[], $12::text[], $13::text[]) \
              AS r(product_id, supplier_id, active, search, created_at, state, on_hand, allocated, stock_revision, \
                   stock_lots, reoffered_at, category, words) \
         ON CONFLICT (product_id) DO UPDATE \
         SET active = EXCLUDED.active, search = EXCLUDED.search, state = EXCLUDED.state, \
             on_hand = EXCLUDED.on_hand, allocated = EXCLUDED.allocated, stock_revision = EXCLUDED.stock_revision, \
             stock_lots = EXCLUDED.stock_lots, \
             reoffered_at = COALESCE(EXCLUDED.reoffered_at, products.reoffered_at), category = EXCLUDED.category, \
             words = EXCLUDED.words"
    );
    sqlx::query(&sql)
        .bind(rows.iter().map(|(id, ..)| *id).collect::<Vec<_>>())
        .bind(rows.iter().map(|(_, product, _)| product.state.supplier_id.0).collect::<Vec<_>>())
        .bind(rows.iter().map(|(_, product, _)| product.state.active).collect::<Vec<_>>())
        .bind(rows.iter().map(|(_, product, _)| search_text(&product.state)).collect::<Vec<_>>())
        .bind(rows.iter().map(|(_, product, _)| product.created_at).collect::<Vec<_>>())
        .bind(rows.iter().map(|(_, product, _)| state_json(product)).collect::<Vec<_>>())
        .bind(rows.iter().map(|(.., entry)| entry.stock.state.on_hand.0).collect::<Vec<_>>())
        .bind(rows.iter().map(|(.., entry)| entry.stock.state.allocated.0).collect::<Vec<_>>())
        .bind(rows.iter().map(|(.., entry)| entry.stock.revision).collect::<Vec<_>>())
        .bind(rows.iter().map(|(.., entry)| lots(&entry.stock)).collect::<Vec<_>>())
        .bind(rows.iter().map(|(.., entry)| entry.reoffered_at).collect::<Vec<_>>())
        .bind(
            rows.iter().map(|(_, product, _)| product.state.details.category.as_deref()).collect::<Vec<_>>(),
        )
        .bind(
            rows.iter()
                .map(|(_, product, _)| words_of(&product.state).into_iter().collect::<Vec<_>>().join(" "))
                .collect::<Vec<_>>(),
        )
        .execute(tx)
        .await?;
    Ok(())
}

/// The common case: stock alone changed. No indexed column is in the statement, so Postgres updates
/// in place (HOT).
async fn write_stock_in_tx(
    tx: &mut PgConnection,
    schema: &SchemaName,
    entries: &Entries,
) -> Result<(), ProjectError> {
    let rows: Vec<(Uuid, &Folded<Stock>)> = entries
        .iter()
        .filter(|(_, entry)| entry.product.is_none())
        .map(|(id, entry)| (*id, &entry.stock))
        .collect();
    if rows.is_empty() {
        return Ok(());
    }
    let sql = format!(
        "UPDATE {schema}.products p \
         SET on_hand = r.on_hand, allocated = r.allocated, stock_revision = r.stock_revision, \
             stock_lots = r.stock_lots \
         FROM unnest($1::uuid[], $2::bigint[], $3::bigint[], $4::bigint[], $5::jsonb[]) \
              AS r(product_id, on_hand, allocated, stock_revision, stock_lots) \
         WHERE p.product_id = r.product_id"
    );
    let written = sqlx::query(&sql)
        .bind(rows.iter().map(|(id, _)| *id).collect::<Vec<_>>())
        .bind(rows.iter().map(|(_, stock)| stock.state.on_hand.0).collect::<Vec<_>>())
        .bind(rows.iter().map(|(_, stock)| stock.state.allocated.0).collect::<Vec<_>>())
        .bind(rows.iter().map(|(_, stock)| stock.revision).collect::<Vec<_>>())
        .bind(rows.iter().map(|(_, stock)| lots(stock)).collect::<Vec<_>>())
        .execute(tx)
        .await?
        .rows_affected();
    if usize::try_from(written) == Ok(rows.len()) {
        return Ok(());
    }
    Err(ProjectError::RowsMissed { table: TABLE.name, expected: rows.len(), written })
}

/// Adds those that are new; most names are made of words that others have.
async fn write_words_in_tx(
    tx: &mut PgConnection,
    schema: &SchemaName,
    words: BTreeSet<String>,
) -> Result<(), ProjectError> {
    if words.is_empty() {
        return Ok(());
    }
    let sql = format!(
        "INSERT INTO {schema}.search_words (word_id, word) \
         SELECT md5(w.word)::uuid, w.word FROM unnest($1::text[]) AS w(word) \
         ON CONFLICT (word_id) DO NOTHING"
    );
    sqlx::query(&sql).bind(words.into_iter().collect::<Vec<_>>()).execute(tx).await?;
    Ok(())
}

/// What expires, where anything is known to.
fn lots(stock: &Folded<Stock>) -> Option<Json<&[Lot]>> {
    Some(&*stock.state.lots).filter(|lots| !lots.is_empty()).map(Json)
}

fn words_of(product: &Product) -> BTreeSet<String> {
    words_of_product(&product.details.name, &product.details.sku)
}

/// Name, SKU and GTIN in lower case: what a search is compared with.
fn search_text(product: &Product) -> String {
    let details = &product.details;
    let gtin = details.gtin.as_ref().map_or("", |gtin| gtin.as_str());
    format!("{} {} {gtin}", details.name, details.sku).trim_end().to_lowercase()
}
