//! Reading facts: every table once, however many events there are.

use std::collections::BTreeSet;

use events::{
    Fold as _, Folded,
    log::load_streams,
    public::{PublicData, PublicEvent},
    values::{AccountId, NotificationKind, OrderId, ProductId, WebhookEndpointId},
    webhook_endpoint::WebhookEndpoint,
};
use serde::de::DeserializeOwned;
use sqlx::PgConnection;
use uuid::Uuid;

use super::{Directory, Facts, Person};
use crate::{consumer::HandleError, notifications::decide::Configured};

#[derive(Default)]
struct Wanted {
    organisations: BTreeSet<Uuid>,
    accounts: BTreeSet<Uuid>,
    orders: BTreeSet<Uuid>,
    products: BTreeSet<Uuid>,
    endpoints: BTreeSet<Uuid>,
}

impl Facts {
    /// Reads what telling of these events needs, in the caller's transaction, beyond what the directory knows already.
    /// What is not there is left out.
    pub(crate) async fn load_in_tx(
        tx: &mut PgConnection,
        events: impl IntoIterator<Item = &PublicEvent>,
        directory: Directory,
        configured: Configured,
    ) -> Result<Self, HandleError> {
        let mut wanted = Wanted::default();
        for event in events {
            wanted.add(event);
        }
        let mut facts = Self { directory, ..Self::default() };
        facts.directory.load_organisations(tx, &wanted.organisations).await?;
        for (id, order) in states(tx, ORDERS, &wanted.orders).await? {
            facts.orders.insert(OrderId(id), order);
        }
        for (id, product) in states(tx, PRODUCTS, &wanted.products).await? {
            facts.products.insert(ProductId(id), product);
        }
        facts.load_endpoints(tx, &wanted.endpoints).await?;
        facts.directory.load_people(tx, &wanted.accounts).await?;
        if configured.push {
            facts.load_devices(tx, &wanted).await?;
        }
        Ok(facts)
    }

    /// Reads those people alone, and for whom they work.
    pub(crate) async fn load_people_in_tx(
        tx: &mut PgConnection,
        accounts: &BTreeSet<Uuid>,
    ) -> Result<Self, HandleError> {
        let mut facts = Self::default();
        facts.directory.load_people(tx, accounts).await?;
        let rows: Vec<(Uuid, Uuid)> = sqlx::query_as(
            "SELECT account_id, organisation_id FROM read.memberships WHERE account_id = ANY($1)",
        )
        .bind(list(accounts))
        .fetch_all(tx)
        .await?;
        let employment = |(account, organisation)| (AccountId(account), organisation);
        facts.employments = rows.into_iter().map(employment).collect();
        Ok(facts)
    }

    /// Devices are rows that no event tells of, so they are looked up whenever they are needed: of those who want to be
    /// pushed to by anything at all.
    async fn load_devices(&mut self, tx: &mut PgConnection, wanted: &Wanted) -> Result<(), HandleError> {
        let wants_pushes = |account: &AccountId| {
            let choice = |person: &Person| {
                NotificationKind::ALL.iter().any(|kind| person.preferences.choice(*kind).push)
            };
            self.directory.person(*account).is_some_and(choice)
        };
        let members = self.directory.members(&wanted.organisations);
        let accounts = members.chain(wanted.accounts.iter().map(|id| AccountId(*id))).filter(wants_pushes);
        let accounts: BTreeSet<Uuid> = accounts.map(|account| account.0).collect();
        if accounts.is_empty() {
            return Ok(());
        }
        let devices: Vec<(Uuid, Uuid)> = sqlx::query_as(
            "SELECT account_id, device_id FROM notifications.devices \
             WHERE account_id = ANY($1) ORDER BY device_id",
        )
        .bind(list(&accounts))
        .fetch_all(tx)
        .await?;
        for (account, device) in devices {
            self.devices.entry(AccountId(account)).or_default().push(device);
        }
        Ok(())
    }

