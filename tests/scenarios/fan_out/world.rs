//! A running Iris with everything that it tells: a stream, a partner's server, a provider of mail.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Mutex,
};

use events::public::{PublicEvent, read_public};
use harness::{Client, IrisProcess, NatsServer, Receiver, TestDatabase, until};
use serde_json::{Value, json};

/// The world, before a fault.
pub struct World {
    pub database: TestDatabase,
    pub nats: NatsServer,
    pub iris: IrisProcess,
    pub partner: Receiver,
    pub mail: DocumentedResend,
    /// `whsec_…`, as the partner was told.
    pub secret: String,
    /// Everything after this position is to reach the partner.
    pub registered_at: i64,
    clients: Clients,
}

/// People of the demo.
#[derive(Clone)]
pub struct Clients {
    restaurant: Client,
    supplier: Client,
    pub admin: Client,
    pub restaurant_id: Value,
    pub product_id: Value,
}

impl World {
    /// Everything runs, and the partner wants to hear of everything.
    pub async fn open(name: &str, partner: Receiver) -> Self {
        let database = TestDatabase::create().await;
        Self::open_on(name, partner, database).await
    }

    /// The same on a database that the test brings along.
    pub async fn open_on(name: &str, partner: Receiver, database: TestDatabase) -> Self {
        Self::open_with(partner, NatsServer::start(name).await, database, &[]).await
    }

    /// The same with that NATS, and settings that go before its own.
    pub async fn open_with(
        partner: Receiver,
        nats: NatsServer,
        database: TestDatabase,
        further: &[(&str, &str)],
    ) -> Self {
        let mail = DocumentedResend::start().await;
        let settings = [
            ("NATS_URL", nats.url()),
            ("WEBHOOK_ALLOWED_NETWORKS", "127.0.0.0/8".to_owned()),
            ("PUBLIC_URL", "https://iris.example".to_owned()),
            ("MAIL_FROM", "Iris <no-reply@iris.example>".to_owned()),
            ("RESEND_API_KEY", "re_test".to_owned()),
            ("RESEND_BASE_URL", mail.url.clone()),
        ];
        let settings: Vec<_> = settings
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .chain(further.iter().copied())
            .collect();
        let iris = IrisProcess::start_with(&database, &settings).await;
        let clients = Clients::log_in(&iris).await;
        let endpoint = json!({"url": partner.url, "events": ["*"]});
        let registered = clients.admin.post("/webhook-endpoints", &endpoint).await.expect(201);
        let (secret, registered_at) = (registered.text("secret"), registered.position());
        Self { database, nats, iris, partner, mail, secret, registered_at, clients }
    }

    /// The people, to let them trade while something else happens.
    pub fn clients(&self) -> Clients {
        self.clients.clone()
    }

