//! Suppliers.

mod add_member;
mod change_member_role;
mod grant_partner;
mod register;
mod remove_member;
mod revise;
mod revoke_partner;
mod suspend;

pub use add_member::AddSupplierMember;
pub use change_member_role::ChangeSupplierMemberRole;
pub use grant_partner::GrantSupplierPartner;
pub use register::RegisterSupplier;
pub use remove_member::RemoveSupplierMember;
pub use revise::{ReviseSupplier, SupplierPatch};
pub use revoke_partner::RevokeSupplierPartner;
pub use suspend::{ReinstateSupplier, SuspendSupplier};

use events::{
    supplier::{Supplier, SupplierDetails, SupplierEvent},
    values::{AccountId, Currency, MemberRole, OrderId, Personal},
};

use super::{Decide, members, refusal::Refusal};

/// What can be asked of a supplier.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "each is documented at the event that it leads to")]
pub enum SupplierCommand {
    Register { details: SupplierDetails, currency: Currency },
    Revise { details: SupplierDetails },
    Suspend { reason: Option<String> },
    Reinstate,
    EraseContact { seen: Personal },
    AddMember { account_id: AccountId, role: MemberRole },
    ChangeMemberRole { account_id: AccountId, role: MemberRole },
    RemoveMember { account_id: AccountId },
    GrantPartner { account_id: AccountId },
    RevokePartner { account_id: AccountId },
    NumberInvoice { order_id: OrderId },
}

impl Decide for Supplier {
    type Command = SupplierCommand;

    fn decide(&self, command: SupplierCommand) -> Result<Vec<SupplierEvent>, Refusal> {
        use SupplierCommand as C;
        use SupplierEvent as E;
        Ok(match command {
            C::Register { details, currency } => vec![E::SupplierRegistered { details, currency }],
            C::Revise { details } if details == self.details => vec![],
            C::Revise { details } => vec![E::SupplierDetailsRevised { details }],
            C::Suspend { .. } if !self.active => return Err(invalid("suspended", "suspend")),
            C::Suspend { reason } => vec![E::SupplierSuspended { reason }],
            C::Reinstate if self.active => return Err(invalid("active", "reinstate")),
            C::Reinstate => vec![E::SupplierReinstated {}],
            // By now it may name somebody else, whom nobody asked to forget.
            C::EraseContact { seen } if seen != self.details.contact_email => vec![],
            C::EraseContact { .. } => vec![E::SupplierContactErased {}],
            C::AddMember { account_id, role } => {
                members::may_add(&self.members, account_id)?;
                vec![E::SupplierMemberAdded { account_id, role }]
            }
            C::ChangeMemberRole { account_id, role } => {
                let changes = members::may_change_role(&self.members, account_id, role)?;
                changes.then_some(E::SupplierMemberRoleChanged { account_id, role }).into_iter().collect()
            }
            C::RemoveMember { account_id } => {
                members::may_remove(&self.members, account_id)?;
                vec![E::SupplierMemberRemoved { account_id }]
            }
            C::GrantPartner { account_id } => {
                members::may_grant(&self.partners, account_id)?;
                vec![E::SupplierPartnerGranted { account_id }]
            }
            C::RevokePartner { account_id } => {
                members::may_revoke(&self.partners, account_id)?;
                vec![E::SupplierPartnerRevoked { account_id }]
            }
            C::NumberInvoice { order_id } => {
                vec![E::SupplierInvoiceNumbered { number: self.invoices_numbered + 1, order_id }]
            }
        })
    }
}

fn invalid(state: &'static str, attempted: &'static str) -> Refusal {
    Refusal::InvalidTransition { what: "supplier", state, attempted }
}

#[cfg(test)]
mod tests {
    use cqrs_es::test::TestFramework;
    use uuid::Uuid;

    use super::*;
    use crate::domain::aggregate::AggregateOf;

    type Scenario = TestFramework<AggregateOf<Supplier>>;

    fn account(number: u128) -> AccountId {
        AccountId(Uuid::from_u128(number))
    }

    fn registered() -> SupplierEvent {
        SupplierEvent::SupplierRegistered { details: SupplierDetails::default(), currency: Currency::SEK }
    }

    fn added(number: u128, role: MemberRole) -> SupplierEvent {
        SupplierEvent::SupplierMemberAdded { account_id: account(number), role }
    }

