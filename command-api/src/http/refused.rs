//! What a client is told of each refusal: one status and one code for every one.

use platform::error::{ApiError, Fault};

use crate::{
    committer::SubmitError,
    domain::refusal::{InvalidValue, Refusal, Shortage, UnusableLine},
};

/// Seconds after which a full queue has certainly moved on.
const QUEUE_RETRY_S: u32 = 1;
/// Seconds that a database needs to come back, mostly.
const LOG_RETRY_S: u32 = 2;

/// The answer for a command without an outcome.
pub(crate) fn refused(error: SubmitError) -> ApiError {
    match error {
        SubmitError::Refused(refusal) => by_refusal(refusal),
        SubmitError::KeyReused => ApiError::unprocessable(
            "idempotency_key_reused",
            "This Idempotency-Key was used for another request; a new request needs a new key.",
        ),
        SubmitError::QueueFull => ApiError::unavailable(
            "queue_full",
            "Too many commands are waiting; nothing changed.",
            QUEUE_RETRY_S,
        ),
        SubmitError::Unavailable => ApiError::unavailable(
            "log_unavailable",
            "The log cannot be reached; nothing changed.",
            LOG_RETRY_S,
        ),
        SubmitError::OutcomeUnknown => ApiError::unavailable(
            "outcome_unknown",
            "Whether this happened is not known. Send the same request with the same Idempotency-Key again: it \
             happens once at most, and the answer says how it ended.",
            LOG_RETRY_S,
        ),
        SubmitError::Outdated => ApiError::unavailable(
            "changed_meanwhile",
            "What this rests on changed at the same moment; nothing happened. Send it again.",
            QUEUE_RETRY_S,
        ),
        SubmitError::Stopping => {
            ApiError::unavailable("stopping", "This process is stopping; nothing changed.", QUEUE_RETRY_S)
        }
        error @ SubmitError::Internal => ApiError::internal(&error),
    }
}

