//! An HTTP/1.1 client that costs next to nothing: it shares the machine with what it measures.

use anyhow::{Context as _, bail};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

/// A connection that is kept open; one request at a time.
pub struct HttpConnection {
    stream: TcpStream,
    received: Vec<u8>,
    body: std::ops::Range<usize>,
}

impl HttpConnection {
    pub async fn open(address: &str) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, received: Vec::with_capacity(64 * 1024), body: 0..0 })
    }

    /// Sends a whole request, reads the whole answer, and returns its status.
    pub async fn ask(&mut self, request: &[u8]) -> anyhow::Result<u16> {
        self.stream.write_all(request).await?;
        self.received.clear();
        let head = loop {
            self.read_more().await?;
            if let Some(end) = find(&self.received, b"\r\n\r\n") {
                break end + 4;
            }
        };
        let lines = std::str::from_utf8(&self.received[..head])?;
        let status = lines.get(9..12).context("a status line")?.parse()?;
        let length = content_length(lines)?;
        while self.received.len() < head + length {
            self.read_more().await?;
        }
        self.body = head..head + length;
        Ok(status)
    }

    /// `GET`, as whoever the token names.
    pub async fn get(&mut self, path: &str, token: &str) -> anyhow::Result<u16> {
        let authorization =
            if token.is_empty() { String::new() } else { format!("Authorization: Bearer {token}\r\n") };
        let request = format!("GET {path} HTTP/1.1\r\nHost: bench\r\n{authorization}\r\n");
        self.ask(request.as_bytes()).await
    }

    /// The body of the last answer.
    pub fn body(&self) -> &[u8] {
        &self.received[self.body.clone()]
    }

    /// `Iris-Position` of the last answer.
    pub fn position(&self) -> anyhow::Result<i64> {
        let head = std::str::from_utf8(&self.received[..self.body.start])?;
        let mut fields = head.lines().filter_map(|line| line.split_once(':'));
        let field = fields.find(|(name, _)| name.eq_ignore_ascii_case("iris-position"));
        Ok(field.context("Iris-Position")?.1.trim().parse()?)
    }

    async fn read_more(&mut self) -> anyhow::Result<()> {
        if self.stream.read_buf(&mut self.received).await? == 0 {
            bail!("the server closed the connection");
        }
        Ok(())
    }
}

fn content_length(head: &str) -> anyhow::Result<usize> {
    let mut fields = head.lines().filter_map(|line| line.split_once(':'));
    let length = fields.find(|(name, _)| name.eq_ignore_ascii_case("content-length"));
    let (_, length) = length.with_context(|| format!("an answer without Content-Length: {head}"))?;
    Ok(length.trim().parse()?)
}

fn find(within: &[u8], wanted: &[u8]) -> Option<usize> {
    within.windows(wanted.len()).position(|window| window == wanted)
}
