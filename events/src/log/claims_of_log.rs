//! The claims that a log implies: what an import into an empty database takes again.

use std::collections::{HashMap, HashSet};

use uuid::Uuid;

use super::{Claim, ClaimChange};
use crate::{
    account::{Account, AccountEvent},
    api_key::{ApiKey, ApiKeyEvent},
    envelope::{RecordedEvent, StreamKind},
    fold::{UnreadableEvent, decode},
    invoice::{Invoice, InvoiceEvent, InvoiceFacts, Trade},
    price_rule::{PriceRuleEvent, PriceRules},
    product::{Product, ProductEvent},
    values::{Personal, SupplierId},
};

/// Follows a log from its first event. Grows with the accounts, products and invoices in it.
///
/// Not followed: the number of an invoice that only ever waited. It is claimed again when it is matched or disputed.
#[derive(Debug, Default)]
pub struct ClaimsOfLog {
    /// Whose a product is, and its SKU.
    products: HashMap<Uuid, (SupplierId, String)>,
    /// Of invoices, by SHA-256: the first that brought a file holds it.
    files: HashSet<String>,
    /// Of accounts.
    addresses: HashMap<Uuid, Claim>,
}

impl ClaimsOfLog {
    /// The address that the event brings, sealed or not. Its blind index is what [`Self::changes`] claims.
    ///
    /// # Errors
    /// The event is an account's, and cannot be read.
    pub fn address(event: &RecordedEvent) -> Result<Option<Personal>, UnreadableEvent> {
        if StreamKind::named(&event.stream_kind) != Some(StreamKind::Account) {
            return Ok(None);
        }
        Ok(match decode::<Account>(event)? {
            AccountEvent::AccountRegistered { email, .. } | AccountEvent::LoginAddressChanged { email } => {
                Some(email)
            }
            AccountEvent::AccountRoleChanged { .. }
            | AccountEvent::NotificationPreferencesSet { .. }
            | AccountEvent::LoginLinked { .. }
            | AccountEvent::LoginConfirmed { .. }
            | AccountEvent::LoginEnded { .. }
            | AccountEvent::AccountDisabled { .. }
            | AccountEvent::AccountEnabled { .. }
            | AccountEvent::AccountErased { .. } => None,
        })
    }

    /// What the event claims and gives back; call it for every event, in the log's order. `address_index` is the blind
    /// index of [`Self::address`], where that could be opened: an address that nobody can read is claimed by nobody.
    ///
    /// # Errors
    /// The event is of a kind that claims, and cannot be read.
    pub fn changes(
        &mut self,
        event: &RecordedEvent,
        address_index: Option<&str>,
    ) -> Result<Vec<ClaimChange>, UnreadableEvent> {
        match StreamKind::named(&event.stream_kind) {
            Some(StreamKind::Account) => {
                Ok(self.of_account(&decode::<Account>(event)?, event.stream_id, address_index))
            }
            Some(StreamKind::Product) => Ok(self.of_product(&decode::<Product>(event)?, event.stream_id)),
            Some(StreamKind::Invoice) => Ok(self.of_invoice(&decode::<Invoice>(event)?, event.stream_id)),
            Some(StreamKind::ApiKey) => Ok(of_api_key(&decode::<ApiKey>(event)?, event.stream_id)),
            Some(StreamKind::PriceRules) => Ok(of_price_rules(&decode::<PriceRules>(event)?)),
            _ => Ok(Vec::new()),
        }
    }

    fn of_account(&mut self, event: &AccountEvent, id: Uuid, index: Option<&str>) -> Vec<ClaimChange> {
        match event {
            AccountEvent::AccountRegistered { .. } | AccountEvent::LoginAddressChanged { .. } => {
                let claim = index.map(Claim::email);
                let former = self.addresses.remove(&id).filter(|former| Some(former) != claim.as_ref());
                let released = former.map(|claim| ClaimChange { claim, holder: None });
                self.addresses.extend(claim.clone().map(|claim| (id, claim)));
                let taken = claim.map(|claim| ClaimChange { claim, holder: Some(id) });
                released.into_iter().chain(taken).collect()
            }
            // For good: an erasure does not give it back.
            AccountEvent::LoginLinked { provider, subject, .. } => {
                vec![ClaimChange { claim: Claim::login(*provider, subject), holder: Some(id) }]
            }
            AccountEvent::AccountErased { .. } => {
                let released = self.addresses.remove(&id);
                released.map(|claim| ClaimChange { claim, holder: None }).into_iter().collect()
            }
            AccountEvent::AccountRoleChanged { .. }
            | AccountEvent::NotificationPreferencesSet { .. }
            | AccountEvent::LoginConfirmed { .. }
            | AccountEvent::LoginEnded { .. }
            | AccountEvent::AccountDisabled { .. }
            | AccountEvent::AccountEnabled { .. } => Vec::new(),
        }
    }

