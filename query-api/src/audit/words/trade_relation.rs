//! What two parties know of each other, in words.

use events::trade_relation::TradeRelationEvent;

use super::{Told, money, quoted};
use crate::audit::names::Names;

pub(super) fn tell(event: &TradeRelationEvent, names: &Names) -> Told {
    match event {
        TradeRelationEvent::MatchingTermsSet { supplier_id, restaurant_id, .. } => Told::plain(format!(
            "Set how far invoices of {} may differ from the orders of {}.",
            names.organisation(supplier_id.0),
            names.organisation(restaurant_id.0)
        )),
        TradeRelationEvent::ItemAliasLearned { supplier_id, alias, product_id, .. } => Told::plain(format!(
            "Learned that {} calls {} by the number {}.",
            names.organisation(supplier_id.0),
            names.product(product_id.0).said,
            quoted(alias)
        )),
        TradeRelationEvent::PaymentAccountConfirmed { supplier_id, account, .. } => Told::plain(format!(
            "Confirmed that {} may be paid to account {}.",
            names.organisation(supplier_id.0),
            quoted(account)
        )),
        TradeRelationEvent::ContractPriceAgreed {
            supplier_id,
            restaurant_id,
            product_id,
            unit_price_minor,
            currency,
            valid_from,
            valid_until,
            ..
        } => {
            let until = valid_until.map(|day| format!(" to {day}")).unwrap_or_default();
            let product = names.product(product_id.0);
            let price = money(*unit_price_minor, *currency);
            Told::plain(format!(
                "Agreed that {} costs {} {price} at {} from {valid_from}{until}.",
                product.said,
                names.organisation(restaurant_id.0),
                names.organisation(supplier_id.0)
            ))
            .with(&product.name, None, price)
        }
        TradeRelationEvent::ContractPriceEnded { supplier_id, restaurant_id, product_id } => {
            Told::plain(format!(
                "Ended what {} and {} had agreed on the price of {}.",
                names.organisation(supplier_id.0),
                names.organisation(restaurant_id.0),
                names.product(product_id.0).said
            ))
        }
    }
}
