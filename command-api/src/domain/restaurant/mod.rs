//! Restaurants.

mod add_member;
mod approve;
mod change_member_role;
mod end_trial;
mod grant_partner;
mod register;
mod remove_member;
mod revise;
mod revoke_partner;

pub use add_member::AddRestaurantMember;
pub use approve::{ApproveRestaurant, ReinstateRestaurant, SuspendRestaurant};
pub use change_member_role::ChangeRestaurantMemberRole;
pub use end_trial::EndTrial;
pub use grant_partner::GrantRestaurantPartner;
pub use register::RegisterRestaurant;
pub use remove_member::RemoveRestaurantMember;
pub use revise::{RestaurantPatch, ReviseRestaurant};
pub use revoke_partner::RevokeRestaurantPartner;

use chrono::{DateTime, Duration, Utc};
use events::{
    restaurant::{Restaurant, RestaurantDetails, RestaurantEvent, RestaurantStatus},
    values::{AccountId, Currency, MemberRole, Personal},
};

use super::{Decide, members, refusal::Refusal};

/// How long a restaurant tries Iris after its approval.
pub const TRIAL: Duration = Duration::days(7);

/// What can be asked of a restaurant.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "each is documented at the event that it leads to")]
pub enum RestaurantCommand {
    Register { details: RestaurantDetails, currency: Currency },
    Revise { details: RestaurantDetails },
    Approve { now: DateTime<Utc> },
    Suspend { reason: Option<String> },
    Reinstate,
    EraseContact { seen: Personal },
    AddMember { account_id: AccountId, role: MemberRole },
    ChangeMemberRole { account_id: AccountId, role: MemberRole },
    RemoveMember { account_id: AccountId },
    GrantPartner { account_id: AccountId },
    RevokePartner { account_id: AccountId },
    EndTrial { now: DateTime<Utc> },
}

impl Decide for Restaurant {
    type Command = RestaurantCommand;

    fn decide(&self, command: RestaurantCommand) -> Result<Vec<RestaurantEvent>, Refusal> {
        use RestaurantCommand as C;
        use RestaurantEvent as E;
        use RestaurantStatus::{Approved, Registered, Suspended};
        Ok(match (command, self.status) {
            (C::Register { details, currency }, _) => vec![E::RestaurantRegistered { details, currency }],
            (C::Revise { details }, _) if details == self.details => vec![],
            (C::Revise { details }, _) => vec![E::RestaurantDetailsRevised { details }],
            // Approval happens once, so the trial starts once; a suspended restaurant is reinstated.
            (C::Approve { now }, Registered) => vec![E::RestaurantApproved { trial_ends_at: now + TRIAL }],
            (C::Suspend { reason }, Approved) => vec![E::RestaurantSuspended { reason }],
            (C::Reinstate, Suspended) => vec![E::RestaurantReinstated {}],
            (C::Approve { .. }, status) => return Err(invalid(status, "approve")),
            (C::Suspend { .. }, status) => return Err(invalid(status, "suspend")),
            (C::Reinstate, status) => return Err(invalid(status, "reinstate")),
            // By now it may name somebody else, whom nobody asked to forget.
            (C::EraseContact { seen }, _) if seen != self.details.contact_email => vec![],
            (C::EraseContact { .. }, _) => vec![E::RestaurantContactErased {}],
            (C::AddMember { account_id, role }, _) => {
                members::may_add(&self.members, account_id)?;
                vec![E::RestaurantMemberAdded { account_id, role }]
            }
            (C::ChangeMemberRole { account_id, role }, _) => {
                let changes = members::may_change_role(&self.members, account_id, role)?;
                changes.then_some(E::RestaurantMemberRoleChanged { account_id, role }).into_iter().collect()
            }
            (C::RemoveMember { account_id }, _) => {
                members::may_remove(&self.members, account_id)?;
                vec![E::RestaurantMemberRemoved { account_id }]
            }
            (C::GrantPartner { account_id }, _) => {
                members::may_grant(&self.partners, account_id)?;
                vec![E::RestaurantPartnerGranted { account_id }]
            }
            // Of one that may not order, the end is noted once it may again.
            (C::EndTrial { now }, Approved) => trial_end(self, now).into_iter().collect(),
            (C::EndTrial { .. }, _) => vec![],
            (C::RevokePartner { account_id }, _) => {
                members::may_revoke(&self.partners, account_id)?;
                vec![E::RestaurantPartnerRevoked { account_id }]
            }
        })
    }
}