    fn of_product(&mut self, event: &ProductEvent, id: Uuid) -> Vec<ClaimChange> {
        let (supplier_id, sku) = match event {
            ProductEvent::ProductCreated { supplier_id, details, .. } => (*supplier_id, details.sku.clone()),
            ProductEvent::ProductDetailsRevised { details } => {
                let Some((supplier_id, _)) = self.products.get(&id) else { return Vec::new() };
                (*supplier_id, details.sku.clone())
            }
            ProductEvent::PriceChanged { .. }
            | ProductEvent::PriceChangeUndone { .. }
            | ProductEvent::ProductDeactivated {}
            | ProductEvent::ProductReactivated {} => return Vec::new(),
        };
        let claim = Claim::sku(supplier_id, &sku);
        let former = self.products.insert(id, (supplier_id, sku));
        let former = former.map(|(supplier_id, sku)| Claim::sku(supplier_id, &sku));
        let released =
            former.filter(|former| *former != claim).map(|claim| ClaimChange { claim, holder: None });
        released.into_iter().chain([ClaimChange { claim, holder: Some(id) }]).collect()
    }

    fn of_invoice(&mut self, event: &InvoiceEvent, id: Uuid) -> Vec<ClaimChange> {
        let claim = match event {
            InvoiceEvent::InvoiceReceived { file, .. } => {
                let is_first = self.files.insert(file.sha256.clone());
                is_first.then(|| Claim::invoice_file(&file.sha256))
            }
            InvoiceEvent::InvoiceMatched { trade, facts, .. }
            | InvoiceEvent::InvoiceDisputed { trade, facts, .. } => number(trade, facts),
            InvoiceEvent::InvoiceExtracted { .. }
            | InvoiceEvent::InvoiceCorrected { .. }
            | InvoiceEvent::InvoiceHeld { .. }
            | InvoiceEvent::InvoiceRejected { .. }
            | InvoiceEvent::InvoiceCredited { .. } => None,
        };
        claim.map(|claim| ClaimChange { claim, holder: Some(id) }).into_iter().collect()
    }
}

/// A place is never given back: whoever needs one takes it from a key that lives no more.
fn of_api_key(event: &ApiKeyEvent, id: Uuid) -> Vec<ClaimChange> {
    match event {
        ApiKeyEvent::ApiKeyIssued { account_id, place, .. } => {
            vec![ClaimChange { claim: Claim::api_key_place(*account_id, *place), holder: Some(id) }]
        }
        ApiKeyEvent::ApiKeyRotated { .. } | ApiKeyEvent::ApiKeyRevoked {} => Vec::new(),
    }
}

/// Whose a rule is stays known when it has ended.
fn of_price_rules(event: &PriceRuleEvent) -> Vec<ClaimChange> {
    match event {
        PriceRuleEvent::PriceRuleCreated { supplier_id, rule_id, .. } => {
            vec![ClaimChange { claim: Claim::price_rule(*rule_id), holder: Some(supplier_id.0) }]
        }
        PriceRuleEvent::PriceRuleRevised { .. }
        | PriceRuleEvent::PriceRuleEnded { .. }
        | PriceRuleEvent::PriceRulesPaused { .. }
        | PriceRuleEvent::PriceRulesResumed { .. } => Vec::new(),
    }
}

fn number(trade: &Trade, facts: &InvoiceFacts) -> Option<Claim> {
    let number = invoicing::duplicate::fold(facts.number.as_deref()?);
    (!number.is_empty()).then(|| Claim::invoice_number(trade.supplier_id, facts.kind, &number))
}
