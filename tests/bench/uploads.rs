//! Clients that send invoices over HTTP.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::bail;
use futures::future::try_join_all;

use crate::{http_client::HttpConnection, statistics::Latencies};

const BOUNDARY: &str = "a-file-of-the-benchmark";

/// Whole requests, made beforehand: the clients share the machine with what they measure.
pub type Requests = Arc<Vec<Vec<u8>>>;

/// What clients did together.
#[derive(Default)]
pub struct Uploaded {
    pub seconds: f64,
    pub latencies: Latencies,
}

/// The request that sends that file.
pub fn request(file: &[u8], token: &str) -> Vec<u8> {
    let head = format!(
        "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"faktura\"\r\n\
         Content-Type: application/octet-stream\r\n\r\n"
    );
    let tail = format!("\r\n--{BOUNDARY}--\r\n");
    let length = head.len() + file.len() + tail.len();
    let start = format!(
        "POST /api/v1/invoices HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {token}\r\n\
         Content-Type: multipart/form-data; boundary={BOUNDARY}\r\nContent-Length: {length}\r\n\r\n"
    );
    [start.as_bytes(), head.as_bytes(), file, tail.as_bytes()].concat()
}

/// Sends each once over so many connections, as fast as they are answered. Every answer must be a new invoice of
/// that status.
pub async fn upload_all(
    address: &str,
    requests: &Requests,
    connections: usize,
    status: &'static str,
) -> anyhow::Result<Uploaded> {
    let opened = try_join_all((0..connections).map(|_| HttpConnection::open(address))).await?;
    let taken = Arc::new(AtomicUsize::new(0));
    let began = Instant::now();
    let clients = opened.into_iter().map(|mut connection| {
        let (requests, taken) = (Arc::clone(requests), Arc::clone(&taken));
        tokio::spawn(async move {
            let mut latencies = Latencies::default();
            while let Some(request) = requests.get(taken.fetch_add(1, Ordering::Relaxed)) {
                let asked = Instant::now();
                send(&mut connection, request, status).await?;
                latencies.record(asked.elapsed());
            }
            anyhow::Ok(latencies)
        })
    });
    let mut uploaded = Uploaded::default();
    for ended in try_join_all(clients.collect::<Vec<_>>()).await? {
        uploaded.latencies.merge(&ended?);
    }
    uploaded.seconds = began.elapsed().as_secs_f64();
    Ok(uploaded)
}

/// Sends one after the other at an even pace, each late one at once; times count from when each was due, so that
/// what makes the next ones wait is in them.
pub async fn upload_paced(
    address: &str,
    requests: &[Vec<u8>],
    pace: Duration,
    status: &'static str,
) -> anyhow::Result<Latencies> {
    let mut connection = HttpConnection::open(address).await?;
    let mut latencies = Latencies::default();
    let began = Instant::now();
    for (number, request) in requests.iter().enumerate() {
        let due = began + pace * u32::try_from(number)?;
        tokio::time::sleep_until(due.into()).await;
        send(&mut connection, request, status).await?;
        latencies.record(due.elapsed());
    }
    Ok(latencies)
}

async fn send(connection: &mut HttpConnection, request: &[u8], status: &str) -> anyhow::Result<()> {
    let code = connection.ask(request).await?;
    if code != 201 || !has_status(connection.body(), status) {
        let answer = String::from_utf8_lossy(connection.body()).chars().take(2_000).collect::<String>();
        bail!("an invoice that was to be {status} was answered {code}: {answer}");
    }
    Ok(())
}

/// Whether the invoice that the answer shows has that status, told without reading all of it.
fn has_status(answer: &[u8], status: &str) -> bool {
    const FIELD: &[u8] = b"\"status\":\"";
    let place = answer.windows(FIELD.len()).position(|window| window == FIELD);
    place.is_some_and(|place| answer[place + FIELD.len()..].starts_with(format!("{status}\"").as_bytes()))
}
