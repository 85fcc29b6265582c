//! `GET /api/v1/restaurants/{id}/accounting-export`.

use std::sync::Arc;

use axum::response::Response;
use chrono::{Days, NaiveDate};
use deserr::Deserr;
use events::{
    invoice::Invoice,
    values::{Currency, swedish_day},
};
use futures::TryStreamExt;
use invoicing::sie::{self, Accounts, Export, SupplierInvoice, Unbalanced};
use platform::{
    access_log::Kind,
    body::{Faults, FromText, Invalid, Parsed, Path, Query},
    error::{ApiError, ErrorBody, Fault},
};
use serde_json::json;
use sqlx::Row;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::booked::booked;
use crate::{
    access::Viewer,
    attachment::{FileBytes, made},
    failure::ReadFailure,
    freshness::{ReadModel, Seen, checkpoint, names},
    listing::state,
    reader::Reader,
    refusals::{ListRefusals, ReadHeaders, ReadRefusals, not_found},
    restaurants::get::visible_restaurant,
    sight::Sight,
};

const MODELS: [ReadModel; 4] =
    [ReadModel::Restaurants, ReadModel::Orders, ReadModel::Invoices, ReadModel::Suppliers];
/// A year of books, and the day that a leap year has more.
const WINDOW_MAX: Days = Days::new(365);

/// Which invoices, and in which form.
#[derive(Clone, Copy, Debug, Deserr, IntoParams)]
#[deserr(error = Faults, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ExportFilter {
    /// First day of issue.
    #[param(example = "2026-11-01")]
    from: NaiveDate,
    /// Last day of issue, itself included; at most 366 days in all.
    #[param(example = "2026-11-30")]
    to: NaiveDate,
    /// The form; there is one.
    #[deserr(default)]
    #[param(value_type = Option<ExportFormat>, inline)]
    format: Option<Parsed<ExportFormat>>,
    /// Invoices in this currency alone, for a file has one; default: the restaurant's.
    #[deserr(default)]
    #[param(value_type = Option<Currency>, inline)]
    currency: Option<Parsed<InCurrency>>,
}

/// A form that accounting programs take in.
#[derive(Clone, Copy, Debug, ToSchema)]
#[schema(rename_all = "snake_case")]
pub(crate) enum ExportFormat {
    /// SIE 4I: vouchers to be booked.
    Sie4,
}

impl FromText for ExportFormat {
    fn from_text(text: &str) -> Result<Self, Invalid> {
        let known = (text == "sie4").then_some(Self::Sie4);
        known.ok_or_else(|| Invalid::new("unknown_value", "Format must be sie4."))
    }
}

/// A currency as a parameter.
#[derive(Clone, Copy, Debug)]
struct InCurrency(Currency);

impl FromText for InCurrency {
    fn from_text(text: &str) -> Result<Self, Invalid> {
        let known = text.parse().map(Self);
        known.map_err(|_| Invalid::new("unknown_value", "Must be a currency such as SEK."))
    }
}

/// What may be paid of a restaurant's invoices, as vouchers for its accounting program.
///
/// Matched invoices and credit notes by their day of issue, which is the day that they are booked on; the same
/// question gives the same vouchers for as long as no other invoice of those days is matched.
#[utoipa::path(
    get, path = "/api/v1/restaurants/{id}/accounting-export", tag = "invoices",
    params(("id" = Uuid, Path, description = "The buyer."), ExportFilter, ReadHeaders),
    security(("bearer" = [])),
    responses(
        (status = 200, description = "SIE 4I, in code page 437; to be saved as `.si`.",
            content((FileBytes = "application/octet-stream"))),
        (status = 404, body = ErrorBody, description = "`restaurant_not_found`."),
        (status = 409, body = ErrorBody, description = "`not_bookable`: the parts of an invoice do not come to \
            what is to be paid; nothing is exported, for books must balance. The message names it."),
        ReadRefusals, ListRefusals,
        (status = 403, body = ErrorBody, description = "`members_only`; `unknown_role`: the token is no account's.")
    )
)]
pub(crate) async fn get_accounting_export(
    reader: Reader,
    Path(id): Path<Uuid>,
    Query(filter): Query<ExportFilter>,
) -> Result<Response, ApiError> {
    filter.check_window()?;
    let today = swedish_day(reader.state.clock.now());
    let read = async |sight: Sight, viewer| books(&sight, viewer, id, filter, today).await;
    let Seen { position, value } = reader.one(&MODELS, || not_found("restaurant", id), read).await?;
    let Books::Shown(export) = value else {
        let message = "Only those who work for the restaurant may have its books.";
        return Err(ApiError::forbidden("members_only", message));
    };
    let Parsed(ExportFormat::Sie4) = filter.format.unwrap_or(Parsed(ExportFormat::Sie4));
    let file = sie::write(&export).map_err(|unbalanced| refused(&unbalanced))?;
    // Books leave only once it is on record who took them.
    let days = json!({ "from": filter.from, "to": filter.to, "format": "sie4" });
    reader.record(reader.access(Kind::EXPORT).of("restaurant", id).with(days)).await?;
    let name = format!("iris-{}-{}.si", filter.from.format("%Y%m%d"), filter.to.format("%Y%m%d"));
    Ok(made(Seen { position, value: file.into() }, &name))
}

