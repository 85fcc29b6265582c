//! Partners' servers that answer with more than anybody wants to read.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

const MIB: u64 = 1_024 * 1_024;

/// Listens until dropped.
pub struct HostileReceiver {
    pub url: String,
    sent: Arc<AtomicU64>,
    serving: JoinHandle<()>,
}

#[derive(Clone, Copy)]
enum Manner {
    /// Chunks for ever.
    Endless,
    /// A gibibyte that it announces.
    Huge,
    /// A byte now and then.
    Slow,
}

impl HostileReceiver {
    pub async fn endless() -> anyhow::Result<Self> {
        Self::start(Manner::Endless).await
    }

    pub async fn huge() -> anyhow::Result<Self> {
        Self::start(Manner::Huge).await
    }

    pub async fn slow() -> anyhow::Result<Self> {
        Self::start(Manner::Slow).await
    }

    /// What it could send before it was hung up on.
    pub fn sent_mib(&self) -> u64 {
        self.sent.load(Ordering::Relaxed) / MIB
    }

    async fn start(manner: Manner) -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}/hooks", listener.local_addr()?);
        let sent = Arc::new(AtomicU64::new(0));
        let counted = Arc::clone(&sent);
        let serving = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let counted = Arc::clone(&counted);
                tokio::spawn(async move {
                    // It ends when the other side hangs up.
                    let _hung_up = answer(stream, manner, &counted).await;
                });
            }
        });
        Ok(Self { url, sent, serving })
    }
}

impl Drop for HostileReceiver {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn answer(mut stream: TcpStream, manner: Manner, sent: &AtomicU64) -> std::io::Result<()> {
    // What is asked for does not matter.
    let mut request = Vec::with_capacity(16 * 1_024);
    stream.read_buf(&mut request).await?;
    let length = match manner {
        Manner::Huge => format!("Content-Length: {}\r\n", 1_024 * MIB),
        Manner::Endless | Manner::Slow => String::new(),
    };
    stream.write_all(format!("HTTP/1.1 200 OK\r\n{length}\r\n").as_bytes()).await?;
    let block = vec![b'x'; 64 * 1_024];
    loop {
        let piece = match manner {
            Manner::Slow => {
                tokio::time::sleep(Duration::from_millis(500)).await;
                &block[..1]
            }
            Manner::Endless | Manner::Huge => &block[..],
        };
        stream.write_all(piece).await?;
        sent.fetch_add(u64::try_from(piece.len()).expect("a small number"), Ordering::Relaxed);
    }
}
