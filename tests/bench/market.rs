//! A market as its events: suppliers with products and stock, restaurants with owners, and what they trade.

use chrono::{DateTime, Utc};
use events::{
    cart::{Cart, CartEvent, CartItem, PriceSource},
    order::{Order, OrderEvent, OrderedLine, PaymentMethod},
    product::{Product, ProductDetails, ProductEvent},
    restaurant::{Restaurant, RestaurantEvent},
    stock::{Stock, StockEvent},
    supplier::{Supplier, SupplierEvent},
    values::{
        AccountId, CartId, CheckoutId, Currency, LineId, MemberRole, OrderId, ProductId, Quantity,
        RestaurantId, SupplierId, Tax, TaxCategory, line_net_minor, swedish_day, vat_of,
    },
};

use crate::{
    fill::{Parties, Writer},
    names::product_name,
    organisations::{restaurant_details, supplier_details},
};

/// Nobody runs out of anything while orders are measured.
const AMPLE: Quantity = Quantity::units(1_000_000);
const TAX: Tax = Tax::Category(TaxCategory::Food);
const LINES: usize = 3;

/// How many of each.
#[derive(Clone, Copy)]
pub struct MarketSize {
    pub suppliers: usize,
    pub restaurants: usize,
    /// At least three per supplier.
    pub products: usize,
}

/// Who takes part, and what is offered.
#[derive(Clone)]
pub struct Market {
    pub suppliers: Vec<Seller>,
    pub restaurants: Vec<Buyer>,
    pub products: Vec<Offer>,
}

/// A supplier and its owner.
#[derive(Clone, Copy)]
pub struct Seller {
    pub id: SupplierId,
    pub owner: AccountId,
}

/// A restaurant and its owner.
#[derive(Clone, Copy)]
pub struct Buyer {
    pub id: RestaurantId,
    pub owner: AccountId,
}

/// A product.
#[derive(Clone)]
pub struct Offer {
    pub id: ProductId,
    pub name: String,
    sku: String,
    price_minor: i64,
    stock_revision: i64,
}

/// Three products of one supplier, for one restaurant.
pub struct Basket {
    /// Place of the restaurant in the market.
    pub restaurant: usize,
    /// Place of the supplier in the market.
    pub supplier: usize,
    supplier_id: SupplierId,
    items: Vec<CartItem>,
    /// Places of the products in the market.
    products: [usize; LINES],
}

impl Market {
    /// Writes a market with approved restaurants and plenty of stock.
    pub fn open(writer: &mut Writer, size: MarketSize) -> Self {
        let suppliers: Vec<_> = (0..size.suppliers).map(|number| supplier(writer, number)).collect();
        let restaurants = (0..size.restaurants).map(|number| restaurant(writer, number)).collect();
        let per_supplier = size.products / size.suppliers;
        let products = (0..per_supplier * size.suppliers)
            .map(|number| product(writer, suppliers[number / per_supplier].id, number))
            .collect();
        Self { suppliers, restaurants, products }
    }

    /// Chooses a restaurant, of whom some order far more than others, and what it wants.
    pub fn basket(&self, writer: &mut Writer) -> Basket {
        let restaurant = writer.dice.skewed(self.restaurants.len());
        let supplier = writer.dice.skewed(self.suppliers.len());
        self.basket_of(writer, restaurant, supplier)
    }

    /// Chooses a restaurant and products, each as likely.
    pub fn even_basket(&self, writer: &mut Writer) -> Basket {
        let restaurant = writer.dice.below(self.restaurants.len());
        let supplier = writer.dice.below(self.suppliers.len());
        self.basket_of(writer, restaurant, supplier)
    }

    /// Chooses a restaurant, and of the first supplier the first product and two others: everybody wants that one.
    pub fn hot_basket(&self, writer: &mut Writer) -> Basket {
        let restaurant = writer.dice.below(self.restaurants.len());
        self.basket_from(writer, restaurant, 0, 0)
    }

