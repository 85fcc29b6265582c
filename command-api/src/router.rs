//! The table of contents: every URL that changes something.

use axum::{extract::DefaultBodyLimit, middleware};
use platform::{body::UPLOAD_MAX_BYTES, personal::open_answers};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::http::{
    CommandState, accounts, api_keys,
    auth::{self, clerk::webhooks::WEBHOOK_MAX_BYTES},
    carts, import_products, import_status,
    invoice_batches::{self, create::BATCH_MAX_BYTES},
    invoices,
    notifications::{self, unsubscribe::FORM_MAX_BYTES},
    orders, price_rules, products, restaurants, suppliers, webhook_endpoints,
};

/// All commands, under `/api/v1`, with their part of the OpenAPI document; logins where the state has them.
///
/// They expect platform's HTTP shell around them: it knows the caller and writes refusals.
pub fn router(state: CommandState) -> OpenApiRouter {
    // Answers hold sealed texts of people, the stored ones of repeated requests as well: opened here.
    let opening = middleware::from_fn_with_state(state.committer.personal().clone(), open_answers);
    let logins = if state.local.is_some() { logins() } else { OpenApiRouter::new() };
    OpenApiRouter::new()
        .merge(accounts())
        .merge(suppliers())
        .merge(restaurants())
        .merge(products())
        .merge(price_rules())
        .merge(carts())
        .merge(orders())
        .merge(notifications())
        .merge(webhook_endpoints())
        .merge(api_keys())
        .merge(invoices())
        .merge(invoice_files())
        .merge(logins)
        .merge(clerk())
        // /api/v1/products/import, /api/v1/imports
        .merge(imports())
        .with_state(state)
        .layer(opening)
}

fn accounts() -> OpenApiRouter<CommandState> {
    OpenApiRouter::new()
        .routes(routes!(accounts::erase::erase_person)) //                                  POST   /api/v1/accounts/{id}/erase
        .routes(routes!(accounts::disable::disable_account)) //                             POST   …/{id}/disable
        .routes(routes!(accounts::enable::enable_account)) //                               POST   …/{id}/enable
        .routes(routes!(accounts::personal_data::get_personal_data)) //                     GET    …/{id}/personal-data
}

fn suppliers() -> OpenApiRouter<CommandState> {
    OpenApiRouter::new()
        .routes(routes!(suppliers::register::register_supplier)) //                         POST   /api/v1/suppliers
        .routes(routes!(suppliers::revise::revise_supplier)) //                             PATCH  /api/v1/suppliers/{id}
        .routes(routes!(suppliers::suspend::suspend_supplier)) //                           POST   …/{id}/suspend
        .routes(routes!(suppliers::reinstate::reinstate_supplier)) //                       POST   …/{id}/reinstate
        .routes(routes!(suppliers::add_member::add_supplier_member)) //                     POST   …/{id}/members
        .routes(routes!(suppliers::change_member_role::change_supplier_member_role)) //     PATCH  …/{id}/members/{account_id}
        .routes(routes!(suppliers::remove_member::remove_supplier_member)) //               DELETE …/{id}/members/{account_id}
        .routes(routes!(suppliers::grant_partner::grant_supplier_partner)) //               POST   …/{id}/partners
        .routes(routes!(suppliers::revoke_partner::revoke_supplier_partner)) //             DELETE …/{id}/partners/{account_id}
        .routes(routes!(
            suppliers::agree_contract_price::agree_contract_price,
            suppliers::end_contract_price::end_contract_price
        )) // PUT, DELETE …/{id}/restaurants/{restaurant_id}/contract-prices/{product_id}
}

fn restaurants() -> OpenApiRouter<CommandState> {
    OpenApiRouter::new()
        .routes(routes!(restaurants::register::register_restaurant)) //                     POST   /api/v1/restaurants
        .routes(routes!(restaurants::revise::revise_restaurant)) //                         PATCH  /api/v1/restaurants/{id}
        .routes(routes!(restaurants::approve::approve_restaurant)) //                       POST   …/{id}/approve
        .routes(routes!(restaurants::suspend::suspend_restaurant)) //                       POST   …/{id}/suspend
        .routes(routes!(restaurants::reinstate::reinstate_restaurant)) //                   POST   …/{id}/reinstate
        .routes(routes!(restaurants::add_member::add_restaurant_member)) //                 POST   …/{id}/members
        .routes(routes!(restaurants::change_member_role::change_restaurant_member_role)) // PATCH  …/{id}/members/{account_id}
        .routes(routes!(restaurants::remove_member::remove_restaurant_member)) //           DELETE …/{id}/members/{account_id}
        .routes(routes!(restaurants::grant_partner::grant_restaurant_partner)) //           POST   …/{id}/partners
        .routes(routes!(restaurants::revoke_partner::revoke_restaurant_partner)) //         DELETE …/{id}/partners/{account_id}
        .routes(routes!(restaurants::fill_cart::fill_cart_from_suggestions)) //             POST   …/{id}/reorder-suggestions/cart
        .routes(routes!(restaurants::count_inventory::count_inventory)) //                  POST   …/{id}/inventory-counts
}

