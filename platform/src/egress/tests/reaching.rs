use super::{
    server::{OK, Server, say},
    *,
};

/// Spellings of this machine.
const LOOPBACK: [&str; 23] = [
    "127.0.0.1",
    "127.0.0.1.",
    "127.1",
    "127.0.1",
    "2130706433",
    "0x7f.1",
    "0x7f000001",
    "0x7F.0x0.0x0.0x1",
    "017700000001",
    "0177.0.0.1",
    "１27.0.0.1",
    "①②⑦.⓪.⓪.①",
    "127。0。0。1",
    "%31%32%37.0.0.1",
    "127.255.255.254",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[0:0:0:0:0:ffff:127.0.0.1]",
    "0",
    "0.0.0.0",
    "[::]",
    "[::1]",
    "localhost",
];

/// Spellings of what else must not be reached: metadata services, link-local, private, embedded.
const INNER: [&str; 20] = [
    "169.254.169.254",
    "2852039166",
    "0xa9fea9fe",
    "0251.0376.0251.0376",
    "169.254.43518",
    "[::ffff:169.254.169.254]",
    "[64:ff9b::169.254.169.254]",
    "[2002:a9fe:a9fe::]",
    "[fd00:ec2::254]",
    "[fe80::1]",
    "[::127.0.0.1]",
    "[64:ff9b::7f00:1]",
    "[2002:7f00:1::]",
    "[2001:470::5efe:127.0.0.1]",
    "10.0.0.1",
    "172.16.0.1",
    "192.168.1.1",
    "metadata.google.internal",
    "LOCALHOST",
    "iris.localhost",
];

#[tokio::test]
async fn no_spelling_of_an_inner_address_is_taken_or_reached() {
    let server = Server::everywhere().await;
    let strict = Egress::try_new(&settings(&[])).unwrap();
    for host in LOOPBACK.into_iter().chain(INNER) {
        for scheme in ["http", "https"] {
            let url = format!("{scheme}://{host}:{}/", server.port);
            assert!(strict.policy().check(&url).is_err(), "{url} is taken");
            let sent = post(&strict, &url).await;
            assert_eq!(sent.result.unwrap_err(), SendFailure::AddressRefused, "{url}");
        }
    }
    // The one who may is answered, and was the first to come.
    assert!(post(&patient(), &server.url()).await.result.is_ok());
    assert_eq!(server.connections(), 1);
}

#[tokio::test]
async fn every_spelling_of_an_allowed_address_is_reached() {
    let server = Server::everywhere().await;
    let egress = patient();
    // Nothing but 127.0.0.1: the machine may have no IPv6, and may not listen on the network's other addresses.
    let dialled = |host: &&str| !host.starts_with('[') && !["0", "0.0.0.0", "127.255.255.254"].contains(host);
    let hosts: Vec<&str> = LOOPBACK.into_iter().filter(dialled).collect();
    assert_eq!(hosts.len(), 15);
    for host in &hosts {
        let url = format!("http://{host}:{}/", server.port);
        let received =
            post(&egress, &url).await.result.unwrap_or_else(|failure| panic!("{url}: {failure:?}"));
        assert_eq!((received.status, &received.body[..]), (StatusCode::OK, &b"ok"[..]));
    }
    assert_eq!(server.connections(), hosts.len());
}

#[tokio::test]
async fn a_redirect_is_an_answer_and_is_not_followed() {
    let aim = Server::start(|stream| say(stream, OK)).await;
    let aim_url = aim.url();
    for location in [aim_url.as_str(), "http://169.254.169.254/latest/meta-data/"] {
        for status in [301, 302, 303, 307, 308] {
            let answer = format!(
                "HTTP/1.1 {status} Elsewhere\r\nlocation: {location}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
            );
            let answer: &'static [u8] = answer.leak().as_bytes();
            let server = Server::start(move |stream| say(stream, answer)).await;
            let received = post(&patient(), &server.url()).await.result.unwrap();
            assert_eq!(received.status.as_u16(), status);
            assert_eq!(received.headers["location"], location);
        }
    }
    assert!(post(&patient(), &aim_url).await.result.is_ok());
    assert_eq!(aim.connections(), 1);
}

#[tokio::test]
async fn what_is_sent_says_who_sends_and_asks_for_no_compression() {
    let (told, mut requests) = tokio::sync::mpsc::unbounded_channel();
    let server = Server::start(move |mut stream| {
        let told = told.clone();
        async move {
            told.send(server::hear(&mut stream).await).unwrap();
            let _ = tokio::io::AsyncWriteExt::write_all(&mut stream, OK).await;
        }
    })
    .await;
    assert!(post(&patient(), &server.url()).await.result.is_ok());
    let head = requests.recv().await.unwrap().to_lowercase();
    assert!(head.starts_with("post / http/1.1\r\n"), "{head}");
    assert!(head.contains("user-agent: iris-webhooks/1\r\n"), "{head}");
    for absent in ["accept-encoding", "referer", "cookie", "authorization"] {
        assert!(!head.contains(absent), "{head}");
    }
}

#[tokio::test]
async fn where_nobody_listens_there_is_no_connection() {
    // Bound and not listening: nobody else can take the port meanwhile.
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let sent = post(&patient(), &format!("http://{}/", socket.local_addr().unwrap())).await;
    assert_eq!((sent.result.unwrap_err(), sent.headers_after), (SendFailure::Connect, None));
}
