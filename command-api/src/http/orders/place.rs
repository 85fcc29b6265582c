//! `POST /api/v1/orders`.

use axum::extract::State;
use chrono::NaiveDate;
use deserr::Deserr;
use events::{
    order::PaymentMethod,
    resource::{CheckoutResource, OrderResource},
    values::FreshIds,
};
use platform::{
    body::{Faults, Json},
    error::{ApiError, ErrorBody},
};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    domain::order::PlaceOrder,
    http::{
        answers::{BodyRefusals, CommandRefusals, ExistingRefusals, KeyedCommandHeaders},
        fields::{Choice, Note, TotalCents},
        state::CommandState,
        submission::{Accepted, Asked},
    },
};

/// What is ordered, and on what terms.
#[derive(Debug, Clone, Deserr, Serialize, ToSchema)]
#[deserr(error = Faults, deny_unknown_fields)]
#[schema(example = json!({
    "cart_id": "01939f2e-7a10-7c3e-9b1a-2f6d5c4b3a25", "payment_method": "invoice",
    "requested_delivery_date": "2026-11-21", "note": "Leverans före tio, tack.", "expected_total_cents": 7924
}))]
pub(crate) struct NewOrder {
    /// All that is in it is ordered, or nothing.
    cart_id: Uuid,
    /// How it is to be paid.
    #[schema(value_type = PaymentMethod)]
    payment_method: Choice<PaymentMethod>,
    /// When the restaurant would like it; a day in Sweden.
    #[deserr(default)]
    requested_delivery_date: Option<NaiveDate>,
    /// A word to the suppliers.
    #[deserr(default)]
    note: Option<Note>,
    /// The total with VAT that the caller was shown; another one is refused.
    #[deserr(default)]
    expected_total_cents: Option<TotalCents>,
}

/// One order, or all of a checkout where several suppliers are in the cart.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "describes the answer; the command builds it")]
pub(crate) enum Placed {
    /// One supplier.
    Order(Box<OrderResource>),
    /// Several suppliers.
    Checkout(CheckoutResource),
}

/// Places an order: all of a cart, at the prices promised, or nothing. Members of the restaurant and ADMIN.
///
/// One supplier in the cart gives one order; several give `{checkout_id, orders: […]}`, one order each. Stock
/// is promised to every line in the same moment.
#[utoipa::path(
    post, path = "/api/v1/orders", tag = "orders",
    request_body = NewOrder,
    params(KeyedCommandHeaders), security(("bearer" = [])),
    responses(
        (status = 200, body = Placed, description = "The same request again: the answer it got then.", headers(
            ("Idempotency-Replayed" = bool, description = "`true`.")
        )),
        (status = 201, body = Placed, description = "The order, or the orders.", headers(
            ("Location" = String, description = "Its address."),
            ("ETag" = String, description = "The revision."),
            ("Iris-Position" = i64, description = "Where the log is now; give it to a read as Iris-Min-Position.")
        ), example = json!({
            "id": "01939f2e-7a10-7c3e-9b1a-2f6d5c4b3a27", "checkout_id": "01939f2e-7a10-7c3e-9b1a-2f6d5c4b3a28",
            "cart_id": "01939f2e-7a10-7c3e-9b1a-2f6d5c4b3a25", "restaurant_id": "01939f2e-7a10-7c3e-9b1a-2f6d5c4b3a22",
            "supplier_id": "01939f2e-7a10-7c3e-9b1a-2f6d5c4b3a21", "status": "placed",
            "lines": [{
                "line_id": "01939f2e-7a10-7c3e-9b1a-2f6d5c4b3a26", "product_id": "01939f2e-7a10-7c3e-9b1a-2f6d5c4b3a24",
                "sku": "T-1", "name": "Tomat, kvist", "unit": "KGM", "qty": "2.5", "delivered_qty": null, "received_qty": null,
                "claim_reason": null, "unit_price_cents": 2990, "tax_rate": 6, "line_net_cents": 7475, "line_tax_cents": 449
            }],
            "total_cents": 7924, "tax_cents": 449, "currency": "SEK", "payment_method": "invoice",
            "requested_delivery_date": "2026-11-21", "note": "Leverans före tio, tack.", "paid_at": null,
            "placed_at": "2026-11-20T09:00:10.000Z", "confirmed_at": null, "delivered_at": null, "received_at": null,
            "cancelled_at": null, "cancelled_by": null, "cancel_reason": null, "invoice_number": null,
            "invoice_total_cents": null, "created_by": "01939f2e-7a10-7c3e-9b1a-2f6d5c4b3a29", "revision": 1,
            "updated_at": "2026-11-20T09:00:10.000Z"
        })),
        (status = 409, body = ErrorBody, description = "`insufficient_stock` (`details` per line: asked, \
            available), `cart_converted`, `cart_empty`, `price_changed`, `product_inactive`, \
            `supplier_suspended`, `restaurant_not_approved`."),
        CommandRefusals, BodyRefusals, ExistingRefusals
    )
)]
pub(crate) async fn place_order(
    State(state): State<CommandState>,
    asked: Asked,
    Json(body): Json<NewOrder>,
) -> Result<Accepted, ApiError> {
    let asked = asked.with_key_required()?;
    let command = PlaceOrder {
        fresh_ids: FreshIds::new(state.ids.next()),
        cart_id: body.cart_id.into(),
        payment_method: body.payment_method.0,
        requested_delivery_date: body.requested_delivery_date,
        note: body.note.clone().map(Note::into_string).filter(|note| !note.is_empty()),
        expected_total_minor: body.expected_total_cents.map(TotalCents::minor),
    };
    Ok(asked.submit(&state, &body, command).await?.under("/api/v1/orders"))
}
