//! What belongs to one account: inbox, devices, logins, links in its mails.

use harness::{process::APP_SECRET, until};
use platform::link_token::{LinkKey, UNSUBSCRIBE};
use reqwest::Method;
use serde_json::{Value, json};

use super::{
    super::{
        asking::Ids,
        callers::Caller,
        row::Whose,
        world::{Person, World},
    },
    done,
};

impl World {
    /// To the OWNER of the restaurant, of a delivery.
    pub(super) async fn notification(&self, side: Whose) -> Ids {
        self.delivered(side).await;
        let mut id = String::new();
        until("the restaurant is told", async || {
            let inbox = self.trade(side).chef.client.get("/notifications").await.body;
            inbox["items"][0]["id"].as_str().unwrap_or_default().clone_into(&mut id);
            !id.is_empty()
        })
        .await;
        Ids::from([("id", id)])
    }

    pub(super) async fn device(&self, person: &Person) -> Ids {
        let body = json!({"token": format!("device-token-of-{}-{}", person.account_id, self.unique())});
        Ids::from([("id", done(person, "/notification-devices", &body).await.text("id"))])
    }

    /// Somebody who was just invited.
    pub(super) async fn new_account(&self, side: Whose) -> Ids {
        let id = self.member("restaurant_member", side).await["account_id"].clone();
        Ids::from([("id", id)])
    }

    /// Somebody who was invited and is kept out.
    pub(super) async fn disabled_account(&self, side: Whose) -> Ids {
        let account = self.new_account(side).await;
        let path = format!("/accounts/{}/disable", account["id"]);
        done(self.person(Caller::Admin), &path, &json!({"reason": "left the company"})).await;
        account
    }

    /// What a machine calls with in somebody's name; takes the place of one of theirs, who have so many.
    pub(super) async fn api_key(&self, person: &Person) -> Ids {
        let listed = person.client.get("/api-keys?status=active&limit=100").await.body;
        let mine = |key: &&Value| key["account_id"] == person.account_id.as_str();
        let active: Vec<&Value> = listed["items"].as_array().expect("a list").iter().filter(mine).collect();
        if let [.., oldest] = &active[..]
            && active.len() >= 15
        {
            let path = format!("/api-keys/{}", oldest["id"].as_str().expect("an id"));
            person.client.send(Method::DELETE, &path, &[], None).await.expect("answers").expect(200);
        }
        let body = json!({"name": format!("till {}", self.unique()), "scopes": ["orders:read"]});
        Ids::from([("id", done(person, "/api-keys", &body).await.text("id"))])
    }

    /// Somebody's login, to be gone on with.
    pub(super) async fn session(&self, side: Whose) -> Ids {
        let email = self.trade(side).kitchen[0];
        let credentials = json!({"email": email, "password": "iris-dev"});
        let answer = self.iris.client().post("/auth/dev/login", &credentials).await.expect(200);
        Ids::from([("refresh_token", answer.text("refresh_token"))])
    }

    /// As it stands in mails to the OWNER of the supplier.
    pub(super) fn link(&self, side: Whose) -> Ids {
        let says = format!("{}:stock_low", self.trade(side).seller.account_id);
        Ids::from([("token", LinkKey::derive(&APP_SECRET.into()).sign(UNSUBSCRIBE, &says))])
    }
}
