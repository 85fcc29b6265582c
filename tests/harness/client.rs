//! A person with a token, over HTTP.

use reqwest::{Method, RequestBuilder, StatusCode, header::HeaderMap};
use serde_json::{Value, json};

/// Where to, and as whom.
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    base: String,
    token: Option<String>,
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    /// HTTP status.
    pub status: StatusCode,
    /// Headers.
    pub headers: HeaderMap,
    /// The body, or null where it is no JSON.
    pub body: Value,
    /// The body as it came.
    pub bytes: Vec<u8>,
}

impl Answer {
    /// What the request is answered.
    pub async fn of(request: RequestBuilder) -> Result<Self, reqwest::Error> {
        let response = request.send().await?;
        let (status, headers) = (response.status(), response.headers().clone());
        let bytes = response.bytes().await?.to_vec();
        Ok(Self { status, headers, body: serde_json::from_slice(&bytes).unwrap_or_default(), bytes })
    }

    /// A field of the body, as text.
    ///
    /// # Panics
    /// If there is none.
    pub fn text(&self, field: &str) -> String {
        self.body[field].as_str().unwrap_or_else(|| panic!("{field} in {}", self.body)).to_owned()
    }

    /// The same answer, which must have that status.
    ///
    /// # Panics
    /// If it has another.
    #[expect(clippy::return_self_not_must_use, reason = "often the check is all that is wanted")]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.body);
        self
    }

    /// The log's position that the answer names.
    ///
    /// # Panics
    /// If it names none.
    pub fn position(&self) -> i64 {
        let position = self.headers.get("iris-position").expect("Iris-Position");
        position.to_str().expect("text").parse().expect("a number")
    }
}

impl Client {
    /// Nobody yet, at `http://…` without the path.
    pub fn new(base: &str) -> Self {
        Self { http: reqwest::Client::new(), base: format!("{base}/api/v1"), token: None }
    }

    /// The same place, as a demo account such as `restaurant@iris.test`.
    ///
    /// # Panics
    /// If the login fails.
    pub async fn logged_in(&self, email: &str) -> Self {
        let body = json!({"email": email, "password": "iris-dev"});
        let answer = self.post("/auth/dev/login", &body).await.expect(200);
        Self { token: Some(answer.text("access_token")), ..self.clone() }
    }

    /// The same place, with that token.
    #[must_use]
    pub fn with_token(&self, token: &str) -> Self {
        Self { token: Some(token.to_owned()), ..self.clone() }
    }

    /// Reads.
    ///
    /// # Panics
    /// If nobody answers.
    pub async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, &[], None).await.expect("answers")
    }

    /// Reads what is at least as new as that position.
    ///
    /// # Panics
    /// If nobody answers.
    pub async fn get_at(&self, path: &str, position: i64) -> Answer {
        let position = position.to_string();
        self.send(Method::GET, path, &[("iris-min-position", &position)], None).await.expect("answers")
    }

    /// Commands.
    ///
    /// # Panics
    /// If nobody answers.
    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        self.send(Method::POST, path, &[], Some(body)).await.expect("answers")
    }

    /// Commands, under a key.
    ///
    /// # Errors
    /// Nobody answers, or not to the end.
    pub async fn try_post(&self, path: &str, key: &str, body: &Value) -> Result<Answer, reqwest::Error> {
        self.send(Method::POST, path, &[("idempotency-key", key)], Some(body)).await
    }

    /// Commands as a client would whose answer got lost: the same request under the same key until
    /// somebody answers for good.
    pub async fn insist(&self, path: &str, key: &str, body: &Value) -> Answer {
        loop {
            match self.try_post(path, key, body).await {
                Ok(answer) if !answer.status.is_server_error() => return answer,
                _ => tokio::task::yield_now().await,
            }
        }
    }

    /// Any request.
    ///
    /// # Errors
    /// Nobody answers, or not to the end.
    pub async fn send(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<&Value>,
    ) -> Result<Answer, reqwest::Error> {
        let mut request = self.request(method, path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(body) = body {
            request = request.json(body);
        }
        Answer::of(request).await
    }

    /// A request as whoever this is.
    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.base));
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }
}
