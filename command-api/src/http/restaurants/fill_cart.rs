//! `POST /api/v1/restaurants/{id}/reorder-suggestions/cart`.

use axum::extract::State;
use deserr::Deserr;
use events::{
    resource::CartResource,
    values::{CartId, FreshIds},
};
use platform::{
    body::{Faults, OptionalJson, Path},
    error::{ApiError, ErrorBody, Fault},
};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    domain::cart::{CART_ITEMS_MAX, FillCart, FillLine, Suggested},
    http::{
        answers::{BodyRefusals, CommandHeaders, CommandRefusals, ExistingRefusals},
        fields::{List, PositiveQty},
        state::CommandState,
        submission::{Accepted, Asked},
    },
};

/// Seconds after which what suggestions are made from is at hand again, mostly.
const RETRY_S: u32 = 2;

/// What a cart is made of.
#[derive(Debug, Clone, Default, Deserr, Serialize, ToSchema)]
#[deserr(error = Faults, deny_unknown_fields)]
#[schema(example = json!({
    "supplier_id": "01939f2e-7a10-7c3e-9b1a-2f6d5c4b3a21",
    "lines": [{"product_id": "01939f2e-7a10-7c3e-9b1a-2f6d5c4b3a24", "qty": "12"}]
}))]
pub(crate) struct CartOfSuggestions {
    /// Of this supplier alone; absent for all that sell to the restaurant.
    #[deserr(default)]
    supplier_id: Option<Uuid>,
    /// How often what is there is to last: what the lines were shown for, as the suggestions were asked for it: `0.5`,
    /// `0.6`, `0.8`, `0.9`, `0.95` or `0.975`. Absent: by how each product keeps.
    #[deserr(default)]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(pattern = "^0[.](5|6|8|9|95|975)$", example = "0.9")]
    service: Option<String>,
    /// What is to be in the cart, as it was shown or as a person changed it. Absent: all that is suggested at the
    /// moment of this request.
    #[deserr(default)]
    #[schema(value_type = Option<Vec<TakenLine>>, required = false, min_items = 1, max_items = 500)]
    lines: Option<List<TakenLine, CART_ITEMS_MAX>>,
}

/// So much of a product.
#[derive(Debug, Clone, Deserr, Serialize, ToSchema)]
#[deserr(error = Faults, deny_unknown_fields)]
pub(crate) struct TakenLine {
    /// The product; each once. It need not have been suggested.
    product_id: Uuid,
    /// How much of it.
    qty: PositiveQty,
}

/// Makes an open cart of what is suggested, at the prices and VAT rates of this moment. Members of the restaurant and
/// ADMIN.
///
/// Nothing is ordered by it: the cart is ordered by `POST /orders`, by whoever has looked at it. What was suggested is
/// recorded beside what was taken. A process that takes commands alone knows no suggestions and needs `lines`.
#[utoipa::path(
    post, path = "/api/v1/restaurants/{id}/reorder-suggestions/cart", tag = "restaurants",
    request_body = Option<CartOfSuggestions>,
    params(("id" = Uuid, Path, description = "The restaurant."), CommandHeaders), security(("bearer" = [])),
    responses(
        (status = 200, body = CartResource, description = "The same request again: the answer it got then.", headers(
            ("Idempotency-Replayed" = bool, description = "`true`.")
        )),
        (status = 201, body = CartResource, description = "The cart.", headers(
            ("Location" = String, description = "Its address."),
            ("ETag" = String, description = "The revision."),
            ("Iris-Position" = i64, description = "Where the log is now; give it to a read as Iris-Min-Position.")
        )),
        (status = 409, body = ErrorBody, description = "`nothing_suggested`; `lines_unusable`: `details` say of each \
            line why (`product_not_found`, `product_inactive`, `other_supplier`, `currency_mismatch`, \
            `duplicate_product`), and no cart was made."),
        CommandRefusals, BodyRefusals, ExistingRefusals
    )
)]
pub(crate) async fn fill_cart_from_suggestions(
    State(state): State<CommandState>,
    asked: Asked,
    Path(id): Path<Uuid>,
    OptionalJson(body): OptionalJson<CartOfSuggestions>,
) -> Result<Accepted, ApiError> {
    let shown = body.lines()?;
    let suggested = suggested_now(&state, &asked, id, &body, shown.is_some()).await?;
    let all = || suggested.as_ref().map_or_else(Vec::new, |suggested| suggested.lines.clone());
    let command = FillCart {
        cart_id: CartId(state.ids.next()),
        restaurant_id: id.into(),
        supplier_id: body.supplier_id.map(Into::into),
        lines: shown.unwrap_or_else(all),
        suggested,
        fresh_ids: FreshIds::new(state.ids.next()),
    };
    Ok(asked.submit(&state, &body, command).await?.under("/api/v1/carts"))
}

