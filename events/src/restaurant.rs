//! Restaurants: buyers, their approval and their members.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    envelope::StreamKind,
    fold::Fold,
    values::{AccountId, Currency, Member, MemberRole, Personal, PostalAddress},
};

/// What a restaurant says of itself; revised as a whole.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RestaurantDetails {
    /// Trading name.
    pub name: String,
    /// Where to write to.
    pub contact_email: Personal,
    /// Where to call.
    pub phone: Option<Personal>,
    /// Where it is.
    pub address: PostalAddress,
    /// How it wants its deliveries: its own words, an object without floats.
    pub delivery_prefs: Option<serde_json::Value>,
    /// National registration number.
    pub org_number: Option<String>,
    /// VAT registration.
    pub vat_number: Option<String>,
    /// Global location number: the address for electronic documents.
    pub gln: Option<String>,
}

/// How far a restaurant may go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RestaurantStatus {
    /// May look but not order.
    #[default]
    Registered,
    /// May order.
    Approved,
    /// May no longer order.
    Suspended,
}

impl RestaurantStatus {
    /// As clients see it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Registered => "registered",
            Self::Approved => "approved",
            Self::Suspended => "suspended",
        }
    }
}

/// What happens to a restaurant.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum RestaurantEvent {
    /// It takes part, and may look.
    RestaurantRegistered {
        /// What it says of itself.
        details: RestaurantDetails,
        /// What it buys in.
        currency: Currency,
    },
    /// It says something else of itself.
    RestaurantDetailsRevised {
        /// All of it, as it now is.
        details: RestaurantDetails,
    },
    /// It may order; its trial begins, once.
    RestaurantApproved {
        /// Seven days from the approval.
        trial_ends_at: DateTime<Utc>,
    },
    /// It may not order until reinstated.
    RestaurantSuspended {
        /// Why.
        reason: Option<String>,
    },
    /// It may order again; no new trial.
    RestaurantReinstated {},
    /// Whom its contact named is forgotten: the key of its texts is destroyed by what records this. What it
    /// says of itself later is sealed under another.
    RestaurantContactErased {},
    /// Its trial is over; once.
    TrialEnded {
        /// When it ended: as the approval had it.
        ended_at: DateTime<Utc>,
    },
    /// An account now works for it.
    RestaurantMemberAdded {
        /// Who.
        account_id: AccountId,
        /// As what.
        role: MemberRole,
    },
    /// A member's place changed.
    RestaurantMemberRoleChanged {
        /// Who.
        account_id: AccountId,
        /// As what.
        role: MemberRole,
    },
    /// An account no longer works for it.
    RestaurantMemberRemoved {
        /// Who.
        account_id: AccountId,
    },
    /// A partner's account may now hear of what concerns it.
    RestaurantPartnerGranted {
        /// Who.
        account_id: AccountId,
    },
    /// A partner's account no longer may.
    RestaurantPartnerRevoked {
        /// Who.
        account_id: AccountId,
    },
}

/// A restaurant as its events leave it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Restaurant {
    /// What it says of itself.
    pub details: RestaurantDetails,
    /// What it buys in.
    pub currency: Currency,
    /// How far it may go.
    pub status: RestaurantStatus,
    /// When its trial ends or ended; set by the approval.
    pub trial_ends_at: Option<DateTime<Utc>>,
    /// Its end is on record, which comes some hours after it.
    #[serde(default, skip_serializing_if = "is_false")]
    pub trial_end_recorded: bool,
    /// Who works for it; unique by account, in the order they came.
    pub members: Vec<Member>,
    /// Partners' accounts that may hear of what concerns it; unique, in the order they came.
    #[serde(default)]
    pub partners: Vec<AccountId>,
}

impl Fold for Restaurant {
    type Event = RestaurantEvent;
    const KIND: StreamKind = StreamKind::Restaurant;

    fn apply(&mut self, event: &RestaurantEvent) {
        match event {
            RestaurantEvent::RestaurantRegistered { details, currency } => {
                self.details = details.clone();
                self.currency = *currency;
            }
            RestaurantEvent::RestaurantDetailsRevised { details } => self.details = details.clone(),
            RestaurantEvent::RestaurantApproved { trial_ends_at } => {
                self.status = RestaurantStatus::Approved;
                self.trial_ends_at = Some(*trial_ends_at);
            }
            RestaurantEvent::RestaurantSuspended { .. } => self.status = RestaurantStatus::Suspended,
            RestaurantEvent::RestaurantReinstated {} => self.status = RestaurantStatus::Approved,
            // The address stays as a ciphertext that nothing opens: it is not optional, and an empty one
            // would be something that it never said.
            RestaurantEvent::RestaurantContactErased {} => {
                self.details.contact_email.forget();
                self.details.phone = None;
            }
            RestaurantEvent::TrialEnded { .. } => self.trial_end_recorded = true,
            RestaurantEvent::RestaurantMemberAdded { account_id, role } => {
                self.members.push(Member { account_id: *account_id, role: *role });
            }
            RestaurantEvent::RestaurantMemberRoleChanged { account_id, role } => {
                for member in self.members.iter_mut().filter(|member| member.account_id == *account_id) {
                    member.role = *role;
                }
            }
            RestaurantEvent::RestaurantMemberRemoved { account_id } => {
                self.members.retain(|member| member.account_id != *account_id);
            }
            RestaurantEvent::RestaurantPartnerGranted { account_id } => self.partners.push(*account_id),
            RestaurantEvent::RestaurantPartnerRevoked { account_id } => {
                self.partners.retain(|partner| partner != account_id);
            }
        }
    }
}

/// States that were stored before a trial's end was recorded stay as they are.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "as serde calls it")]
fn is_false(flag: &bool) -> bool {
    !*flag
}

impl cqrs_es::DomainEvent for RestaurantEvent {
    fn event_type(&self) -> String {
        match self {
            Self::RestaurantRegistered { .. } => "RestaurantRegistered",
            Self::RestaurantDetailsRevised { .. } => "RestaurantDetailsRevised",
            Self::RestaurantApproved { .. } => "RestaurantApproved",
            Self::RestaurantSuspended { .. } => "RestaurantSuspended",
            Self::RestaurantReinstated {} => "RestaurantReinstated",
            Self::RestaurantContactErased {} => "RestaurantContactErased",
            Self::TrialEnded { .. } => "TrialEnded",
            Self::RestaurantMemberAdded { .. } => "RestaurantMemberAdded",
            Self::RestaurantMemberRoleChanged { .. } => "RestaurantMemberRoleChanged",
            Self::RestaurantMemberRemoved { .. } => "RestaurantMemberRemoved",
            Self::RestaurantPartnerGranted { .. } => "RestaurantPartnerGranted",
            Self::RestaurantPartnerRevoked { .. } => "RestaurantPartnerRevoked",
        }
        .to_owned()
    }

    fn event_version(&self) -> String {
        "1".to_owned()
    }
}
