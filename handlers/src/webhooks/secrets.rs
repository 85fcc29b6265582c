//! The secrets that sign, opened for as long as a lane is held.

use chrono::{DateTime, Utc};
use events::webhook_endpoint::{WebhookEndpoint, seal_about};
use platform::{
    seal::CannotOpen,
    secrets::{Keyring, OpenError},
    signing_secret::SigningSecret,
};
use secrecy::ExposeSecret;
use sqlx::{PgConnection, Row};
use uuid::Uuid;

/// An endpoint's secrets; shows nothing in `Debug`.
pub(super) struct Secrets(Vec<(Uuid, SigningSecret)>);

impl Secrets {
    /// Those of the endpoint that can be opened.
    ///
    /// # Errors
    /// The database's; a data key cannot be had at present: what cannot be signed now is sent later, and not without
    /// its signature.
    pub(super) async fn load(
        connection: &mut PgConnection,
        keyring: &Keyring,
        endpoint_id: Uuid,
    ) -> Result<Self, sqlx::Error> {
        let rows = sqlx::query("SELECT secret_id, sealed FROM webhooks.secrets WHERE endpoint_id = $1")
            .bind(endpoint_id)
            .fetch_all(connection)
            .await?;
        let mut secrets = Vec::with_capacity(rows.len());
        for row in &rows {
            let secret_id: Uuid = row.try_get("secret_id")?;
            let sealed: &[u8] = row.try_get("sealed")?;
            // Sealed for this endpoint and this secret: a row that was moved to another does not open.
            let opened = keyring.open_sealed(sealed, &seal_about(endpoint_id, secret_id)).await;
            let opened = opened.and_then(|plain| {
                Ok(SigningSecret::try_from_bytes(plain.expose_secret()).map_err(|_| CannotOpen)?)
            });
            match opened {
                Ok(secret) => secrets.push((secret_id, secret)),
                Err(OpenError::NotNow(why)) => return Err(sqlx::Error::Io(std::io::Error::other(why))),
                Err(error) => tracing::error!(%endpoint_id, %secret_id, %error, "a signing secret is lost"),
            }
        }
        Ok(Self(secrets))
    }

    /// Those that sign at that moment, the newest first.
    pub(super) fn signing(&self, endpoint: &WebhookEndpoint, now: DateTime<Utc>) -> Vec<SigningSecret> {
        let secret = |id| self.0.iter().find(|(secret_id, _)| *secret_id == id);
        endpoint.signing_secrets(now).filter_map(|id| secret(id).map(|(_, secret)| secret.clone())).collect()
    }
}