    fn basket_of(&self, writer: &mut Writer, restaurant: usize, supplier: usize) -> Basket {
        let per_supplier = self.products.len() / self.suppliers.len();
        let first = writer.dice.below(per_supplier);
        self.basket_from(writer, restaurant, supplier, first)
    }

    fn basket_from(&self, writer: &mut Writer, restaurant: usize, supplier: usize, first: usize) -> Basket {
        let per_supplier = self.products.len() / self.suppliers.len();
        // Distinct for any supplier with three products.
        let steps = [0, 1 + writer.dice.below(per_supplier / 2 - 1), per_supplier / 2];
        let products = steps.map(|step| supplier * per_supplier + (first + step) % per_supplier);
        let supplier_id = self.suppliers[supplier].id;
        let day = swedish_day(writer.now);
        let items = products.iter().map(|&place| {
            let offer = &self.products[place];
            CartItem {
                item_id: LineId(writer.id()),
                product_id: offer.id,
                supplier_id,
                name: offer.name.clone(),
                sku: offer.sku.clone(),
                unit: "KGM".to_owned(),
                quantity: Quantity::units(1 + i64::try_from(writer.dice.below(9)).expect("below nine")),
                unit_price_minor: offer.price_minor,
                price_source: PriceSource::List,
                tax: TAX,
                tax_rate: TAX.rate_on(day),
            }
        });
        Basket { restaurant, supplier, supplier_id, items: items.collect(), products }
    }

    /// Writes an open cart with the basket's contents.
    pub fn open_cart(&self, writer: &mut Writer, basket: &Basket) -> CartId {
        let cart_id = CartId(writer.id());
        let restaurant_id = self.restaurants[basket.restaurant].id;
        let parties = Parties { restaurant_id: Some(restaurant_id), ..Parties::default() };
        let opened = CartEvent::CartOpened { restaurant_id, currency: Currency::SEK };
        writer.add::<Cart>(cart_id, 1, &opened, parties);
        for (sequence, item) in (2..).zip(&basket.items) {
            writer.add::<Cart>(cart_id, sequence, &CartEvent::CartItemAdded { item: item.clone() }, parties);
        }
        cart_id
    }

    /// Writes a placed order, and nothing of its cart and stock.
    pub fn place(&self, writer: &mut Writer, cart_id: CartId, basket: &Basket) -> (OrderId, CheckoutId) {
        let (order_id, checkout_id) = (OrderId(writer.id()), CheckoutId(writer.id()));
        let placed = self.placed(cart_id, checkout_id, basket, writer.now);
        writer.add::<Order>(order_id, 1, &placed, self.parties(basket));
        (order_id, checkout_id)
    }

    /// What an order of that basket begins with.
    pub fn placed(
        &self,
        cart_id: CartId,
        checkout_id: CheckoutId,
        basket: &Basket,
        placed_at: DateTime<Utc>,
    ) -> OrderEvent {
        let buyer = self.restaurants[basket.restaurant];
        let net = |item: &CartItem| line_net_minor(item.unit_price_minor, item.quantity);
        let vat = vat_of(&basket.items.iter().map(|item| (net(item), item.tax_rate)).collect::<Vec<_>>());
        let lines = basket.items.iter().zip(&vat.line_tax_minor);
        OrderEvent::OrderPlaced {
            checkout_id,
            cart_id,
            restaurant_id: buyer.id,
            supplier_id: basket.supplier_id,
            lines: lines.map(|(item, &tax_minor)| ordered(item, net(item), tax_minor)).collect(),
            currency: Currency::SEK,
            total_minor: vat.total_minor(),
            tax_minor: vat.tax_minor(),
            payment_method: PaymentMethod::Invoice,
            requested_delivery_date: None,
            note: None,
            placed_by: Some(buyer.owner),
            placed_at,
        }
    }

