//! The rival of everything that answers over HTTP: an axum handler that reads the same bytes and does nothing, in a
//! process of its own.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    process::{Child, Command, Stdio},
    sync::Arc,
    time::Duration,
};

use anyhow::Context as _;
use axum::{
    Json, Router,
    extract::Path,
    http::StatusCode,
    routing::{get, post},
};
use serde_json::{Value, json};

use crate::{
    load::{Carts, Load, place_orders},
    order_scene::Scene,
    run::Run,
    statistics::{Spread, real},
    table::Row,
    top::Top,
};

/// What the bench is started with to be this handler.
pub const ARGUMENT: &str = "empty-handler";
/// More than any machine answers.
const PER_SECOND_MAX: usize = 100_000;

/// The process; killed with this value.
pub struct EmptyHandler {
    child: Child,
    /// Where it answers.
    pub address: String,
}

impl EmptyHandler {
    pub fn start() -> anyhow::Result<Self> {
        let mut child = Command::new(std::env::current_exe()?)
            .arg(ARGUMENT)
            .env_clear()
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut address = String::new();
        BufReader::new(child.stdout.take().context("piped")?).read_line(&mut address)?;
        Ok(Self { child, address: address.trim().to_owned() })
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for EmptyHandler {
    fn drop(&mut self) {
        let _gone = self.child.kill();
        let _ended = self.child.wait();
    }
}

/// Is the handler, until it is killed: as many threads as Iris has, `POST /api/v1/orders` for its body, `GET /{bytes}`
/// for an answer of that size.
pub fn serve() -> anyhow::Result<()> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        println!("{}", listener.local_addr()?);
        std::io::stdout().flush()?;
        let router = Router::new()
            .route(
                "/api/v1/orders",
                post(async |Json(_): Json<Value>| (StatusCode::CREATED, Json(json!({})))),
            )
            .route("/{bytes}", get(async |Path(bytes): Path<usize>| "x".repeat(bytes)));
        Ok(axum::serve(listener, router).await?)
    })
}

/// How many of the same requests it answers, from the same clients.
pub async fn measure(run: &mut Run, scene: &Scene, top: Top) -> anyhow::Result<()> {
    let handler = EmptyHandler::start()?;
    let addresses = [handler.address.clone()];
    let mut answered = Vec::new();
    // The first round warms everything up and does not count.
    for round in 0..=run.sizes.rounds {
        let duration = if round == 0 { Duration::from_secs(1) } else { run.sizes.round };
        let carts = Arc::new(any_carts(scene, duration));
        let load = Load::Closed(top.clients);
        let placed = place_orders(&addresses, &scene.tokens, &carts, load, duration, 0).await?;
        anyhow::ensure!(placed.refused.is_empty(), "the empty handler refuses: {}", placed.refused[0]);
        if round > 0 {
            answered.push(real(placed.orders) / placed.seconds);
        }
    }
    let what = format!("Orders over HTTP, {} clients", top.clients);
    run.table.add(
        Row::figure(what, "/s", top.orders_per_second)
            .against("an empty axum handler", Spread::of(&answered))
            .note(
                "the same requests from the same clients, read as JSON and answered: no token, no database",
            ),
    );
    Ok(())
}

/// The same carts over and over: the handler does not look at them.
fn any_carts(scene: &Scene, duration: Duration) -> Carts {
    let count = PER_SECOND_MAX * usize::try_from(duration.as_secs().max(1)).expect("a few seconds");
    Carts { filled: scene.carts.filled.iter().copied().cycle().take(count).collect(), ..Carts::default() }
}
