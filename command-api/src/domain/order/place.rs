//! Placing an order: a cart becomes one order per supplier, and stock is promised to every line.

use chrono::NaiveDate;
use events::{
    cart::{Cart, CartItem},
    order::{Order, OrderEvent, OrderedLine, PaymentMethod},
    product::Product,
    resource::{CheckoutResource, OrderResource},
    restaurant::{Restaurant, RestaurantStatus},
    stock::Stock,
    supplier::Supplier,
    values::{CartId, CheckoutId, FreshIds, OrderId, Quantity, SupplierId, line_net_minor, vat_of},
};

use super::OrderCommand;
use crate::domain::{
    Answer, Command, Concerns, Stop, Unit,
    cart::{CartCommand, cart_as_member},
    refusal::{Refusal, Shortage},
    stock::{Promise, StockCommand},
};

/// A cart is ordered: all of it, at the prices promised, or nothing. Members of the restaurant and
/// ADMIN.
#[derive(Clone, Debug)]
pub struct PlaceOrder {
    /// Ids for the checkout and its orders.
    pub fresh_ids: FreshIds,
    /// What is ordered.
    pub cart_id: CartId,
    /// How it is to be paid.
    pub payment_method: PaymentMethod,
    /// When the restaurant would like it.
    pub requested_delivery_date: Option<NaiveDate>,
    /// The restaurant's word to the suppliers.
    pub note: Option<String>,
    /// What the caller was shown, with VAT; another total is refused.
    pub expected_total_minor: Option<i64>,
}

/// One supplier's order, before it is recorded.
struct Draft {
    supplier_id: SupplierId,
    lines: Vec<OrderedLine>,
    total_minor: i64,
    tax_minor: i64,
}

impl Command for PlaceOrder {
    fn operation(&self) -> &'static str {
        "place_order"
    }

    fn decide(&self, unit: &mut Unit<'_>) -> Result<Answer, Stop> {
        let cart = unit.existing::<Cart>("cart", self.cart_id)?;
        want_all(unit, &cart.state)?;
        let cart = cart_as_member(unit, self.cart_id)?;
        unit.match_revision(cart.revision)?;
        let cart = &cart.state;
        self.check_parties(unit, cart)?;
        check_lines(unit, cart)?;
        let drafts: Vec<Draft> = cart.suppliers().into_iter().map(|id| self.draft(unit, cart, id)).collect();
        self.check_total(&drafts)?;
        self.record(unit, cart, drafts)
    }
}

/// Everything that the decision reads, in one round trip.
fn want_all(unit: &mut Unit<'_>, cart: &Cart) -> Result<(), Stop> {
    unit.want::<Restaurant>(cart.restaurant_id);
    for item in &cart.items {
        unit.want::<Supplier>(item.supplier_id);
        unit.want::<Product>(item.product_id);
        unit.want::<Stock>(item.product_id);
    }
    unit.wanted()
}

/// Every product is offered, and there is enough of each: all that is wrong is told at once.
fn check_lines(unit: &mut Unit<'_>, cart: &Cart) -> Result<(), Stop> {
    let mut inactive = Vec::new();
    let mut shortages = Vec::new();
    for CartItem { item_id, product_id, quantity, .. } in &cart.items {
        if !unit.get::<Product>(*product_id)?.state.active {
            inactive.push(*product_id);
        }
        let available = unit.get::<Stock>(*product_id)?.state.available();
        if *quantity > available {
            let (line_id, product_id, asked) = (*item_id, *product_id, *quantity);
            shortages.push(Shortage { line_id, product_id, asked, available: available.max(Quantity::ZERO) });
        }
    }
    if !inactive.is_empty() {
        return Err(Refusal::ProductInactive(inactive).into());
    }
    if !shortages.is_empty() {
        return Err(Refusal::InsufficientStock(shortages).into());
    }
    Ok(())
}

impl PlaceOrder {
    fn check_parties(&self, unit: &mut Unit<'_>, cart: &Cart) -> Result<(), Stop> {
        if cart.checkout_id.is_some() {
            return Err(Refusal::CartConverted.into());
        }
        if cart.items.is_empty() {
            return Err(Refusal::CartEmpty.into());
        }
        if self.requested_delivery_date.is_some_and(|day| day < unit.today()) {
            let message = "the day has passed";
            return Err(Refusal::invalid("requested_delivery_date", "in_the_past", message).into());
        }
        let status = unit.get::<Restaurant>(cart.restaurant_id)?.state.status;
        if status != RestaurantStatus::Approved {
            return Err(Refusal::RestaurantNotApproved { state: status.name() }.into());
        }
        for supplier_id in cart.suppliers() {
            if !unit.get::<Supplier>(supplier_id)?.state.active {
                return Err(Refusal::SupplierSuspended.into());
            }
        }
        Ok(())
    }

