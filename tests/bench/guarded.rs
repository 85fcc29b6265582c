//! What it costs that callers are known and the database shows them their own rows alone: the same list with and
//! without.

use std::{net::SocketAddr, path::Path, sync::Arc, thread, time::Instant};

use anyhow::Context as _;
use axum::{Json, Router, extract::State, routing};
use events::{fold::Folded, order::Order, resource::OrderResource, values::Role};
use platform::{
    access_log::AccessLog,
    auth::LocalProvider,
    blobs::BlobStore,
    clock::{SystemClock, UuidV7Ids},
    http::{Shell, TrustedProxies, serve, shell},
    personal::{PersonalKeys, Vault},
};
use query_api::{QueryState, Sources};
use secrecy::SecretString;
use serde::Serialize;
use serde_json::Value;
use sqlx::{
    PgPool,
    postgres::{PgConnectOptions, PgPoolOptions},
    types,
};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::{
    history::History,
    http_client::HttpConnection,
    limit::Bound,
    run::{Run, SECRET},
    statistics::{Latencies, Spread},
    table::Row,
};

/// Requests to one before it is the other's turn.
const TURN: usize = 25;
/// The most that knowing callers may cost.
const TIMES_MAX: f64 = 1.2;
const PATH: &str = "/api/v1/orders?limit=50";
const CONNECTIONS: u32 = 4;

/// The two, each at its address, in a thread of their own: the client has this one to itself.
struct Rivals {
    guarded: SocketAddr,
    plain: SocketAddr,
    stop: CancellationToken,
    thread: thread::JoinHandle<anyhow::Result<()>>,
}

/// One row: the first page of a restaurant's orders.
pub async fn measure(run: &mut Run, options: &PgConnectOptions, history: &History) -> anyhow::Result<()> {
    let buyer = history.market.restaurants.first().context("a market has restaurants")?;
    let token = run.token(buyer.owner, Role::Restaurant);
    let rivals = Rivals::start(options.clone(), buyer.owner.0, run.scratch.clone())?;
    let (mut guarded, mut plain) = (Latencies::default(), Latencies::default());
    turn(rivals.guarded, &token).await?;
    turn(rivals.plain, &token).await?;
    for _ in 0..run.sizes.reads / TURN {
        guarded.merge(&turn(rivals.guarded, &token).await?);
        plain.merge(&turn(rivals.plain, &token).await?);
    }
    rivals.stop.cancel();
    rivals.thread.join().expect("the rivals end by themselves")?;
    for per_cent in [50, 95] {
        let of = |latencies: &Latencies| Spread::one(latencies.percentile_ms(per_cent));
        let what = format!("Lists with row-level security and authentication, p{per_cent}");
        run.table.add(
            Row::figure(what, "ms", of(&guarded)).against("the same list with neither", of(&plain)).note(format!(
                "first page of 50 of a restaurant's orders, {} requests of one client to each in turn; the peer asks \
                 the same two questions as superuser and checks no token",
                run.sizes.reads
            ))
            .at_most(Bound::Ratio(TIMES_MAX)),
        );
    }
    Ok(())
}

async fn turn(address: SocketAddr, token: &str) -> anyhow::Result<Latencies> {
    let mut latencies = Latencies::default();
    let mut connection = HttpConnection::open(&address.to_string()).await?;
    for _ in 0..TURN {
        let began = Instant::now();
        let status = connection.get(PATH, token).await?;
        latencies.record(began.elapsed());
        let body: Value = serde_json::from_slice(connection.body())?;
        // Both must show the same, or nothing is compared.
        let items = body["items"].as_array().map_or(0, Vec::len);
        anyhow::ensure!(status == 200 && items == 50, "GET {PATH} at {address}: {status}, {items} orders");
    }
    Ok(latencies)
}

impl Rivals {
    fn start(options: PgConnectOptions, account: Uuid, scratch: std::path::PathBuf) -> anyhow::Result<Self> {
        let listen = || {
            let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
            listener.set_nonblocking(true)?;
            Ok::<_, std::io::Error>((listener.local_addr()?, listener))
        };
        let ((guarded, to_guarded), (plain, to_plain)) = (listen()?, listen()?);
        let stop = CancellationToken::new();
        let stopped = stop.clone();
        let thread = thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(async {
                let pool = PgPoolOptions::new().max_connections(CONNECTIONS).connect_with(options).await?;
                let (ours, shell_of_ours) = guarded_router(&pool, &scratch)?;
                let theirs = plain_router(pool.clone(), account);
                let shell_of_theirs = Shell::new(Arc::new(SystemClock), Arc::new(UuidV7Ids));
                let (ours, theirs) = (shell(ours, &shell_of_ours), shell(theirs, &shell_of_theirs));
                let nobody = TrustedProxies::default;
                tokio::try_join!(
                    serve(TcpListener::from_std(to_guarded)?, ours, nobody(), stopped.clone()),
                    serve(TcpListener::from_std(to_plain)?, theirs, nobody(), stopped.clone()),
                )?;
                pool.close().await;
                Ok(())
            })
        });
        Ok(Self { guarded, plain, stop, thread })
    }
}

