//! The day as a page to be printed and hung up.

use std::cmp::Reverse;

use axum::{
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use maud::{DOCTYPE, Markup, PreEscaped, html};
use uuid::Uuid;

use super::{
    DailySummary,
    due::DueDay,
    outlook::{ExpectedProduct, Outlook},
};
use crate::{
    audit::unit_word,
    failure::ReadFailure,
    forecasts::{Figure, STYLE as FIGURE_STYLE, policy_of_styles, totals_of, wanted_in_all},
    freshness::IRIS_POSITION,
    sight::Sight,
};

/// Products whose plots are shown.
const PLOTS_MAX: usize = 5;
const STYLE: &str = "\
:root{color-scheme:light dark}\
body{font:15px/1.45 system-ui,-apple-system,'Segoe UI',Roboto,'Noto Sans',sans-serif;max-width:62rem;\
margin:2rem auto;padding:0 1.2rem;color:#18202b;background:#fff}\
h1{font-size:1.5rem;margin:0}h2{font-size:1.1rem;margin:2rem 0 .5rem}\
p{margin:.3rem 0}.quiet{color:#56616f}\
table{border-collapse:collapse;width:100%}\
th,td{text-align:left;padding:.3rem .6rem .3rem 0;border-bottom:1px solid #e4e8ed;vertical-align:top}\
th{font-weight:600;font-size:.85rem;color:#56616f}\
.number{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}\
.short td{font-weight:600}.warning{color:#9a3412}\
figure{margin:1rem 0;break-inside:avoid}figure svg{width:100%;height:auto;display:block}\
tr{break-inside:avoid}thead{display:table-header-group}\
@media screen and (prefers-color-scheme:dark){body{color:#f0f3f6;background:#12161c}\
.quiet,th{color:#a3adba}th,td{border-color:#252c35}.warning{color:#ef9a63}}\
@media print{body{margin:0;max-width:none;font-size:11pt}}";

/// The page, with the plots of the products that most is expected of.
pub(super) async fn page(sight: &Sight, summary: &DailySummary) -> Result<String, ReadFailure> {
    let plots = match &summary.outlook {
        Some(outlook) => plots(sight, outlook).await?,
        None => Vec::new(),
    };
    let title = format!("{} · {}", summary.name, summary.day.format("%A %-d %B %Y"));
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (title) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                h1 { (summary.name) }
                p.quiet { (summary.day.format("%A %-d %B %Y")) }
                @if summary.truncated { p.warning { "There is more than this page shows." } }
                @for (when, due) in std::iter::zip(["To deliver this day", "The day after"], &summary.due) {
                    (deliveries(when, due))
                }
                @match &summary.outlook {
                    Some(outlook) => (expected(outlook)),
                    None => { h2 { "Expected" } p.quiet { "There is no forecast yet." } }
                }
                @for plot in &plots { figure { (plot) } }
            }
        }
    };
    Ok(page.into_string())
}

/// The page as an answer that loads nothing, runs nothing, and is kept by no cache.
pub(super) fn answer(position: i64, page: String) -> Response {
    let headers = [
        (IRIS_POSITION, HeaderValue::from(position)),
        (header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8")),
        (header::CONTENT_LANGUAGE, HeaderValue::from_static("en")),
        (header::CONTENT_SECURITY_POLICY, policy_of_styles(&[STYLE, FIGURE_STYLE])),
        (header::CACHE_CONTROL, HeaderValue::from_static("private, no-store")),
    ];
    (headers, page).into_response()
}

async fn plots(sight: &Sight, outlook: &Outlook) -> Result<Vec<Markup>, ReadFailure> {
    let mut largest: Vec<&ExpectedProduct> = outlook.products.iter().collect();
    largest.sort_by_key(|product| Reverse(product.expected_qty));
    let largest: Vec<Uuid> = largest.iter().take(PLOTS_MAX).map(|product| product.product_id.0).collect();
    let mut plots = Vec::with_capacity(largest.len());
    for series in &totals_of(sight, &largest).await? {
        let wanted = wanted_in_all(sight, series).await?;
        plots.push(Figure { series, wanted: &wanted }.svg());
    }
    Ok(plots)
}

fn deliveries(when: &str, due: &DueDay) -> Markup {
    html! {
        h2 { (when) ", " (due.day.format("%-d %B")) }
        p.quiet { (counted(due.orders, "order")) ", " (counted(due.lines, "line")) }
        @if !due.products.is_empty() {
            table {
                thead { tr { th { "Product" } th.number { "Quantity" } } }
                tbody {
                    @for product in &due.products {
                        tr { td { (product.name) } td.number { (product.qty) " " (unit_word(&product.unit)) } }
                    }
                }
            }
        }
    }
}

fn expected(outlook: &Outlook) -> Markup {
    html! {
        h2 { "Expected from " (outlook.from.format("%-d %B")) " to " (outlook.to.format("%-d %B")) }
        @if outlook.stale { p.warning { "This forecast is old: a night was missed." } }
        p {
            (counted(outlook.short_products, "product")) " may fall short within "
            (counted(outlook.lead_days, "day")) "."
        }
        p.quiet { "By forecasts a day ahead, " (outlook.quality.sentence) "; " (outlook.quality.drifting) " drifting." }
        table {
            thead {
                tr {
                    th { "Product" } th.number { "Middle" } th.number { "90 %" } th.number { "In stock" }
                    th.number { "Promised" } th.number { "Short" } th.number { "Index" }
                }
            }
            tbody { @for product in &outlook.products { (row(product)) } }
        }
    }
}

fn row(product: &ExpectedProduct) -> Markup {
    let is_short = product.short_qty.is_positive();
    html! {
        tr.short[is_short] {
            td { (product.name) ", " (unit_word(&product.unit)) @if product.drifting { " (drifting)" } }
            td.number { (product.expected_qty) } td.number { (product.high_qty) }
            td.number { (product.on_hand_qty) } td.number { (product.promised_qty) }
            td.number { @if is_short { (product.short_qty) } }
            td.number { @if let Some(index) = product.demand_index { (format!("{index:.2}")) } }
        }
    }
}

fn counted(count: usize, one: &str) -> String {
    if count == 1 { format!("1 {one}") } else { format!("{count} {one}s") }
}
