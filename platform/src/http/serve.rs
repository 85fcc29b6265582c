//! The HTTP/1.1 server.

mod answering_body;
mod connections;
mod paced_stream;

use std::{io, net::IpAddr, pin::pin, time::Duration};

use axum::Router;
use hyper::{Request, body::Incoming, server::conn::http1};
use hyper_util::{rt::TokioIo, service::TowerToHyperService};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tower::ServiceExt as _;

pub(super) use self::connections::describe as describe_connections;
use self::{
    answering_body::answering,
    connections::{Admitted, Bounds, Connections},
    paced_stream::{PacedStream, Patience, Phase},
};
use super::TrustedProxies;
use crate::access_log::PeerAddress;

/// A connection that is waiting for its next request is kept for longer than proxies keep theirs (60 s): who
/// closes first must be the proxy, or a request meets a connection that is just going away.
const PATIENCE: Patience =
    Patience { head: Duration::from_secs(10), idle: Duration::from_secs(75), write: Duration::from_secs(30) };
/// Most that is read ahead of one connection, and so the largest head that is parsed at all; beyond it the answer
/// is a bare 431. Far above the bounds of the shell, which can say what is wrong.
const READ_AHEAD_MAX_BYTES: usize = 64 * 1024;
/// Time that requests in hand have once shutdown begins; below the 30 s after which orchestrators kill.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(25);
/// Pause after accepting failed, mostly for want of file descriptors, so that trying again does not burn the CPU.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Serves `router` on `listener` until `shutdown`, then lets requests in hand finish for up to 25 s.
///
/// Not `axum::serve`: that sets no timeout for request heads, so a client sending a byte a minute would hold its
/// connection for ever, and as many connections as it likes. Here a connection that makes no progress is cut, and
/// there are at most 8,192 of them, 512 from one address that is none of `trusted`'s.
///
/// # Errors
/// `TimedOut` when connections had to be cut at the end.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    trusted: TrustedProxies,
    shutdown: CancellationToken,
) -> io::Result<()> {
    let open = Connections::new(Bounds::of_this_process(), trusted);
    accept(listener, router, open, shutdown).await
}

async fn accept(
    listener: TcpListener,
    router: Router,
    open: Connections,
    shutdown: CancellationToken,
) -> io::Result<()> {
    let connections = TaskTracker::new();
    let cut = CancellationToken::new();
    loop {
        let accepted = tokio::select! {
            () = shutdown.cancelled() => break,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, peer)) => {
                // Dropped where there are enough, which closes it.
                let Some(admitted) = open.admit(peer.ip()) else { continue };
                let connection = connection(stream, peer.ip(), admitted, router.clone(), shutdown.clone());
                connections.spawn(cut.clone().run_until_cancelled_owned(connection));
            }
            Err(error) => pause_after(&error).await,
        }
    }
    // Closed before draining: new callers are refused at once and find another instance.
    drop(listener);
    connections.close();
    if tokio::time::timeout(DRAIN_TIMEOUT, connections.wait()).await.is_ok() {
        return Ok(());
    }
    let left = connections.len();
    cut.cancel();
    connections.wait().await;
    Err(io::Error::new(io::ErrorKind::TimedOut, format!("{left} connections were cut at shutdown")))
}

async fn connection(
    stream: TcpStream,
    peer: IpAddr,
    _counted_until_it_ends: Admitted,
    router: Router,
    shutdown: CancellationToken,
) {
    // Answers are small: waiting to fill a packet would only add latency.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "connection lost before its first request");
        return;
    }
    // A mapped service, not a layer of the router: that would rebuild every route for every connection.
    let phase = Phase::new();
    let (asked, answered) = (phase.clone(), phase.clone());
    let introduced = router
        .map_request(move |mut request: Request<Incoming>| {
            asked.request_in_hand();
            request.extensions_mut().insert(PeerAddress(peer.to_canonical()));
            request
        })
        .map_response(move |response| answering(response, answered.clone()));
    let stream = PacedStream::new(stream, phase, PATIENCE);
    let mut connection = pin!(
        http1::Builder::new()
            .max_buf_size(READ_AHEAD_MAX_BYTES)
            // Ours, see `PacedStream`.
            .header_read_timeout(None)
            .serve_connection(TokioIo::new(stream), TowerToHyperService::new(introduced))
            .with_upgrades()
    );
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = shutdown.cancelled() => {
            // Answers the request in hand, with `Connection: close`, and reads no other.
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "connection ended early");
    }
}

async fn pause_after(error: &io::Error) {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    // The caller gave up between knocking and being let in: nothing is wrong here.
    if matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset) {
        return;
    }
    tracing::error!(%error, "cannot accept connections");
    tokio::time::sleep(ACCEPT_PAUSE).await;
}

#[cfg(test)]
mod tests;
