//! An hour of orders at half of the best rate, or at what the disk has room for, and what it does to tables, memory and
//! times.

use std::{collections::BTreeMap, fs::File, io::Write as _, sync::Arc};

use anyhow::ensure;
use events::values::Role;
use nix::sys::statvfs::statvfs;
use serde::Serialize;
use serde_json::json;

use crate::{
    hook_receiver::HookReceiver,
    http_client::HttpConnection,
    load::Load,
    order_life::{Parties, fulfil},
    order_rows::IrisRound,
    order_scene::{Baskets, Scene},
    processes::resident_mib,
    run::{Run, target_directory},
    soak_rows,
    statistics::real,
    table_sizes::{TableSize, table_sizes},
    top::top,
};

/// Of the best rate.
const SHARE: f64 = 0.5;
/// Of so many orders, one is confirmed, delivered and received, in the minute after it was placed: with all of them,
/// it would be twice the best rate in commands.
pub const FULFILLED_OF: usize = 10;
/// A disk that is full ends the server's life, and the bench with it.
const FREE_MIN_GIB: f64 = 4.0;
/// What the server's own log grows to, by its settings.
const WAL_GIB: f64 = 4.0;
/// What an order comes to on the disk, with its cart and all that is told of it: 17.3 kB after ten minutes of a soak.
const ORDER_BYTES: f64 = 18_000.0;
/// Bytes of a MiB.
pub const MIB: f64 = 1_048_576.0;
const GIB: f64 = 1_024.0 * MIB;

/// What one minute came to, as it is also written to `bench-soak.ndjson`.
#[derive(Serialize)]
pub struct Minute {
    /// From 1.
    pub number: usize,
    pub orders_per_second: f64,
    pub p99_ms: f64,
    pub lag_p99_ms: f64,
    /// Where the log ends when the minute does.
    pub head: i64,
    /// Events that the slowest consumer (webhooks, notifications, demand) lacks then.
    pub consumers_lack: i64,
    pub iris_mib: f64,
    pub free_gib: f64,
    pub tables: BTreeMap<String, TableSize>,
}

/// All rows about the soak.
pub async fn measure(run: &mut Run) -> anyhow::Result<()> {
    let top = top(run).await?;
    let seconds = real(run.sizes.soak_minutes) * run.sizes.soak_minute.as_secs_f64();
    let room = (free_gib(run)? - FREE_MIN_GIB - WAL_GIB).max(0.0) * GIB / ORDER_BYTES;
    let rate = (top.orders_per_second.median * SHARE).min(room / seconds);
    let mut scene = Scene::open(run, Baskets::Even).await?;
    let receiver = HookReceiver::start().await?;
    listen(&scene, &receiver).await?;
    scene.warm_up(run, top.clients).await?;
    // From here on the tables are autovacuum's alone.
    scene.is_kept_up = false;
    scene.kept_of = FULFILLED_OF;
    let sellers =
        scene.market.suppliers.iter().map(|seller| (seller.id, run.token(seller.owner, Role::Supplier)));
    let parties = Parties { suppliers: Arc::new(sellers.collect()), restaurants: Arc::clone(&scene.tokens) };
    let mut minutes: Vec<Minute> = Vec::new();
    let mut file = File::create(target_directory()?.join("bench-soak.ndjson"))?;
    let (mut last, length) = (Vec::new(), run.sizes.soak_minute);
    for number in 1..=run.sizes.soak_minutes {
        let address = scene.iris[0].address.clone();
        let earlier = std::mem::take(&mut last);
        scene.expect_carts(Load::Open(rate), length).await?;
        let (mut round, ()) = tokio::try_join!(
            scene.round(run, Load::Open(rate), length),
            fulfil(&address, earlier, &parties, length)
        )?;
        last = std::mem::take(&mut round.kept);
        receiver.take();
        let minute = minute(run, &scene, number, &round).await?;
        writeln!(file, "{}", serde_json::to_string(&minute)?)?;
        eprintln!("minute {number} of {}: {}", run.sizes.soak_minutes, minute.said());
        let is_full = minute.free_gib < FREE_MIN_GIB;
        minutes.push(minute);
        if is_full {
            break;
        }
    }
    scene.stop()?;
    soak_rows::add(run, rate, &minutes)
}

/// One restaurant wants to hear of its orders.
async fn listen(scene: &Scene, receiver: &HookReceiver) -> anyhow::Result<()> {
    let (token, restaurant_id) = (&scene.tokens[0], scene.market.restaurants[0].id);
    let body =
        json!({"url": receiver.url, "events": ["iris.order.placed.v1"], "restaurant_id": restaurant_id});
    let body = body.to_string();
    let request = format!(
        "POST /api/v1/webhook-endpoints HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {token}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let mut connection = HttpConnection::open(&scene.iris[0].address).await?;
    let status = connection.ask(request.as_bytes()).await?;
    ensure!(status == 201, "an endpoint: {status} {}", String::from_utf8_lossy(connection.body()));
    Ok(())
}

async fn minute(run: &Run, scene: &Scene, number: usize, round: &IrisRound) -> anyhow::Result<Minute> {
    let (head, consumers_lack) = sqlx::query_as(
        "SELECT h.position, COALESCE(max(h.position - f.position), 0) \
         FROM public.log_head h LEFT JOIN fanout.followers f ON true GROUP BY h.position",
    )
    .fetch_one(&scene.database.pool)
    .await?;
    Ok(Minute {
        head,
        consumers_lack,
        number,
        orders_per_second: round.orders_per_second,
        p99_ms: round.latencies.percentile_ms(99),
        lag_p99_ms: round.lag_percentile_ms(99),
        iris_mib: resident_mib(scene.iris[0].pid()).map_or(f64::NAN, |(now, _)| now),
        free_gib: free_gib(run)?,
        tables: table_sizes(&scene.database.pool).await?,
    })
}

fn free_gib(run: &Run) -> anyhow::Result<f64> {
    let disk = statvfs(&run.data_directory)?;
    Ok(real(disk.blocks_available()) * real(disk.fragment_size()) / GIB)
}

impl Minute {
    fn said(&self) -> String {
        let dead: i64 = self.tables.values().map(|table| table.dead_rows).sum();
        let autovacuums: i64 = self.tables.values().map(|table| table.autovacuums).sum();
        format!(
            "{:.0} orders/s, p99 {:.1} ms, lag p99 {:.0} ms, consumers lack {} events, iris {:.0} MiB, {dead} dead rows, \
             {autovacuums} autovacuums, {:.1} GiB free",
            self.orders_per_second,
            self.p99_ms,
            self.lag_p99_ms,
            self.consumers_lack,
            self.iris_mib,
            self.free_gib
        )
    }
}