    #[test]
    fn the_last_owner_cannot_leave_or_step_down() {
        let given = vec![registered(), added(1, MemberRole::Owner), added(2, MemberRole::Staff)];
        Scenario::with(())
            .given(given.clone())
            .when(SupplierCommand::RemoveMember { account_id: account(1) })
            .then_expect_error(Refusal::LastOwner);
        Scenario::with(())
            .given(given)
            .when(SupplierCommand::ChangeMemberRole { account_id: account(1), role: MemberRole::Staff })
            .then_expect_error(Refusal::LastOwner);
    }

    #[test]
    fn one_of_two_owners_can_leave() {
        Scenario::with(())
            .given(vec![registered(), added(1, MemberRole::Owner), added(2, MemberRole::Owner)])
            .when(SupplierCommand::RemoveMember { account_id: account(1) })
            .then_expect_events(vec![SupplierEvent::SupplierMemberRemoved { account_id: account(1) }]);
    }

    #[test]
    fn a_member_is_added_once() {
        Scenario::with(())
            .given(vec![registered(), added(1, MemberRole::Owner)])
            .when(SupplierCommand::AddMember { account_id: account(1), role: MemberRole::Staff })
            .then_expect_error(Refusal::AlreadyMember);
    }

    #[test]
    fn a_role_that_stays_is_nothing_new() {
        Scenario::with(())
            .given(vec![registered(), added(1, MemberRole::Owner)])
            .when(SupplierCommand::ChangeMemberRole { account_id: account(1), role: MemberRole::Owner })
            .then_expect_events(vec![]);
    }

    #[test]
    fn a_suspended_supplier_can_be_reinstated_and_not_suspended_again() {
        let suspended = vec![registered(), SupplierEvent::SupplierSuspended { reason: None }];
        Scenario::with(())
            .given(suspended.clone())
            .when(SupplierCommand::Reinstate)
            .then_expect_events(vec![SupplierEvent::SupplierReinstated {}]);
        Scenario::with(())
            .given(suspended)
            .when(SupplierCommand::Suspend { reason: None })
            .then_expect_error(invalid("suspended", "suspend"));
    }

    #[test]
    fn a_contact_is_erased_only_as_it_was_seen() {
        let contact = |sealed: &str| {
            let mut personal = Personal::default();
            personal.seal(sealed.to_owned());
            personal
        };
        let details = SupplierDetails { contact_email: contact("AbC"), ..SupplierDetails::default() };
        let given = vec![SupplierEvent::SupplierRegistered { details, currency: Currency::SEK }];
        Scenario::with(())
            .given(given.clone())
            .when(SupplierCommand::EraseContact { seen: contact("AbC") })
            .then_expect_events(vec![SupplierEvent::SupplierContactErased {}]);
        Scenario::with(())
            .given(given)
            .when(SupplierCommand::EraseContact { seen: contact("dEf") })
            .then_expect_events(vec![]);
    }

    #[test]
    fn a_partner_is_granted_once_and_can_be_granted_again_after_it_was_revoked() {
        let granted = SupplierEvent::SupplierPartnerGranted { account_id: account(7) };
        let revoked = SupplierEvent::SupplierPartnerRevoked { account_id: account(7) };
        let grant = SupplierCommand::GrantPartner { account_id: account(7) };
        Scenario::with(())
            .given(vec![registered(), granted.clone()])
            .when(grant.clone())
            .then_expect_error(Refusal::AlreadyPartner);
        Scenario::with(())
            .given(vec![registered(), granted.clone(), revoked])
            .when(grant)
            .then_expect_events(vec![granted]);
    }

    #[test]
    fn only_a_grant_that_is_there_can_be_revoked() {
        let revoke = SupplierCommand::RevokePartner { account_id: account(7) };
        let granted = SupplierEvent::SupplierPartnerGranted { account_id: account(7) };
        Scenario::with(())
            .given(vec![registered(), granted])
            .when(revoke.clone())
            .then_expect_events(vec![SupplierEvent::SupplierPartnerRevoked { account_id: account(7) }]);
        Scenario::with(())
            .given(vec![registered()])
            .when(revoke)
            .then_expect_error(Refusal::not_found("partner", account(7)));
    }

    #[test]
    fn invoice_numbers_follow_on_without_gaps() {
        let order_id = OrderId(Uuid::from_u128(9));
        Scenario::with(())
            .given(vec![registered(), SupplierEvent::SupplierInvoiceNumbered { number: 1, order_id }])
            .when(SupplierCommand::NumberInvoice { order_id })
            .then_expect_events(vec![SupplierEvent::SupplierInvoiceNumbered { number: 2, order_id }]);
    }
}
