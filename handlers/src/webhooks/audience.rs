//! Which endpoint may hear of which event.

use std::collections::{BTreeSet, HashMap};

use events::{
    public::{Audience, PublicData, PublicEvent},
    values::{AccountId, RestaurantId, SupplierId},
    webhook_endpoint::EndpointOwner,
};
use sqlx::{PgConnection, Row};
use uuid::Uuid;

/// Which partners' accounts the organisations concerned have let in.
#[derive(Debug, Default)]
pub(super) struct Grants {
    suppliers: HashMap<SupplierId, Vec<AccountId>>,
    restaurants: HashMap<RestaurantId, Vec<AccountId>>,
}

impl Grants {
    /// Of the organisations that these events concern, as the read models have them.
    pub(super) async fn load_in_tx(
        tx: &mut PgConnection,
        events: &[PublicEvent],
    ) -> Result<Self, sqlx::Error> {
        let suppliers: BTreeSet<_> = events.iter().filter_map(|event| event.audience.supplier_id).collect();
        let restaurants: BTreeSet<_> =
            events.iter().filter_map(|event| event.audience.restaurant_id).collect();
        let suppliers = partners(
            tx,
            "SELECT supplier_id AS id, state->'state'->'partners' AS partners \
             FROM read.suppliers WHERE supplier_id = ANY($1)",
            suppliers.into_iter().map(Uuid::from).collect(),
        );
        let suppliers = suppliers.await?;
        let restaurants = partners(
            tx,
            "SELECT restaurant_id AS id, state->'state'->'partners' AS partners \
             FROM read.restaurants WHERE restaurant_id = ANY($1)",
            restaurants.into_iter().map(Uuid::from).collect(),
        );
        Ok(Self { suppliers, restaurants: restaurants.await? })
    }

    fn has(&self, account_id: AccountId, audience: &Audience) -> bool {
        let supplier = audience.supplier_id.and_then(|id| self.suppliers.get(&id));
        let restaurant = audience.restaurant_id.and_then(|id| self.restaurants.get(&id));
        supplier.into_iter().chain(restaurant).any(|partners| partners.contains(&account_id))
    }
}

async fn partners<Id: From<Uuid> + Eq + std::hash::Hash>(
    tx: &mut PgConnection,
    sql: &'static str,
    ids: Vec<Uuid>,
) -> Result<HashMap<Id, Vec<AccountId>>, sqlx::Error> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let rows = sqlx::query(sql).bind(ids).fetch_all(tx).await?;
    rows.iter()
        .map(|row| {
            let partners: Option<sqlx::types::Json<Vec<AccountId>>> = row.try_get("partners")?;
            let id: Uuid = row.try_get("id")?;
            Ok((id.into(), partners.map(|partners| partners.0).unwrap_or_default()))
        })
        .collect()
}

/// True if an endpoint of that owner may hear of an event for that audience.
///
/// This alone keeps one organisation's trade from another's endpoint: whatever an endpoint asks for by its
/// types and conditions narrows what is allowed here, and never widens it.
pub(super) fn may_hear(owner: &EndpointOwner, event: &PublicEvent, grants: &Grants) -> bool {
    let audience = &event.audience;
    if audience.everyone {
        return true;
    }
    match owner {
        EndpointOwner::Restaurant(id) => audience.restaurant_id == Some(*id),
        EndpointOwner::Supplier(id) => audience.supplier_id == Some(*id),
        EndpointOwner::Partner(id) => {
            audience.account_id == Some(*id) || is_opened_by_grants(&event.data) && grants.has(*id, audience)
        }
        EndpointOwner::Platform => true,
    }
}

/// A grant lets a partner hear of an organisation's trade. Where else the organisation listens, and whether that
/// works, is no part of it.
const fn is_opened_by_grants(data: &PublicData) -> bool {
    !matches!(data, PublicData::WebhookEndpointFailing(_) | PublicData::WebhookEndpointDisabled(_))
}

#[cfg(test)]
mod tests {
    use events::{
        public::party::{WebhookEndpointDisabled, WebhookPing},
        webhook_endpoint::DisabledReason,
    };

    use super::*;

    fn told(audience: Audience, data: PublicData) -> PublicEvent {
        let time = chrono::DateTime::UNIX_EPOCH;
        let (event_id, subject) = (Uuid::nil(), Uuid::nil());
        PublicEvent { event_id, position: 1, subject, time, traceparent: None, audience, data }
    }

    /// An event that grants open.
    fn trade(audience: Audience) -> PublicEvent {
        told(audience, PublicData::WebhookPing(WebhookPing { webhook_endpoint_id: id(9) }))
    }

    #[test]
    fn a_grant_tells_nothing_of_the_endpoints_of_who_gave_it() {
        let (supplier, partner) = (id::<SupplierId>(1), id::<AccountId>(5));
        let grants = Grants { suppliers: HashMap::from([(supplier, vec![partner])]), ..Grants::default() };
        let audience = Audience { supplier_id: Some(supplier), ..Audience::default() };
        let reason = DisabledReason::Gone;
        let data = WebhookEndpointDisabled { webhook_endpoint_id: id(9), reason };
        let disabled = told(audience, PublicData::WebhookEndpointDisabled(data));
        assert!(!may_hear(&EndpointOwner::Partner(partner), &disabled, &grants));
        assert!(may_hear(&EndpointOwner::Partner(partner), &trade(audience), &grants));
        assert!(may_hear(&EndpointOwner::Supplier(supplier), &disabled, &grants));
    }

    fn id<T: From<Uuid>>(number: u128) -> T {
        Uuid::from_u128(number).into()
    }

    #[test]
    fn each_owner_hears_what_concerns_it_and_what_is_public() {
        use EndpointOwner::{Partner, Platform, Restaurant, Supplier};
        let (supplier, other_supplier) = (id::<SupplierId>(1), id::<SupplierId>(2));
        let (restaurant, other_restaurant) = (id::<RestaurantId>(3), id::<RestaurantId>(4));
        let (of_supplier, of_restaurant, stranger) = (id(5), id(6), id::<AccountId>(7));
        let grants = Grants {
            suppliers: HashMap::from([(supplier, vec![of_supplier]), (other_supplier, vec![stranger])]),
            restaurants: HashMap::from([(restaurant, vec![of_restaurant])]),
        };
        let nobody = Audience::default();
        let order =
            Audience { supplier_id: Some(supplier), restaurant_id: Some(restaurant), ..Audience::default() };
        let stock = Audience { supplier_id: Some(supplier), ..Audience::default() };
        let account = Audience { account_id: Some(stranger), ..Audience::default() };
        let offer = Audience { everyone: true, ..stock };

        // Owner, and whether it hears of: an order, stock, an account's own, nobody's, a public offer.
        let table = [
            (Supplier(supplier), [true, true, false, false, true]),
            (Supplier(other_supplier), [false, false, false, false, true]),
            (Restaurant(restaurant), [true, false, false, false, true]),
            (Restaurant(other_restaurant), [false, false, false, false, true]),
            (Partner(of_supplier), [true, true, false, false, true]),
            (Partner(of_restaurant), [true, false, false, false, true]),
            (Partner(stranger), [false, false, true, false, true]),
            (Platform, [true, true, true, true, true]),
        ];
        for (owner, expected) in table {
            let audiences = [order, stock, account, nobody, offer];
            let heard = audiences.map(|audience| may_hear(&owner, &trade(audience), &grants));
            assert_eq!(heard, expected, "{owner:?}");
        }
    }
}