    async fn load_endpoints(
        &mut self,
        tx: &mut PgConnection,
        ids: &BTreeSet<Uuid>,
    ) -> Result<(), HandleError> {
        if ids.is_empty() {
            return Ok(());
        }
        let wanted: Vec<_> =
            ids.iter().map(|id| (WebhookEndpoint::stream(*id), WebhookEndpoint::STATE_VERSION)).collect();
        for (stream, history) in load_streams(tx, &wanted).await? {
            let snapshot = match &history.snapshot {
                Some((_, state)) => from_json::<Folded<WebhookEndpoint>>(stream.id, state),
                None => Some(Folded::default()),
            };
            let Some(mut endpoint) = snapshot else { continue };
            let applied = history.events.iter().try_for_each(|event| endpoint.apply_recorded(event));
            match applied {
                Ok(()) if endpoint.exists() => {
                    let shown = shown_url(&endpoint.state.details.url);
                    self.endpoints.insert(WebhookEndpointId(stream.id), shown);
                }
                Ok(()) => {}
                Err(error) => tracing::error!(%error, id = %stream.id, "a webhook endpoint cannot be read"),
            }
        }
        Ok(())
    }
}

/// True of an event that anybody may be told of.
pub(crate) fn is_told(event: &PublicEvent) -> bool {
    Wanted::default().add(event)
}

impl Wanted {
    /// Adds what telling of the event needs; false where nobody is told of it.
    fn add(&mut self, event: &PublicEvent) -> bool {
        let audience = event.audience;
        match &event.data {
            PublicData::OrderConfirmed(data) => self.add_order(data.order_id),
            PublicData::OrderRejected(data) => self.add_order(data.order_id),
            PublicData::OrderCancelled(data) => self.add_order(data.order_id),
            PublicData::DeliveryMarked(data) => self.add_order(data.order_id),
            PublicData::DeliveryConfirmed(data) => self.add_order(data.order_id),
            PublicData::StockLow(data) => {
                self.products.insert(data.product_id.0);
            }
            PublicData::WebhookEndpointFailing(data) => {
                self.endpoints.insert(data.webhook_endpoint_id.0);
            }
            PublicData::WebhookEndpointDisabled(data) => {
                self.endpoints.insert(data.webhook_endpoint_id.0);
            }
            PublicData::InvoiceMatched(data) => self.add_order(data.order_id),
            PublicData::InvoiceDisputed(data) => self.add_order(data.order_id),
            PublicData::InvoiceHeld(held) => {
                // It is told to the buyer alone, and names the seller nevertheless.
                self.organisations.extend(held.supplier_id.map(|id| id.0));
            }
            PublicData::OrderPlaced(_) | PublicData::RestaurantApproved(_) | PublicData::TrialEnded(_) => {}
            // Nobody is told of the rest.
            _ => return false,
        }
        self.organisations.extend(audience.supplier_id.map(|id| id.0));
        self.organisations.extend(audience.restaurant_id.map(|id| id.0));
        self.accounts.extend(audience.account_id.map(|id| id.0));
        true
    }

    fn add_order(&mut self, id: OrderId) {
        self.orders.insert(id.0);
    }
}

const ORDERS: &str = "SELECT order_id, state::text FROM read.orders WHERE order_id = ANY($1)";
const PRODUCTS: &str = "SELECT product_id, state::text FROM read.products WHERE product_id = ANY($1)";

pub(super) async fn states<S: DeserializeOwned>(
    tx: &mut PgConnection,
    sql: &'static str,
    ids: &BTreeSet<Uuid>,
) -> Result<Vec<(Uuid, S)>, HandleError> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let rows: Vec<(Uuid, String)> = sqlx::query_as(sql).bind(list(ids)).fetch_all(tx).await?;
    let read = |(id, state): (Uuid, String)| Some((id, from_json::<Folded<S>>(id, &state)?.state));
    Ok(rows.into_iter().filter_map(read).collect())
}

/// A state that cannot be read counts as absent: what needs it is passed over, and the rest is told.
fn from_json<T: DeserializeOwned>(id: Uuid, state: &str) -> Option<T> {
    let read = serde_json::from_str(state);
    if let Err(error) = &read {
        // What serde says of a fault may quote the state, which holds personal data: only where it is.
        tracing::error!(%id, line = error.line(), column = error.column(), "a state cannot be read");
    }
    read.ok()
}

pub(super) fn list(ids: &BTreeSet<Uuid>) -> Vec<Uuid> {
    ids.iter().copied().collect()
}

/// Its query and password are left out: they may be secrets, and mail is read by many.
fn shown_url(url: &str) -> String {
    let Ok(mut shown) = url.parse::<reqwest::Url>() else { return String::new() };
    shown.set_query(None);
    shown.set_fragment(None);
    let _absent = (shown.set_username(""), shown.set_password(None));
    shown.to_string()
}
