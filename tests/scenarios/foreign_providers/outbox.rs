//! One message that waits to be sent, and the senders of Iris that send it.

use std::{sync::Arc, time::Duration};

use events::{Folded, account::Account};
use handlers::notifications::{Fcm, MailChannel, NotificationSettings, Notifications, Resend, Tempo};
use harness::{TestDatabase, ordering::fresh, until};
use platform::{
    clock::{SystemClock, UuidV7Ids},
    link_token::LinkKey,
    personal::Vault,
    service_account::ServiceAccount,
};
use serde_json::Value;
use sqlx::PgPool;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);
pub const RESEND_KEY: &str = "re_test";
pub const FROM: &str = "Iris <no-reply@iris.example>";
pub const KIND: &str = "order_placed";
/// What JSON and mail programs may take amiss.
pub const SUBJECT: &str = "Ny beställning från \"Krog & Bar\" – 1 234,50 kr";
pub const TEXT: &str = "Potatis <b>King</b> 🥔\n2,5 kg\tför\u{a0}måndag \\ tisdag";
pub const HTML: &str = "<p>Potatis &lt;b&gt;King&lt;/b&gt; 🥔</p>";

/// A message as the consumer of events leaves it.
pub struct Outbox {
    pool: PgPool,
    pub message_id: Uuid,
    pub notification_id: Uuid,
    pub subject_id: Uuid,
}

impl Outbox {
    async fn holding(
        channel: &str,
        recipient: Option<&str>,
        unsubscribe_url: Option<&str>,
        token: Option<&str>,
    ) -> Self {
        let pool = TestDatabase::create().await.pool;
        let outbox = Self { pool, message_id: fresh(), notification_id: fresh(), subject_id: fresh() };
        let (account, device) = (fresh(), fresh());
        // Whoever is told is looked up once more before anything is sent.
        let state = Folded::<Account> { revision: 1, ..Folded::default() };
        sqlx::query("INSERT INTO read.accounts (account_id, created_at, state) VALUES ($1, now(), $2)")
            .bind(account)
            .bind(sqlx::types::Json(state))
            .execute(&outbox.pool)
            .await
            .unwrap();
        sqlx::query(
            "INSERT INTO notifications.notifications (notification_id, account_id, kind, event_id, position, \
             subject_kind, subject_id, locale, title, body, in_app, created_at) \
             VALUES ($1, $2, $3, $4, 1, 'order', $5, 'sv', $6, $7, true, now())",
        )
        .bind(outbox.notification_id)
        .bind(account)
        .bind(KIND)
        .bind(fresh())
        .bind(outbox.subject_id)
        .bind(SUBJECT)
        .bind(TEXT)
        .execute(&outbox.pool)
        .await
        .unwrap();
        if let Some(token) = token {
            sqlx::query(
                "INSERT INTO notifications.devices (device_id, account_id, token, created_at) \
                 VALUES ($1, $2, $3, now())",
            )
            .bind(device)
            .bind(account)
            .bind(token)
            .execute(&outbox.pool)
            .await
            .unwrap();
        }
        sqlx::query(
            "INSERT INTO notifications.messages (message_id, account_id, notification_id, device_id, channel, \
             kind, decision, state, priority, due, recipient, subject, text_body, html_body, \
             unsubscribe_url, created_at) \
             VALUES ($1, $2, $3, $4, $5, $6, 'now', 'queued', 1, now(), $7, $8, $9, $10, $11, now())",
        )
        .bind(outbox.message_id)
        .bind(account)
        .bind(outbox.notification_id)
        .bind(token.map(|_| device))
        .bind(channel)
        .bind(KIND)
        .bind(recipient)
        .bind(SUBJECT)
        .bind(TEXT)
        .bind(recipient.map(|_| HTML))
        .bind(unsubscribe_url)
        .execute(&outbox.pool)
        .await
        .unwrap();
        outbox
    }

    pub async fn with_mail(recipient: &str, unsubscribe_url: &str) -> Self {
        Self::holding("email", Some(recipient), Some(unsubscribe_url), None).await
    }

    pub async fn with_push(token: &str) -> Self {
        Self::holding("push", None, None, Some(token)).await
    }

    /// Through our client of Resend, to a server at `url`; returns the id that it was answered with.
    pub async fn send_mail(&self, url: &str) -> Option<String> {
        let resend = Resend::try_new(url, RESEND_KEY.to_owned().into(), FROM.to_owned(), REQUEST_TIMEOUT);
        self.send(Some(MailChannel::Resend(resend.unwrap())), None).await
    }

    /// Through our client of FCM, to a server at `url`.
    pub async fn send_push(&self, url: &str, account: &Value) {
        let account = ServiceAccount::read(&account.to_string().into()).unwrap();
        let fcm = Fcm::try_new(url, account, REQUEST_TIMEOUT).unwrap();
        self.send(None, Some(fcm)).await;
    }

    async fn send(&self, mail: Option<MailChannel>, push: Option<Fcm>) -> Option<String> {
        let settings = NotificationSettings {
            public_url: "https://iris.example".to_owned(),
            links: LinkKey::derive(&"a signing secret of this test's own".to_owned().into()),
            mail,
            push,
            tempo: Tempo { request_timeout: REQUEST_TIMEOUT, ..Tempo::default() },
            vault: Arc::new(Vault::derive(&"a signing secret of this test's own".to_owned().into())),
        };
        let ids = Arc::new(UuidV7Ids);
        let notifications =
            Arc::new(Notifications::new(self.pool.clone(), Arc::new(SystemClock), ids, settings));
        let stop = CancellationToken::new();
        let (sender, until_stopped) = (Arc::clone(&notifications), stop.clone());
        let running = tokio::spawn(async move { sender.run(until_stopped).await });
        until("the message is sent", async || self.state().await.0 == "sent").await;
        stop.cancel();
        running.await.unwrap();
        self.state().await.1
    }

    async fn state(&self) -> (String, Option<String>) {
        sqlx::query_as("SELECT state, provider_id FROM notifications.messages WHERE message_id = $1")
            .bind(self.message_id)
            .fetch_one(&self.pool)
            .await
            .unwrap()
    }
}
