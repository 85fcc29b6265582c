//! Accounts, suppliers, restaurants and their members as clients see them.

use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    account::Account,
    fold::Folded,
    restaurant::{Restaurant, RestaurantStatus},
    supplier::{DeliveryTerms, Supplier},
    values::{AccountId, Currency, MemberRole, RestaurantId, Role, Shown, SupplierId, Weekday},
};

/// Someone who can log in.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct AccountResource {
    /// The account.
    pub account_id: AccountId,
    /// What it logs in with; `null` once the person was erased.
    #[schema(value_type = Option<String>)]
    pub email: Shown,
    /// What it may do.
    pub role: Role,
    /// Nobody can log in to it.
    pub disabled: bool,
    /// The person behind it was erased: the account stays in the history as a bare id.
    pub erased: bool,
}

/// One account's place in an organisation.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct MemberResource {
    /// Who.
    pub account_id: AccountId,
    /// What it logs in with; `null` once the person was erased.
    #[schema(value_type = Option<String>)]
    pub email: Shown,
    /// As what.
    pub role: MemberRole,
}

/// A partner's account that may hear of what concerns an organisation.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct PartnerResource {
    /// Who.
    pub account_id: AccountId,
    /// What it logs in with; `null` once the person was erased.
    #[schema(value_type = Option<String>)]
    pub email: Shown,
}

/// A seller.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct SupplierResource {
    /// The supplier.
    pub id: SupplierId,
    /// Trading name.
    pub name: String,
    /// Where to write to; `null` once the person that it named was erased.
    #[schema(value_type = Option<String>)]
    pub contact_email: Shown,
    /// Where to call.
    #[schema(value_type = Option<String>)]
    pub phone: Option<Shown>,
    /// Street and number.
    pub street: Option<String>,
    /// Postal code.
    pub postal_code: Option<String>,
    /// City.
    pub city: Option<String>,
    /// ISO 3166-1 alpha-2.
    pub country: Option<String>,
    /// Latitude in degrees.
    pub lat: Option<f64>,
    /// Longitude in degrees.
    pub lon: Option<f64>,
    /// National registration number.
    pub org_number: Option<String>,
    /// VAT registration.
    pub vat_number: Option<String>,
    /// Global location number.
    pub gln: Option<String>,
    /// Bankgiro number that its invoices are paid to.
    pub bankgiro: Option<String>,
    /// Plusgiro number that its invoices are paid to.
    pub plusgiro: Option<String>,
    /// International account number that its invoices are paid to.
    pub iban: Option<String>,
    /// When it delivers, and from how much on.
    pub delivery_terms: Option<DeliveryTermsResource>,
    /// What it sells in.
    pub currency: Currency,
    /// May sell.
    pub active: bool,
    /// When it was registered.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
    /// How many events it has; the `ETag`.
    pub revision: i64,
}

/// When a supplier delivers, and from how much on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct DeliveryTermsResource {
    /// The days of the week that it delivers on, from Monday on.
    pub weekdays: Vec<Weekday>,
    /// What is ordered by then, in Sweden, counts as ordered that day; `HH:MM`.
    #[schema(example = "14:00")]
    pub order_by: String,
    /// Days from the day that counts to the first day of delivery; 1 is tomorrow.
    pub lead_days: u8,
    /// What an order must come to, without VAT; 0 where nothing is asked.
    pub minimum_order_cents: i64,
    /// Whether it delivers on public holidays.
    pub delivers_on_holidays: bool,
}

impl From<&DeliveryTerms> for DeliveryTermsResource {
    fn from(terms: &DeliveryTerms) -> Self {
        let (hour, minute) = (terms.cutoff_minute / 60, terms.cutoff_minute % 60);
        Self {
            weekdays: terms.weekdays.iter().filter_map(|day| Weekday::numbered(*day)).collect(),
            order_by: format!("{hour:02}:{minute:02}"),
            lead_days: terms.lead_days,
            minimum_order_cents: terms.minimum_order_minor,
            delivers_on_holidays: terms.delivers_on_holidays,
        }
    }
}