/// What a caller who may see the restaurant gets of its books.
enum Books {
    Refused,
    Shown(Box<Export>),
}

async fn books(
    sight: &Sight,
    viewer: Arc<Viewer>,
    id: Uuid,
    filter: ExportFilter,
    today: NaiveDate,
) -> Result<Seen<Option<Books>>, ReadFailure> {
    let seen = visible_restaurant(sight, Arc::clone(&viewer), id).await?;
    let Some(restaurant) = seen.value else { return Ok(Seen { position: seen.position, value: None }) };
    // Suppliers and partners may see the restaurant; what it owes to others is none of theirs.
    if !viewer.sees_cart_of(id) {
        return Ok(Seen { position: seen.position, value: Some(Books::Refused) });
    }
    let own = restaurant.state.currency;
    let currency = filter.currency.map_or(own, |Parsed(InCurrency(asked))| asked).to_string();
    let invoices = bookable(sight, id, filter, &currency).await?;
    let export = Export {
        company_name: restaurant.state.details.name,
        org_number: restaurant.state.details.org_number,
        currency,
        generated_on: today,
        series: String::new(),
        accounts: Accounts::default(),
        invoices: invoices.value,
    };
    let position = seen.position.min(invoices.position);
    Ok(Seen { position, value: Some(Books::Shown(Box::new(export))) })
}

/// Row by row: of what was read of an invoice, little is booked, and a year of it need not be in memory at once.
async fn bookable(
    sight: &Sight,
    id: Uuid,
    filter: ExportFilter,
    currency: &str,
) -> Result<Seen<Vec<SupplierInvoice>>, ReadFailure> {
    let sql = concat!(
        "SELECT c.position, i.issue_date, i.state, s.state #>> '{state,details,name}' AS supplier FROM ",
        checkpoint!(),
        " c LEFT JOIN (read.invoices i LEFT JOIN read.suppliers s ON s.supplier_id = i.supplier_id)
              ON i.restaurant_id = $2 AND i.issue_date BETWEEN $3 AND $4
                 AND i.status IN ('matched', 'matched_with_variance')
          ORDER BY i.issue_date, i.invoice_id"
    );
    let query = sqlx::query(sql).bind(names(&MODELS)).bind(id).bind(filter.from).bind(filter.to);
    let mut connection = sight.connection().await;
    let mut rows = query.fetch(&mut *connection);
    let mut seen = Seen { position: 0, value: Vec::new() };
    while let Some(row) = rows.try_next().await? {
        seen.position = row.try_get("position")?;
        // The one row of an empty list holds the position and nothing else.
        let Some(issued_on) = row.try_get::<Option<NaiveDate>, _>("issue_date")? else { continue };
        let supplier: Option<String> = row.try_get("supplier")?;
        let invoice = state::<Invoice>(&row)?.state;
        let document = invoice.document().filter(|document| is_in(document, currency));
        seen.value.extend(document.map(|document| booked(document, issued_on, supplier)));
    }
    Ok(seen)
}

fn is_in(document: &invoicing::Invoice, currency: &str) -> bool {
    document.currency.as_ref().is_some_and(|own| own.value == currency)
}

impl ExportFilter {
    fn check_window(&self) -> Result<(), ApiError> {
        let last = self.from.checked_add_days(WINDOW_MAX).unwrap_or(NaiveDate::MAX);
        let fault = if self.from > self.to {
            Fault::new("from", "after_to", "Must not be after to.")
        } else if self.to > last {
            Fault::new("to", "too_long", "From and to must be within 366 days.")
        } else {
            return Ok(());
        };
        Err(ApiError::validation(vec![fault]))
    }
}

fn refused(unbalanced: &Unbalanced) -> ApiError {
    let Unbalanced { number, difference_minor } = unbalanced;
    let message = format!(
        "Invoice {number} cannot be booked: its net, VAT and rounding differ from what is to be paid by \
         {difference_minor} minor units. Nothing was exported."
    );
    ApiError::conflict("not_bookable", message)
}