/// The program's own read side.
fn guarded_router(pool: &PgPool, scratch: &Path) -> anyhow::Result<(Router, Shell)> {
    let (clock, ids, secret) = (Arc::new(SystemClock), Arc::new(UuidV7Ids), SecretString::from(SECRET));
    let (access_log, writer) = AccessLog::new(pool.clone(), clock.clone(), &secret);
    tokio::spawn(writer.run(CancellationToken::new()));
    let state = QueryState::new(Sources {
        pool: pool.clone(),
        clock: clock.clone(),
        ids: ids.clone(),
        blobs: BlobStore::open(scratch.join("guarded"))?,
        personal: PersonalKeys::new(pool.clone(), Arc::new(Vault::derive(&secret))),
        access_log,
    });
    let (router, _) = query_api::router(state).split_for_parts();
    let identity = Arc::new(LocalProvider::new(&secret, clock.clone()));
    Ok((router, Shell { identity: Some(identity), ..Shell::new(clock, ids) }))
}

#[derive(Clone)]
struct Plain {
    pool: PgPool,
    account: Uuid,
}

/// The same list, for whoever asks: what the program would do if it trusted everybody.
fn plain_router(pool: PgPool, account: Uuid) -> Router {
    Router::new().route("/api/v1/orders", routing::get(plain_orders)).with_state(Plain { pool, account })
}

/// As the program's own list is written.
#[derive(Serialize)]
struct Listed {
    items: Vec<OrderResource>,
    limit: u32,
    offset: u32,
    next_cursor: Option<String>,
}

async fn plain_orders(State(Plain { pool, account }): State<Plain>) -> Json<Listed> {
    let places: Vec<(i64, Option<Uuid>)> = sqlx::query_as(
        "SELECT c.position, m.organisation_id FROM ( \
             SELECT min(position) AS position FROM read.checkpoints WHERE name = ANY($1) \
         ) c LEFT JOIN ( \
             SELECT account_id, organisation_id FROM read.memberships \
             UNION ALL SELECT account_id, organisation_id FROM read.partners \
         ) m ON m.account_id = $2",
    )
    .bind(vec!["restaurants", "suppliers"])
    .bind(account)
    .fetch_all(&pool)
    .await
    .expect("places can be read");
    let own: Vec<Uuid> = places.into_iter().filter_map(|(_, id)| id).collect();
    let rows: Vec<(i64, Uuid, types::Json<Folded<Order>>)> = sqlx::query_as(
        "SELECT c.position, p.id, p.state FROM ( \
             SELECT min(position) AS position FROM read.checkpoints WHERE name = ANY($1) \
         ) c JOIN LATERAL ( \
             SELECT u.id, u.at, o.state FROM (SELECT * FROM ( \
                 SELECT b.id, b.at FROM unnest($2::uuid[]) AS own(id) CROSS JOIN LATERAL ( \
                     SELECT o.order_id AS id, o.placed_at AS at FROM read.orders o WHERE o.restaurant_id = own.id \
                     ORDER BY o.placed_at DESC, o.order_id DESC LIMIT $4) b \
                 UNION \
                 SELECT b.id, b.at FROM unnest($3::uuid[]) AS own(id) CROSS JOIN LATERAL ( \
                     SELECT o.order_id AS id, o.placed_at AS at FROM read.orders o WHERE o.supplier_id = own.id \
                     ORDER BY o.placed_at DESC, o.order_id DESC LIMIT $4) b \
             ) sides WHERE true ORDER BY at DESC, id DESC LIMIT $4 OFFSET $5) u \
             JOIN read.orders o ON o.order_id = u.id \
         ) p ON true ORDER BY p.at DESC, p.id DESC",
    )
    .bind(vec!["orders"])
    .bind(own)
    .bind(Vec::<Uuid>::new())
    .bind(51_i64)
    .bind(0_i64)
    .fetch_all(&pool)
    .await
    .expect("orders can be read");
    let items = rows.iter().take(50).map(|(_, id, state)| OrderResource::of((*id).into(), state)).collect();
    Json(Listed { items, limit: 50, offset: 0, next_cursor: None })
}
