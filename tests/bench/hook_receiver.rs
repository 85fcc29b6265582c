//! A partner's server that costs next to nothing, and remembers when what came in.

use std::{
    sync::{Arc, Mutex},
    time::Instant,
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";

/// One request: the event's position, and when it was all there.
#[derive(Clone, Copy)]
pub struct Arrival {
    pub position: i64,
    pub at: Instant,
}

/// Listens until dropped; keeps connections open.
pub struct HookReceiver {
    pub url: String,
    arrivals: Arc<Mutex<Vec<Arrival>>>,
    serving: JoinHandle<()>,
}

impl HookReceiver {
    pub async fn start() -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}/hooks", listener.local_addr()?);
        let arrivals = Arc::new(Mutex::new(Vec::new()));
        let noted = Arc::clone(&arrivals);
        let serving = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(take(stream, Arc::clone(&noted)));
            }
        });
        Ok(Self { url, arrivals, serving })
    }

    /// What came in so far.
    pub fn count(&self) -> usize {
        self.arrivals.lock().expect("not poisoned").len()
    }

    /// What came in since the last call.
    pub fn take(&self) -> Vec<Arrival> {
        std::mem::take(&mut self.arrivals.lock().expect("not poisoned"))
    }
}

impl Drop for HookReceiver {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn take(mut stream: TcpStream, arrivals: Arc<Mutex<Vec<Arrival>>>) {
    let _best_effort = stream.set_nodelay(true);
    let mut received = Vec::with_capacity(8 * 1024);
    loop {
        let end = loop {
            if let Some(end) = whole_request(&received) {
                break end;
            }
            match stream.read_buf(&mut received).await {
                Ok(0) | Err(_) => return,
                Ok(_) => {}
            }
        };
        let arrival = Arrival { position: header(&received, "iris-sequence"), at: Instant::now() };
        arrivals.lock().expect("not poisoned").push(arrival);
        received.drain(..end);
        if stream.write_all(ANSWER).await.is_err() {
            return;
        }
    }
}

/// Where the first request ends, once all of it is there.
fn whole_request(received: &[u8]) -> Option<usize> {
    let head = received.windows(4).position(|window| window == b"\r\n\r\n")? + 4;
    let length = usize::try_from(header(&received[..head], "content-length")).ok()?;
    let end = head + length;
    (received.len() >= end).then_some(end)
}

/// A number among the headers; 0 where there is none.
fn header(request: &[u8], name: &str) -> i64 {
    let head = request.windows(4).position(|window| window == b"\r\n\r\n").unwrap_or(request.len());
    let text = String::from_utf8_lossy(&request[..head]);
    let field = text.lines().filter_map(|line| line.split_once(':'));
    let value = field.into_iter().find(|(field, _)| field.eq_ignore_ascii_case(name));
    value.and_then(|(_, value)| value.trim().parse().ok()).unwrap_or(0)
}
