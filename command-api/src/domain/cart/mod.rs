//! Carts.

mod add_item;
mod change_item;
mod fill;
mod open;
mod price;
mod remove_item;

pub use add_item::AddCartItem;
pub use change_item::ChangeCartItem;
pub use fill::{FillCart, FillLine, Suggested};
pub use open::OpenCart;
pub use remove_item::RemoveCartItem;

use std::sync::Arc;

use events::{
    Folded,
    cart::{Cart, CartEvent, CartItem, PriceSource, SuggestedLine},
    product::Product,
    resource::CartResource,
    values::{CartId, CheckoutId, Currency, LineId, OrderId, ProductId, Quantity, RestaurantId, TaxRate},
};
use uuid::Uuid;

use self::price::price_for;
use super::{Decide, access, refusal::Refusal};
use crate::domain::{Answer, Stop, Unit};

/// How many products a cart, and so an order, can hold. Keeps every sum of money far below 2^63.
pub const CART_ITEMS_MAX: usize = 500;

/// What can be asked of a cart.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "each is documented at the event that it leads to")]
pub enum CartCommand {
    Open {
        restaurant_id: RestaurantId,
        currency: Currency,
    },
    /// A product that is in it already adds up, at the new price.
    Add {
        item: CartItem,
        currency: Currency,
    },
    ChangeQuantity {
        item_id: LineId,
        quantity: Quantity,
        unit_price_minor: i64,
        price_source: PriceSource,
        tax_rate: TaxRate,
    },
    Remove {
        item_id: LineId,
    },
    Convert {
        checkout_id: CheckoutId,
        order_ids: Vec<OrderId>,
    },
    /// Opened with all that is in it. The items are of that currency, and each of another product.
    Fill {
        restaurant_id: RestaurantId,
        currency: Currency,
        items: Vec<CartItem>,
        forecast_run_id: Option<Uuid>,
        lines: Vec<SuggestedLine>,
    },
}

impl Decide for Cart {
    type Command = CartCommand;

    fn decide(&self, command: CartCommand) -> Result<Vec<CartEvent>, Refusal> {
        if self.checkout_id.is_some() {
            return Err(Refusal::CartConverted);
        }
        Ok(match command {
            CartCommand::Open { restaurant_id, currency } => {
                vec![CartEvent::CartOpened { restaurant_id, currency }]
            }
            CartCommand::Add { item, currency } => vec![add(self, item, currency)?],
            CartCommand::ChangeQuantity { item_id, quantity, unit_price_minor, price_source, tax_rate } => {
                existing(self, item_id)?;
                vec![CartEvent::CartItemQuantityChanged {
                    item_id,
                    quantity,
                    unit_price_minor,
                    price_source,
                    tax_rate,
                }]
            }
            CartCommand::Remove { item_id } => {
                existing(self, item_id)?;
                vec![CartEvent::CartItemRemoved { item_id }]
            }
            CartCommand::Convert { .. } if self.items.is_empty() => return Err(Refusal::CartEmpty),
            CartCommand::Convert { checkout_id, order_ids } => {
                vec![CartEvent::CartConverted { checkout_id, order_ids }]
            }
            CartCommand::Fill { items, .. } if items.len() > CART_ITEMS_MAX => {
                return Err(Refusal::CartFull { items_max: CART_ITEMS_MAX });
            }
            CartCommand::Fill { restaurant_id, currency, items, forecast_run_id, lines } => {
                let opened = CartEvent::CartOpened { restaurant_id, currency };
                let added = items.into_iter().map(|item| CartEvent::CartItemAdded { item });
                let filled = CartEvent::CartFilledFromSuggestions { forecast_run_id, lines };
                [opened].into_iter().chain(added).chain([filled]).collect()
            }
        })
    }
}

fn add(cart: &Cart, item: CartItem, currency: Currency) -> Result<CartEvent, Refusal> {
    if currency != cart.currency {
        return Err(Refusal::CurrencyMismatch { product: currency, cart: cart.currency });
    }
    let Some(present) = cart.item_of(item.product_id) else {
        if cart.items.len() >= CART_ITEMS_MAX {
            return Err(Refusal::CartFull { items_max: CART_ITEMS_MAX });
        }
        return Ok(CartEvent::CartItemAdded { item });
    };
    let quantity = present.quantity + item.quantity;
    if quantity > events::values::QUANTITY_MAX {
        return Err(Refusal::invalid("qty", "out_of_range", "with what is in the cart it exceeds 1000000"));
    }
    Ok(CartEvent::CartItemQuantityChanged {
        item_id: present.item_id,
        quantity,
        unit_price_minor: item.unit_price_minor,
        price_source: item.price_source,
        tax_rate: item.tax_rate,
    })
}