fn by_refusal(refusal: Refusal) -> ApiError {
    let message = sentence(&refusal.to_string());
    match refusal {
        Refusal::NotFound { what, .. } => {
            ApiError::not_found(format!("{}_not_found", what.replace(' ', "_")), message)
        }
        Refusal::Forbidden { .. } => ApiError::forbidden("forbidden", message),
        Refusal::StaleRevision { actual } => {
            let fault = Fault::new("If-Match", "stale_revision", message.clone()).with("revision", actual);
            ApiError::precondition_failed("stale_revision", message).with_details(vec![fault])
        }
        Refusal::Invalid(values) => ApiError::validation(values.into_iter().map(invalid_value).collect()),
        Refusal::InvalidTransition { state, attempted, .. } => {
            let fault = Fault::new("", "invalid_transition", message.clone());
            let fault = fault.with("state", state).with("attempted", attempted);
            ApiError::conflict_with("invalid_transition", message, vec![fault])
        }
        Refusal::EmailTaken => ApiError::conflict("email_taken", message),
        Refusal::AlreadyMember => ApiError::conflict("already_member", message),
        Refusal::AlreadyPartner => ApiError::conflict("already_partner", message),
        Refusal::NotAPartner => ApiError::conflict("not_a_partner", message),
        Refusal::LastOwner => ApiError::conflict("last_owner", message),
        Refusal::TooManyApiKeys { keys_max } => {
            let fault = Fault::new("", "too_many_api_keys", message.clone()).with("keys_max", keys_max);
            ApiError::conflict_with("too_many_api_keys", message, vec![fault])
        }
        Refusal::SkuTaken { product_id, .. } => {
            let fault = Fault::new("sku", "sku_taken", message.clone());
            let fault = fault.with("product_id", product_id.to_string());
            ApiError::conflict_with("sku_taken", message, vec![fault])
        }
        Refusal::PriceRuleTaken { rule_id, .. } => {
            let fault = Fault::new("", "price_rule_taken", message.clone());
            let fault = fault.with("price_rule_id", rule_id.to_string());
            ApiError::conflict_with("price_rule_taken", message, vec![fault])
        }
        Refusal::TooManyPriceRules { rules_max } => {
            let fault = Fault::new("", "too_many_price_rules", message.clone()).with("rules_max", rules_max);
            ApiError::conflict_with("too_many_price_rules", message, vec![fault])
        }
        Refusal::PriceMoved => ApiError::conflict("price_moved", message),
        Refusal::StockPromised { allocated, on_hand } => {
            let fault = Fault::new("", "stock_promised", message.clone());
            let fault = fault.with("promised", allocated.to_string()).with("on_hand", on_hand.to_string());
            ApiError::conflict_with("stock_promised", message, vec![fault])
        }
        Refusal::InsufficientStock(shortages) => {
            let details = shortages.iter().map(shortage).collect();
            ApiError::conflict_with("insufficient_stock", message, details)
        }
        Refusal::CartConverted => ApiError::conflict("cart_converted", message),
        Refusal::CartEmpty => ApiError::conflict("cart_empty", message),
        Refusal::CartFull { items_max } => {
            let fault = Fault::new("items", "cart_full", message.clone()).with("items_max", items_max);
            ApiError::conflict_with("cart_full", message, vec![fault])
        }
        Refusal::CurrencyMismatch { product, cart } => {
            let fault = Fault::new("product_id", "currency_mismatch", message.clone());
            let fault =
                fault.with("product_currency", product.to_string()).with("cart_currency", cart.to_string());
            ApiError::conflict_with("currency_mismatch", message, vec![fault])
        }
        Refusal::ProductInactive(product_ids) => {
            let inactive = |id: &events::values::ProductId| {
                let message = format!("Product {id} is no longer offered.");
                Fault::new("product_id", "product_inactive", message).with("product_id", id.to_string())
            };
            let details = product_ids.iter().map(inactive).collect();
            ApiError::conflict_with("product_inactive", message, details)
        }
        Refusal::SupplierSuspended => ApiError::conflict("supplier_suspended", message),
        Refusal::RestaurantNotApproved { state } => {
            let fault = Fault::new("", "restaurant_not_approved", message.clone()).with("state", state);
            ApiError::conflict_with("restaurant_not_approved", message, vec![fault])
        }
        Refusal::PriceChanged { expected_cents, actual_cents } => {
            let fault = Fault::new("expected_total_cents", "price_changed", message.clone());
            let fault = fault.with("expected_cents", expected_cents).with("actual_cents", actual_cents);
            ApiError::conflict_with("price_changed", message, vec![fault])
        }
        Refusal::NothingSuggested => ApiError::conflict("nothing_suggested", message),
        Refusal::UnusableLines(lines) => {
            ApiError::conflict_with("lines_unusable", message, lines.iter().map(unusable_line).collect())
        }
    }
}

fn invalid_value(InvalidValue { field, code, message }: InvalidValue) -> Fault {
    Fault::new(field, code, sentence(&message))
}

/// Quantities are decimal strings here as everywhere.
fn shortage(Shortage { line_id, product_id, asked, available }: &Shortage) -> Fault {
    let message = format!("{asked} were asked for, {available} are available.");
    Fault::new(format!("items[{line_id}].qty"), "insufficient_stock", message)
        .with("line_id", line_id.to_string())
        .with("product_id", product_id.to_string())
        .with("asked", asked.to_string())
        .with("available", available.to_string())
}

fn unusable_line(UnusableLine { index, product_id, code }: &UnusableLine) -> Fault {
    let why = match *code {
        "product_inactive" => "is no longer offered",
        "other_supplier" => "is another supplier's",
        "currency_mismatch" => "is priced in another currency than the restaurant's",
        "duplicate_product" => "stands in an earlier line already",
        _ => "was not found",
    };
    Fault::new(format!("lines[{index}].product_id"), *code, format!("Product {product_id} {why}."))
        .with("product_id", product_id.to_string())
}

