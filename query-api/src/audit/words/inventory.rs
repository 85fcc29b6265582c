//! Inventories in words.

use events::inventory::InventoryEvent;

use super::{Told, amount_of, counted};
use crate::audit::names::Names;

pub(super) fn tell(event: &InventoryEvent, names: &Names) -> Told {
    let InventoryEvent::InventoryCounted { restaurant_id, items, .. } = event;
    let words = format!(
        "Counted {} on the shelves of {}.",
        counted(items.len(), "product"),
        names.organisation(restaurant_id.0)
    );
    items.iter().fold(Told::plain(words), |told, item| {
        let product = names.product(item.product_id.0);
        told.with(&product.name, None, amount_of(item.quantity, &product.unit))
    })
}
