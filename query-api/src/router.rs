//! The table of contents: every URL that this crate answers.

use axum::middleware;
use platform::personal::open_answers;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    api_keys, asyncapi, audit, carts, event_types, forecasts, invoices, jobs, me, notifications, orders,
    price_proposals, price_rules, products, restaurants, state::QueryState, suppliers, webhook_endpoints,
};

/// All reads, under `/api/v1`, with their part of the OpenAPI document; and the asking for views, which changes
/// nothing but what is there to be read.
///
/// They expect platform's HTTP shell around them: it knows the caller and writes refusals.
pub fn router(state: QueryState) -> OpenApiRouter {
    audit::describe_metrics();
    // Read tables hold texts of people sealed: opened here, and nowhere else.
    let opening = middleware::from_fn_with_state(state.personal.clone(), open_answers);
    OpenApiRouter::new()
        .routes(routes!(me::get_me)) //                            /api/v1/me
        .routes(routes!(suppliers::list::list_suppliers)) //       /api/v1/suppliers
        .routes(routes!(suppliers::get::get_supplier)) //          /api/v1/suppliers/{id}
        .routes(routes!(suppliers::members::list_supplier_members)) // /api/v1/suppliers/{id}/members
        .routes(routes!(suppliers::partners::list_supplier_partners)) // /api/v1/suppliers/{id}/partners
        .routes(routes!(suppliers::metrics::get_supplier_metrics)) // /api/v1/suppliers/{id}/metrics
        .routes(routes!(suppliers::contract_prices::list_contract_prices)) // /api/v1/suppliers/{id}/restaurants/{restaurant_id}/contract-prices
        .routes(routes!(restaurants::list::list_restaurants)) //   /api/v1/restaurants
        .routes(routes!(restaurants::get::get_restaurant)) //      /api/v1/restaurants/{id}
        .routes(routes!(restaurants::members::list_restaurant_members)) // /api/v1/restaurants/{id}/members
        .routes(routes!(restaurants::partners::list_restaurant_partners)) // /api/v1/restaurants/{id}/partners
        .routes(routes!(restaurants::inventory::list_inventory)) // /api/v1/restaurants/{id}/inventory
        // /api/v1/restaurants/{id}/reorder-suggestions
        .routes(routes!(restaurants::reorder_suggestions::get_reorder_suggestions))
        .routes(routes!(products::list::list_products)) //         /api/v1/products
        .routes(routes!(products::get::get_product)) //            /api/v1/products/{id}
        .routes(routes!(price_rules::list::list_price_rules)) //   /api/v1/price-rules
        .routes(routes!(price_rules::get::get_price_rule)) //      /api/v1/price-rules/{id}
        .routes(routes!(price_proposals::list::list_price_proposals)) // /api/v1/price-proposals
        .routes(routes!(carts::list::list_carts)) //               /api/v1/carts
        .routes(routes!(carts::get::get_cart)) //                  /api/v1/carts/{id}
        .routes(routes!(orders::list::list_orders)) //             /api/v1/orders
        .routes(routes!(orders::get::get_order)) //                /api/v1/orders/{id}
        .routes(routes!(orders::receipt::get_receipt)) //          /api/v1/orders/{id}/receipt
        .routes(routes!(orders::invoice::get_invoice)) //          /api/v1/orders/{id}/invoice
        .routes(routes!(invoices::list::list_invoices)) //         /api/v1/invoices
        .routes(routes!(invoices::get::get_received_invoice)) //   /api/v1/invoices/{id}
        .routes(routes!(invoices::file::get_invoice_file)) //      /api/v1/invoices/{id}/file
        .routes(routes!(invoices::page::get_invoice_page)) //      /api/v1/invoices/{id}/pages/{page}
        .routes(routes!(invoices::comparison::get_invoice_comparison)) // /api/v1/invoices/{id}/comparison
        .routes(routes!(invoices::accounting_export::get_accounting_export)) // /api/v1/restaurants/{id}/accounting-export
        .routes(routes!(invoices::matching_terms::get_matching_terms)) // /api/v1/restaurants/{id}/suppliers/{supplier_id}/matching-terms
        .routes(routes!(event_types::list_event_types)) //         /api/v1/event-types
        .routes(routes!(asyncapi::get_asyncapi)) //                /api/v1/asyncapi.json
        .routes(routes!(notifications::list::list_notifications)) // /api/v1/notifications
        .routes(routes!(notifications::preferences::get_notification_preferences)) // /api/v1/notification-preferences
        .routes(routes!(notifications::devices::list_notification_devices)) // /api/v1/notification-devices
        .routes(routes!(webhook_endpoints::list::list_webhook_endpoints)) // /api/v1/webhook-endpoints
        .routes(routes!(webhook_endpoints::get::get_webhook_endpoint)) // /api/v1/webhook-endpoints/{id}
        .routes(routes!(webhook_endpoints::deliveries::list_webhook_deliveries)) // /api/v1/webhook-endpoints/{id}/deliveries
        .routes(routes!(webhook_endpoints::delivery::get_webhook_delivery)) // /api/v1/webhook-endpoints/{id}/deliveries/{delivery_id}
        .routes(routes!(api_keys::list::list_api_keys)) //         /api/v1/api-keys
        .routes(routes!(api_keys::get::get_api_key)) //            /api/v1/api-keys/{id}
        .routes(routes!(audit::views::list::list_views, audit::views::ask::ask_for_view)) // /api/v1/audit/views
        .routes(routes!(audit::views::get::get_view, audit::views::remove::remove_view)) // /api/v1/audit/views/{id}
        .routes(routes!(audit::views::lists::list_orders_as_of)) // /api/v1/audit/views/{id}/orders
        .routes(routes!(audit::views::lists::list_products_as_of)) // /api/v1/audit/views/{id}/products
        .routes(routes!(audit::views::lists::list_suppliers_as_of)) // /api/v1/audit/views/{id}/suppliers
        .routes(routes!(audit::views::lists::list_restaurants_as_of)) // /api/v1/audit/views/{id}/restaurants
        .routes(routes!(audit::views::lists::list_invoices_as_of)) // /api/v1/audit/views/{id}/invoices
        .routes(routes!(audit::as_of::get_order_as_of)) //         /api/v1/audit/orders/{id}
        .routes(routes!(audit::as_of::get_product_as_of)) //       /api/v1/audit/products/{id}
        .routes(routes!(audit::as_of::get_supplier_as_of)) //      /api/v1/audit/suppliers/{id}
        .routes(routes!(audit::as_of::get_restaurant_as_of)) //    /api/v1/audit/restaurants/{id}
        .routes(routes!(forecasts::list::list_forecasts)) //       /api/v1/forecasts
        .routes(routes!(forecasts::plot::get_forecast_plot)) //    /api/v1/forecasts/{product_id}/plot.svg
        .routes(routes!(suppliers::daily_summary::get_daily_summary)) // /api/v1/suppliers/{id}/daily-summary
        .routes(routes!(jobs::list_job_runs)) //                   /api/v1/jobs
        .layer(opening)
        // History is shown as it was recorded and hashed: what it holds of people stays sealed.
        .routes(routes!(audit::access::list_accesses)) //          /api/v1/audit/access
        .routes(routes!(audit::verify::verify_log)) //             /api/v1/audit/verify
        .routes(routes!(audit::seals::list_seals)) //              /api/v1/audit/seals
        .routes(routes!(audit::proofs::get_event_proof)) //        /api/v1/audit/proofs/{event_id}
        .routes(routes!(audit::events::list_history)) //           /api/v1/audit/events
        .routes(routes!(audit::streams::get_stream_history)) //    /api/v1/audit/streams/{type}/{id}
        .routes(routes!(audit::story::get_order_story)) //         /api/v1/audit/orders/{id}/story
        .with_state(state)
}
