//! Suppliers and restaurants, who works there and whom they granted something.

use serde_json::json;

use super::{
    super::{
        asking::Ids,
        row::Whose,
        world::{Trade, World, employ},
    },
    done,
};

impl World {
    /// One that trades.
    pub(super) fn organisation(&self, kind: &str, side: Whose) -> Ids {
        let Trade { supplier_id, restaurant_id, .. } = self.trade(side);
        let id = if kind == "supplier" { supplier_id } else { restaurant_id };
        let both = [("supplier_id", supplier_id), ("restaurant_id", restaurant_id)];
        [("id", id)].into_iter().chain(both).map(|(name, id)| (name, id.clone())).collect()
    }

    /// One that nobody has bought of, of the same people.
    pub(super) async fn new_supplier(&self, side: Whose) -> Ids {
        let body = json!({"name": "Another supplier", "contact_email": "another@supplier.test"});
        let id = done(&self.admin, "/suppliers", &body).await.text("id");
        employ(&self.admin, &format!("/suppliers/{id}"), self.trade(side).warehouse).await;
        Ids::from([("id", id)])
    }

    pub(super) async fn suspended_supplier(&self, side: Whose) -> Ids {
        let ids = self.new_supplier(side).await;
        done(&self.admin, &format!("/suppliers/{}/suspend", ids["id"]), &json!({"reason": "x"})).await;
        ids
    }

    /// One that has not bought anything yet, of the same people; the own one's partner is the same, too.
    pub(super) async fn new_restaurant(&self, side: Whose) -> Ids {
        let body = json!({"name": "Another restaurant", "contact_email": "another@restaurant.test"});
        let id = done(&self.admin, "/restaurants", &body).await.text("id");
        let path = format!("/restaurants/{id}");
        employ(&self.admin, &path, self.trade(side).kitchen).await;
        if side == Whose::Own {
            done(&self.admin, &format!("{path}/partners"), &json!({"email": "partner@iris.test"})).await;
        }
        Ids::from([("id", id)])
    }

    pub(super) async fn approved_restaurant(&self, side: Whose) -> Ids {
        let ids = self.new_restaurant(side).await;
        done(&self.admin, &format!("/restaurants/{}/approve", ids["id"]), &json!({})).await;
        ids
    }

    pub(super) async fn suspended_restaurant(&self, side: Whose) -> Ids {
        let ids = self.approved_restaurant(side).await;
        done(&self.admin, &format!("/restaurants/{}/suspend", ids["id"]), &json!({"reason": "x"})).await;
        ids
    }

    /// STAFF of the organisation that trades.
    pub(super) async fn member(&self, kind: &str, side: Whose) -> Ids {
        let body = json!({"email": format!("member-{}@iris.test", self.unique()), "role": "STAFF"});
        self.joined(kind, side, "members", &body).await
    }

    /// A partner of the organisation that trades.
    pub(super) async fn partner(&self, kind: &str, side: Whose) -> Ids {
        let body = json!({"email": format!("partner-{}@iris.test", self.unique())});
        self.joined(kind, side, "partners", &body).await
    }

    async fn joined(&self, kind: &str, side: Whose, list: &str, body: &serde_json::Value) -> Ids {
        let trade = self.trade(side);
        let (path, owner) = match kind.split_once('_') {
            Some(("supplier", _)) => (format!("suppliers/{}", trade.supplier_id), &trade.seller),
            _ => (format!("restaurants/{}", trade.restaurant_id), &trade.chef),
        };
        let account_id = done(owner, &format!("/{path}/{list}"), body).await.text("account_id");
        let (_, id) = path.split_once('/').expect("kind/id");
        Ids::from([("id", id.to_owned()), ("listed", account_id.clone()), ("account_id", account_id)])
    }
}
