//! Events appended: Iris over HTTP at its best against batched SQL and against other people's event stores, on one
//! server.

use anyhow::Context as _;
use events::{NewEvent, canonical::content_hash, log::read_head};
use harness::TestDatabase;
use serde_json::{Value, json};
use sqlx::Executor as _;

use crate::{
    appending::{EVENTS_PER_ORDER, inserted, order_events},
    limit::Bound,
    load::Load,
    order_scene::{Baskets, Scene},
    peer_programs::PeerProgram,
    plain::{self, Hashed},
    run::Run,
    statistics::{Spread, real},
    table::Row,
    top::top,
};

/// What both were measured with before.
const CLIENTS: usize = 16;
/// Orders that the peers append over and over, each time to a stream of its own.
const ORDERS: usize = 500;
const SQL_SHARE_MIN: f64 = 0.5;
const PEER_TIMES_MIN: f64 = 10.0;

/// Somebody who appends the same events.
struct Peer {
    what: &'static str,
    how: String,
    program: PeerProgram,
    url: String,
    rates: Vec<f64>,
}

/// A row for each peer.
pub async fn measure(run: &mut Run) -> anyhow::Result<()> {
    let events = order_events(run.sizes.append_events / EVENTS_PER_ORDER, 0).await;
    let asked = asked(run, &events)?;
    let mut peers = peers(run).await?;
    let top = top(run).await?;
    let mut scene = Scene::open(run, Baskets::Even).await?;
    scene.warm_up(run, top.clients).await?;
    let database = TestDatabase::create().await;
    let mut connection = database.pool.acquire().await?;
    plain::create(&mut connection).await?;
    let hashed: Vec<Hashed> = events.into_iter().map(|event| (content_hash(&event), event)).collect();
    let first = read_head(&mut connection).await?.position + 1;
    let (mut ours, mut plainly) = (Vec::new(), Vec::new());
    // The first round warms everything up and does not count.
    for round in 0..=run.sizes.rounds {
        let rate = scene.round(run, Load::Closed(top.clients), run.sizes.round).await?.events_per_second;
        let sql = real(hashed.len()) / inserted(&mut connection, &hashed, first).await?;
        connection.execute("TRUNCATE plain.events").await?;
        for peer in &mut peers {
            let rate = peer.append(&asked, run).await.with_context(|| peer.what)?;
            if round > 0 {
                peer.rates.push(rate);
            }
        }
        if round > 0 {
            ours.push(rate);
            plainly.push(sql);
        }
    }
    scene.stop()?;
    add_rows(run, top.clients, Spread::of(&ours), Spread::of(&plainly), &peers);
    Ok(())
}

/// Those that can be installed; the others get a row that says why not.
async fn peers(run: &mut Run) -> anyhow::Result<Vec<Peer>> {
    let mut peers = Vec::new();
    eprintln!("installing the peers where they are not installed yet");
    for (what, name, installed) in [
        ("eventsourcing", "eventsourcing", PeerProgram::eventsourcing()),
        ("Emmett", "emmett", PeerProgram::emmett()),
    ] {
        match installed {
            Ok(program) => {
                let url = run.database_of(name).await?;
                peers.push(Peer { what, how: String::new(), program, url, rates: Vec::new() });
            }
            Err(error) => {
                let row = Row::text(format!("Events appended against {what}"), "not installed");
                run.table.add(row.note(format!("{error:#}")));
            }
        }
    }
    Ok(peers)
}

impl Peer {
    async fn append(&mut self, asked: &Value, run: &Run) -> anyhow::Result<f64> {
        let mut asked = asked.clone();
        asked["url"] = json!(self.url);
        let duration = run.sizes.peer_warm_up + run.sizes.round;
        let appended = self.program.append(&asked, duration).await?;
        self.how = appended.how;
        Ok(real(appended.events) / appended.seconds)
    }
}

/// What the peers are asked, all but where: the payloads of whole orders, byte for byte.
fn asked(run: &Run, events: &[NewEvent]) -> anyhow::Result<Value> {
    let event = |event: &NewEvent| json!({"type": event.event_type, "data": event.payload});
    let orders = events.chunks_exact(EVENTS_PER_ORDER).take(ORDERS);
    let orders: Vec<Vec<Value>> = orders.map(|order| order.iter().map(event).collect()).collect();
    anyhow::ensure!(!orders.is_empty(), "there are no orders to append");
    Ok(json!({
        "clients": CLIENTS,
        "seconds": run.sizes.round.as_secs_f64(),
        "warm_up_seconds": run.sizes.peer_warm_up.as_secs_f64(),
        "orders": orders,
    }))
}

fn add_rows(run: &mut Run, clients: usize, ours: Spread, plainly: Spread, peers: &[Peer]) {
    let what = format!("Events appended over HTTP, {clients} clients");
    run.table.add(
        Row::figure(&what, "/s", ours)
            .against("INSERT … unnest of the same rows", plainly)
            .at_least(Bound::Ratio(SQL_SHARE_MIN))
            .note(
                "five per order, each order decided, keyed and answered; against batches of 100 rows over one \
                 connection, with the same two indexes",
            ),
    );
    for Peer { what: peer, how, rates, .. } in peers {
        let theirs = Spread::of(rates);
        run.table.add(
            Row::figure(&what, "/s", ours)
                .against(*peer, theirs)
                .at_least(Bound::Ratio(PEER_TIMES_MIN))
                .note(format!(
                    "the same payloads, five per append to one stream of its own where Iris writes to five streams; \
                     nothing decided, no HTTP, no read models; {CLIENTS} clients, {how}"
                )),
        );
    }
}
