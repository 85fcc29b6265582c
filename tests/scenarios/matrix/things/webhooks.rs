//! Endpoints, and what was sent to them.

use harness::until;
use serde_json::json;

use super::{
    super::{asking::Ids, callers::Caller, row::Whose, world::World},
    done,
};

impl World {
    /// The restaurant's.
    pub(super) async fn endpoint(&self, side: Whose) -> Ids {
        let trade = self.trade(side);
        let body = json!({"url": self.hooks.url, "events": ["iris.order.placed.v1"],
            "restaurant_id": trade.restaurant_id});
        let id = done(&trade.chef, "/webhook-endpoints", &body).await.text("id");
        Ids::from([("id", id)])
    }

    /// The partner's; the neighbour's is that of a partner whom nobody granted anything.
    pub(super) async fn partner_endpoint(&self, side: Whose) -> Ids {
        let partner = if side == Whose::Own { Caller::Partner } else { Caller::OtherPartner };
        let body = json!({"url": self.hooks.url, "events": ["iris.order.placed.v1"]});
        let id = done(self.person(partner), "/webhook-endpoints", &body).await.text("id");
        Ids::from([("id", id)])
    }

    /// To the restaurant's endpoint, which took it.
    pub(super) async fn delivery(&self, side: Whose) -> Ids {
        let mut ids = self.endpoint(side).await;
        let chef = &self.trade(side).chef;
        let path = format!("/webhook-endpoints/{}", ids["id"]);
        done(chef, &format!("{path}/ping"), &json!({})).await;
        let mut delivery_id = String::new();
        until("the ping is delivered", async || {
            let list = chef.client.get(&format!("{path}/deliveries")).await.body;
            let delivery = &list["items"][0];
            delivery["id"].as_str().unwrap_or_default().clone_into(&mut delivery_id);
            delivery["state"] == "delivered"
        })
        .await;
        ids.insert("listed", delivery_id.clone());
        ids.insert("delivery_id", delivery_id);
        ids
    }
}
