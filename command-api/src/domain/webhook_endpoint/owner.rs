//! Whose an endpoint is, and so who may do what to it.

use std::sync::Arc;

use events::{
    Folded,
    restaurant::Restaurant,
    supplier::Supplier,
    values::{RestaurantId, Role, SupplierId, WebhookEndpointId},
    webhook_endpoint::{Condition, ConditionTest, EndpointOwner, EndpointStatus, WebhookEndpoint},
};
use uuid::Uuid;

use crate::domain::{Stop, Unit, access, refusal::Refusal};

/// What refusals call it.
pub(super) const WHAT: &str = "webhook endpoint";

/// The organisation that a new endpoint is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NamedOrganisation {
    /// A buyer.
    Restaurant(RestaurantId),
    /// A seller.
    Supplier(SupplierId),
}

/// Who a new endpoint belongs to, and the condition that comes with it.
pub(super) struct NewOwner {
    pub(super) owner: EndpointOwner,
    /// A partner's endpoint for one organisation hears of that one alone.
    pub(super) condition: Option<Condition>,
}

impl From<EndpointOwner> for NewOwner {
    fn from(owner: EndpointOwner) -> Self {
        Self { owner, condition: None }
    }
}

/// Who a new endpoint belongs to: the organisation named, of which the caller must be an OWNER; a partner's
/// endpoint stays the partner's own, and the organisation named must have granted it; the operator's own
/// names nobody.
pub(super) fn new_owner(unit: &mut Unit<'_>, named: Option<NamedOrganisation>) -> Result<NewOwner, Stop> {
    match (unit.caller().role(), named) {
        (Role::Partner, named) => partner(unit, named),
        (_, Some(NamedOrganisation::Restaurant(id))) => {
            access::restaurant_as_owner(unit, id)?;
            Ok(EndpointOwner::Restaurant(id).into())
        }
        (_, Some(NamedOrganisation::Supplier(id))) => {
            access::supplier_as_owner(unit, id)?;
            Ok(EndpointOwner::Supplier(id).into())
        }
        (Role::Admin, None) => Ok(EndpointOwner::Platform.into()),
        (Role::Auditor, None) => {
            Err(Refusal::Forbidden { needed: "only an OWNER, a PARTNER or an ADMIN" }.into())
        }
        (Role::Supplier | Role::Restaurant, None) => {
            let message = "name the restaurant or the supplier whose endpoint it is";
            Err(Refusal::invalid("restaurant_id", "missing", message).into())
        }
    }
}

fn partner(unit: &mut Unit<'_>, named: Option<NamedOrganisation>) -> Result<NewOwner, Stop> {
    let needed = "only a partner that the supplier has granted this, an OWNER of it or an ADMIN";
    let account_id = unit.caller().account_id().ok_or(Refusal::Forbidden { needed })?;
    let (field, id): (_, Uuid) = match named {
        None => return Ok(EndpointOwner::Partner(account_id).into()),
        Some(NamedOrganisation::Supplier(id)) => {
            let supplier = unit.existing::<Supplier>("supplier", id)?;
            if !supplier.state.partners.contains(&account_id) {
                return Err(Refusal::Forbidden { needed }.into());
            }
            ("supplier_id", id.0)
        }
        Some(NamedOrganisation::Restaurant(id)) => {
            let restaurant = unit.existing::<Restaurant>("restaurant", id)?;
            // Without its grant, a partner may not know that it exists.
            if !restaurant.state.partners.contains(&account_id) {
                return Err(Refusal::not_found("restaurant", id).into());
            }
            ("restaurant_id", id.0)
        }
    };
    let condition = Condition { field: field.to_owned(), test: ConditionTest::OneOf(vec![id.to_string()]) };
    Ok(NewOwner { owner: EndpointOwner::Partner(account_id), condition: Some(condition) })
}

/// The condition that a partner's endpoint for one organisation came with, and never loses.
///
/// It is told by its place and shape: the last one, on an organisation's id, with one value. A partner's own
/// condition that is just so is kept as well: for another organisation there is another endpoint, whose grant
/// is looked at.
fn kept_condition(endpoint: &WebhookEndpoint) -> Option<&Condition> {
    let EndpointOwner::Partner(_) = endpoint.owner else { return None };
    let last = endpoint.details.conditions.last()?;
    let names_organisation = matches!(last.field.as_str(), "supplier_id" | "restaurant_id");
    let names_one = matches!(&last.test, ConditionTest::OneOf(ids) if ids.len() == 1);
    (names_organisation && names_one).then_some(last)
}

/// These conditions as the endpoint may have them: behind them, whatever they say, the one that it never loses.
///
/// # Errors
/// 422 `other_organisation` where they name another organisation than that one.
pub(super) fn with_kept_condition(
    endpoint: &WebhookEndpoint,
    mut conditions: Vec<Condition>,
) -> Result<Vec<Condition>, Refusal> {
    let Some(kept) = kept_condition(endpoint) else { return Ok(conditions) };
    let names_another =
        |condition: &Condition| match (condition.field == kept.field, &condition.test, &kept.test) {
            (true, ConditionTest::OneOf(ids), ConditionTest::OneOf(own)) => ids != own,
            _ => false,
        };
    if let Some(place) = conditions.iter().position(names_another) {
        let message = "this endpoint is for one organisation and stays so: register another for others";
        return Err(Refusal::invalid(format!("filter[{place}].one_of"), "other_organisation", message));
    }
    conditions.retain(|condition| condition != kept);
    conditions.push(kept.clone());
    Ok(conditions)
}

/// The endpoint, if it is the caller's or an organisation's that the caller owns. Nobody else but an auditor
/// may know that it exists, not even the organisation's staff: its URL may hold a secret of the receiver.
pub(super) fn endpoint_as_owner(
    unit: &mut Unit<'_>,
    id: WebhookEndpointId,
) -> Result<Arc<Folded<WebhookEndpoint>>, Stop> {
    let endpoint = existing(unit, id)?;
    let is_owner = match endpoint.state.owner {
        EndpointOwner::Restaurant(id) => {
            let restaurant = unit.get::<Restaurant>(id)?;
            unit.caller().owns(&restaurant.state.members)
        }
        EndpointOwner::Supplier(id) => {
            let supplier = unit.get::<Supplier>(id)?;
            unit.caller().owns(&supplier.state.members)
        }
        EndpointOwner::Partner(account_id) => {
            let caller = unit.caller();
            let is_same = caller.role() == Role::Partner && caller.account_id() == Some(account_id);
            is_same || caller.is_admin()
        }
        EndpointOwner::Platform => unit.caller().is_admin(),
    };
    if !is_owner {
        return Err(access::unseen_unless_auditor(unit, Refusal::not_found(WHAT, id)));
    }
    unit.match_revision(endpoint.revision)?;
    Ok(endpoint)
}

/// The endpoint, unless it was deleted.
pub(super) fn existing(
    unit: &mut Unit<'_>,
    id: WebhookEndpointId,
) -> Result<Arc<Folded<WebhookEndpoint>>, Stop> {
    let endpoint = unit.existing::<WebhookEndpoint>(WHAT, id)?;
    if endpoint.state.status == EndpointStatus::Deleted {
        return Err(Refusal::not_found(WHAT, id).into());
    }
    Ok(endpoint)
}
