//! What every handler of this crate is given.

use std::sync::Arc;

use platform::{
    access_log::AccessLog,
    clock::{Clock, Ids},
    egress::UrlPolicy,
    link_token::LinkKey,
    secrets::Keyring,
    signing_secret::SigningSecret,
};
use sqlx::PgPool;

use super::{auth::LocalLogin, suggestions::Suggestions};
use crate::{committer::Committer, invoices::Invoices};

/// The write side's surroundings; cheap to clone.
#[derive(Clone)]
pub struct CommandState {
    /// The way into the log.
    pub committer: Committer,
    /// Time of logins; commands get theirs from the committer.
    pub clock: Arc<dyn Clock>,
    /// Ids of commands and of what they create.
    pub ids: Arc<dyn Ids>,
    /// Connections for sessions and imports, with the rights of `iris_command`; the committer has its own.
    pub pool: PgPool,
    /// Seals the signing secrets of webhook endpoints, and opens them for the answer that shows them.
    pub seal: Arc<Keyring>,
    /// Which URLs webhooks may be sent to.
    pub url_policy: UrlPolicy,
    /// Logins by password; `None` unless `AUTH_PROVIDER=local`, and then there are no such routes.
    pub local: Option<Arc<LocalLogin>>,
    /// Verifies Clerk's webhooks; `None` unless `AUTH_PROVIDER=clerk`, and then nobody may send any.
    pub clerk: Option<SigningSecret>,
    /// Verifies the links in mails that act without a login.
    pub links: Arc<LinkKey>,
    /// Where logins, refusals and the showing of secrets are recorded.
    pub access_log: AccessLog,
    /// Invoices on their way in.
    pub invoices: Invoices,
    /// What is suggested to restaurants; `None` in a process that does not read, and then lines must be sent.
    pub suggestions: Option<Arc<dyn Suggestions>>,
}
