//! Claims: values that may have one holder over all streams.

use sqlx::{PgConnection, Row};
use uuid::Uuid;

use crate::values::LoginProvider;

/// A value in a scope, compared without regard to case: `("sku:<supplier id>", "ab-1")`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Claim {
    /// What the value is unique over: `email`, `sku:<supplier id>`.
    pub scope: String,
    /// The value, in lower case.
    pub value: String,
}

impl Claim {
    /// An account's e-mail address, by its blind index: this table names nobody.
    pub fn email(index: &str) -> Self {
        Self { scope: "email".to_owned(), value: index.to_owned() }
    }

    /// A user of an identity provider, who logs in to one account.
    ///
    /// In hexadecimal: values are compared without regard to case, and two users may differ in case alone.
    pub fn login(provider: LoginProvider, subject: &str) -> Self {
        Self { scope: format!("login.{}", provider.name()), value: hex::encode(subject) }
    }

    /// One of the places that an account has for API keys: so many live at once, however many processes issue them.
    pub fn api_key_place(account_id: crate::values::AccountId, place: u8) -> Self {
        Self { scope: format!("api_key:{account_id}"), value: place.to_string() }
    }

    /// A price rule, which is the supplier's: what tells whose stream it is on. Never given back.
    pub fn price_rule(rule_id: crate::values::PriceRuleId) -> Self {
        Self { scope: "price_rule".to_owned(), value: rule_id.to_string() }
    }

    /// A supplier's number for a product.
    pub fn sku(supplier_id: crate::values::SupplierId, sku: &str) -> Self {
        Self { scope: format!("sku:{supplier_id}"), value: sku.to_lowercase() }
    }

    /// The bytes of an invoice, by their SHA-256 in hex: the same file is the same invoice.
    pub fn invoice_file(sha256: &str) -> Self {
        Self { scope: "invoice_file".to_owned(), value: sha256.to_owned() }
    }

    /// A supplier's number for an invoice, folded by [`invoicing::duplicate`]; invoices and credit notes have
    /// series of their own.
    pub fn invoice_number(
        supplier_id: crate::values::SupplierId,
        kind: invoicing::invoice::Kind,
        number: &str,
    ) -> Self {
        let series = match kind {
            invoicing::invoice::Kind::Invoice => "invoice",
            invoicing::invoice::Kind::CreditNote => "credit_note",
        };
        Self { scope: format!("{series}_number:{supplier_id}"), value: number.to_lowercase() }
    }
}

/// A claim's holder from now on; nobody where it is released.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimChange {
    /// What is claimed.
    pub claim: Claim,
    /// By whom.
    pub holder: Option<Uuid>,
}

/// Who holds each of these claims, in the order asked.
pub async fn holders_of(
    connection: &mut PgConnection,
    claims: &[Claim],
) -> Result<Vec<Option<Uuid>>, sqlx::Error> {
    let scopes: Vec<&str> = claims.iter().map(|claim| claim.scope.as_str()).collect();
    let values: Vec<&str> = claims.iter().map(|claim| claim.value.as_str()).collect();
    let rows = sqlx::query(
        "SELECT c.holder \
         FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS wanted(scope, value, place) \
         LEFT JOIN LATERAL ( \
           SELECT c.holder FROM public.claims c \
           WHERE c.scope = wanted.scope AND c.value = wanted.value::citext LIMIT 1 \
         ) c ON true \
         ORDER BY wanted.place",
    )
    .bind(scopes)
    .bind(values)
    .fetch_all(connection)
    .await?;
    rows.iter().map(|row| row.try_get("holder")).collect()
}
