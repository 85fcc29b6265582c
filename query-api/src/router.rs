//! The table of contents: every URL that this crate answers.

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    asyncapi, carts, event_types, invoices, me, notifications, orders, products, restaurants,
    state::QueryState, suppliers, webhook_endpoints,
};

/// All reads, under `/api/v1`, with their part of the OpenAPI document.
///
/// They expect platform's HTTP shell around them: it knows the caller and writes refusals.
pub fn router(state: QueryState) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(me::get_me)) //                            /api/v1/me
        .routes(routes!(suppliers::list::list_suppliers)) //       /api/v1/suppliers
        .routes(routes!(suppliers::get::get_supplier)) //          /api/v1/suppliers/{id}
        .routes(routes!(suppliers::members::list_supplier_members)) // /api/v1/suppliers/{id}/members
        .routes(routes!(suppliers::partners::list_supplier_partners)) // /api/v1/suppliers/{id}/partners
        .routes(routes!(suppliers::metrics::get_supplier_metrics)) // /api/v1/suppliers/{id}/metrics
        .routes(routes!(restaurants::list::list_restaurants)) //   /api/v1/restaurants
        .routes(routes!(restaurants::get::get_restaurant)) //      /api/v1/restaurants/{id}
        .routes(routes!(restaurants::members::list_restaurant_members)) // /api/v1/restaurants/{id}/members
        .routes(routes!(restaurants::partners::list_restaurant_partners)) // /api/v1/restaurants/{id}/partners
        .routes(routes!(products::list::list_products)) //         /api/v1/products
        .routes(routes!(products::get::get_product)) //            /api/v1/products/{id}
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
        .with_state(state)
}
