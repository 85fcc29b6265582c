use std::{convert::Infallible, future::ready, sync::Arc};

use axum::{body::Body, response::Response, routing::get};
use hyper::service::service_fn;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, duplex},
    sync::Notify,
    time::Instant,
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
    let server = tokio::spawn(serve(listener, router, TrustedProxies::default(), shutdown.clone()));

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
    let server = tokio::spawn(serve(listener, router, TrustedProxies::default(), shutdown.clone()));

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

#[tokio::test]
async fn who_comes_when_the_house_is_full_is_closed_and_is_let_in_once_there_is_room() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let shutdown = CancellationToken::new();
    let router = Router::new().route("/", get(async || "hello"));
    let open = Connections::new(Bounds { in_all: 2, per_address: 2 }, TrustedProxies::default());
    let server = tokio::spawn(accept(listener, router, open, shutdown.clone()));
    let ask = async || {
        let mut client = TcpStream::connect(address).await.unwrap();
        let mut answer = Vec::new();
        // Closed with what was sent unread, a connection may be reset before the end is seen.
        let _reset = client.write_all(REQUEST).await;
        while !answer.ends_with(b"hello") && client.read_buf(&mut answer).await.is_ok_and(|bytes| bytes > 0) {
        }
        (client, answer)
    };
    let (first, answer) = ask().await;
    assert!(answer.ends_with(b"hello"));
    let (second, _) = ask().await;
    let (_closed, answer) = ask().await;
    assert_eq!(answer, b"", "closed without a word");
    drop(first);
    let came_in = async {
        while !ask().await.1.ends_with(b"hello") {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), came_in).await.expect("there is room again");
    drop(second);
    shutdown.cancel();
    server.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_head_that_is_far_too_large_is_refused_and_the_connection_closed() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let shutdown = CancellationToken::new();
    let router = Router::new().route("/", get(async || "hello"));
    let server = tokio::spawn(serve(listener, router, TrustedProxies::default(), shutdown.clone()));
    let long = "v".repeat(4 * READ_AHEAD_MAX_BYTES);
    let many: Vec<String> = (0..101).map(|number| format!("x-{number}: v\r\n")).collect();
    for headers in [format!("x: {long}\r\n"), many.concat()] {
        let mut client = TcpStream::connect(address).await.unwrap();
        let head = format!("GET / HTTP/1.1\r\nhost: x\r\n{headers}\r\n");
        let _reset = client.write_all(head.as_bytes()).await;
        let mut answer = Vec::new();
        let _reset = client.read_to_end(&mut answer).await;
        let answer = String::from_utf8(answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 431") && answer.contains("content-length: 0"), "{answer}");
    }
    shutdown.cancel();
    server.await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_is_taken_slowly_is_whole_and_the_connection_is_idle_only_after_it() {
    const PIECE_BYTES: usize = 4_096;
    const BODY_BYTES: usize = 20 * PIECE_BYTES;
    const PACE: Duration = PATIENCE.write.saturating_sub(Duration::from_secs(1));
    let (mut client, server) = duplex(PIECE_BYTES);
    let phase = Phase::new();
    let (asked, answered) = (phase.clone(), phase.clone());
    let service = service_fn(move |_: Request<Incoming>| {
        asked.request_in_hand();
        // One frame: hyper lets go of the body before any of it was taken.
        let answer = Response::new(Body::from(format!("{}done", "~".repeat(BODY_BYTES))));
        ready(Ok::<_, Infallible>(answering(answer, answered.clone())))
    });
    let stream = TokioIo::new(PacedStream::new(server, phase, PATIENCE));
    let connection = http1::Builder::new().header_read_timeout(None).serve_connection(stream, service);
    let connection = tokio::spawn(connection);

    client.write_all(REQUEST).await.unwrap();
    let (mut answer, mut last_taken) = (Vec::new(), Instant::now());
    while !answer.ends_with(b"done") {
        // Some ten minutes in all.
        tokio::time::sleep(PACE).await;
        let mut piece = vec![0; PIECE_BYTES];
        let bytes = client.read(&mut piece).await.unwrap();
        assert_ne!(bytes, 0, "cut after {} bytes", answer.len());
        answer.extend_from_slice(&piece[..bytes]);
        last_taken = Instant::now();
    }
    assert!(answer.len() > BODY_BYTES, "{}", answer.len());
    // Cut, as it asks for nothing else; to hyper an idle connection that breaks off is none that went wrong.
    connection.await.unwrap().unwrap();
    // The last bytes were written when those before them were taken.
    let idle = last_taken.elapsed() + PACE;
    assert_eq!(idle.as_secs(), PATIENCE.idle.as_secs());
}
