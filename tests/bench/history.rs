//! A year of trade, for reads: many orders, in every state.

use chrono::TimeDelta;
use events::{
    order::{Order, OrderEvent, Party},
    values::{CartId, OrderId},
};
use harness::TestDatabase;

use crate::{
    fill::{Filled, Writer, fill},
    market::{Market, MarketSize},
    run::now,
};

const YEAR: TimeDelta = TimeDelta::days(365);
/// Orders whose ids are kept, for reading them one by one.
const KNOWN_MAX: usize = 500;

/// What was written.
pub struct History {
    pub market: Market,
    /// Some orders of the whole year, each with the place of its restaurant.
    pub known: Vec<(OrderId, usize)>,
    pub filled: Filled,
}

/// Restaurants and suppliers grow with the trade, so that the busiest fill a page in any size.
fn market_size(orders: usize, products: usize) -> MarketSize {
    MarketSize { suppliers: (products / 20).min(50), restaurants: (orders / 50).min(2_000), products }
}

/// Writes so many orders of so many products, spread over the year before now. Three lines each; every
/// seventh is confirmed, every twentieth cancelled. Carts and promises of stock are left out: no order
/// is read from them.
pub async fn write(database: &TestDatabase, (orders, products): (usize, usize)) -> anyhow::Result<History> {
    let began = now() - YEAR;
    let pause = YEAR.num_microseconds().expect("a year fits") / i64::try_from(orders)?;
    let ((market, known), filled) = fill(&database.options, began, 11, move |writer| {
        let market = Market::open(writer, market_size(orders, products));
        let mut known = Vec::new();
        for number in 0..orders {
            writer.wait(pause);
            let ordered = order(writer, &market, number);
            if number % orders.div_ceil(KNOWN_MAX) == 0 {
                known.push(ordered);
            }
        }
        (market, known)
    })
    .await?;
    Ok(History { market, known, filled })
}

fn order(writer: &mut Writer, market: &Market, number: usize) -> (OrderId, usize) {
    let basket = market.basket(writer);
    let cart_id = CartId(writer.id());
    let (order_id, _) = market.place(writer, cart_id, &basket);
    let at = writer.now;
    let next = if number.is_multiple_of(20) {
        let reason = "Dubbelbeställning".to_owned();
        Some(OrderEvent::OrderCancelled { by: Party::Restaurant, reason, cancelled_at: at })
    } else if number.is_multiple_of(7) {
        Some(OrderEvent::OrderConfirmed { confirmed_at: at })
    } else {
        None
    };
    if let Some(event) = next {
        writer.add::<Order>(order_id, 2, &event, market.parties(&basket));
    }
    (order_id, basket.restaurant)
}
