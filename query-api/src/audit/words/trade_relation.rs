//! What two parties know of each other, in words.

use events::trade_relation::TradeRelationEvent;

use super::{Told, quoted};
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
    }
}
