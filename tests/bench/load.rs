//! Clients that place orders over HTTP: as fast as they are answered, or at fixed times.

use std::{
    fmt::Write as _,
    sync::{
        Arc,
        atomic::{AtomicU32, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use events::values::{CartId, OrderId, SupplierId};
use futures::future::try_join_all;

use crate::{http_client::HttpConnection, statistics::Latencies};

/// Connections over which orders are placed at fixed times: more than ever wait for an answer at once, unless the
/// server cannot keep up; then they wait for a connection, and that counts.
const OPEN_CONNECTIONS: usize = 256;

/// How orders come.
#[derive(Clone, Copy, Debug)]
pub enum Load {
    /// So many clients, each with its next order as soon as the last one is answered.
    Closed(usize),
    /// So many orders a second, each due at a fixed time whatever became of the others. Their times count from when
    /// they were due: a server that stops for a second has a second of orders that waited.
    Open(f64),
}

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

/// An order as it was answered.
#[derive(Clone, Copy)]
pub struct PlacedOrder {
    pub order_id: OrderId,
    pub supplier_id: SupplierId,
    /// Place of its restaurant in the market.
    pub restaurant: usize,
}

/// What clients did together.
#[derive(Default)]
pub struct Placed {
    pub orders: usize,
    pub seconds: f64,
    pub latencies: Latencies,
    /// Answers that were not 201, each once.
    pub refused: Vec<String>,
    /// Of so many orders one: the first, and each `kept_of`-th.
    pub kept: Vec<PlacedOrder>,
}

/// What all clients share.
#[derive(Clone)]
struct Shared {
    tokens: Arc<Vec<String>>,
    carts: Arc<Carts>,
    began: Instant,
    until: Instant,
    /// Orders a second that are due; absent where each is due at once.
    per_second: Option<f64>,
    due: Arc<AtomicU32>,
    kept_of: usize,
}

impl Shared {
    /// When the next order is due.
    fn next_due(&self) -> Instant {
        let Some(per_second) = self.per_second else { return Instant::now() };
        let number = f64::from(self.due.fetch_add(1, Ordering::Relaxed));
        self.began + Duration::from_secs_f64(number / per_second)
    }
}

/// Places orders for so long, or until the carts run out, at these addresses in turn; `tokens` are those of the
/// restaurants. One of `kept_of` orders is kept; 0 keeps none.
pub async fn place_orders(
    addresses: &[String],
    tokens: &Arc<Vec<String>>,
    carts: &Arc<Carts>,
    load: Load,
    duration: Duration,
    kept_of: usize,
) -> anyhow::Result<Placed> {
    let (clients, per_second) = match load {
        Load::Closed(clients) => (clients, None),
        Load::Open(per_second) => (OPEN_CONNECTIONS, Some(per_second)),
    };
    let opened = (0..clients)
        .map(|client| HttpConnection::open(&addresses[client % addresses.len()]))
        .collect::<Vec<_>>();
    let opened = try_join_all(opened).await?;
    let began = Instant::now();
    let (tokens, carts, until) = (Arc::clone(tokens), Arc::clone(carts), began + duration);
    let shared = Shared { tokens, carts, began, until, per_second, due: Arc::default(), kept_of };
    let clients = opened.into_iter().map(|connection| tokio::spawn(client(connection, shared.clone())));
    let mut placed = Placed::default();
    for ended in try_join_all(clients.collect::<Vec<_>>()).await? {
        let of_one = ended?;
        placed.orders += of_one.orders;
        placed.latencies.merge(&of_one.latencies);
        placed.refused.extend(of_one.refused);
        placed.kept.extend(of_one.kept);
    }
    placed.seconds = began.elapsed().as_secs_f64();
    Ok(placed)
}

async fn client(mut connection: HttpConnection, shared: Shared) -> anyhow::Result<Placed> {
    let mut placed = Placed::default();
    let mut request = String::with_capacity(2_048);
    loop {
        let due = shared.next_due();
        if due >= shared.until {
            return Ok(placed);
        }
        let taken = shared.carts.taken.fetch_add(1, Ordering::Relaxed);
        let Some(&(cart_id, restaurant)) = shared.carts.filled.get(taken) else { return Ok(placed) };
        write_order(&mut request, cart_id, &shared.tokens[restaurant]);
        if shared.per_second.is_some() {
            tokio::time::sleep_until(due.into()).await;
        }
        let status = connection.ask(request.as_bytes()).await?;
        placed.latencies.record(due.elapsed());
        if status != 201 {
            placed.refused.push(format!("{status} {}", String::from_utf8_lossy(connection.body())));
            continue;
        }
        placed.orders += 1;
        if shared.kept_of > 0 && taken.is_multiple_of(shared.kept_of) {
            let answer: serde_json::Value = serde_json::from_slice(connection.body())?;
            let order_id = serde_json::from_value(answer["id"].clone())?;
            let supplier_id = serde_json::from_value(answer["supplier_id"].clone())?;
            placed.kept.push(PlacedOrder { order_id, supplier_id, restaurant });
        }
    }
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