    /// Rates are those of the day that delivery is wanted on: an estimate, fixed at delivery.
    fn draft(&self, unit: &Unit<'_>, cart: &Cart, supplier_id: SupplierId) -> Draft {
        let day = self.requested_delivery_date.unwrap_or_else(|| unit.today());
        let items = cart.items.iter().filter(|item| item.supplier_id == supplier_id);
        let mut lines: Vec<OrderedLine> = items
            .map(|item| OrderedLine {
                line_id: item.item_id,
                product_id: item.product_id,
                sku: item.sku.clone(),
                name: item.name.clone(),
                unit: item.unit.clone(),
                quantity: item.quantity,
                unit_price_minor: item.unit_price_minor,
                tax: item.tax,
                tax_rate: item.tax.rate_on(day),
                net_minor: line_net_minor(item.unit_price_minor, item.quantity),
                tax_minor: 0,
            })
            .collect();
        let vat = vat_of(&lines.iter().map(|line| (line.net_minor, line.tax_rate)).collect::<Vec<_>>());
        for (line, tax_minor) in std::iter::zip(&mut lines, &vat.line_tax_minor) {
            line.tax_minor = *tax_minor;
        }
        Draft { supplier_id, lines, total_minor: vat.total_minor(), tax_minor: vat.tax_minor() }
    }

    fn check_total(&self, drafts: &[Draft]) -> Result<(), Refusal> {
        let actual_cents = drafts.iter().map(|draft| draft.total_minor).sum();
        match self.expected_total_minor {
            Some(expected_cents) if expected_cents != actual_cents => {
                Err(Refusal::PriceChanged { expected_cents, actual_cents })
            }
            _ => Ok(()),
        }
    }

    fn record(&self, unit: &mut Unit<'_>, cart: &Cart, drafts: Vec<Draft>) -> Result<Answer, Stop> {
        let mut fresh_ids = self.fresh_ids;
        let checkout_id = CheckoutId(fresh_ids.take());
        let mut orders = Vec::with_capacity(drafts.len());
        for draft in drafts {
            let order_id = OrderId(fresh_ids.take());
            orders.push(self.record_order(unit, cart, checkout_id, order_id, draft)?);
        }
        let order_ids = orders.iter().map(|order| order.id).collect();
        let convert = CartCommand::Convert { checkout_id, order_ids };
        unit.decide::<Cart>(self.cart_id, Concerns::restaurant(cart.restaurant_id), convert)?;
        if let [order] = &orders[..] {
            return Ok(Answer::created(order, order.revision));
        }
        Ok(Answer::created_without_revision(&CheckoutResource { checkout_id, orders }))
    }

    fn record_order(
        &self,
        unit: &mut Unit<'_>,
        cart: &Cart,
        checkout_id: CheckoutId,
        order_id: OrderId,
        draft: Draft,
    ) -> Result<OrderResource, Stop> {
        let Draft { supplier_id, lines, total_minor, tax_minor } = draft;
        let concerns = Concerns::both(supplier_id, cart.restaurant_id);
        let allocations: Vec<_> =
            lines.iter().map(|line| (line.product_id, line.line_id, line.quantity)).collect();
        let place = OrderCommand::Place(Box::new(OrderEvent::OrderPlaced {
            checkout_id,
            cart_id: self.cart_id,
            restaurant_id: cart.restaurant_id,
            supplier_id,
            lines,
            currency: cart.currency,
            total_minor,
            tax_minor,
            payment_method: self.payment_method,
            requested_delivery_date: self.requested_delivery_date,
            note: self.note.clone(),
            placed_by: unit.caller().account_id(),
            placed_at: unit.now(),
        }));
        // A stream of a fresh id has no events: deciding on it needs no look-up.
        let order = unit.decide_on_fresh::<Order>(order_id, concerns, place)?;
        for (product_id, line_id, quantity) in allocations {
            let low_stock_at = unit.get::<Product>(product_id)?.state.details.low_stock_at;
            let line = Promise { order_id, line_id, quantity };
            let allocate = StockCommand::Allocate { supplier_id, line, low_stock_at };
            unit.decide::<Stock>(product_id, concerns, allocate)?;
        }
        Ok(OrderResource::of(order_id, &order))
    }
}
