//! What cells ask for: made over HTTP by those whose business it is, on either side.

mod forecasts;
mod history;
mod invoices;
mod organisations;
mod personal;
mod trade;
mod webhooks;

use harness::client::Answer;
use serde_json::Value;

use super::{
    asking::Ids,
    callers::{Caller, STRANGERS},
    row::Whose,
    world::{Person, World},
};

impl World {
    /// A new one of these, of that side; nobody's is like an own one, for its ids are then exchanged. What begins with
    /// `my_` is the caller's where it is the own one.
    pub async fn make(&self, thing: &str, whose: Whose, caller: Caller) -> Ids {
        let side = if whose == Whose::Neighbours { whose } else { Whose::Own };
        // Strangers have nothing: they ask for the restaurant's.
        let is_mine = side == Whose::Own && !STRANGERS.contains(&caller);
        let me = if is_mine { self.person(caller) } else { &self.trade(side).chef };
        match thing {
            "-" => Ids::new(),
            "supplier" | "restaurant" | "pair" => self.organisation(thing, side),
            "supplier_active" => self.new_supplier(side).await,
            "supplier_suspended" => self.suspended_supplier(side).await,
            "restaurant_new" => self.new_restaurant(side).await,
            "restaurant_approved" => self.approved_restaurant(side).await,
            "restaurant_suspended" => self.suspended_restaurant(side).await,
            "supplier_member" | "restaurant_member" => self.member(thing, side).await,
            "supplier_partner" | "restaurant_partner" => self.partner(thing, side).await,
            "product" => self.product(side).await,
            "contract" => self.contract(side).await,
            "shelf" => self.shelf(side).await,
            "price_rule" => self.price_rule(side).await,
            "price_list" => self.price_list(side).await,
            "cart" => self.cart(side).await,
            "cart_converted" => self.converted_cart(side).await,
            "placed" => self.placed(side).await,
            "confirmed" => self.confirmed(side).await,
            "delivered" => self.delivered(side).await,
            "received" => self.received(side).await,
            "invoice" => self.invoice(side).await,
            "invoice_accepted" => self.accepted_invoice(side).await,
            "invoice_pages" => self.paged_invoice(side).await,
            "batch" => self.batch(side).await,
            "endpoint" => self.endpoint(side).await,
            "partner_endpoint" => self.partner_endpoint(side).await,
            "delivery" => self.delivery(side).await,
            "notification" => self.notification(side).await,
            "my_device" => self.device(me).await,
            "my_key" => self.api_key(me).await,
            "disabled_account" => self.disabled_account(side).await,
            "my_account" => Ids::from([("id", me.account_id.clone())]),
            "new_account" => self.new_account(side).await,
            "session" => self.session(side).await,
            "link" => self.link(side),
            "order_stream" => self.order_stream(side).await,
            "event" => self.event().await,
            "view" => self.view().await,
            "room_for_a_view" => self.room_for_a_view().await,
            "forecast" => self.forecast(side).await,
            _ => panic!("no such thing: {thing}"),
        }
    }

    /// The one that is made once and looked at by many.
    pub async fn kept(&self, thing: &str, whose: Whose, caller: Caller) -> Ids {
        let of = if thing.starts_with("my_") { format!("{caller:?}") } else { String::new() };
        let key = format!("{thing} {whose:?} {of}");
        let mut kept = self.kept.lock().await;
        if let Some(ids) = kept.get(&key) {
            return ids.clone();
        }
        let ids = self.make(thing, whose, caller).await;
        kept.insert(key, ids.clone());
        ids
    }
}

/// A command that must succeed.
async fn done(person: &Person, path: &str, body: &Value) -> Answer {
    let key = harness::ordering::fresh().to_string();
    let answer = person.client.try_post(path, &key, body).await.expect("answers");
    assert!(answer.status.is_success(), "POST {path}: {}", answer.body);
    answer
}