/// So much of a product as a line, at what it costs that restaurant at this moment.
fn item_of_today(
    unit: &mut Unit<'_>,
    restaurant_id: RestaurantId,
    product: &Product,
    (item_id, product_id, quantity): (LineId, ProductId, Quantity),
) -> Result<CartItem, Stop> {
    let (unit_price_minor, price_source) = price_for(unit, restaurant_id, product_id, product)?;
    Ok(CartItem {
        item_id,
        product_id,
        supplier_id: product.supplier_id,
        name: product.details.name.clone(),
        sku: product.details.sku.clone(),
        unit: product.details.unit.clone(),
        quantity,
        unit_price_minor,
        price_source,
        tax: product.details.tax,
        tax_rate: product.details.tax.rate_on(unit.today()),
    })
}

fn existing(cart: &Cart, item_id: LineId) -> Result<&CartItem, Refusal> {
    cart.item(item_id).ok_or_else(|| Refusal::not_found("item", item_id))
}

/// The cart, if the caller works for its restaurant; others may not know that it exists.
pub fn cart_as_member(unit: &mut Unit<'_>, id: CartId) -> Result<Arc<Folded<Cart>>, Stop> {
    let cart = unit.existing::<Cart>("cart", id)?;
    match access::restaurant_as_member(unit, cart.state.restaurant_id) {
        Ok(_) => Ok(cart),
        Err(Stop::Refused(_)) => Err(access::unseen_unless_auditor(unit, Refusal::not_found("cart", id))),
        Err(stop) => Err(stop),
    }
}

fn answer(id: CartId, cart: &Folded<Cart>) -> Answer {
    Answer::ok(&CartResource::of(id, cart), cart.revision)
}

#[cfg(test)]
mod tests {
    use cqrs_es::test::TestFramework;
    use events::values::{SupplierId, Tax};

    use super::*;
    use crate::domain::aggregate::AggregateOf;

    type Scenario = TestFramework<AggregateOf<Cart>>;

    fn item(line: u128, product: u128, units: i64) -> CartItem {
        CartItem {
            item_id: LineId(Uuid::from_u128(line)),
            product_id: ProductId(Uuid::from_u128(product)),
            supplier_id: SupplierId::default(),
            name: "Tomater".to_owned(),
            sku: "T-1".to_owned(),
            unit: "KGM".to_owned(),
            quantity: Quantity::units(units),
            unit_price_minor: 2500,
            price_source: PriceSource::List,
            tax: Tax::default(),
            tax_rate: TaxRate::try_new(2500).unwrap(),
        }
    }

    fn opened() -> CartEvent {
        CartEvent::CartOpened { restaurant_id: RestaurantId::default(), currency: Currency::SEK }
    }

    #[test]
    fn the_same_product_again_adds_up_at_the_new_price() {
        let dearer = CartItem { unit_price_minor: 2600, ..item(2, 1, 3) };
        Scenario::with(())
            .given(vec![opened(), CartEvent::CartItemAdded { item: item(1, 1, 2) }])
            .when(CartCommand::Add { item: dearer, currency: Currency::SEK })
            .then_expect_events(vec![CartEvent::CartItemQuantityChanged {
                item_id: LineId(Uuid::from_u128(1)),
                quantity: Quantity::units(5),
                unit_price_minor: 2600,
                price_source: PriceSource::List,
                tax_rate: TaxRate::try_new(2500).unwrap(),
            }]);
    }

    #[test]
    fn a_product_in_another_currency_stays_out() {
        Scenario::with(())
            .given(vec![opened()])
            .when(CartCommand::Add { item: item(1, 1, 2), currency: Currency::EUR })
            .then_expect_error(Refusal::CurrencyMismatch { product: Currency::EUR, cart: Currency::SEK });
    }

    #[test]
    fn nothing_changes_in_a_converted_cart() {
        let converted = CartEvent::CartConverted { checkout_id: CheckoutId::default(), order_ids: vec![] };
        let given = vec![opened(), CartEvent::CartItemAdded { item: item(1, 1, 2) }, converted];
        let item_id = LineId(Uuid::from_u128(1));
        for command in [
            CartCommand::Add { item: item(2, 2, 1), currency: Currency::SEK },
            CartCommand::Remove { item_id },
            CartCommand::Convert { checkout_id: CheckoutId::default(), order_ids: vec![] },
        ] {
            Scenario::with(()).given(given.clone()).when(command).then_expect_error(Refusal::CartConverted);
        }
    }

    #[test]
    fn an_empty_cart_becomes_no_order() {
        Scenario::with(())
            .given(vec![opened()])
            .when(CartCommand::Convert { checkout_id: CheckoutId::default(), order_ids: vec![] })
            .then_expect_error(Refusal::CartEmpty);
    }

    #[test]
    fn an_item_that_is_not_there_is_not_found() {
        let item_id = LineId(Uuid::from_u128(8));
        Scenario::with(())
            .given(vec![opened()])
            .when(CartCommand::Remove { item_id })
            .then_expect_error(Refusal::not_found("item", item_id));
    }
}