    /// Writes what else placing an order writes: promised stock, and the cart's end.
    pub fn settle(
        &mut self,
        writer: &mut Writer,
        cart_id: CartId,
        basket: &Basket,
        (order_id, checkout_id): (OrderId, CheckoutId),
    ) {
        let parties = self.parties(basket);
        for (&place, item) in basket.products.iter().zip(&basket.items) {
            let offer = &mut self.products[place];
            offer.stock_revision += 1;
            let allocated =
                StockEvent::StockAllocated { order_id, line_id: item.item_id, quantity: item.quantity };
            writer.add::<Stock>(offer.id, offer.stock_revision, &allocated, parties);
        }
        let converted = CartEvent::CartConverted { checkout_id, order_ids: vec![order_id] };
        writer.add::<Cart>(cart_id, 5, &converted, parties);
    }

    /// Both sides of a basket.
    pub fn parties(&self, basket: &Basket) -> Parties {
        let restaurant_id = Some(self.restaurants[basket.restaurant].id);
        Parties { supplier_id: Some(basket.supplier_id), restaurant_id }
    }
}

fn supplier(writer: &mut Writer, number: usize) -> Seller {
    let (id, owner) = (SupplierId(writer.id()), AccountId(writer.id()));
    let events = [
        SupplierEvent::SupplierRegistered { details: supplier_details(id, number), currency: Currency::SEK },
        SupplierEvent::SupplierMemberAdded { account_id: owner, role: MemberRole::Owner },
    ];
    let parties = Parties { supplier_id: Some(id), ..Parties::default() };
    for (sequence, event) in (1..).zip(&events) {
        writer.add::<Supplier>(id, sequence, event, parties);
    }
    Seller { id, owner }
}

fn restaurant(writer: &mut Writer, number: usize) -> Buyer {
    let (id, owner) = (RestaurantId(writer.id()), AccountId(writer.id()));
    let events = [
        RestaurantEvent::RestaurantRegistered {
            details: restaurant_details(id, number),
            currency: Currency::SEK,
        },
        RestaurantEvent::RestaurantApproved { trial_ends_at: writer.now },
        RestaurantEvent::RestaurantMemberAdded { account_id: owner, role: MemberRole::Owner },
    ];
    let parties = Parties { restaurant_id: Some(id), ..Parties::default() };
    for (sequence, event) in (1..).zip(&events) {
        writer.add::<Restaurant>(id, sequence, event, parties);
    }
    Buyer { id, owner }
}

fn product(writer: &mut Writer, supplier_id: SupplierId, number: usize) -> Offer {
    let id = ProductId(writer.id());
    let offer = Offer {
        id,
        name: product_name(&mut writer.dice),
        sku: format!("A{number:06}"),
        price_minor: 900 + i64::try_from(writer.dice.below(40_000)).expect("a small number"),
        stock_revision: 1,
    };
    let details = ProductDetails {
        name: offer.name.clone(),
        sku: offer.sku.clone(),
        unit: "KGM".to_owned(),
        tax: TAX,
        ..Default::default()
    };
    let parties = Parties { supplier_id: Some(supplier_id), ..Parties::default() };
    let created = ProductEvent::ProductCreated {
        supplier_id,
        details,
        unit_price_minor: offer.price_minor,
        currency: Currency::SEK,
    };
    writer.add::<Product>(id, 1, &created, parties);
    let adjusted = StockEvent::StockAdjusted {
        supplier_id,
        change: AMPLE,
        reason: "Inleverans".to_owned(),
        expires_on: None,
    };
    writer.add::<Stock>(id, 1, &adjusted, parties);
    offer
}

fn ordered(item: &CartItem, net_minor: i64, tax_minor: i64) -> OrderedLine {
    OrderedLine {
        line_id: item.item_id,
        product_id: item.product_id,
        sku: item.sku.clone(),
        name: item.name.clone(),
        unit: item.unit.clone(),
        quantity: item.quantity,
        unit_price_minor: item.unit_price_minor,
        tax: item.tax,
        tax_rate: item.tax_rate,
        net_minor,
        tax_minor,
    }
}
