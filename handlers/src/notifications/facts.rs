//! What has to be looked up to tell of events: who works where, what people want, what things are called.

mod directory;
mod load;

use std::collections::{HashMap, HashSet};

use events::{
    order::Order,
    product::Product,
    values::{AccountId, NotificationPreferences, OrderId, ProductId, WebhookEndpointId},
};
use uuid::Uuid;

pub(crate) use directory::Directory;
pub(crate) use load::is_told;

use super::recipients::To;

/// Somebody who can be told of things.
#[derive(Clone, Debug)]
pub(crate) struct Person {
    pub(crate) account_id: AccountId,
    /// As it is recorded: opened when something is sent to it.
    pub(crate) email: String,
    pub(crate) preferences: NotificationPreferences,
}

/// All that a batch of events needs, read at once.
#[derive(Debug, Default)]
pub(crate) struct Facts {
    directory: Directory,
    employments: HashSet<(AccountId, Uuid)>,
    devices: HashMap<AccountId, Vec<Uuid>>,
    orders: HashMap<OrderId, Order>,
    products: HashMap<ProductId, Product>,
    endpoints: HashMap<WebhookEndpointId, String>,
}

impl Facts {
    pub(crate) fn order(&self, id: OrderId) -> Option<&Order> {
        self.orders.get(&id)
    }

    pub(crate) fn product(&self, id: ProductId) -> Option<&Product> {
        self.products.get(&id)
    }

    pub(crate) fn endpoint(&self, id: WebhookEndpointId) -> Option<&str> {
        self.endpoints.get(&id).map(String::as_str)
    }

    pub(crate) fn organisation_name(&self, id: impl Into<Uuid>) -> Option<&str> {
        self.directory.organisation_name(id.into())
    }

    pub(crate) fn is_approved(&self, restaurant: impl Into<Uuid>) -> bool {
        self.directory.is_approved(restaurant.into())
    }

    pub(crate) fn person(&self, account: AccountId) -> Option<&Person> {
        self.directory.person(account)
    }

    /// Where that person is pushed to. Known where there is somebody to push by, and the person wants it.
    pub(crate) fn devices(&self, account: AccountId) -> &[Uuid] {
        self.devices.get(&account).map_or(&[], Vec::as_slice)
    }

    /// True also of what belongs to no organisation. Known where people were asked for alone.
    pub(crate) fn works_for(&self, account: AccountId, organisation: Option<Uuid>) -> bool {
        organisation.is_none_or(|organisation| self.employments.contains(&(account, organisation)))
    }

    /// The people meant, each once.
    pub(crate) fn people(&self, to: To) -> Vec<&Person> {
        self.directory.people(to)
    }

    /// What can be kept for what comes next.
    pub(crate) fn into_directory(self) -> Directory {
        self.directory
    }
}
