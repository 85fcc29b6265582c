//! A server that answers as the test says, byte for byte, and counts who came and what it could write.

use std::{
    io,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

pub const OK: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok";

pub struct Server {
    pub port: u16,
    connections: Arc<AtomicUsize>,
    accepting: JoinHandle<()>,
}

impl Server {
    /// On the loopback address.
    pub async fn start<F, Answering>(answer: F) -> Self
    where
        F: Fn(TcpStream) -> Answering + Send + 'static,
        Answering: Future<Output = ()> + Send + 'static,
    {
        Self::on("127.0.0.1:0".parse().unwrap(), answer).await.unwrap()
    }

    /// On every address of this machine, IPv6 too where it has that.
    pub async fn everywhere() -> Self {
        match Self::on("[::]:0".parse().unwrap(), |stream| say(stream, OK)).await {
            Ok(server) => server,
            Err(_) => Self::on("0.0.0.0:0".parse().unwrap(), |stream| say(stream, OK)).await.unwrap(),
        }
    }

    pub async fn on<F, Answering>(address: SocketAddr, answer: F) -> io::Result<Self>
    where
        F: Fn(TcpStream) -> Answering + Send + 'static,
        Answering: Future<Output = ()> + Send + 'static,
    {
        let listener = TcpListener::bind(address).await?;
        let port = listener.local_addr()?.port();
        let connections = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&connections);
        let accepting = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                counted.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(answer(stream));
            }
        });
        Ok(Self { port, connections, accepting })
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}/", self.port)
    }

    /// How many connections were accepted. They are accepted in the order in which they were made: whoever
    /// has been answered knows that all before are counted.
    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

/// Reads the request's head and its body of two bytes, then says `answer` and closes.
pub async fn say(mut stream: impl AsyncRead + AsyncWrite + Unpin, answer: &[u8]) {
    hear(&mut stream).await;
    // Who is answered may have gone: then there is nothing to say.
    let _ = stream.write_all(answer).await;
    let _ = stream.shutdown().await;
}

/// Reads a request to its end; returns its head.
pub async fn hear(stream: &mut (impl AsyncRead + Unpin)) -> String {
    let mut heard = Vec::new();
    while !heard.ends_with(b"\r\n\r\n{}") {
        match stream.read_u8().await {
            Ok(byte) => heard.push(byte),
            Err(_) => break,
        }
    }
    String::from_utf8(heard).unwrap()
}

/// Says `head`, then `again` until the other side has had enough; returns how many bytes that took.
pub async fn say_without_end(mut stream: TcpStream, head: &[u8], again: &[u8]) -> usize {
    hear(&mut stream).await;
    let mut written = 0;
    let mut next = head;
    while stream.write_all(next).await.is_ok() {
        written += next.len();
        next = again;
    }
    written
}
