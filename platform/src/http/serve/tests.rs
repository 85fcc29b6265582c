use std::sync::Arc;

use axum::routing::get;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    sync::Notify,
};

use super::*;

const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nhost: x\r\n\r\n";

#[tokio::test]
async fn a_request_in_hand_is_answered_after_shutdown_began() {
    let (entered, release) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (handler_entered, handler_release) = (entered.clone(), release.clone());
    let router = Router::new().route(
        "/",
        get(async move || {
            handler_entered.notify_one();
            handler_release.notified().await;
            "done"
        }),
    );
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let shutdown = CancellationToken::new();
    let server = tokio::spawn(serve(listener, router, shutdown.clone()));

    // An idle connection must not hold the server up.
    let idle = TcpStream::connect(address).await.unwrap();
    let mut client = TcpStream::connect(address).await.unwrap();
    client.write_all(REQUEST).await.unwrap();
    entered.notified().await;
    shutdown.cancel();
    release.notify_one();

    let mut answer = String::new();
    client.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(answer.ends_with("done"), "{answer}");
    server.await.unwrap().unwrap();
    drop(idle);
    assert!(TcpStream::connect(address).await.is_err(), "nobody listens any more");
}

#[tokio::test]
async fn one_connection_carries_many_requests() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let shutdown = CancellationToken::new();
    let router = Router::new().route("/", get(async || "again"));
    let server = tokio::spawn(serve(listener, router, shutdown.clone()));

    let mut client = TcpStream::connect(address).await.unwrap();
    for _ in 0..3 {
        client.write_all(REQUEST).await.unwrap();
        let mut answer = Vec::new();
        while !answer.ends_with(b"again") {
            assert_ne!(client.read_buf(&mut answer).await.unwrap(), 0, "closed early");
        }
    }
    shutdown.cancel();
    server.await.unwrap().unwrap();
}
