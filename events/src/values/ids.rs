//! Identities: a UUIDv7 with a type, so that a cart's id cannot be taken for an order's.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

macro_rules! id {
    ($($(#[$doc:meta])* $name:ident)+) => {$(
        $(#[$doc])*
        #[derive(
            Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema, JsonSchema,
        )]
        #[serde(transparent)]
        #[schemars(inline)]
        #[schema(value_type = Uuid)]
        pub struct $name(pub Uuid);

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0)
            }
        }

        impl From<Uuid> for $name {
            fn from(id: Uuid) -> Self {
                Self(id)
            }
        }

        impl From<$name> for Uuid {
            fn from(id: $name) -> Uuid {
                id.0
            }
        }

        impl std::str::FromStr for $name {
            type Err = uuid::Error;
            fn from_str(text: &str) -> Result<Self, uuid::Error> {
                text.parse().map(Self)
            }
        }
    )+};
}

id! {
    /// A person or machine that can log in.
    AccountId
    /// A seller.
    SupplierId
    /// A buyer.
    RestaurantId
    /// A trade item of one supplier; its stock stream has the same id.
    ProductId
    /// A cart of one restaurant.
    CartId
    /// A line of a cart; becomes the order line's id.
    LineId
    /// One order to one supplier.
    OrderId
    /// What ties together the orders that one cart became.
    CheckoutId
    /// A rule that moves a supplier's prices.
    PriceRuleId
    /// An invoice or credit note that was sent to a restaurant.
    InvoiceId
    /// A place of a partner's or an organisation's own that webhooks are sent to.
    WebhookEndpointId
    /// What a machine calls with in an account's name.
    ApiKeyId
    /// One run of the forecasts.
    ForecastRunId
}

/// A UUIDv7 and the ids that follow it: enough fresh ids for one command, made before deciding.
///
/// Deciding is pure, yet how many ids it needs is only known while it decides (one order per
/// supplier in the cart). The n-th id is the first one plus n, so the same command decided again
/// yields the same ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FreshIds {
    first: Uuid,
    taken: u64,
}

impl FreshIds {
    /// Starts at `first`, which must be a fresh UUIDv7 of the edge.
    pub fn new(first: Uuid) -> Self {
        Self { first, taken: 0 }
    }

    /// The next id.
    pub fn take(&mut self) -> Uuid {
        let (high, low) = self.first.as_u64_pair();
        // The two variant bits stay; the 62 random bits below them count on, modulo 2^62.
        let mask = (1 << 62) - 1;
        let id = Uuid::from_u64_pair(high, (low & !mask) | ((low + self.taken) & mask));
        self.taken += 1;
        id
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fresh_ids_start_at_the_first_differ_and_stay_version_seven() {
        let first = Uuid::from_u64_pair(0x0190_0000_0000_7000, 0xBFFF_FFFF_FFFF_FFFF);
        let mut ids = FreshIds::new(first);
        let taken: Vec<Uuid> = (0..3).map(|_| ids.take()).collect();
        assert_eq!(taken[0], first);
        assert_eq!(taken.iter().collect::<std::collections::HashSet<_>>().len(), 3);
        assert!(taken.iter().all(|id| id.get_version_num() == 7));
        assert!(taken.iter().all(|id| id.get_variant() == uuid::Variant::RFC4122));
    }
}
