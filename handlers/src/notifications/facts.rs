//! What has to be looked up to tell of events: who works where, what people want, what things are called.

mod load;

use std::collections::{BTreeSet, HashMap, HashSet};

use events::{
    order::Order,
    product::Product,
    values::{AccountId, MemberRole, NotificationPreferences, OrderId, ProductId, WebhookEndpointId},
};
use uuid::Uuid;

use super::recipients::To;

/// Somebody who can be told of things.
#[derive(Clone, Debug)]
pub(crate) struct Person {
    pub(crate) account_id: AccountId,
    /// As it is recorded: opened when something is sent to it.
    pub(crate) email: String,
    pub(crate) preferences: NotificationPreferences,
    pub(crate) devices: Vec<Uuid>,
}

/// All that a batch of events needs, read at once.
#[derive(Debug, Default)]
pub(crate) struct Facts {
    members: HashMap<Uuid, Vec<(AccountId, MemberRole)>>,
    people: HashMap<AccountId, Person>,
    employments: HashSet<(AccountId, Uuid)>,
    names: HashMap<Uuid, String>,
    approved: BTreeSet<Uuid>,
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
        self.names.get(&id.into()).map(String::as_str)
    }

    pub(crate) fn is_approved(&self, restaurant: impl Into<Uuid>) -> bool {
        self.approved.contains(&restaurant.into())
    }

    pub(crate) fn person(&self, account: AccountId) -> Option<&Person> {
        self.people.get(&account)
    }

    /// True also of what belongs to no organisation. Known where people were asked for alone.
    pub(crate) fn works_for(&self, account: AccountId, organisation: Option<Uuid>) -> bool {
        organisation.is_none_or(|organisation| self.employments.contains(&(account, organisation)))
    }

    /// The people meant, each once.
    pub(crate) fn people(&self, to: To) -> Vec<&Person> {
        let of = |organisation: Uuid| self.members.get(&organisation).map_or(&[][..], Vec::as_slice);
        let accounts: Vec<AccountId> = match to {
            To::Members(id) => of(id).iter().map(|(account, _)| *account).collect(),
            To::Owners(id) => {
                let owners = of(id).iter().filter(|(_, role)| *role == MemberRole::Owner);
                owners.map(|(account, _)| *account).collect()
            }
            To::Account(account) => vec![account],
        };
        accounts.iter().filter_map(|account| self.people.get(account)).collect()
    }
}
