//! What auditors look at.

use harness::until;
use reqwest::Method;
use serde_json::json;

use super::{
    super::{asking::Ids, callers::Caller, row::Whose, world::World},
    done,
};

impl World {
    /// One that is sealed.
    pub(super) async fn event(&self) -> Ids {
        let events = self.admin.client.get("/audit/events?limit=1").await.expect(200).body;
        let event_id = events["items"][0]["event_id"].as_str().expect("an event").to_owned();
        let proof = format!("/audit/proofs/{event_id}");
        until("the event is sealed", async || self.admin.client.get(&proof).await.status == 200).await;
        Ids::from([("event_id", event_id)])
    }

    /// An order's stream, by its kind and id.
    pub(super) async fn order_stream(&self, side: Whose) -> Ids {
        let mut ids = self.placed(side).await;
        ids.insert("type", "order".to_owned());
        ids
    }

    /// One that can be read; views are the operator's, and of no side.
    pub(super) async fn view(&self) -> Ids {
        self.room_for_a_view().await;
        let auditor = self.person(Caller::Auditor);
        let lists = ["orders", "products", "suppliers", "restaurants", "invoices"];
        let asked = json!({"at_position": self.head().await, "models": lists});
        let id = done(auditor, "/audit/views", &asked).await.text("id");
        until("the view is ready", async || {
            auditor.client.get(&format!("/audit/views/{id}")).await.body["status"] == "ready"
        })
        .await;
        Ids::from([("id", id)])
    }

    /// Three views may be there at most: those that are make room.
    pub(super) async fn room_for_a_view(&self) -> Ids {
        let views = self.admin.client.get("/audit/views").await.expect(200).body;
        for view in views["items"].as_array().expect("items") {
            let path = format!("/audit/views/{}", view["id"].as_str().expect("an id"));
            self.admin.client.send(Method::DELETE, &path, &[], None).await.expect("answers").expect(204);
        }
        Ids::new()
    }
}