/// The end of its trial, where it has come and is not on record.
fn trial_end(restaurant: &Restaurant, now: DateTime<Utc>) -> Option<RestaurantEvent> {
    let ends_at = restaurant.trial_ends_at.filter(|_| !restaurant.trial_end_recorded)?;
    (ends_at <= now).then_some(RestaurantEvent::TrialEnded { ended_at: ends_at })
}

fn invalid(status: RestaurantStatus, attempted: &'static str) -> Refusal {
    Refusal::InvalidTransition { what: "restaurant", state: status.name(), attempted }
}

#[cfg(test)]
mod tests {
    use cqrs_es::test::TestFramework;

    use super::*;
    use crate::domain::aggregate::AggregateOf;

    type Scenario = TestFramework<AggregateOf<Restaurant>>;

    fn now() -> DateTime<Utc> {
        "2026-11-20T09:00:00Z".parse().unwrap()
    }

    fn registered() -> RestaurantEvent {
        RestaurantEvent::RestaurantRegistered {
            details: RestaurantDetails::default(),
            currency: Currency::SEK,
        }
    }

    fn approved() -> RestaurantEvent {
        RestaurantEvent::RestaurantApproved { trial_ends_at: "2026-11-27T09:00:00Z".parse().unwrap() }
    }

    #[test]
    fn a_partner_is_granted_once_and_revoked_once() {
        let account_id = AccountId(uuid::Uuid::from_u128(7));
        let granted = RestaurantEvent::RestaurantPartnerGranted { account_id };
        let revoked = RestaurantEvent::RestaurantPartnerRevoked { account_id };
        let given = vec![registered(), granted.clone()];
        Scenario::with(())
            .given(given.clone())
            .when(RestaurantCommand::GrantPartner { account_id })
            .then_expect_error(Refusal::AlreadyPartner);
        Scenario::with(())
            .given(given)
            .when(RestaurantCommand::RevokePartner { account_id })
            .then_expect_events(vec![revoked.clone()]);
        Scenario::with(())
            .given(vec![registered(), granted, revoked])
            .when(RestaurantCommand::RevokePartner { account_id })
            .then_expect_error(Refusal::not_found("partner", account_id));
    }

    #[test]
    fn approval_starts_a_trial_of_seven_days() {
        Scenario::with(())
            .given(vec![registered()])
            .when(RestaurantCommand::Approve { now: now() })
            .then_expect_events(vec![approved()]);
    }

    #[test]
    fn approval_happens_once_even_after_a_suspension() {
        let suspended = RestaurantEvent::RestaurantSuspended { reason: None };
        Scenario::with(())
            .given(vec![registered(), approved()])
            .when(RestaurantCommand::Approve { now: now() })
            .then_expect_error(invalid(RestaurantStatus::Approved, "approve"));
        Scenario::with(())
            .given(vec![registered(), approved(), suspended])
            .when(RestaurantCommand::Approve { now: now() })
            .then_expect_error(invalid(RestaurantStatus::Suspended, "approve"));
    }

    #[test]
    fn a_reinstated_restaurant_keeps_the_end_of_its_trial() {
        let given = vec![
            registered(),
            approved(),
            RestaurantEvent::RestaurantSuspended { reason: Some("unpaid".to_owned()) },
        ];
        Scenario::with(())
            .given(given)
            .when(RestaurantCommand::Reinstate)
            .then_expect_events(vec![RestaurantEvent::RestaurantReinstated {}]);
    }

    #[test]
    fn the_end_of_a_trial_is_recorded_once_and_not_before_it() {
        let ended_at = "2026-11-27T09:00:00Z".parse().unwrap();
        let ended = RestaurantEvent::TrialEnded { ended_at };
        let suspended = RestaurantEvent::RestaurantSuspended { reason: None };
        let before = ended_at - Duration::microseconds(1);
        for (given, now, expected) in [
            (vec![registered()], ended_at, vec![]),
            (vec![registered(), approved()], before, vec![]),
            (vec![registered(), approved()], ended_at, vec![ended.clone()]),
            (vec![registered(), approved(), ended.clone()], ended_at, vec![]),
            (vec![registered(), approved(), suspended.clone()], ended_at, vec![]),
            (
                vec![registered(), approved(), suspended, RestaurantEvent::RestaurantReinstated {}],
                ended_at,
                vec![ended],
            ),
        ] {
            Scenario::with(())
                .given(given)
                .when(RestaurantCommand::EndTrial { now })
                .then_expect_events(expected);
        }
    }

    #[test]
    fn a_restaurant_that_was_never_approved_cannot_be_suspended() {
        Scenario::with(())
            .given(vec![registered()])
            .when(RestaurantCommand::Suspend { reason: None })
            .then_expect_error(invalid(RestaurantStatus::Registered, "suspend"));
    }
}
