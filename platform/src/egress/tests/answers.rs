use std::io::Write as _;

use tokio::{io::AsyncWriteExt, sync::mpsc};

use super::{
    server::{Server, hear, say, say_without_end},
    *,
};

/// What the system's own buffers may take before anybody notices that nobody reads.
const BUFFERED_BYTES_MAX: usize = 32 * 1_024 * 1_024;

/// Said again and again.
static BLOCK: [u8; 0x4000] = [b'x'; 0x4000];

async fn answer_of(answer: &'static [u8]) -> Sent {
    let server = Server::start(move |stream| say(stream, answer)).await;
    post(&patient(), &server.url()).await
}

/// Sends to a server that says `head` and then `again` without end; also how many bytes it got rid of.
async fn endless_answer(head: &'static [u8], again: &'static [u8]) -> (Sent, usize) {
    let (told, mut written) = mpsc::unbounded_channel();
    let server = Server::start(move |stream| {
        let told = told.clone();
        async move { told.send(say_without_end(stream, head, again).await).unwrap() }
    })
    .await;
    let sent = post(&patient(), &server.url()).await;
    // Heard only once the server found the connection closed: nothing more comes in.
    (sent, written.recv().await.unwrap())
}

#[tokio::test]
async fn an_endless_body_and_one_of_a_gibibyte_cost_no_more_than_the_cap() {
    let chunked = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
    let close = b"HTTP/1.1 200 OK\r\n\r\n";
    let gibibyte = b"HTTP/1.1 500 No\r\ncontent-length: 1073741824\r\n\r\n";
    let chunk = [b"4000\r\n".as_slice(), &BLOCK, b"\r\n"].concat().leak();
    for (head, again, status) in [(&chunked[..], &*chunk, 200), (close, &BLOCK, 200), (gibibyte, &BLOCK, 500)]
    {
        let (sent, written) = endless_answer(head, again).await;
        let received = sent.result.unwrap();
        assert_eq!((received.status.as_u16(), received.truncated), (status, true));
        assert_eq!(received.body, vec![b'x'; RESPONSE_BYTES_MAX]);
        assert!(written < BUFFERED_BYTES_MAX, "{written} bytes written");
    }
}

#[tokio::test]
async fn a_body_as_long_as_the_cap_is_whole_and_one_byte_more_is_not() {
    for (bytes, truncated) in [
        (0, false),
        (RESPONSE_BYTES_MAX - 1, false),
        (RESPONSE_BYTES_MAX, false),
        (RESPONSE_BYTES_MAX + 1, true),
    ] {
        let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {bytes}\r\nconnection: close\r\n\r\n");
        let sent = answer_of([head.as_bytes(), &vec![b'x'; bytes]].concat().leak()).await;
        let received = sent.result.unwrap();
        assert_eq!(received.body.len(), bytes.min(RESPONSE_BYTES_MAX));
        assert_eq!(received.truncated, truncated, "{bytes} bytes");
        assert!(sent.headers_after.unwrap() <= sent.total);
    }
}

#[tokio::test]
async fn a_compressed_bomb_stays_as_it_was_sent() {
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    packer.write_all(&vec![0; 8 * 1_024 * 1_024]).unwrap();
    let bomb = packer.finish().unwrap();
    assert!(bomb.len() < RESPONSE_BYTES_MAX);
    let length = bomb.len();
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n"
    );
    let received = answer_of([head.as_bytes(), &bomb].concat().leak()).await.result.unwrap();
    assert_eq!(received.body, bomb);
    assert_eq!(received.headers["content-encoding"], "gzip");
}

#[tokio::test]
async fn a_head_without_end_is_broken_off() {
    let (sent, written) = endless_answer(b"HTTP/1.1 200 OK\r\nx-long: ", &BLOCK).await;
    assert_eq!(sent.result.unwrap_err(), SendFailure::Broken);
    assert_eq!(sent.headers_after, None);
    assert!(written < BUFFERED_BYTES_MAX, "{written} bytes written");
    let (sent, _) = endless_answer(b"HTTP/1.1 200 OK\r\n", b"x-one-more: a\r\n").await;
    assert_eq!(sent.result.unwrap_err(), SendFailure::Broken);
}

#[tokio::test]
async fn what_was_not_http_or_broke_off_is_broken() {
    for (answer, headers_came) in [
        (&b""[..], false),
        (b"220 mail.example ESMTP\r\n", false),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 2", false),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nten bytes.", true),
        (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n", true),
        (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nnonsense\r\n", true),
    ] {
        let sent = answer_of(answer).await;
        assert_eq!(sent.result.unwrap_err(), SendFailure::Broken, "{}", answer.escape_ascii());
        assert_eq!(sent.headers_after.is_some(), headers_came, "{}", answer.escape_ascii());
    }
}

#[tokio::test]
async fn a_connection_that_is_reset_is_broken() {
    for head in [&b""[..], b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nten bytes."] {
        let server = Server::start(move |mut stream| async move {
            hear(&mut stream).await;
            stream.write_all(head).await.unwrap();
            stream.set_zero_linger().unwrap();
        })
        .await;
        assert_eq!(post(&patient(), &server.url()).await.result.unwrap_err(), SendFailure::Broken);
    }
}

#[tokio::test]
async fn early_hints_are_not_the_answer() {
    let answer = b"HTTP/1.1 103 Early Hints\r\nlink: </a.css>; rel=preload\r\n\r\n\
        HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
    let received = answer_of(answer).await.result.unwrap();
    assert_eq!((received.status, received.body.len()), (StatusCode::ACCEPTED, 0));
    assert!(!received.headers.contains_key("link"));
}

#[tokio::test]
async fn who_says_nothing_or_drips_runs_out_of_time() {
    for (head, headers_came) in [
        (&b""[..], false),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n", true),
        (b"HTTP/1.1 103 Early Hints\r\n\r\n", false),
    ] {
        let server = Server::start(move |mut stream| async move {
            hear(&mut stream).await;
            let mut next = head;
            while stream.write_all(next).await.is_ok() {
                // The drip itself: a byte of the body, or one more interim answer, or nothing.
                tokio::time::sleep(Duration::from_millis(20)).await;
                next = if headers_came { b"x" } else { head };
            }
        })
        .await;
        let sent = timeout(PATIENT, post(&hasty(), &server.url())).await.expect("it ends by itself");
        assert_eq!(sent.result.unwrap_err(), SendFailure::Timeout);
        assert_eq!(sent.headers_after.is_some(), headers_came, "{}", head.escape_ascii());
    }
}

#[tokio::test]
async fn a_connection_is_used_again_after_a_whole_answer() {
    let server = Server::start(|mut stream| async move {
        while !hear(&mut stream).await.is_empty() {
            stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").await.unwrap();
        }
    })
    .await;
    let egress = patient();
    for _ in 0..3 {
        assert_eq!(post(&egress, &server.url()).await.result.unwrap().status, StatusCode::NO_CONTENT);
    }
    assert_eq!(server.connections(), 1);
}