fn products() -> OpenApiRouter<CommandState> {
    OpenApiRouter::new()
        .routes(routes!(products::create::create_product)) //                               POST   /api/v1/products
        .routes(routes!(products::revise::revise_product)) //                               PATCH  /api/v1/products/{id}
        .routes(routes!(products::deactivate::deactivate_product)) //                       DELETE /api/v1/products/{id}
        .routes(routes!(products::adjust_stock::adjust_stock)) //                           POST   …/{id}/stock
}

fn price_rules() -> OpenApiRouter<CommandState> {
    OpenApiRouter::new()
        .routes(routes!(price_rules::create::create_price_rule)) //                         POST   /api/v1/price-rules
        .routes(routes!(price_rules::revise::revise_price_rule)) //                         PATCH  /api/v1/price-rules/{id}
        .routes(routes!(price_rules::end::end_price_rule)) //                               DELETE …/{id}
        .routes(routes!(price_rules::pause::pause_price_rules)) //                          POST   /api/v1/suppliers/{id}/price-rules/pause
        .routes(routes!(price_rules::pause::resume_price_rules)) //                         POST   …/resume
        .routes(routes!(products::undo_price::undo_price)) //                               POST   /api/v1/products/{id}/price/undo
}

fn carts() -> OpenApiRouter<CommandState> {
    OpenApiRouter::new()
        .routes(routes!(carts::open::open_cart)) //                                         POST   /api/v1/carts
        .routes(routes!(carts::add_item::add_cart_item)) //                                 POST   …/{id}/items
        .routes(routes!(carts::change_item::change_cart_item)) //                           PATCH  …/{id}/items/{item_id}
        .routes(routes!(carts::remove_item::remove_cart_item)) //                           DELETE …/{id}/items/{item_id}
}

fn orders() -> OpenApiRouter<CommandState> {
    OpenApiRouter::new()
        .routes(routes!(orders::place::place_order)) //                                     POST   /api/v1/orders
        .routes(routes!(orders::confirm::confirm_order)) //                                 POST   …/{id}/confirm
        .routes(routes!(orders::reject::reject_order)) //                                   POST   …/{id}/reject
        .routes(routes!(orders::deliver::deliver_order)) //                                 POST   …/{id}/deliver
        .routes(routes!(orders::confirm_delivery::confirm_delivery)) //                     POST   …/{id}/confirm-delivery
        .routes(routes!(orders::cancel::cancel_order)) //                                   POST   …/{id}/cancel
}

fn notifications() -> OpenApiRouter<CommandState> {
    OpenApiRouter::new()
        .routes(routes!(notifications::mark_read::mark_notification_read)) //               POST   /api/v1/notifications/{id}/read
        .routes(routes!(notifications::mark_all_read::mark_all_notifications_read)) //      POST   /api/v1/notifications/read-all
        .routes(routes!(notifications::set_preferences::set_notification_preferences)) //   PUT    /api/v1/notification-preferences
        .routes(routes!(notifications::register_device::register_notification_device)) //   POST   /api/v1/notification-devices
        .routes(routes!(notifications::remove_device::remove_notification_device)) //       DELETE …/{id}
        .merge(unsubscribing())
}

/// Without a login: the link in a mail is its own permission. Nobody needs more than a few bytes for it.
fn unsubscribing() -> OpenApiRouter<CommandState> {
    OpenApiRouter::new()
        .routes(routes!(
            notifications::unsubscribe::show_unsubscribe,
            notifications::unsubscribe::unsubscribe
        )) // GET, POST /api/v1/unsubscribe
        .layer(DefaultBodyLimit::max(FORM_MAX_BYTES))
}

