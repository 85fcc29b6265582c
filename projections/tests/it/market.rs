//! A small market that trades.

use chrono::{DateTime, NaiveDate, TimeDelta};
use events::{
    account::{Account, AccountEvent},
    cart::{Cart, CartEvent, CartItem, PriceSource},
    invoice::{Invoice, InvoiceAnswer, InvoiceEvent, InvoiceFacts, InvoiceFile, LineFacts, Stated, Trade},
    order::{DeliveredLine, Order, OrderEvent, OrderedLine, Party, PaymentMethod, ReceivedLine},
    product::{Product, ProductDetails, ProductEvent},
    restaurant::{Restaurant, RestaurantDetails, RestaurantEvent},
    stock::{Stock, StockEvent},
    supplier::{Supplier, SupplierDetails, SupplierEvent},
    values::{
        AccountId, CartId, Currency, InvoiceId, LineId, MemberRole, OrderId, Personal, ProductId, Quantity,
        RestaurantId, Role, SupplierId, Tax, TaxRate,
    },
};

use serde_json::json;

use crate::world::World;

pub struct Market {
    pub cook: AccountId,
    pub grower: AccountId,
    pub restaurant: RestaurantId,
    pub supplier: SupplierId,
    pub product: ProductId,
}

pub fn details(name: &str, sku: &str) -> ProductDetails {
    ProductDetails {
        name: name.to_owned(),
        sku: sku.to_owned(),
        unit: "KGM".to_owned(),
        gtin: Some("7310865004703".parse().unwrap()),
        ..ProductDetails::default()
    }
}

impl Market {
    pub async fn open(world: &mut World) -> Self {
        let market = Self {
            cook: world.id(),
            grower: world.id(),
            restaurant: world.id(),
            supplier: world.id(),
            product: world.id(),
        };
        let registered = |id: AccountId, email: &str, role| AccountEvent::AccountRegistered {
            email: Personal::new(id, email),
            role,
            invited: false,
        };
        let Self { cook, grower, restaurant, supplier, product } = market;
        world.record::<Account>(cook, registered(cook, "Cook@iris.test", Role::Restaurant)).await;
        world.record::<Account>(grower, registered(grower, "grower@iris.test", Role::Supplier)).await;
        let said = SupplierDetails { name: "Gröna gården".to_owned(), ..SupplierDetails::default() };
        let event = SupplierEvent::SupplierRegistered { details: said, currency: Currency::SEK };
        world.record::<Supplier>(supplier, event).await;
        let role = MemberRole::Owner;
        world
            .record::<Supplier>(supplier, SupplierEvent::SupplierMemberAdded { account_id: grower, role })
            .await;
        let said = RestaurantDetails { name: "Krogen".to_owned(), ..RestaurantDetails::default() };
        let event = RestaurantEvent::RestaurantRegistered { details: said, currency: Currency::SEK };
        world.record::<Restaurant>(restaurant, event).await;
        let event = RestaurantEvent::RestaurantMemberAdded { account_id: cook, role };
        world.record::<Restaurant>(restaurant, event).await;
        market.offer(world, product, "Morot", "M-1").await;
        market
    }

    /// A product with a thousand units on the shelf.
    pub async fn offer(&self, world: &mut World, product: ProductId, name: &str, sku: &str) {
        let event = ProductEvent::ProductCreated {
            supplier_id: self.supplier,
            details: details(name, sku),
            unit_price_minor: 1_250,
            currency: Currency::SEK,
        };
        world.record::<Product>(product, event).await;
        let event = StockEvent::StockAdjusted {
            supplier_id: self.supplier,
            change: Quantity::units(1_000),
            reason: "harvest".to_owned(),
            expires_on: None,
        };
        world.record::<Stock>(product, event).await;
    }

    /// A cart, the order that it becomes, and the stock that is promised to it.
    pub async fn place(&self, world: &mut World, units: i64, wanted: Option<NaiveDate>) -> Placed {
        let placed = Placed {
            order: world.id(),
            line: world.id(),
            cart: world.id(),
            quantity: Quantity::units(units),
        };
        let event = CartEvent::CartOpened { restaurant_id: self.restaurant, currency: Currency::SEK };
        world.record::<Cart>(placed.cart, event).await;
        let item = CartItem {
            item_id: placed.line,
            product_id: self.product,
            supplier_id: self.supplier,
            name: "Morot".to_owned(),
            sku: "M-1".to_owned(),
            unit: "KGM".to_owned(),
            quantity: placed.quantity,
            unit_price_minor: 1_250,
            price_source: PriceSource::List,
            tax: Tax::default(),
            tax_rate: rate(),
        };
        world.record::<Cart>(placed.cart, CartEvent::CartItemAdded { item }).await;
        let checkout_id = world.id();
        let event = OrderEvent::OrderPlaced {
            checkout_id,
            cart_id: placed.cart,
            restaurant_id: self.restaurant,
            supplier_id: self.supplier,
            lines: vec![placed.ordered(self.product)],
            currency: Currency::SEK,
            total_minor: 1_400 * units,
            tax_minor: 150 * units,
            payment_method: PaymentMethod::Invoice,
            requested_delivery_date: wanted,
            note: None,
            placed_by: Some(self.cook),
            placed_at: world.now(),
        };
        world.record::<Order>(placed.order, event).await;
        let event = CartEvent::CartConverted { checkout_id, order_ids: vec![placed.order] };
        world.record::<Cart>(placed.cart, event).await;
        let Placed { order, line, quantity, .. } = placed;
        let event = StockEvent::StockAllocated { order_id: order, line_id: line, quantity };
        world.record::<Stock>(self.product, event).await;
        placed
    }