    /// What the log says the outside must hear.
    pub async fn published(&self, after: i64) -> Vec<PublicEvent> {
        // A session of a server that was killed may answer once more before it ends; and one that has just come back
        // ends connections that came too early.
        let mut tries = 0;
        loop {
            match self.try_published(after).await {
                Ok(published) => return published,
                Err(error) if tries == 100 => panic!("the database stays away: {error}"),
                Err(_) => tries += 1,
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
    }

    async fn try_published(&self, after: i64) -> Result<Vec<PublicEvent>, sqlx::Error> {
        let mut connection = self.database.pool.acquire().await?;
        let mut published = Vec::new();
        let mut position = after;
        loop {
            let batch = read_public(&mut connection, position, 1_000).await?;
            assert!(batch.unreadable.is_empty(), "{:?}", batch.unreadable);
            position = batch.upto;
            published.extend(batch.events);
            if batch.upto == batch.head {
                return Ok(published);
            }
        }
    }

    /// Waits until the partner has heard of everything, and looks at how it did.
    pub async fn partner_has_heard_everything(&self) {
        let published = self.published(self.registered_at).await;
        let wanted = published.len();
        until("the partner has heard of everything", async || self.first_arrivals().len() >= wanted).await;
        let arrived = self.first_arrivals();
        let mut positions: BTreeMap<String, Vec<i64>> = BTreeMap::new();
        for event in &arrived {
            let subject = event["subject"].as_str().unwrap().to_owned();
            positions.entry(subject).or_default().push(event["sequence"].as_str().unwrap().parse().unwrap());
        }
        for (subject, positions) in &positions {
            assert!(positions.is_sorted(), "{subject} is told in order: {positions:?}");
        }
        let by_id: HashMap<String, &Value> =
            arrived.iter().map(|event| (event["id"].as_str().unwrap().to_owned(), event)).collect();
        assert_eq!(by_id.len(), wanted, "everything, and nothing else");
        for event in &published {
            let told = by_id[&event.event_id.to_string()];
            let body = event.to_cloud_event(events::webhook_endpoint::PayloadStyle::Full);
            assert_eq!(told, &serde_json::from_str::<Value>(&body).unwrap(), "as the log has it");
        }
        until("nothing is left to deliver", async || self.pending_deliveries().await == 0).await;
    }

    /// The events that the partner took, each where it first came.
    fn first_arrivals(&self) -> Vec<Value> {
        let mut seen = std::collections::HashSet::new();
        let received = self.partner.received();
        let taken = received.iter().filter(|webhook| webhook.answered.is_success());
        taken.filter(|webhook| seen.insert(webhook.id().to_owned())).map(harness::Webhook::event).collect()
    }

    async fn pending_deliveries(&self) -> i64 {
        sqlx::query_scalar("SELECT count(*) FROM webhooks.deliveries WHERE state = 'pending'")
            .fetch_one(&self.database.pool)
            .await
            .unwrap()
    }

    /// Waits until the notifications, and every read model, have seen the whole log.
    pub async fn every_follower_has_seen_everything(&self) {
        let behind = "SELECT count(*) FROM ( \
                          SELECT position FROM read.checkpoints \
                          UNION ALL SELECT position FROM fanout.followers WHERE name = 'notifications' \
                      ) AS seen, public.log_head AS head WHERE seen.position < head.position";
        until("everything was seen", async || {
            let behind: i64 = sqlx::query_scalar(behind).fetch_one(&self.database.pool).await.unwrap();
            behind == 0
        })
        .await;
    }

    /// Waits until every mail that is to be sent was sent, and looks at whether any was sent twice.
    pub async fn every_mail_was_sent_once(&self) {
        let head: i64 = sqlx::query_scalar("SELECT position FROM public.log_head")
            .fetch_one(&self.database.pool)
            .await
            .unwrap();
        until("the notifications have seen everything", async || {
            let position: Option<i64> =
                sqlx::query_scalar("SELECT position FROM fanout.followers WHERE name = 'notifications'")
                    .fetch_optional(&self.database.pool)
                    .await
                    .unwrap();
            position >= Some(head)
        })
        .await;
        let mails = "SELECT count(*) FILTER (WHERE state = 'queued'), count(*) FILTER (WHERE state = 'sent') \
                     FROM notifications.messages WHERE channel = 'email'";
        let mut sent = 0;
        until("every mail is sent", async || {
            let (queued, done): (i64, i64) =
                sqlx::query_as(mails).fetch_one(&self.database.pool).await.unwrap();
            sent = done;
            queued == 0
        })
        .await;
        assert!(sent > 0, "there was something to send");
        let accepted = self.mail.accepted();
        assert_eq!(i64::try_from(accepted.len()).unwrap(), sent, "every mail, and none twice");
    }
}

impl Clients {
    async fn log_in(iris: &IrisProcess) -> Self {
        let restaurant = iris.client().logged_in("restaurant@iris.test").await;
        let supplier = iris.client().logged_in("supplier@iris.test").await;
        let admin = iris.client().logged_in("admin@iris.test").await;
        let restaurant_id = restaurant.get("/me").await.body["memberships"][0]["id"].clone();
        let supplier_id = supplier.get("/me").await.body["memberships"][0]["id"].clone();
        let offers = format!("/products?supplier_id={}&limit=1", supplier_id.as_str().unwrap());
        let product_id = restaurant.get(&offers).await.body["items"][0]["id"].clone();
        let plenty = json!({"counted": "1000", "reason": "Inventering"});
        let stock = format!("/products/{}/stock", product_id.as_str().unwrap());
        supplier.post(&stock, &plenty).await.expect(200);
        Self { restaurant, supplier, admin, restaurant_id, product_id }
    }

    /// An order from cart to receipt: four events that the outside hears of. Insists until each is done.
    pub async fn trade(&self, name: &str) {
        let opening = json!({"restaurant_id": self.restaurant_id});
        let cart = self.restaurant.insist("/carts", &format!("{name}-cart"), &opening).await;
        let items = format!("/carts/{}/items", cart.text("id"));
        let adding = json!({"product_id": self.product_id, "qty": "1"});
        self.restaurant.insist(&items, &format!("{name}-item"), &adding).await;
        let placing = json!({"cart_id": cart.text("id"), "payment_method": "invoice"});
        let order = self.restaurant.insist("/orders", name, &placing).await;
        let path = format!("/orders/{}", order.text("id"));
        let nothing = json!({});
        for (who, step) in
            [(&self.supplier, "confirm"), (&self.supplier, "deliver"), (&self.restaurant, "confirm-delivery")]
        {
            let answer = who.insist(&format!("{path}/{step}"), &format!("{name}-{step}"), &nothing).await;
            assert!(answer.status.is_success(), "{step}: {}", answer.body);
        }
    }

    /// Several such orders, four at a time.
    pub async fn trade_much(&self, name: &str, orders: usize) {
        let traders = (0..4).map(async |trader| {
            for turn in (trader..orders).step_by(4) {
                self.trade(&format!("{name}-{turn}")).await;
            }
        });
        futures::future::join_all(traders).await;
    }
}

/// The provider of mail as its documentation describes it: one mail per idempotency key, and the same answer
/// for the same key again. Not the provider itself, which no test can reach.
pub struct DocumentedResend {
    pub url: String,
    accepted: std::sync::Arc<Mutex<HashMap<String, Value>>>,
    serving: tokio::task::JoinHandle<()>,
}

impl DocumentedResend {
    async fn start() -> Self {
        use axum::{Json, Router, extract::State, http::HeaderMap, http::StatusCode, routing::post};
        type Accepted = std::sync::Arc<Mutex<HashMap<String, Value>>>;
        async fn send(
            State(accepted): State<Accepted>,
            headers: HeaderMap,
            Json(mail): Json<Value>,
        ) -> (StatusCode, Json<Value>) {
            let key = headers["idempotency-key"].to_str().unwrap().to_owned();
            let mut accepted = accepted.lock().unwrap();
            let before = accepted.entry(key.clone()).or_insert_with(|| mail.clone());
            if *before != mail {
                let refusal =
                    json!({"statusCode": 409, "name": "invalid_idempotent_request", "message": "other"});
                return (StatusCode::CONFLICT, Json(refusal));
            }
            (StatusCode::OK, Json(json!({"id": key})))
        }
        let accepted = Accepted::default();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new().route("/emails", post(send)).with_state(accepted.clone());
        let serving = tokio::spawn(async move {
            let _until_dropped = axum::serve(listener, router).await;
        });
        Self { url, accepted, serving }
    }

    /// The mails that were accepted, one per key.
    pub fn accepted(&self) -> Vec<Value> {
        self.accepted.lock().unwrap().values().cloned().collect()
    }
}

impl Drop for DocumentedResend {
    fn drop(&mut self) {
        self.serving.abort();
    }
}
