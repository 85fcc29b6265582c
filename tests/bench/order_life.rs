//! What becomes of orders: confirmed and delivered by the supplier, received by the restaurant.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::ensure;
use events::values::SupplierId;
use futures::future::try_join_all;

use crate::{http_client::HttpConnection, load::PlacedOrder};

const CONNECTIONS: usize = 8;

/// Whose tokens are needed.
#[derive(Clone)]
pub struct Parties {
    pub suppliers: Arc<HashMap<SupplierId, String>>,
    /// By their place in the market.
    pub restaurants: Arc<Vec<String>>,
}

/// Takes each order to its end, at an even pace over that time. Every step must be accepted.
pub async fn fulfil(
    address: &str,
    orders: Vec<PlacedOrder>,
    parties: &Parties,
    duration: Duration,
) -> anyhow::Result<()> {
    let pause = duration / u32::try_from(orders.len().max(1))?;
    let (orders, next, began) = (Arc::new(orders), Arc::new(AtomicU32::new(0)), Instant::now());
    let workers = (0..CONNECTIONS).map(|_| {
        let (orders, next, parties) = (Arc::clone(&orders), Arc::clone(&next), parties.clone());
        let address = address.to_owned();
        tokio::spawn(async move {
            let mut connection = HttpConnection::open(&address).await?;
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                let Some(order) = orders.get(number as usize) else { return anyhow::Ok(()) };
                tokio::time::sleep_until((began + pause * number).into()).await;
                to_its_end(&mut connection, *order, &parties).await?;
            }
        })
    });
    for ended in try_join_all(workers.collect::<Vec<_>>()).await? {
        ended?;
    }
    Ok(())
}

async fn to_its_end(
    connection: &mut HttpConnection,
    order: PlacedOrder,
    parties: &Parties,
) -> anyhow::Result<()> {
    let (supplier, restaurant) =
        (&parties.suppliers[&order.supplier_id], &parties.restaurants[order.restaurant]);
    for (step, token) in [("confirm", supplier), ("deliver", supplier), ("confirm-delivery", restaurant)] {
        let request = format!(
            "POST /api/v1/orders/{}/{step} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {token}\r\n\
             Content-Length: 0\r\n\r\n",
            order.order_id
        );
        let status = connection.ask(request.as_bytes()).await?;
        ensure!(status == 200, "{step}: {status} {}", String::from_utf8_lossy(connection.body()));
    }
    Ok(())
}