    pub async fn confirm(&self, world: &mut World, placed: &Placed) {
        world.clock.advance(TimeDelta::seconds(90));
        let confirmed_at = world.now();
        world.record::<Order>(placed.order, OrderEvent::OrderConfirmed { confirmed_at }).await;
    }

    pub async fn deliver(&self, world: &mut World, placed: &Placed, units: i64) {
        let quantity = Quantity::units(units);
        let (order_id, line_id) = (placed.order, placed.line);
        let line =
            DeliveredLine { line_id, quantity, tax_rate: rate(), net_minor: 1_250 * units, tax_minor: 0 };
        let event =
            OrderEvent::DeliveryMarked { lines: vec![line], delivered_at: world.now(), invoice: None };
        world.record::<Order>(order_id, event).await;
        world.record::<Stock>(self.product, StockEvent::StockShipped { order_id, line_id, quantity }).await;
    }

    pub async fn receive(&self, world: &mut World, placed: &Placed, units: i64) {
        let line = ReceivedLine { line_id: placed.line, quantity: Quantity::units(units), reason: None };
        let event = OrderEvent::DeliveryConfirmed { lines: vec![line], received_at: world.now() };
        world.record::<Order>(placed.order, event).await;
    }

    pub async fn cancel(&self, world: &mut World, placed: &Placed, by: Party) {
        let (reason, cancelled_at) = ("rain".to_owned(), world.now());
        world.record::<Order>(placed.order, OrderEvent::OrderCancelled { by, reason, cancelled_at }).await;
        let Placed { order: order_id, line: line_id, quantity, .. } = *placed;
        world.record::<Stock>(self.product, StockEvent::StockReleased { order_id, line_id, quantity }).await;
    }

    /// Two lines, of which these cost more than was agreed.
    pub fn matched_invoice(&self, dear: &[&str]) -> InvoiceEvent {
        let line = |id: &str| LineFacts { id: id.to_owned(), ..LineFacts::default() };
        let variance = |line: &&str| {
            json!({
                "invoice_line": line, "order_line": null, "class": "price_over", "effect": "noted",
                "expected": null, "actual": null, "value_minor": 1, "counts_in_net": true, "reason": null
            })
        };
        let outcome = json!({
            "verdict": "matched_with_variance", "links": [], "expected_net_minor": 0, "policy_version": 1,
            "variances": dear.iter().map(variance).collect::<Vec<_>>()
        });
        InvoiceEvent::InvoiceMatched {
            trade: Trade {
                supplier_id: self.supplier,
                restaurant_id: self.restaurant,
                order_id: OrderId::default(),
            },
            facts: Box::new(InvoiceFacts { lines: vec![line("1"), line("2")], ..InvoiceFacts::default() }),
            credits: None,
            outcome: serde_json::from_value(outcome).unwrap(),
            answer: InvoiceAnswer { status_code: "AP".to_owned(), reason_codes: vec![] },
            accepted: None,
            matched_at: DateTime::UNIX_EPOCH,
        }
    }

    /// An invoice comes and is matched.
    async fn invoice_prices(&self, world: &mut World, is_dear: bool) {
        let invoice: InvoiceId = world.id();
        let received = InvoiceEvent::InvoiceReceived {
            file: InvoiceFile::default(),
            stated: Stated { supplier_id: Some(self.supplier), ..Stated::default() },
            received_by: None,
            received_at: world.now(),
        };
        world.record::<Invoice>(invoice, received).await;
        let dear: &[&str] = if is_dear { &["1"] } else { &[] };
        world.record::<Invoice>(invoice, self.matched_invoice(dear)).await;
    }

    /// Orders of every fate, over several days.
    pub async fn trade(&self, world: &mut World, orders: i64) {
        for number in 0..orders {
            world.clock.advance(TimeDelta::hours(5));
            let wanted = (number % 3 == 0).then(|| world.now().date_naive());
            let placed = self.place(world, 2 + number % 4, wanted).await;
            match number % 5 {
                0 => self.cancel(world, &placed, Party::Restaurant).await,
                1 => self.cancel(world, &placed, Party::Supplier).await,
                2 => self.confirm(world, &placed).await,
                _ => {
                    self.confirm(world, &placed).await;
                    self.deliver(world, &placed, 2).await;
                    self.receive(world, &placed, 1 + number % 2).await;
                    self.invoice_prices(world, number % 2 == 0).await;
                    self.invoice(world, &placed).await;
                }
            }
        }
    }
}

#[derive(Clone, Copy)]
pub struct Placed {
    pub order: OrderId,
    pub line: LineId,
    pub cart: CartId,
    pub quantity: Quantity,
}

impl Placed {
    fn ordered(&self, product_id: ProductId) -> OrderedLine {
        OrderedLine {
            line_id: self.line,
            product_id,
            sku: "M-1".to_owned(),
            name: "Morot".to_owned(),
            unit: "KGM".to_owned(),
            quantity: self.quantity,
            unit_price_minor: 1_250,
            tax: Tax::default(),
            tax_rate: rate(),
            net_minor: 1_250,
            tax_minor: 150,
        }
    }
}

fn rate() -> TaxRate {
    TaxRate::try_new(1_200).unwrap()
}
