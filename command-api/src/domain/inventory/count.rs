//! Looking at the shelves.

use chrono::{DateTime, Utc};
use events::{
    inventory::{Counted, CountedItem, Inventory},
    product::Product,
    resource::{InventoryCountResource, InventoryItemResource},
    restaurant::Restaurant,
    values::RestaurantId,
};

use super::InventoryCommand;
use crate::domain::{
    Answer, Command, Concerns, Stop, Unit, access,
    refusal::{InvalidValue, Refusal},
};

/// What was found of some products; what is known of others stays. Members of the restaurant and ADMIN.
#[derive(Clone, Debug)]
pub struct CountInventory {
    /// Whose shelves.
    pub restaurant_id: RestaurantId,
    /// What was found; at least one.
    pub items: Vec<CountedItem>,
    /// When it was so; now, where nobody says.
    pub counted_at: Option<DateTime<Utc>>,
}

impl Command for CountInventory {
    fn operation(&self) -> &'static str {
        "count_inventory"
    }

    fn decide(&self, unit: &mut Unit<'_>) -> Result<Answer, Stop> {
        let id = self.restaurant_id;
        unit.want::<Restaurant>(id);
        unit.want::<Inventory>(id);
        unit.wanted()?;
        access::restaurant_as_member(unit, id)?;
        let inventory = unit.get::<Inventory>(id)?;
        unit.match_revision(inventory.revision)?;
        let counted_at = self.counted_at(&inventory.state, unit.now())?;
        let items = self.resources(unit, counted_at)?;
        let count = InventoryCommand::Count { restaurant_id: id, items: self.items.clone(), counted_at };
        let inventory = unit.decide::<Inventory>(id, Concerns::restaurant(id), count)?;
        let revision = inventory.revision;
        let resource = InventoryCountResource { restaurant_id: id, counted_at, items, revision };
        Ok(Answer::created(&resource, revision))
    }
}

impl CountInventory {
    /// # Errors
    /// It is to be so in the future.
    fn counted_at(&self, known: &Inventory, now: DateTime<Utc>) -> Result<DateTime<Utc>, Refusal> {
        let Some(stated) = self.counted_at else {
            // The clock of the process that recorded the last count may be ahead of this one's.
            let last_of = |item: &CountedItem| known.items.get(&item.product_id).map(|last| last.counted_at);
            return Ok(self.items.iter().filter_map(last_of).fold(now, DateTime::max));
        };
        if stated > now {
            return Err(Refusal::invalid("counted_at", "in_the_future", "must not be in the future"));
        }
        Ok(stated)
    }

    /// # Errors
    /// All products that do not exist, at once.
    fn resources(
        &self,
        unit: &mut Unit<'_>,
        counted_at: DateTime<Utc>,
    ) -> Result<Vec<InventoryItemResource>, Stop> {
        for item in &self.items {
            unit.want::<Product>(item.product_id);
        }
        unit.wanted()?;
        let (mut resources, mut faults) = (Vec::with_capacity(self.items.len()), Vec::new());
        for (at, CountedItem { product_id, quantity }) in self.items.iter().enumerate() {
            let product = unit.get::<Product>(*product_id)?;
            if product.exists() {
                let counted = Counted { quantity: *quantity, counted_at };
                resources.push(InventoryItemResource::of(*product_id, &product.state, counted));
                continue;
            }
            let message = format!("product {product_id} was not found");
            let field = format!("items[{at}].product_id");
            faults.push(InvalidValue { field, code: "product_not_found", message });
        }
        if faults.is_empty() { Ok(resources) } else { Err(Refusal::Invalid(faults).into()) }
    }
}