/// The domain speaks in clauses; clients get a sentence.
fn sentence(clause: &str) -> String {
    let mut chars = clause.chars();
    let first = chars.next().map(char::to_uppercase).into_iter().flatten();
    first.chain(chars).chain(['.']).collect()
}

#[cfg(test)]
mod tests {
    use events::values::Quantity;

    use super::*;

    #[test]
    fn what_can_be_tried_again_says_when_and_how() {
        for (error, code) in [
            (SubmitError::QueueFull, "queue_full"),
            (SubmitError::Unavailable, "log_unavailable"),
            (SubmitError::OutcomeUnknown, "outcome_unknown"),
            (SubmitError::Outdated, "changed_meanwhile"),
            (SubmitError::Stopping, "stopping"),
        ] {
            let answer = refused(error);
            assert_eq!((answer.kind().status().as_u16(), answer.code()), (503, code));
            assert!(answer.retry_after_s().is_some(), "{code}");
        }
        assert!(refused(SubmitError::OutcomeUnknown).message().contains("same Idempotency-Key"));
    }

    #[test]
    fn an_inner_fault_says_nothing_of_the_inside() {
        let answer = refused(SubmitError::Internal);
        assert_eq!((answer.kind().status().as_u16(), answer.code()), (500, "internal"));
        assert!(!answer.message().contains("fault"));
    }

    #[test]
    fn every_refusal_has_its_status_and_code() {
        let id = uuid::Uuid::nil();
        for (refusal, status, code) in [
            (Refusal::not_found("cart", id), 404, "cart_not_found"),
            (Refusal::Forbidden { needed: "only an ADMIN" }, 403, "forbidden"),
            (Refusal::StaleRevision { actual: 3 }, 412, "stale_revision"),
            (Refusal::invalid("qty", "unknown_line", "no such line"), 422, "invalid"),
            (Refusal::EmailTaken, 409, "email_taken"),
            (Refusal::not_found("webhook endpoint", id), 404, "webhook_endpoint_not_found"),
            (Refusal::AlreadyMember, 409, "already_member"),
            (Refusal::AlreadyPartner, 409, "already_partner"),
            (Refusal::NotAPartner, 409, "not_a_partner"),
            (Refusal::LastOwner, 409, "last_owner"),
            (Refusal::TooManyApiKeys { keys_max: 20 }, 409, "too_many_api_keys"),
            (Refusal::not_found("api key", id), 404, "api_key_not_found"),
            (Refusal::CartConverted, 409, "cart_converted"),
            (Refusal::CartEmpty, 409, "cart_empty"),
            (Refusal::NothingSuggested, 409, "nothing_suggested"),
            (Refusal::UnusableLines(Vec::new()), 409, "lines_unusable"),
            (Refusal::SupplierSuspended, 409, "supplier_suspended"),
            (Refusal::RestaurantNotApproved { state: "suspended" }, 409, "restaurant_not_approved"),
        ] {
            let answer = refused(SubmitError::Refused(refusal));
            assert_eq!((answer.kind().status().as_u16(), answer.code()), (status, code));
            assert!(answer.message().ends_with('.'), "{}", answer.message());
        }
        let reused = refused(SubmitError::KeyReused);
        assert_eq!((reused.kind().status().as_u16(), reused.code()), (422, "idempotency_key_reused"));
    }

    #[test]
    fn promised_stock_is_told_in_decimal_strings() {
        let refusal = Refusal::StockPromised { allocated: Quantity(2500), on_hand: Quantity(-1000) };
        let answer = refused(SubmitError::Refused(refusal));
        let extra = &answer.details()[0].extra;
        assert_eq!((extra["promised"].as_str(), extra["on_hand"].as_str()), (Some("2.5"), Some("-1")));
    }
}
