//! Inventories: what restaurants have on their shelves.

mod count;

pub use count::CountInventory;

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use events::{
    inventory::{CountedItem, Inventory, InventoryEvent},
    values::RestaurantId,
};

use super::{
    Decide,
    refusal::{InvalidValue, Refusal},
};

/// Products that one count can name.
pub const COUNT_ITEMS_MAX: usize = 500;
/// Products that a restaurant can have counted, ever.
pub const INVENTORY_PRODUCTS_MAX: usize = 5_000;

/// What can be asked of an inventory.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "each is documented at the event that it leads to")]
pub enum InventoryCommand {
    Count { restaurant_id: RestaurantId, items: Vec<CountedItem>, counted_at: DateTime<Utc> },
}

impl Decide for Inventory {
    type Command = InventoryCommand;

    fn decide(&self, command: InventoryCommand) -> Result<Vec<InventoryEvent>, Refusal> {
        let InventoryCommand::Count { restaurant_id, items, counted_at } = command;
        let faults = faults(self, &items, counted_at);
        if !faults.is_empty() {
            return Err(Refusal::Invalid(faults));
        }
        let new = items.iter().filter(|item| !self.items.contains_key(&item.product_id)).count();
        if self.items.len() + new > INVENTORY_PRODUCTS_MAX {
            let message = format!("an inventory holds at most {INVENTORY_PRODUCTS_MAX} products");
            return Err(Refusal::invalid("items", "too_many", message));
        }
        Ok(vec![InventoryEvent::InventoryCounted { restaurant_id, items, counted_at }])
    }
}

/// All that is wrong, item by item.
fn faults(inventory: &Inventory, items: &[CountedItem], counted_at: DateTime<Utc>) -> Vec<InvalidValue> {
    let mut seen = BTreeSet::new();
    let mut faults = Vec::new();
    for (at, item) in items.iter().enumerate() {
        let mut refuse = |code, message: &str| {
            let field = format!("items[{at}].product_id");
            faults.push(InvalidValue { field, code, message: message.to_owned() });
        };
        if !seen.insert(item.product_id) {
            refuse("duplicate", "is named more than once");
        }
        // A count that comes late, from a device that was offline, must not undo what somebody saw since.
        if inventory.items.get(&item.product_id).is_some_and(|known| known.counted_at > counted_at) {
            refuse("counted_since", "was counted at a later time already");
        }
    }
    faults
}

#[cfg(test)]
mod tests {
    use cqrs_es::test::TestFramework;
    use events::values::{ProductId, Quantity};
    use uuid::Uuid;

    use super::*;
    use crate::domain::aggregate::AggregateOf;

    type Scenario = TestFramework<AggregateOf<Inventory>>;

    fn found(product: u128, units: i64) -> CountedItem {
        CountedItem { product_id: ProductId(Uuid::from_u128(product)), quantity: Quantity::units(units) }
    }

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(seconds, 0).unwrap()
    }

    fn count(items: Vec<CountedItem>, seconds: i64) -> InventoryCommand {
        let (restaurant_id, counted_at) = (RestaurantId::default(), at(seconds));
        InventoryCommand::Count { restaurant_id, items, counted_at }
    }

    fn counted(items: Vec<CountedItem>, seconds: i64) -> InventoryEvent {
        let (restaurant_id, counted_at) = (RestaurantId::default(), at(seconds));
        InventoryEvent::InventoryCounted { restaurant_id, items, counted_at }
    }

    fn fault(field: &str, code: &'static str, message: &str) -> InvalidValue {
        InvalidValue { field: field.to_owned(), code, message: message.to_owned() }
    }

    #[test]
    fn what_was_found_is_recorded_nothing_included() {
        let items = vec![found(1, 3), found(2, 0)];
        Scenario::with(())
            .given_no_previous_events()
            .when(count(items.clone(), 9))
            .then_expect_events(vec![counted(items, 9)]);
    }

    #[test]
    fn a_later_count_takes_the_place_of_an_earlier_one_and_leaves_the_rest() {
        use events::Fold as _;
        let mut inventory = Inventory::default();
        inventory.apply(&counted(vec![found(1, 3), found(2, 4)], 1));
        inventory.apply(&counted(vec![found(1, 2)], 2));
        let kept: Vec<_> = inventory.items.values().map(|item| (item.quantity, item.counted_at)).collect();
        assert_eq!(kept, [(Quantity::units(2), at(2)), (Quantity::units(4), at(1))]);
    }

    #[test]
    fn all_faults_are_told_at_once_by_item() {
        Scenario::with(())
            .given(vec![counted(vec![found(1, 3)], 10)])
            .when(count(vec![found(2, 1), found(1, 1), found(2, 2)], 9))
            .then_expect_error(Refusal::Invalid(vec![
                fault("items[1].product_id", "counted_since", "was counted at a later time already"),
                fault("items[2].product_id", "duplicate", "is named more than once"),
            ]));
    }

    #[test]
    fn an_inventory_has_an_end() {
        let many = |from: usize, to: usize| (from..to).map(|number| found(number as u128, 1)).collect();
        let full = counted(many(0, INVENTORY_PRODUCTS_MAX), 1);
        Scenario::with(())
            .given(vec![full.clone()])
            .when(count(many(0, 500), 2))
            .then_expect_events(vec![counted(many(0, 500), 2)]);
        Scenario::with(())
            .given(vec![full])
            .when(count(many(INVENTORY_PRODUCTS_MAX, INVENTORY_PRODUCTS_MAX + 1), 2))
            .then_expect_error(Refusal::invalid(
                "items",
                "too_many",
                "an inventory holds at most 5000 products",
            ));
    }
}
