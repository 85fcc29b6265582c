//! A nats-server of one test's own, to be killed, emptied and set back at will.

use std::{
    fs,
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use async_nats::{
    Client, HeaderMap,
    jetstream::{
        self,
        message::StreamMessage,
        stream::{State, Stream},
    },
};
use secrecy::SecretString;

use crate::world::until;

pub const STREAM: &str = "IRIS_EVENTS";

pub struct NatsServer {
    port: u16,
    store: PathBuf,
    child: Option<Child>,
}

/// A message of the stream, as a reader sees it.
#[derive(Debug)]
pub struct Message {
    pub subject: String,
    pub headers: HeaderMap,
    pub body: String,
}

impl Message {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(async_nats::HeaderValue::as_str)
    }

    pub fn position(&self) -> i64 {
        self.header("Iris-Position").expect("a position").parse().expect("a number")
    }
}

impl NatsServer {
    pub async fn start() -> Self {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let store = std::env::temp_dir().join(format!("iris-test-nats-{}-{port}", std::process::id()));
        let mut server = Self { port, store, child: None };
        server.launch().await;
        server
    }

    /// Starts it (again) on the same port and store, and waits until JetStream answers.
    pub async fn launch(&mut self) {
        let program = std::env::var("IRIS_NATS_BIN").unwrap_or_else(|_| "nats-server".to_owned());
        let child = Command::new(program)
            .env("PATH", format!("{}:/usr/sbin", std::env::var("PATH").unwrap_or_default()))
            .args(["-a", "127.0.0.1", "-p", &self.port.to_string(), "-js", "-sd"])
            .arg(&self.store)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("nats-server starts");
        self.child = Some(child);
        until("nats answers", async || {
            let Ok(client) = async_nats::connect(self.address()).await else { return false };
            let answer = client.request("$JS.API.INFO", "".into()).await;
            answer.is_ok_and(|answer| answer.status.is_none())
        })
        .await;
    }

    /// kill -9.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().expect("it can be killed");
            child.wait().expect("it ends");
        }
    }

    /// Takes everything away that it stored. Under a running server, too.
    pub fn wipe(&self) {
        let _it_may_be_writing = fs::remove_dir_all(self.store.join("jetstream"));
        let _again = fs::remove_dir_all(self.store.join("jetstream"));
    }

    /// The stream's message blocks, apart from what it knows of its consumers.
    pub fn blocks(&self) -> PathBuf {
        self.store.join("jetstream/$G/streams").join(STREAM).join("msgs")
    }

    /// Puts the message blocks back as they were copied; the server must be down.
    pub fn put_blocks_back(&self, copy: &Path) {
        fs::remove_dir_all(self.blocks()).expect("there are blocks");
        copy_files(copy, &self.blocks());
    }

    /// A copy of the message blocks.
    pub fn copy_blocks(&self) -> PathBuf {
        let copy = self.store.join("copy");
        copy_files(&self.blocks(), &copy);
        copy
    }

    fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    pub fn url(&self) -> SecretString {
        format!("nats://{}", self.address()).into()
    }

    pub async fn client(&self) -> Client {
        async_nats::connect(self.address()).await.expect("it answers")
    }

    pub async fn stream(&self) -> Stream {
        jetstream::new(self.client().await).get_stream(STREAM).await.expect("the stream is there")
    }

    /// What the stream holds, in its order; nothing where there is no stream.
    pub async fn messages(&self) -> Vec<Message> {
        let context = jetstream::new(self.client().await);
        let Ok(stream) = context.get_stream(STREAM).await else { return Vec::new() };
        let state = stream.cached_info().state.clone();
        let mut messages = Vec::new();
        for sequence in state.first_sequence.max(1)..=state.last_sequence {
            if let Ok(message) = stream.get_raw_message(sequence).await {
                messages.push(read(message));
            }
        }
        messages
    }

    pub async fn count(&self) -> u64 {
        self.state().await.map_or(0, |state| state.messages)
    }

    /// How many read the stream.
    pub async fn listeners(&self) -> usize {
        self.state().await.map_or(0, |state| state.consumer_count)
    }

    /// `None` where there is no stream.
    async fn state(&self) -> Option<State> {
        let context = jetstream::new(self.client().await);
        Some(context.get_stream(STREAM).await.ok()?.cached_info().state.clone())
    }

    /// Returns once the stream holds that many messages.
    pub async fn holds(&self, messages: usize) {
        until(&format!("the stream holds {messages}"), async || {
            usize::try_from(self.count().await) == Ok(messages)
        })
        .await;
    }
}

impl Drop for NatsServer {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _gone = child.kill();
            let _ended = child.wait();
        }
        let _best_effort = fs::remove_dir_all(&self.store);
    }
}

fn read(message: StreamMessage) -> Message {
    Message {
        subject: message.subject.to_string(),
        headers: message.headers,
        body: String::from_utf8(message.payload.to_vec()).expect("JSON is text"),
    }
}

fn copy_files(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().flatten() {
        fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
}
