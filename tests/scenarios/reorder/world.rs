//! The API in this process, both halves on one database, at a time that the test sets: a history of weeks is made by the
//! requests that would have made it.

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    body::Body,
    http::{Method, Request, header},
};
use chrono::{DateTime, Utc};
use command_api::{
    CommandState, Committer, SuggestedNow, Suggesting, Suggestions, SuggestionsAway,
    domain::account::RegisterAccount,
    invoices::{Invoices, Readers},
};
use events::values::{AccountId, LoginAddress, RestaurantId, Role, SupplierId};
use harness::{TestDatabase, ordering::submission};
use platform::{
    access_log::AccessLog,
    auth::{Identity, LocalProvider},
    blobs::BlobStore,
    clock::{Clock, FixedClock, Ids, UuidV7Ids},
    egress::UrlPolicy,
    http::{Shell, shell},
    link_token::LinkKey,
    personal::Vault,
    secrets::Keyring,
};
use query_api::{QueryState, Sources, Suggester};
use serde_json::Value;
use tokio::sync::watch;
use tokio_util::sync::{CancellationToken, DropGuard};
use tower::ServiceExt;
use uuid::Uuid;

const SECRET: &str = "0123456789abcdef0123456789abcdef";

/// A program without a port.
pub struct World {
    pub database: TestDatabase,
    pub clock: Arc<FixedClock>,
    router: Router,
    committer: Committer,
    tokens: Arc<LocalProvider>,
    _stop: DropGuard,
}

/// Who calls.
#[derive(Clone)]
pub struct Person {
    pub id: Uuid,
    pub email: String,
    pub role: Role,
}

/// What came back.
pub struct Answer {
    pub status: u16,
    pub position: i64,
    pub body: Value,
}

/// As `iris` connects the two halves.
struct OfReads(Suggester);

impl Suggestions for OfReads {
    fn to(
        &self,
        (account_id, role): (AccountId, Role),
        restaurant_id: RestaurantId,
        supplier_id: Option<SupplierId>,
        service_bps: Option<u16>,
    ) -> Suggesting<'_> {
        Box::pin(async move {
            let of = (restaurant_id.0, supplier_id.map(|id| id.0));
            let asked = self.0.suggested((account_id.0, role), of, service_bps);
            let now = asked.await.map_err(|_| SuggestionsAway)?;
            Ok(SuggestedNow { forecast_run_id: now.forecast_run_id, lines: now.lines })
        })
    }
}

impl World {
    /// With projections that follow.
    pub async fn at(now: DateTime<Utc>) -> Self {
        let database = TestDatabase::create().await;
        let clock = Arc::new(FixedClock::new(now));
        let ids = Arc::new(UuidV7Ids);
        let keyring = Arc::new(Keyring::derive(&SECRET.into()));
        let vault = Arc::new(Vault::new(Arc::clone(&keyring)));
        let (committer, _task) =
            Committer::start(database.options.clone(), vault, clock.clone(), ids.clone());
        let pool = database.pool.clone();
        let (access_log, writer) = AccessLog::new(pool.clone(), clock.clone(), &SECRET.into());
        let stop = CancellationToken::new();
        tokio::spawn(writer.run(stop.clone()));
        let following: watch::Receiver<i64> = committer.head();
        tokio::spawn(projections::run(pool.clone(), clock.clone(), following, stop.clone()));
        let reads = QueryState::new(Sources {
            pool: pool.clone(),
            clock: clock.clone(),
            ids: ids.clone(),
            blobs: BlobStore::at("none"),
            personal: committer.personal().clone(),
            access_log: access_log.clone(),
        });
        let commands = CommandState {
            committer: committer.clone(),
            clock: clock.clone(),
            ids: ids.clone(),
            pool: pool.clone(),
            seal: keyring,
            url_policy: UrlPolicy::default(),
            local: None,
            clerk: None,
            links: Arc::new(LinkKey::derive(&SECRET.into())),
            access_log,
            invoices: Invoices {
                pool,
                committer: committer.clone(),
                blobs: BlobStore::at("none"),
                clock: clock.clone(),
                ids: ids.clone(),
                readers: Readers::none(),
                bell: Arc::default(),
            },
            suggestions: Some(Arc::new(OfReads(Suggester::new(reads.clone())))),
        };
        let tokens = Arc::new(LocalProvider::new(&SECRET.into(), clock.clone()));
        let both = command_api::router(commands).merge(query_api::router(reads));
        let around = Shell { identity: Some(tokens.clone()), ..Shell::new(clock.clone(), ids) };
        let router = shell(both.split_for_parts().0, &around);
        Self { database, clock, router, committer, tokens, _stop: stop.drop_guard() }
    }

    /// Where the log ends, as it moves.
    pub fn head(&self) -> watch::Receiver<i64> {
        self.committer.head()
    }

    /// An account of that role.
    pub async fn account(&self, email: &str, role: Role) -> Person {
        let register = RegisterAccount { address: LoginAddress::new(UuidV7Ids.next(), email), role };
        let registered = self.committer.submit(submission(register, None)).await.unwrap();
        let account: Value = serde_json::from_str(&registered.body).unwrap();
        let id = account["account_id"].as_str().unwrap().parse().unwrap();
        Person { id, email: email.to_owned(), role }
    }

    pub async fn post(&self, who: &Person, path: &str, body: Value) -> Answer {
        self.call(Method::POST, who, path, Some(body), &[]).await
    }

    /// Reads what has seen that position.
    pub async fn get_at(&self, who: &Person, path: &str, position: i64) -> Answer {
        let position = position.to_string();
        self.call(Method::GET, who, path, None, &[("iris-min-position", &position)]).await
    }

    pub async fn call(
        &self,
        method: Method,
        who: &Person,
        path: &str,
        body: Option<Value>,
        headers: &[(&str, &str)],
    ) -> Answer {
        let identity =
            Identity { subject: who.id, email: who.email.clone(), role: who.role.to_string(), key: None };
        let token = self.tokens.issue(&identity, self.clock.now(), Duration::from_mins(5));
        let mut request = Request::builder().method(method).uri(format!("/api/v1{path}"));
        request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let body = match body {
            Some(body) => {
                request = request.header(header::CONTENT_TYPE, "application/json");
                Body::from(body.to_string())
            }
            None => Body::empty(),
        };
        let response = self.router.clone().oneshot(request.body(body).unwrap()).await.unwrap();
        let status = response.status().as_u16();
        let position = response.headers().get("iris-position");
        let position = position.map_or(0, |position| position.to_str().unwrap().parse().unwrap());
        let bytes = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
        Answer { status, position, body: serde_json::from_slice(&bytes).unwrap_or(Value::Null) }
    }
}

impl Answer {
    /// It, with that status.
    #[track_caller]
    pub fn is(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.body);
        self
    }

    /// The resource's id.
    #[track_caller]
    pub fn id(&self) -> String {
        self.body["id"].as_str().unwrap().to_owned()
    }
}
