//! Suppliers: sellers, their members, and their series of invoice numbers.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::{
    envelope::StreamKind,
    fold::Fold,
    values::{AccountId, Currency, Member, MemberRole, OrderId, Personal, PostalAddress},
};

/// What a supplier says of itself; revised as a whole.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SupplierDetails {
    /// Trading name.
    pub name: String,
    /// Where to write to.
    pub contact_email: Personal,
    /// Where to call.
    pub phone: Option<Personal>,
    /// Where it is.
    pub address: PostalAddress,
    /// Latitude in ten-millionths of a degree.
    pub lat_e7: Option<i64>,
    /// Longitude in ten-millionths of a degree.
    pub lon_e7: Option<i64>,
    /// National registration number.
    pub org_number: Option<String>,
    /// VAT registration, `SE556…01`.
    pub vat_number: Option<String>,
    /// Global location number: the address for electronic documents.
    pub gln: Option<String>,
    /// Bankgiro number that its invoices are paid to, 7 or 8 digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bankgiro: Option<String>,
    /// Plusgiro number that its invoices are paid to, 2 to 8 digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plusgiro: Option<String>,
    /// International account number that its invoices are paid to, without spaces.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub iban: Option<String>,
    /// When it delivers, and from how much on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delivery_terms: Option<DeliveryTerms>,
}

/// When a supplier delivers, and from how much on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeliveryTerms {
    /// Days of the week that it delivers on, 1 for Monday to 7 for Sunday; at least one.
    pub weekdays: BTreeSet<u8>,
    /// Minutes after midnight in Sweden: what is ordered by then counts as ordered that day.
    pub cutoff_minute: u16,
    /// Days from the day that counts to the first day of delivery; 1 is tomorrow.
    pub lead_days: u8,
    /// What an order must come to, without VAT, minor units; 0 where nothing is asked.
    pub minimum_order_minor: i64,
    /// Whether it delivers on public holidays.
    pub delivers_on_holidays: bool,
}

/// What happens to a supplier.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum SupplierEvent {
    /// It takes part, and may sell.
    SupplierRegistered {
        /// What it says of itself.
        details: SupplierDetails,
        /// What it sells in.
        currency: Currency,
    },
    /// It says something else of itself.
    SupplierDetailsRevised {
        /// All of it, as it now is.
        details: SupplierDetails,
    },
    /// It may not sell until reinstated.
    SupplierSuspended {
        /// Why.
        reason: Option<String>,
    },
    /// It may sell again.
    SupplierReinstated {},
    /// Whom its contact named is forgotten: the key of its texts is destroyed by what records this. What it
    /// says of itself later is sealed under another.
    SupplierContactErased {},
    /// An account now works for it.
    SupplierMemberAdded {
        /// Who.
        account_id: AccountId,
        /// As what.
        role: MemberRole,
    },
    /// A member's place changed.
    SupplierMemberRoleChanged {
        /// Who.
        account_id: AccountId,
        /// As what.
        role: MemberRole,
    },
    /// An account no longer works for it.
    SupplierMemberRemoved {
        /// Who.
        account_id: AccountId,
    },
    /// A partner's account may now hear of what concerns it.
    SupplierPartnerGranted {
        /// Who.
        account_id: AccountId,
    },
    /// A partner's account no longer may.
    SupplierPartnerRevoked {
        /// Who.
        account_id: AccountId,
    },
    /// The next number of its invoice series went to an order; the series has no gaps.
    SupplierInvoiceNumbered {
        /// The number, from 1.
        number: i64,
        /// The order invoiced.
        order_id: OrderId,
    },
}

/// A supplier as its events leave it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Supplier {
    /// What it says of itself.
    pub details: SupplierDetails,
    /// What it sells in.
    pub currency: Currency,
    /// May sell.
    pub active: bool,
    /// Who works for it; unique by account, in the order they came.
    pub members: Vec<Member>,
    /// Partners' accounts that may hear of what concerns it; unique, in the order they came.
    #[serde(default)]
    pub partners: Vec<AccountId>,
    /// The last number of its invoice series.
    pub invoices_numbered: i64,
}

impl Fold for Supplier {
    type Event = SupplierEvent;
    const KIND: StreamKind = StreamKind::Supplier;

    fn apply(&mut self, event: &SupplierEvent) {
        match event {
            SupplierEvent::SupplierRegistered { details, currency } => {
                self.details = details.clone();
                self.currency = *currency;
                self.active = true;
            }
            SupplierEvent::SupplierDetailsRevised { details } => self.details = details.clone(),
            SupplierEvent::SupplierSuspended { .. } => self.active = false,
            SupplierEvent::SupplierReinstated {} => self.active = true,
            // The address stays as a ciphertext that nothing opens: it is not optional, and an empty one
            // would be something that it never said.
            SupplierEvent::SupplierContactErased {} => {
                self.details.contact_email.forget();
                self.details.phone = None;
            }
            SupplierEvent::SupplierMemberAdded { account_id, role } => {
                self.members.push(Member { account_id: *account_id, role: *role });
            }
            SupplierEvent::SupplierMemberRoleChanged { account_id, role } => {
                for member in self.members.iter_mut().filter(|member| member.account_id == *account_id) {
                    member.role = *role;
                }
            }
            SupplierEvent::SupplierMemberRemoved { account_id } => {
                self.members.retain(|member| member.account_id != *account_id);
            }
            SupplierEvent::SupplierPartnerGranted { account_id } => self.partners.push(*account_id),
            SupplierEvent::SupplierPartnerRevoked { account_id } => {
                self.partners.retain(|partner| partner != account_id);
            }
            SupplierEvent::SupplierInvoiceNumbered { number, .. } => self.invoices_numbered = *number,
        }
    }
}

impl cqrs_es::DomainEvent for SupplierEvent {
    fn event_type(&self) -> String {
        match self {
            Self::SupplierRegistered { .. } => "SupplierRegistered",
            Self::SupplierDetailsRevised { .. } => "SupplierDetailsRevised",
            Self::SupplierSuspended { .. } => "SupplierSuspended",
            Self::SupplierReinstated {} => "SupplierReinstated",
            Self::SupplierContactErased {} => "SupplierContactErased",
            Self::SupplierMemberAdded { .. } => "SupplierMemberAdded",
            Self::SupplierMemberRoleChanged { .. } => "SupplierMemberRoleChanged",
            Self::SupplierMemberRemoved { .. } => "SupplierMemberRemoved",
            Self::SupplierPartnerGranted { .. } => "SupplierPartnerGranted",
            Self::SupplierPartnerRevoked { .. } => "SupplierPartnerRevoked",
            Self::SupplierInvoiceNumbered { .. } => "SupplierInvoiceNumbered",
        }
        .to_owned()
    }

    fn event_version(&self) -> String {
        "1".to_owned()
    }
}
