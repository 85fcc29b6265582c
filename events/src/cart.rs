//! Carts: what a restaurant is about to order, at the prices that it was promised.

use serde::{Deserialize, Serialize};

use crate::{
    envelope::StreamKind,
    fold::Fold,
    values::{
        CheckoutId, Currency, LineId, OrderId, ProductId, Quantity, RestaurantId, SupplierId, Tax, TaxRate,
    },
};

/// A product in a cart, with what was promised when it was added.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CartItem {
    /// Which line; becomes the order line's id.
    pub item_id: LineId,
    /// Which product; unique in the cart.
    pub product_id: ProductId,
    /// Who sells it.
    pub supplier_id: SupplierId,
    /// The product's name.
    pub name: String,
    /// The supplier's number for it.
    pub sku: String,
    /// UN/ECE code of the unit.
    pub unit: String,
    /// How much.
    pub quantity: Quantity,
    /// Price of one unit without VAT, minor units.
    pub unit_price_minor: i64,
    /// How it is taxed.
    pub tax: Tax,
    /// The rate on the day that it was added: an estimate until delivery.
    pub tax_rate: TaxRate,
}

/// What happens to a cart.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum CartEvent {
    /// A restaurant began one.
    CartOpened {
        /// For whom.
        restaurant_id: RestaurantId,
        /// The restaurant's currency: everything in the cart is priced in it.
        currency: Currency,
    },
    /// A product came in.
    CartItemAdded {
        /// All of it.
        item: CartItem,
    },
    /// More or less of it, at what the product now costs.
    CartItemQuantityChanged {
        /// Which line.
        item_id: LineId,
        /// How much in all.
        quantity: Quantity,
        /// Price of one unit without VAT, minor units.
        unit_price_minor: i64,
        /// The rate of the day.
        tax_rate: TaxRate,
    },
    /// It went out again.
    CartItemRemoved {
        /// Which line.
        item_id: LineId,
    },
    /// It became orders; nothing changes in it any more.
    CartConverted {
        /// What ties the orders together.
        checkout_id: CheckoutId,
        /// One per supplier.
        order_ids: Vec<OrderId>,
    },
}

/// A cart as its events leave it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Cart {
    /// For whom.
    pub restaurant_id: RestaurantId,
    /// What it is priced in.
    pub currency: Currency,
    /// In the order they came; unique by product.
    pub items: Vec<CartItem>,
    /// Set once it became orders.
    pub checkout_id: Option<CheckoutId>,
}

impl Cart {
    /// The line of that product.
    pub fn item_of(&self, product_id: ProductId) -> Option<&CartItem> {
        self.items.iter().find(|item| item.product_id == product_id)
    }

    /// The line of that id.
    pub fn item(&self, item_id: LineId) -> Option<&CartItem> {
        self.items.iter().find(|item| item.item_id == item_id)
    }
}

impl Fold for Cart {
    type Event = CartEvent;
    const KIND: StreamKind = StreamKind::Cart;

    fn apply(&mut self, event: &CartEvent) {
        match event {
            CartEvent::CartOpened { restaurant_id, currency } => {
                self.restaurant_id = *restaurant_id;
                self.currency = *currency;
            }
            CartEvent::CartItemAdded { item } => self.items.push(item.clone()),
            CartEvent::CartItemQuantityChanged { item_id, quantity, unit_price_minor, tax_rate } => {
                for item in self.items.iter_mut().filter(|item| item.item_id == *item_id) {
                    item.quantity = *quantity;
                    item.unit_price_minor = *unit_price_minor;
                    item.tax_rate = *tax_rate;
                }
            }
            CartEvent::CartItemRemoved { item_id } => self.items.retain(|item| item.item_id != *item_id),
            CartEvent::CartConverted { checkout_id, .. } => self.checkout_id = Some(*checkout_id),
        }
    }
}

impl cqrs_es::DomainEvent for CartEvent {
    fn event_type(&self) -> String {
        match self {
            Self::CartOpened { .. } => "CartOpened",
            Self::CartItemAdded { .. } => "CartItemAdded",
            Self::CartItemQuantityChanged { .. } => "CartItemQuantityChanged",
            Self::CartItemRemoved { .. } => "CartItemRemoved",
            Self::CartConverted { .. } => "CartConverted",
        }
        .to_owned()
    }

    fn event_version(&self) -> String {
        "1".to_owned()
    }
}