/// A buyer.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct RestaurantResource {
    /// The restaurant.
    pub id: RestaurantId,
    /// Trading name.
    pub name: String,
    /// Where to write to; `null` once the person that it named was erased.
    #[schema(value_type = Option<String>)]
    pub contact_email: Shown,
    /// Where to call.
    #[schema(value_type = Option<String>)]
    pub phone: Option<Shown>,
    /// Street and number.
    pub street: Option<String>,
    /// Postal code.
    pub postal_code: Option<String>,
    /// City.
    pub city: Option<String>,
    /// ISO 3166-1 alpha-2.
    pub country: Option<String>,
    /// How it wants its deliveries.
    #[schema(value_type = Option<Object>)]
    pub delivery_prefs: Option<serde_json::Value>,
    /// National registration number.
    pub org_number: Option<String>,
    /// VAT registration.
    pub vat_number: Option<String>,
    /// Global location number.
    pub gln: Option<String>,
    /// What it buys in.
    pub currency: Currency,
    /// How far it may go.
    pub status: RestaurantStatus,
    /// May order: `status` is `approved`.
    pub active: bool,
    /// When its trial ends or ended.
    pub trial_ends_at: Option<DateTime<Utc>>,
    /// When it was registered.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
    /// How many events it has; the `ETag`.
    pub revision: i64,
}

impl AccountResource {
    /// The account as clients see it.
    pub fn of(account_id: AccountId, account: &Account) -> Self {
        Self {
            account_id,
            email: (&account.email).into(),
            role: account.role,
            disabled: !account.is_open(),
            erased: account.erased,
        }
    }
}

impl SupplierResource {
    /// The supplier as clients see it.
    pub fn of(id: SupplierId, folded: &Folded<Supplier>) -> Self {
        let Supplier { details, currency, active, .. } = &folded.state;
        Self {
            id,
            name: details.name.clone(),
            contact_email: (&details.contact_email).into(),
            phone: details.phone.as_ref().map(Shown::from),
            street: details.address.street.clone(),
            postal_code: details.address.postal_code.clone(),
            city: details.address.city.clone(),
            country: details.address.country.clone(),
            lat: details.lat_e7.map(degrees),
            lon: details.lon_e7.map(degrees),
            org_number: details.org_number.clone(),
            vat_number: details.vat_number.clone(),
            gln: details.gln.clone(),
            bankgiro: details.bankgiro.clone(),
            plusgiro: details.plusgiro.clone(),
            iban: details.iban.clone(),
            delivery_terms: details.delivery_terms.as_ref().map(DeliveryTermsResource::from),
            currency: *currency,
            active: *active,
            created_at: folded.created_at,
            updated_at: folded.updated_at,
            revision: folded.revision,
        }
    }
}

impl RestaurantResource {
    /// The restaurant as clients see it.
    pub fn of(id: RestaurantId, folded: &Folded<Restaurant>) -> Self {
        let Restaurant { details, currency, status, trial_ends_at, .. } = &folded.state;
        Self {
            id,
            name: details.name.clone(),
            contact_email: (&details.contact_email).into(),
            phone: details.phone.as_ref().map(Shown::from),
            street: details.address.street.clone(),
            postal_code: details.address.postal_code.clone(),
            city: details.address.city.clone(),
            country: details.address.country.clone(),
            delivery_prefs: details.delivery_prefs.clone(),
            org_number: details.org_number.clone(),
            vat_number: details.vat_number.clone(),
            gln: details.gln.clone(),
            currency: *currency,
            status: *status,
            active: *status == RestaurantStatus::Approved,
            trial_ends_at: *trial_ends_at,
            created_at: folded.created_at,
            updated_at: folded.updated_at,
            revision: folded.revision,
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "ten-millionths of 180 degrees are exact in a double")]
fn degrees(e7: i64) -> f64 {
    e7 as f64 / 1e7
}