impl CartOfSuggestions {
    fn service_bps(&self) -> Result<Option<u16>, ApiError> {
        Ok(Some(match self.service.as_deref() {
            None => return Ok(None),
            Some("0.5") => 5_000,
            Some("0.6") => 6_000,
            Some("0.8") => 8_000,
            Some("0.9") => 9_000,
            Some("0.95") => 9_500,
            Some("0.975") => 9_750,
            Some(_) => {
                let message = "Must be 0.5, 0.6, 0.8, 0.9, 0.95 or 0.975.";
                return Err(ApiError::validation(vec![Fault::new("service", "unknown_level", message)]));
            }
        }))
    }

    fn lines(&self) -> Result<Option<Vec<FillLine>>, ApiError> {
        let Some(List(lines)) = &self.lines else { return Ok(None) };
        if lines.is_empty() {
            let fault =
                Fault::new("lines", "too_few", "Must have a line; leave it out for all that is suggested.");
            return Err(ApiError::validation(vec![fault]));
        }
        let line =
            |line: &TakenLine| FillLine { product_id: line.product_id.into(), quantity: line.qty.quantity() };
        Ok(Some(lines.iter().map(line).collect()))
    }
}

/// What would be shown now. Where the caller sends lines, it is evidence alone: a cart does not fail for want of it.
async fn suggested_now(
    state: &CommandState,
    asked: &Asked,
    restaurant_id: Uuid,
    body: &CartOfSuggestions,
    has_lines: bool,
) -> Result<Option<Suggested>, ApiError> {
    let service_bps = body.service_bps()?;
    let Some(suggestions) = &state.suggestions else {
        let message = "This process does not know what is suggested: send the lines that you were shown.";
        let needed = || ApiError::validation(vec![Fault::new("lines", "required", message)]);
        return if has_lines { Ok(None) } else { Err(needed()) };
    };
    let Some(account_id) = asked.caller.account_id() else { return Ok(None) };
    let account = (account_id, asked.caller.role());
    let supplier_id = body.supplier_id.map(Into::into);
    match suggestions.to(account, restaurant_id.into(), supplier_id, service_bps).await {
        Ok(now) => {
            let line = |(product_id, quantity)| FillLine { product_id, quantity };
            let lines = now.lines.into_iter().map(line).collect();
            Ok(Some(Suggested { forecast_run_id: now.forecast_run_id, lines }))
        }
        Err(_) if has_lines => Ok(None),
        Err(away) => {
            Err(ApiError::unavailable("suggestions_unavailable", format!("{away}; try again."), RETRY_S))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_level_is_one_of_those_that_are_kept() {
        let of = |service: Option<&str>| {
            let service = service.map(ToOwned::to_owned);
            CartOfSuggestions { service, ..CartOfSuggestions::default() }.service_bps()
        };
        assert_eq!(of(None).unwrap(), None);
        assert_eq!(of(Some("0.975")).unwrap(), Some(9_750));
        assert!(of(Some("0.99")).is_err());
    }
}
