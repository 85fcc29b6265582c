//! Carts: what a restaurant is about to order, at the prices that it was promised.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    envelope::StreamKind,
    fold::Fold,
    values::{
        CheckoutId, Currency, LineId, OrderId, ProductId, Quantity, RestaurantId, SupplierId, Tax, TaxRate,
    },
};

/// Where a price comes from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PriceSource {
    /// The product's own, for everybody.
    #[default]
    List,
    /// What the supplier and the restaurant agreed on.
    Contract,
}

impl PriceSource {
    /// For everybody: what carts said nothing of before there were contracts, and say nothing of now.
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's shape")]
    fn is_list(&self) -> bool {
        *self == Self::List
    }
}

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
    /// Where that price comes from.
    #[serde(default, skip_serializing_if = "PriceSource::is_list")]
    pub price_source: PriceSource,
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
    /// More or less of it, at what the product now costs this restaurant.
    CartItemQuantityChanged {
        /// Which line.
        item_id: LineId,
        /// How much in all.
        quantity: Quantity,
        /// Price of one unit without VAT, minor units.
        unit_price_minor: i64,
        /// Where that price comes from.
        #[serde(default, skip_serializing_if = "PriceSource::is_list")]
        price_source: PriceSource,
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
    /// What is in it was made from suggestions: what was suggested beside what was taken, by which the worth of
    /// people's edits is measured. Changes nothing in the cart.
    CartFilledFromSuggestions {
        /// The run of forecasts that they rested on; absent where none was known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        forecast_run_id: Option<Uuid>,
        /// What was taken, and what was suggested and left out; unique by product.
        lines: Vec<SuggestedLine>,
    },
}

/// A product that was suggested, or taken where others were.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SuggestedLine {
    /// Which product.
    pub product_id: ProductId,
    /// How much was suggested at that moment, possibly nothing; absent where suggestions were not at hand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suggested: Option<Quantity>,
    /// How much came into the cart, possibly nothing.
    pub taken: Quantity,
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
            CartEvent::CartItemQuantityChanged {
                item_id,
                quantity,
                unit_price_minor,
                price_source,
                tax_rate,
            } => {
                for item in self.items.iter_mut().filter(|item| item.item_id == *item_id) {
                    item.quantity = *quantity;
                    item.unit_price_minor = *unit_price_minor;
                    item.price_source = *price_source;
                    item.tax_rate = *tax_rate;
                }
            }
            CartEvent::CartItemRemoved { item_id } => self.items.retain(|item| item.item_id != *item_id),
            CartEvent::CartConverted { checkout_id, .. } => self.checkout_id = Some(*checkout_id),
            CartEvent::CartFilledFromSuggestions { .. } => {}
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
            Self::CartFilledFromSuggestions { .. } => "CartFilledFromSuggestions",
        }
        .to_owned()
    }

    fn event_version(&self) -> String {
        "1".to_owned()
    }
}