fn webhook_endpoints() -> OpenApiRouter<CommandState> {
    OpenApiRouter::new()
        .routes(routes!(webhook_endpoints::register::register_webhook_endpoint)) //         POST   /api/v1/webhook-endpoints
        .routes(routes!(webhook_endpoints::revise::revise_webhook_endpoint)) //             PATCH  /api/v1/webhook-endpoints/{id}
        .routes(routes!(webhook_endpoints::delete::delete_webhook_endpoint)) //             DELETE /api/v1/webhook-endpoints/{id}
        .routes(routes!(webhook_endpoints::rotate_secret::rotate_webhook_secret)) //        POST   …/{id}/rotate-secret
        .routes(routes!(webhook_endpoints::ping::ping_webhook_endpoint)) //                 POST   …/{id}/ping
        .routes(routes!(webhook_endpoints::replay::replay_webhook_events)) //               POST   …/{id}/replay
        .routes(routes!(webhook_endpoints::retry_delivery::retry_webhook_delivery)) //      POST   …/{id}/deliveries/{delivery_id}/retry
}

fn api_keys() -> OpenApiRouter<CommandState> {
    OpenApiRouter::new()
        .routes(routes!(api_keys::issue::issue_api_key)) //                                 POST   /api/v1/api-keys
        .routes(routes!(api_keys::revoke::revoke_api_key)) //                               DELETE /api/v1/api-keys/{id}
        .routes(routes!(api_keys::rotate::rotate_api_key)) //                               POST   …/{id}/rotate
}

/// Only with `AUTH_PROVIDER=local`; other providers log in elsewhere.
fn logins() -> OpenApiRouter<CommandState> {
    OpenApiRouter::new()
        .routes(routes!(auth::login::log_in)) //                                            POST   /api/v1/auth/dev/login
        .routes(routes!(auth::refresh::refresh)) //                                         POST   /api/v1/auth/refresh
        .routes(routes!(auth::logout::log_out)) //                                          POST   /api/v1/auth/logout
}

/// In the document with any provider; answers 404 unless it is Clerk.
fn clerk() -> OpenApiRouter<CommandState> {
    OpenApiRouter::new()
        .routes(routes!(auth::clerk::webhooks::take_clerk_webhook)) //                      POST   /api/v1/auth/clerk/webhooks
        .layer(DefaultBodyLimit::max(WEBHOOK_MAX_BYTES))
}

fn invoices() -> OpenApiRouter<CommandState> {
    OpenApiRouter::new()
        .routes(routes!(invoices::match_to_order::match_invoice)) //                        POST   /api/v1/invoices/{id}/match
        .routes(routes!(invoices::accept::accept_invoice)) //                               POST   …/{id}/accept
        .routes(routes!(invoices::dispute::dispute_invoice)) //                             POST   …/{id}/dispute
        .routes(routes!(invoices::correct::correct_invoice)) //                             POST   …/{id}/correct
        .routes(routes!(invoices::matching_terms::set_matching_terms)) //                   PUT    /api/v1/restaurants/{id}/suppliers/{supplier_id}/matching-terms
        .routes(routes!(invoice_batches::status::invoice_batch_status)) //                  GET    /api/v1/invoice-batches/{id}
        .routes(routes!(invoice_batches::files::invoice_batch_files)) //                    GET    …/{id}/files
}

/// Files are larger than other bodies, and many of them larger than one.
fn invoice_files() -> OpenApiRouter<CommandState> {
    let one = OpenApiRouter::new()
        .routes(routes!(invoices::receive::receive_invoice)) //                             POST   /api/v1/invoices
        .layer(DefaultBodyLimit::max(UPLOAD_MAX_BYTES));
    let many = OpenApiRouter::new()
        .routes(routes!(invoice_batches::create::create_invoice_batch)) //                  POST   /api/v1/invoice-batches
        .layer(DefaultBodyLimit::max(BATCH_MAX_BYTES));
    one.merge(many)
}

/// Files are larger than other bodies.
fn imports() -> OpenApiRouter<CommandState> {
    OpenApiRouter::new()
        .routes(routes!(import_products::import_products)) //                          POST /api/v1/products/import
        .layer(DefaultBodyLimit::max(UPLOAD_MAX_BYTES))
        .routes(routes!(import_status::import_status)) //                              GET  /api/v1/imports/{id}
}
