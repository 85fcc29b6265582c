//! Who works where, what they want, and what organisations are called.

use std::collections::{BTreeSet, HashMap};

use events::{
    account::Account,
    restaurant::{Restaurant, RestaurantStatus},
    supplier::Supplier,
    values::{AccountId, MemberRole},
};
use sqlx::PgConnection;
use uuid::Uuid;

use super::{
    Person,
    load::{list, states},
};
use crate::{consumer::HandleError, notifications::recipients::To};

/// So many organisations and people are kept at most.
const KEPT_MAX: usize = 20_000;

/// What the read models say of organisations and people, as far as it was asked for. What is not there is remembered,
/// too.
#[derive(Debug, Default)]
pub(crate) struct Directory {
    organisations: HashMap<Uuid, Organisation>,
    people: HashMap<AccountId, Option<Person>>,
}

#[derive(Debug, Default)]
struct Organisation {
    name: Option<String>,
    is_approved: bool,
    members: Vec<(AccountId, MemberRole)>,
}

impl Directory {
    /// Reads what is not known of these organisations and of who works for them.
    pub(super) async fn load_organisations(
        &mut self,
        tx: &mut PgConnection,
        ids: &BTreeSet<Uuid>,
    ) -> Result<(), HandleError> {
        let unknown: BTreeSet<Uuid> =
            ids.iter().copied().filter(|id| !self.organisations.contains_key(id)).collect();
        if !unknown.is_empty() {
            self.make_room();
            self.load_unknown_organisations(tx, &unknown).await?;
        }
        let members = ids.iter().filter_map(|id| self.organisations.get(id)).flat_map(|known| &known.members);
        let accounts = members.map(|(account, _)| account.0).collect();
        self.load_people(tx, &accounts).await
    }

    async fn load_unknown_organisations(
        &mut self,
        tx: &mut PgConnection,
        ids: &BTreeSet<Uuid>,
    ) -> Result<(), HandleError> {
        let mut read: HashMap<Uuid, Organisation> =
            ids.iter().map(|id| (*id, Organisation::default())).collect();
        for (id, supplier) in states::<Supplier>(tx, SUPPLIERS, ids).await? {
            read.entry(id).or_default().name = Some(supplier.details.name);
        }
        for (id, restaurant) in states::<Restaurant>(tx, RESTAURANTS, ids).await? {
            let known = read.entry(id).or_default();
            known.is_approved = restaurant.status == RestaurantStatus::Approved;
            known.name = Some(restaurant.details.name);
        }
        let rows: Vec<(Uuid, Uuid, String)> = sqlx::query_as(
            "SELECT organisation_id, account_id, role FROM read.memberships \
             WHERE organisation_id = ANY($1) ORDER BY organisation_id, account_id",
        )
        .bind(list(ids))
        .fetch_all(tx)
        .await?;
        for (organisation, account, role) in rows {
            let role = role.parse().map_err(|_| HandleError::Corrupt(format!("role {role}")))?;
            read.entry(organisation).or_default().members.push((AccountId(account), role));
        }
        self.organisations.extend(read);
        Ok(())
    }

    /// Reads who of these is not known.
    pub(super) async fn load_people(
        &mut self,
        tx: &mut PgConnection,
        ids: &BTreeSet<Uuid>,
    ) -> Result<(), HandleError> {
        let unknown: BTreeSet<Uuid> =
            ids.iter().copied().filter(|id| !self.people.contains_key(&AccountId(*id))).collect();
        let read = states::<Account>(tx, ACCOUNTS, &unknown).await?;
        self.people.extend(unknown.into_iter().map(|id| (AccountId(id), None)));
        for (id, account) in read {
            // Memberships of who was erased stay as bare ids; nobody is told of anything by them.
            if account.erased {
                continue;
            }
            let account_id = AccountId(id);
            let person =
                Person { account_id, email: account.email.to_line(), preferences: account.notifications };
            self.people.insert(account_id, Some(person));
        }
        Ok(())
    }

    fn make_room(&mut self) {
        if self.organisations.len() + self.people.len() > KEPT_MAX {
            *self = Self::default();
        }
    }

    pub(super) fn organisation_name(&self, id: Uuid) -> Option<&str> {
        self.organisations.get(&id)?.name.as_deref()
    }

    pub(super) fn is_approved(&self, restaurant: Uuid) -> bool {
        self.organisations.get(&restaurant).is_some_and(|known| known.is_approved)
    }

    pub(super) fn person(&self, account: AccountId) -> Option<&Person> {
        self.people.get(&account)?.as_ref()
    }

    pub(super) fn people(&self, to: To) -> Vec<&Person> {
        let of = |id: Uuid| self.organisations.get(&id).map_or(&[][..], |known| &known.members);
        let accounts: Vec<AccountId> = match to {
            To::Members(id) => of(id).iter().map(|(account, _)| *account).collect(),
            To::Owners(id) => {
                let owners = of(id).iter().filter(|(_, role)| *role == MemberRole::Owner);
                owners.map(|(account, _)| *account).collect()
            }
            To::Account(account) => vec![account],
        };
        accounts.iter().filter_map(|account| self.person(*account)).collect()
    }

    /// Those who work for any of these.
    pub(super) fn members<'a>(&'a self, ids: &'a BTreeSet<Uuid>) -> impl Iterator<Item = AccountId> + 'a {
        let known = ids.iter().filter_map(|id| self.organisations.get(id));
        known.flat_map(|known| known.members.iter().map(|(account, _)| *account))
    }
}

const ACCOUNTS: &str = "SELECT account_id, state::text FROM read.accounts WHERE account_id = ANY($1)";
const SUPPLIERS: &str = "SELECT supplier_id, state::text FROM read.suppliers WHERE supplier_id = ANY($1)";
const RESTAURANTS: &str =
    "SELECT restaurant_id, state::text FROM read.restaurants WHERE restaurant_id = ANY($1)";
