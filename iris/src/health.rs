//! `iris health URL`: asks a server over plain HTTP whether it is well.
//!
//! Containers without curl use it as their health check, and the keeper uses it to wait for NATS.

use std::io::{self, Read as _, Write as _};
use std::net::{TcpStream, ToSocketAddrs as _};
use std::time::Duration;

const TIMEOUT: Duration = Duration::from_secs(3);

/// Exits 0 when the URL answers 200–299, else 1 with the reason on stderr.
pub fn run(url: &str) -> std::process::ExitCode {
    match status(url) {
        Ok(200..=299) => std::process::ExitCode::SUCCESS,
        Ok(code) => {
            eprintln!("{url} answered {code}");
            std::process::ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("{url}: {error}");
            std::process::ExitCode::FAILURE
        }
    }
}

/// The status code of one GET. Plain `http://host:port/path` only; at most 3 seconds per step.
pub fn status(url: &str) -> io::Result<u16> {
    let malformed = || io::Error::new(io::ErrorKind::InvalidInput, "expected http://host:port/path");
    let rest = url.strip_prefix("http://").ok_or_else(malformed)?;
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    if rest.contains(|c: char| c.is_control() || c == ' ') || authority.is_empty() {
        return Err(malformed());
    }
    let with_port = if authority.contains(':') { authority.to_owned() } else { format!("{authority}:80") };
    let address = with_port.to_socket_addrs()?.next().ok_or_else(malformed)?;
    let mut stream = TcpStream::connect_timeout(&address, TIMEOUT)?;
    stream.set_read_timeout(Some(TIMEOUT))?;
    stream.set_write_timeout(Some(TIMEOUT))?;
    // In one piece: `write!` sends each part by itself, and a server may answer and hang up in between.
    let request = format!("GET /{path} HTTP/1.1\r\nHost: {authority}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes())?;
    // "HTTP/1.1 200": 12 bytes say it all.
    let mut line = [0_u8; 12];
    stream.read_exact(&mut line)?;
    std::str::from_utf8(&line)
        .ok()
        .and_then(|line| line.strip_prefix("HTTP/1."))
        .and_then(|line| line.get(2..5)?.parse().ok())
        .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "the answer is not HTTP"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    fn answering(answer: &'static str) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = [0_u8; 1024];
            let _read = stream.read(&mut request).unwrap();
            stream.write_all(answer.as_bytes()).unwrap();
        });
        format!("http://127.0.0.1:{port}/health?deep=true")
    }

    #[test]
    fn tells_the_status() {
        assert_eq!(status(&answering("HTTP/1.1 200 OK\r\n\r\n")).unwrap(), 200);
        assert_eq!(status(&answering("HTTP/1.1 503 Service Unavailable\r\n\r\n")).unwrap(), 503);
    }

    #[test]
    fn what_is_not_http_is_an_error() {
        assert!(status(&answering("SSH-2.0-something\r\n")).is_err());
        assert!(status("https://example.test/").is_err());
        assert!(status("http:///x").is_err());
    }
}
