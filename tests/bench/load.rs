//! Clients that place orders over HTTP as fast as they are answered.

use std::{
    fmt::Write as _,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use events::values::CartId;
use futures::future::try_join_all;

use crate::{http_client::HttpConnection, statistics::Latencies};

/// Filled carts, each to be ordered once.
#[derive(Default)]
pub struct Carts {
    /// With the place of their restaurant.
    pub filled: Vec<(CartId, usize)>,
    pub taken: AtomicUsize,
}

impl Carts {
    pub fn left(&self) -> usize {
        self.filled.len().saturating_sub(self.taken.load(Ordering::Relaxed))
    }
}

/// What clients did together.
#[derive(Default)]
pub struct Placed {
    pub orders: usize,
    pub seconds: f64,
    pub latencies: Latencies,
    /// Answers that were not 201, each once.
    pub refused: Vec<String>,
}

/// Places orders with so many clients for so long, or until the carts run out; `tokens` are those of the
/// restaurants.
pub async fn place_orders(
    address: &str,
    tokens: &Arc<Vec<String>>,
    carts: &Arc<Carts>,
    clients: usize,
    duration: Duration,
) -> anyhow::Result<Placed> {
    let opened = try_join_all((0..clients).map(|_| HttpConnection::open(address))).await?;
    let began = Instant::now();
    let clients = opened.into_iter().map(|connection| {
        tokio::spawn(client(connection, Arc::clone(tokens), Arc::clone(carts), began + duration))
    });
    let mut placed = Placed::default();
    for ended in try_join_all(clients.collect::<Vec<_>>()).await? {
        let of_one = ended?;
        placed.orders += of_one.orders;
        placed.latencies.merge(&of_one.latencies);
        placed.refused.extend(of_one.refused);
    }
    placed.seconds = began.elapsed().as_secs_f64();
    Ok(placed)
}

async fn client(
    mut connection: HttpConnection,
    tokens: Arc<Vec<String>>,
    carts: Arc<Carts>,
    until: Instant,
) -> anyhow::Result<Placed> {
    let mut placed = Placed::default();
    let mut request = String::with_capacity(2_048);
    while Instant::now() < until {
        let taken = carts.taken.fetch_add(1, Ordering::Relaxed);
        let Some(&(cart_id, restaurant)) = carts.filled.get(taken) else { break };
        write_order(&mut request, cart_id, &tokens[restaurant]);
        let began = Instant::now();
        let status = connection.ask(request.as_bytes()).await?;
        placed.latencies.record(began.elapsed());
        if status == 201 {
            placed.orders += 1;
        } else {
            placed.refused.push(format!("{status} {}", String::from_utf8_lossy(connection.body())));
        }
    }
    Ok(placed)
}

fn write_order(request: &mut String, cart_id: CartId, token: &str) {
    // {"cart_id":"…","payment_method":"invoice"} with 36 characters of id.
    const BODY_BYTES: usize = 77;
    request.clear();
    write!(
        request,
        "POST /api/v1/orders HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {token}\r\n\
         Content-Type: application/json\r\nIdempotency-Key: {cart_id}\r\nContent-Length: {BODY_BYTES}\r\n\r\n\
         {{\"cart_id\":\"{cart_id}\",\"payment_method\":\"invoice\"}}"
    )
    .expect("a string takes any text");
}
