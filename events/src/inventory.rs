//! What a restaurant has on its shelves, as far as it counted.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{
    envelope::StreamKind,
    fold::Fold,
    values::{ProductId, Quantity, RestaurantId},
};

/// How much of a product was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CountedItem {
    /// The product.
    pub product_id: ProductId,
    /// How much of it; possibly nothing.
    pub quantity: Quantity,
}

/// What happens to a restaurant's inventory. The stream has the restaurant's id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum InventoryEvent {
    /// Somebody looked at shelves. What is not named was not looked at.
    InventoryCounted {
        /// Whose shelves.
        restaurant_id: RestaurantId,
        /// What was found; at least one, unique by product.
        items: Vec<CountedItem>,
        /// When it was so; never before what was known of any of them.
        counted_at: DateTime<Utc>,
    },
}

/// What was last found of a product.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counted {
    /// How much.
    pub quantity: Quantity,
    /// When it was so.
    pub counted_at: DateTime<Utc>,
}

/// An inventory as its events leave it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inventory {
    /// The last count of each product that was ever counted.
    pub items: BTreeMap<ProductId, Counted>,
}

impl Fold for Inventory {
    type Event = InventoryEvent;
    const KIND: StreamKind = StreamKind::Inventory;

    fn apply(&mut self, event: &InventoryEvent) {
        let InventoryEvent::InventoryCounted { items, counted_at, .. } = event;
        for CountedItem { product_id, quantity } in items {
            self.items.insert(*product_id, Counted { quantity: *quantity, counted_at: *counted_at });
        }
    }
}

impl cqrs_es::DomainEvent for InventoryEvent {
    fn event_type(&self) -> String {
        match self {
            Self::InventoryCounted { .. } => "InventoryCounted",
        }
        .to_owned()
    }

    fn event_version(&self) -> String {
        "1".to_owned()
    }
}
