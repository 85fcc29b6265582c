//! Orders that have come, and the invoices that Iris makes out for them.

use events::{
    Folded,
    order::{DeliveredLine, Order, OrderEvent, OrderInvoice, ReceivedLine},
    restaurant::Restaurant,
    supplier::Supplier,
    values::{CartId, CheckoutId, OrderId, swedish_day},
};
use query_api::documents::{InvoiceDocument, Trade};

use crate::{
    fill::Writer,
    market::{Basket, Market},
    organisations::{restaurant_details, supplier_details},
};

/// What is to be invoiced, and by whom.
pub struct Delivered {
    /// Place of the supplier in the market.
    pub supplier: usize,
    pub invoice: InvoiceDocument,
}

impl Market {
    /// Writes an order of three lines from placed to received; `number` is that of its invoice.
    pub fn deliver(&self, writer: &mut Writer, number: i64) -> anyhow::Result<Delivered> {
        let basket = self.even_basket(writer);
        let (cart_id, order_id) = (CartId(writer.id()), OrderId(writer.id()));
        let checkout_id = CheckoutId(writer.id());
        let at = writer.now;
        let mut order = Folded::<Order>::default();
        let record = |writer: &mut Writer, order: &mut Folded<Order>, event: &OrderEvent| {
            writer.add::<Order>(order_id, order.revision + 1, event, self.parties(&basket));
            order.apply(event, at);
        };
        record(writer, &mut order, &self.placed(cart_id, checkout_id, &basket, at));
        record(writer, &mut order, &OrderEvent::OrderConfirmed { confirmed_at: at });
        let marked = self.marked(&order.state, &basket, number, at);
        record(writer, &mut order, &marked);
        let lines = order.state.lines.iter().map(|line| ReceivedLine {
            line_id: line.ordered.line_id,
            quantity: line.ordered.quantity,
            reason: None,
        });
        let confirmed = OrderEvent::DeliveryConfirmed { lines: lines.collect(), received_at: at };
        record(writer, &mut order, &confirmed);
        // The invoice names both sides as they were when it was made out, so they are not looked at here.
        let (seller, buyer) = (Supplier::default(), Restaurant::default());
        let trade = Trade { order_id, order, supplier: seller, restaurant: buyer };
        let invoice = InvoiceDocument::of(&trade).map_err(|refusal| anyhow::anyhow!("{refusal:?}"))?;
        Ok(Delivered { supplier: basket.supplier, invoice })
    }

    /// All of it came, on the day that it was ordered: so the VAT is as ordered.
    fn marked(
        &self,
        order: &Order,
        basket: &Basket,
        number: i64,
        delivered_at: chrono::DateTime<chrono::Utc>,
    ) -> OrderEvent {
        let lines = order.lines.iter().map(|line| DeliveredLine {
            line_id: line.ordered.line_id,
            quantity: line.ordered.quantity,
            tax_rate: line.ordered.tax_rate,
            net_minor: line.ordered.net_minor,
            tax_minor: line.ordered.tax_minor,
        });
        let seller = supplier_details(self.suppliers[basket.supplier].id, basket.supplier);
        let buyer = restaurant_details(self.restaurants[basket.restaurant].id, basket.restaurant);
        let invoice = OrderInvoice {
            number,
            issued_on: swedish_day(delivered_at),
            total_minor: order.total_minor,
            tax_minor: order.tax_minor,
            seller: seller.into(),
            buyer: buyer.into(),
        };
        OrderEvent::DeliveryMarked { lines: lines.collect(), delivered_at, invoice: Some(Box::new(invoice)) }
    }
}
