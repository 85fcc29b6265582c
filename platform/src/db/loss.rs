//! Noticing that Postgres' machine is gone.
//!
//! One that dies says nothing, nor does a firewall that forgets a connection. Left to itself, Linux tries for a quarter
//! of an hour to deliver what was sent, and who waits for an answer to what has arrived waits for ever. The system is told
//! to ask, and not to try for so long. docs/decisions/0021 has what was measured, and why it is done here.

use std::{
    fs,
    os::fd::{BorrowedFd, RawFd},
    time::Duration,
};

use socket2::{SockRef, TcpKeepalive};
use sqlx::{Connection as _, PgConnection, postgres::PgConnectOptions};

/// A connection ends once its other side has said nothing for so long, though it was asked. A server that is merely slow
/// is not concerned: its system answers.
const SILENCE_MAX: Duration = Duration::from_secs(30);
/// It is asked first after so long, and again and again until it answers.
const ASKED_AFTER: Duration = Duration::from_secs(10);
const ASKED_EVERY: Duration = Duration::from_secs(5);
/// For systems that have no [`SILENCE_MAX`]: as many questions as make it.
const ASKED_TIMES: u32 = 4;

/// A connection of one's own, whose loss is noticed.
///
/// # Errors
/// As sqlx has them.
pub async fn connect_alone(options: &PgConnectOptions) -> Result<PgConnection, sqlx::Error> {
    let connection = PgConnection::connect_with(options).await?;
    notice_loss(options);
    Ok(connection)
}

/// From here on the loss of every connection that this process has to that server is noticed. To be called after each
/// new one, which sqlx up to 0.9 gives no access to (transact-rs/sqlx#3540): it is found among all that is open.
pub(crate) fn notice_loss(options: &PgConnectOptions) {
    if options.get_socket().is_some() {
        return;
    }
    let Ok(open) = fs::read_dir("/dev/fd") else { return };
    for number in open.flatten().filter_map(|entry| entry.file_name().to_str()?.parse::<RawFd>().ok()) {
        #[expect(unsafe_code, reason = "the descriptor is sqlx's, which does not hand it out")]
        // SAFETY: it is not kept, read, written or closed. Where its owner closes it meanwhile, the system says that
        // there is none, or options are set for a newer socket, which is to have them if it leads to the same port.
        let descriptor = unsafe { BorrowedFd::borrow_raw(number) };
        let socket = SockRef::from(&descriptor);
        let peer = socket.peer_addr().ok().and_then(|peer| peer.as_socket());
        if peer.is_some_and(|peer| peer.port() == options.get_port())
            && let Err(error) = ask_when_silent(&socket)
        {
            tracing::warn!(%error, "the loss of a connection to the database may go unnoticed");
        }
    }
}

fn ask_when_silent(socket: &SockRef<'_>) -> std::io::Result<()> {
    let asking = TcpKeepalive::new().with_time(ASKED_AFTER).with_interval(ASKED_EVERY);
    socket.set_tcp_keepalive(&asking.with_retries(ASKED_TIMES))?;
    #[cfg(target_os = "linux")]
    socket.set_tcp_user_timeout(Some(SILENCE_MAX))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::net::{TcpListener, TcpStream};

    use super::*;

    #[test]
    fn connections_to_that_port_are_asked_and_no_others() {
        let (ours, other) =
            (TcpListener::bind("127.0.0.1:0").unwrap(), TcpListener::bind("127.0.0.1:0").unwrap());
        let [to_ours, to_other] =
            [&ours, &other].map(|listener| TcpStream::connect(listener.local_addr().unwrap()).unwrap());
        let port = ours.local_addr().unwrap().port();

        notice_loss(&PgConnectOptions::new_without_pgpass().host("127.0.0.1").port(port));

        let (to_ours, to_other) = (SockRef::from(&to_ours), SockRef::from(&to_other));
        assert!(to_ours.keepalive().unwrap() && !to_other.keepalive().unwrap());
        assert_eq!(to_ours.tcp_keepalive_time().unwrap(), ASKED_AFTER);
        #[cfg(target_os = "linux")]
        assert_eq!(to_ours.tcp_user_timeout().unwrap(), Some(SILENCE_MAX));
    }
}
