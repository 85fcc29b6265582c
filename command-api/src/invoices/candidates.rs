//! Which orders an invoice could be for.
//!
//! A hint, from read models that may be a moment behind: whatever is chosen of it is decided on the orders'
//! own streams.

use chrono::{Days, NaiveTime};
use events::{
    invoice::{Invoice, Stated},
    values::{InvoiceId, OrderId},
};
use sqlx::{PgPool, Row};
use uuid::Uuid;

use super::Invoices;
use crate::{
    domain::{Caller, Stop, Unit},
    import::Preview,
};

/// Orders that are compared at most.
const CANDIDATES_MAX: i64 = 20;
/// How long before an invoice its order was placed at most; monthly invoices come some weeks late.
const DAYS_MAX: u64 = 90;

/// Orders that the document could be for, newest first; none where they are more than 20. One that it or its sender names comes first,
/// even if the read model has not seen it yet.
///
/// # Errors
/// The database.
pub async fn find_candidates(
    pool: &PgPool,
    stated: Stated,
    document: &invoicing::Invoice,
) -> Result<Vec<OrderId>, sqlx::Error> {
    let named = document.references.order.as_ref().and_then(|order| order.trim().parse().ok());
    let mut orders: Vec<OrderId> = stated.order_id.into_iter().chain(named.map(OrderId)).collect();
    let suppliers = match stated.supplier_id {
        Some(supplier_id) => vec![supplier_id.0],
        None => sellers(pool, document).await?,
    };
    let found = of_suppliers(pool, &suppliers, stated, document).await?;
    orders.extend(found);
    let mut seen = std::collections::HashSet::new();
    orders.retain(|order| seen.insert(*order));
    Ok(orders)
}

/// Suppliers whose organisation or VAT number the document gives as its seller's.
async fn sellers(pool: &PgPool, document: &invoicing::Invoice) -> Result<Vec<Uuid>, sqlx::Error> {
    let numbers = [&document.seller.legal_id, &document.seller.vat_id];
    let numbers: Vec<String> = numbers.into_iter().flatten().map(|number| bare(number)).collect();
    if numbers.iter().all(String::is_empty) {
        return Ok(Vec::new());
    }
    // Marketplaces have hundreds of suppliers, so all are looked through; spelling is not compared.
    let rows = sqlx::query(
        "SELECT supplier_id FROM read.suppliers \
         WHERE upper(regexp_replace(state #>> '{state,details,org_number}', '[^[:alnum:]]', '', 'g')) = ANY($1) \
            OR upper(regexp_replace(state #>> '{state,details,vat_number}', '[^[:alnum:]]', '', 'g')) = ANY($1) \
         ORDER BY supplier_id LIMIT 10",
    )
    .bind(&numbers)
    .fetch_all(pool)
    .await?;
    rows.iter().map(|row| row.try_get("supplier_id")).collect()
}

fn bare(number: &str) -> String {
    number.chars().filter(|c| c.is_alphanumeric()).collect::<String>().to_uppercase()
}

async fn of_suppliers(
    pool: &PgPool,
    suppliers: &[Uuid],
    stated: Stated,
    document: &invoicing::Invoice,
) -> Result<Vec<OrderId>, sqlx::Error> {
    let Some(issued) = document.issue_date.as_ref().map(|date| date.value) else { return Ok(Vec::new()) };
    let Some(first) = issued.checked_sub_days(Days::new(DAYS_MAX)) else { return Ok(Vec::new()) };
    // A Swedish day ends up to two hours before the one in UTC: a day more leaves none out.
    let last = issued.checked_add_days(Days::new(2)).unwrap_or(issued);
    let rows = sqlx::query(
        "SELECT order_id FROM read.orders \
         WHERE supplier_id = ANY($1) AND ($2::uuid IS NULL OR restaurant_id = $2) AND status <> 'cancelled' \
           AND placed_at >= $3 AND placed_at < $4 \
         ORDER BY placed_at DESC, order_id DESC LIMIT $5",
    )
    .bind(suppliers)
    .bind(stated.restaurant_id.map(|id| id.0))
    .bind(first.and_time(NaiveTime::MIN).and_utc())
    .bind(last.and_time(NaiveTime::MIN).and_utc())
    .bind(CANDIDATES_MAX + 1)
    .fetch_all(pool)
    .await?;
    // Where there are more, the only one that fits among some need not be the only one.
    if i64::try_from(rows.len()).unwrap_or(i64::MAX) > CANDIDATES_MAX {
        return Ok(Vec::new());
    }
    rows.iter().map(|row| row.try_get("order_id").map(OrderId)).collect()
}

impl Invoices {
    /// As [`find_candidates`], for an invoice that is in the log; none for one that is not, or that was not read.
    ///
    /// # Errors
    /// The database.
    pub(crate) async fn candidates_of(
        &self,
        caller: &Caller,
        invoice_id: InvoiceId,
        document: Option<&invoicing::Invoice>,
    ) -> Result<Vec<OrderId>, sqlx::Error> {
        let read = |unit: &mut Unit<'_>| unit.get::<Invoice>(invoice_id);
        let answers = {
            let mut connection = self.pool.acquire().await?;
            Preview::default().ask(&mut connection, caller, self.clock.now(), &[read]).await?
        };
        let found: Option<Result<_, Stop>> = answers.into_iter().next();
        // What cannot be read is told by the command, which reads it again.
        let Some(Ok(folded)) = found else { return Ok(Vec::new()) };
        let Some(document) = document.or_else(|| folded.state.document()) else { return Ok(Vec::new()) };
        find_candidates(&self.pool, folded.state.stated, document).await
    }
}
