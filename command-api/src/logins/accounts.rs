//! Whose account a login is, as the log has it at this moment.

use events::{log::Claim, values::LoginProvider};
use futures::future::BoxFuture;
use platform::auth::{Accounts, CLERK, FoundAccount, Identity, LinkedAccount};
use sqlx::PgPool;
use uuid::Uuid;

use super::LoginFault;

/// Looks accounts up in the log itself.
///
/// One indexed statement per request: the claim on the provider's user, and the account's stream. A read table or a cache would be cheaper and later: somebody who was just locked out would be let in by it.
#[derive(Clone, Debug)]
pub struct LinkedAccounts {
    pool: PgPool,
}

impl LinkedAccounts {
    /// Over connections that may call `auth.find_login`.
    pub fn new(pool: PgPool) -> Self {
        Self { pool }
    }

    async fn look_up(
        &self,
        provider: LoginProvider,
        subject: &str,
    ) -> Result<Option<LinkedAccount>, LoginFault> {
        let sql = "SELECT account_id, role, email, is_open, is_erased FROM auth.find_login($1, $2)";
        let claim = Claim::login(provider, subject);
        let found: Option<Standing> =
            sqlx::query_as(sql).bind(provider.name()).bind(&claim.value).fetch_optional(&self.pool).await?;
        // Erased: nobody is behind it any more, and its user gets no other one. There is nothing to enable.
        let Some((account_id, Some(role), Some(email), is_open, false)) = found else { return Ok(None) };
        // The address stays sealed: most requests show it to nobody, and opening it would cost each a query.
        let identity = Identity { subject: account_id, email, role, key: None };
        Ok(Some(LinkedAccount { identity, is_disabled: !is_open }))
    }
}

/// Account, role, address, whether it may act, and whether it is erased.
type Standing = (Uuid, Option<String>, Option<String>, bool, bool);

impl Accounts for LinkedAccounts {
    fn find<'a>(&'a self, provider: &'a str, subject: &'a str) -> BoxFuture<'a, FoundAccount> {
        Box::pin(async move {
            if provider != CLERK {
                return Ok(None);
            }
            Ok(self.look_up(LoginProvider::Clerk, subject).await?)
        })
    }
}
