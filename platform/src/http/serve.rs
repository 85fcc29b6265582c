//! The HTTP/1.1 server.

use std::{io, net::IpAddr, pin::pin, time::Duration};

use axum::Router;
use hyper::{Request, body::Incoming, server::conn::http1};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tower::ServiceExt as _;

use crate::access_log::PeerAddress;

/// Time a client has to send a request's head; also how long an idle connection is kept.
const HEADER_READ_TIMEOUT: Duration = Duration::from_secs(30);
/// Time that requests in hand have once shutdown begins; below the 30 s after which orchestrators kill.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(25);
/// Pause after accepting failed, mostly for want of file descriptors, so that trying again does not burn the CPU.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Serves `router` on `listener` until `shutdown`, then lets requests in hand finish for up to 25 s.
///
/// Not `axum::serve`: that sets no timeout for request heads, so a client sending a byte a minute would hold its
/// connection for ever.
///
/// # Errors
/// `TimedOut` when connections had to be cut at the end.
pub async fn serve(listener: TcpListener, router: Router, shutdown: CancellationToken) -> io::Result<()> {
    let connections = TaskTracker::new();
    let cut = CancellationToken::new();
    loop {
        let accepted = tokio::select! {
            () = shutdown.cancelled() => break,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, peer)) => {
                let connection = connection(stream, peer.ip(), router.clone(), shutdown.clone());
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

async fn connection(stream: TcpStream, peer: IpAddr, router: Router, shutdown: CancellationToken) {
    // Answers are small: waiting to fill a packet would only add latency.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "connection lost before its first request");
        return;
    }
    // A mapped service, not a layer of the router: that would rebuild every route for every connection.
    let introduced = router.map_request(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(PeerAddress(peer.to_canonical()));
        request
    });
    let mut connection = pin!(
        http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEADER_READ_TIMEOUT)
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
