//! Clients that hold what they were given and ask for more: they are cut, and others do not notice.

use std::{net::Ipv4Addr, time::Duration};

use harness::{IrisProcess, TestDatabase, until};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpSocket, TcpStream},
    task::JoinSet,
};

/// As in the test that is named after it.
const SLOW_CLIENTS: usize = 500;
/// Between two bytes of theirs: in time for whoever looks at single bytes only.
const PAUSE: Duration = Duration::from_secs(3);
/// What all of them together may cost, in bytes: some 100 kB each would be 50 MB.
const GROWTH_MAX_BYTES: u64 = 100_000_000;

/// A connection to the process; all come from this machine, and from one address each of its many.
async fn connect(iris: &IrisProcess, from: Ipv4Addr) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind((from, 0).into()).unwrap();
    socket.connect(iris.base.strip_prefix("http://").unwrap().parse().unwrap()).await.unwrap()
}

/// Sends a little of what it announces, again and again, until the other side has had enough; returns what that said.
async fn trickle(mut stream: TcpStream, begin: &'static str, more: &'static str) -> String {
    let mut said = Vec::new();
    let mut sent = stream.write_all(begin.as_bytes()).await;
    while sent.is_ok() {
        let mut piece = [0; 1024];
        sent = tokio::select! {
            read = stream.read(&mut piece) => match read {
                Ok(bytes) if bytes > 0 => {
                    said.extend_from_slice(&piece[..bytes]);
                    Ok(())
                }
                _ => break,
            },
            () = tokio::time::sleep(PAUSE) => stream.write_all(more.as_bytes()).await,
        };
    }
    String::from_utf8(said).unwrap()
}

async fn connections(iris: &IrisProcess) -> f64 {
    let metrics = reqwest::get(format!("{}/metrics", iris.base)).await.unwrap().text().await.unwrap();
    let line = metrics.lines().find_map(|line| line.strip_prefix("iris_connections "));
    line.map_or(0.0, |value| value.parse().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn five_hundred_slow_clients_are_cut_while_others_are_served() {
    let database = TestDatabase::create().await;
    let iris = IrisProcess::start(&database).await;
    let restaurant = iris.client().logged_in("restaurant@iris.test").await;
    restaurant.get("/products").await.expect(200);
    let before = iris.resident_bytes();

    let mut slow = JoinSet::new();
    for number in 0..SLOW_CLIENTS {
        // From four addresses: together they have all connections that they want.
        let from = Ipv4Addr::new(127, 0, 1, u8::try_from(number % 4).unwrap());
        let begin = "GET /api/v1/products HTTP/1.1\r\nhost: x\r\nx-slow: ";
        slow.spawn(trickle(connect(&iris, from).await, begin, "a"));
    }

    // Everybody else is served all the while, until the last of them is gone.
    let mut served = 0;
    while !slow.is_empty() {
        restaurant.get("/products").await.expect(200);
        served += 1;
        assert!(iris.resident_bytes() < before + GROWTH_MAX_BYTES, "memory is bounded");
        while let Some(ended) = slow.try_join_next() {
            assert_eq!(ended.unwrap(), "", "cut without a word: there was no request to answer");
        }
        assert!(served < 1_000_000, "they are never cut");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(served > 10, "{served}");
    until("their places are free", async || connections(&iris).await < 10.0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_trickles_or_stops_is_told_so_and_cut() {
    let database = TestDatabase::create().await;
    let iris = IrisProcess::start(&database).await;
    let login = "POST /api/v1/auth/dev/login HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n\
                 content-length: 1000\r\n\r\n{";
    let upload = "POST /api/v1/auth/refresh HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n\
                  transfer-encoding: chunked\r\n\r\n";
    let local = Ipv4Addr::LOCALHOST;
    let (trickled, chunked, stopped) = tokio::join!(
        trickle(connect(&iris, local).await, login, " "),
        trickle(connect(&iris, local).await, upload, "1\r\n \r\n"),
        trickle(connect(&iris, local).await, login, ""),
    );
    for said in [trickled, chunked, stopped] {
        assert!(said.starts_with("HTTP/1.1 408 "), "{said}");
        assert!(said.contains("\r\nconnection: close\r\n"), "{said}");
        assert!(said.contains(r#""error":"RequestTimeoutError","code":"body_too_slow""#), "{said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_does_not_read_its_answers_is_cut() {
    const ANSWERS: usize = 60;
    let database = TestDatabase::create().await;
    let iris = IrisProcess::start(&database).await;
    let path = "/docs/swagger-ui-bundle.js";
    let one = reqwest::get(format!("{}{path}", iris.base)).await.unwrap().bytes().await.unwrap().len();
    let mut client = connect(&iris, Ipv4Addr::new(127, 0, 1, 9)).await;
    let requests = format!("GET {path} HTTP/1.1\r\nhost: x\r\n\r\n").repeat(ANSWERS);
    client.write_all(requests.as_bytes()).await.unwrap();
    until("it is there", async || connections(&iris).await > 1.0).await;
    // The connection that asks is one itself, or is none while it is being made.
    until("it is cut", async || connections(&iris).await <= 1.0).await;
    let mut read = Vec::new();
    let _reset = client.read_to_end(&mut read).await;
    assert!(read.len() < ANSWERS * one, "{} of {} bytes", read.len(), ANSWERS * one);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_address_cannot_take_all_places() {
    let database = TestDatabase::create().await;
    let iris = IrisProcess::start(&database).await;
    let greedy = Ipv4Addr::new(127, 0, 1, 7);
    let mut held = Vec::new();
    for _ in 0..600 {
        held.push(connect(&iris, greedy).await);
    }
    until("some were refused", async || {
        let metrics = reqwest::get(format!("{}/metrics", iris.base)).await.unwrap().text().await.unwrap();
        metrics.lines().any(|line| line.starts_with(r#"iris_connections_refused_total{reason="address"}"#))
    })
    .await;
    assert!(connections(&iris).await <= 520.0);
    iris.client().get("/products").await.expect(401);
    drop(held);
}
