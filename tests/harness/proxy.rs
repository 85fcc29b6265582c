//! A wire between a client and a server that can be cut at a chosen moment.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicUsize, Ordering},
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::{mpsc, oneshot, watch},
};
use tokio_util::task::AbortOnDropHandle;

/// When the wire breaks, counted in messages of the client that hold a certain text.
#[derive(Clone, Copy, Debug)]
pub enum Cut {
    /// The server never sees the n-th such message.
    BeforeMessage(u32),
    /// The server sees the n-th such message, the client never its answer. The test says when.
    BeforeAnswer(u32),
}

/// What becomes of everything on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wire {
    /// It arrives.
    Whole,
    /// It waits until the wire is whole again; nobody is told.
    Silent,
    /// Connections end, and new ones with them.
    Severed,
}

#[derive(Default)]
struct Plan {
    armed: Option<Armed>,
}

struct Armed {
    text: Vec<u8>,
    cut: Cut,
    seen: u32,
    reached: Option<oneshot::Sender<()>>,
}

/// Forwards to a server; each cut breaks the connection that it concerns, later ones work.
pub struct Proxy {
    /// Where clients connect.
    pub port: u16,
    plan: Arc<Mutex<Plan>>,
    connections: Arc<AtomicUsize>,
    wire: watch::Sender<Wire>,
    /// Ends with this value; the connections do when `wire` goes.
    _accepting: AbortOnDropHandle<()>,
}

impl Proxy {
    /// Before the server at that port of this machine.
    ///
    /// # Panics
    /// If no port is free.
    pub async fn before(server_port: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let port = listener.local_addr().expect("bound").port();
        let plan = Arc::new(Mutex::new(Plan::default()));
        let shared = Arc::clone(&plan);
        let connections = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&connections);
        let (wire, state) = watch::channel(Wire::Whole);
        let accepting = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                counted.fetch_add(1, Ordering::Relaxed);
                let (shared, state) = (Arc::clone(&shared), state.clone());
                tokio::spawn(async move {
                    let mut severed = state.clone();
                    tokio::select! {
                        _ = severed.wait_for(|wire| *wire == Wire::Severed) => {}
                        () = forward(client, server_port, shared, state) => {}
                    }
                });
            }
        });
        Self { port, plan, connections, wire, _accepting: AbortOnDropHandle::new(accepting) }
    }

    /// From now on everything fares so.
    pub fn set(&self, wire: Wire) {
        self.wire.send_replace(wire);
    }

    /// No cut is armed any more.
    ///
    /// # Panics
    /// Never: nobody panics with the lock held.
    pub fn disarm(&self) {
        self.plan.lock().expect("not poisoned").armed = None;
    }

    /// How many connections clients have made so far.
    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::Relaxed)
    }

    /// Arms one cut, at client messages that hold `text`. The receiver resolves once it was made.
    ///
    /// # Panics
    /// Never: nobody panics with the lock held.
    pub fn cut(&self, text: &str, cut: Cut) -> oneshot::Receiver<()> {
        let (reached, receiver) = oneshot::channel();
        self.plan.lock().expect("not poisoned").armed =
            Some(Armed { text: text.as_bytes().to_vec(), cut, seen: 0, reached: Some(reached) });
        receiver
    }
}

async fn forward(
    client: TcpStream,
    server_port: u16,
    plan: Arc<Mutex<Plan>>,
    mut state: watch::Receiver<Wire>,
) {
    let Ok(server) = TcpStream::connect(("127.0.0.1", server_port)).await else { return };
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    let (mute, mut muted) = mpsc::channel::<()>(1);
    let mut audible = state.clone();
    let answers = AbortOnDropHandle::new(tokio::spawn(async move {
        let mut buffer = vec![0; 64 * 1024];
        loop {
            let Ok(length @ 1..) = from_server.read(&mut buffer).await else { return };
            if muted.try_recv().is_ok() {
                // The server did its work; the client is not to hear of it.
                return;
            }
            drop(audible.wait_for(|wire| *wire != Wire::Silent).await);
            if to_client.write_all(&buffer[..length]).await.is_err() {
                return;
            }
        }
    }));
    let mut buffer = vec![0; 256 * 1024];
    while let Ok(length @ 1..) = from_client.read(&mut buffer).await {
        drop(state.wait_for(|wire| *wire != Wire::Silent).await);
        match moment(&plan, &buffer[..length]) {
            Moment::Pass => {
                if to_server.write_all(&buffer[..length]).await.is_err() {
                    break;
                }
            }
            Moment::Cut => break,
            Moment::Mute => {
                let _full = mute.try_send(());
                if to_server.write_all(&buffer[..length]).await.is_err() {
                    break;
                }
                let _ended = answers.await;
                return;
            }
        }
    }
}

enum Moment {
    Pass,
    Cut,
    Mute,
}

fn moment(plan: &Mutex<Plan>, message: &[u8]) -> Moment {
    let mut plan = plan.lock().expect("not poisoned");
    let Some(armed) = &mut plan.armed else { return Moment::Pass };
    if !message.windows(armed.text.len()).any(|window| window == armed.text) {
        return Moment::Pass;
    }
    armed.seen += 1;
    let moment = match armed.cut {
        Cut::BeforeMessage(nth) if nth == armed.seen => Moment::Cut,
        Cut::BeforeAnswer(nth) if nth == armed.seen => Moment::Mute,
        _ => return Moment::Pass,
    };
    if let Some(reached) = armed.reached.take() {
        let _nobody_waits = reached.send(());
    }
    plan.armed = None;
    moment
}
