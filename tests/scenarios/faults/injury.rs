//! What happens to a running Iris.

use std::{fs, path::PathBuf, time::Duration};

use harness::{Cut, IrisProcess, NatsServer, PrivateServers, Proxy, Wire};
use sqlx::{Connection as _, PgConnection};
use tokio::{
    sync::Mutex,
    time::{sleep, timeout},
};

/// A fault. Those that last mend by themselves.
#[derive(Clone, Copy, Debug)]
pub enum Injury {
    /// kill -9, and started again.
    ProcessKilled(usize),
    /// SIGSTOP: whatever it holds, it holds on to; another takes over what is on a lease, if it lasts.
    ProcessFrozen(usize, Duration),
    /// SIGTERM, and started again.
    ProcessStopped(usize),
    /// kill -9 of the whole server; started again by whoever keeps it.
    PostgresKilled,
    /// The server ends all sessions, at whatever they are.
    SessionsEnded,
    /// One connection ends there: the server never sees the message, or sees it and its answer is lost.
    ConnectionCut {
        process: usize,
        moment: Moment,
        is_answer: bool,
    },
    /// Everything between Iris and Postgres ends, and nothing gets through.
    DatabaseSevered(Reach, Duration),
    /// The same, and nobody is told.
    DatabaseSilent(Reach, Duration),
    /// Everything between Iris and NATS ends, and nothing gets through.
    NatsSevered(Reach, Duration),
    /// The same, and nobody is told.
    NatsSilent(Reach, Duration),
    /// kill -9, and started again, with what it had stored or with nothing.
    NatsKilled {
        wiped: bool,
    },
    NatsFrozen(Duration),
    /// The clock of one process jumps, and jumps back.
    ClockSet {
        process: usize,
        seconds: i64,
        pause: Duration,
    },
}

/// Whose network.
#[derive(Clone, Copy, Debug)]
pub enum Reach {
    /// Of one process: the other goes on, and takes over.
    One(usize),
    All,
}

impl Reach {
    fn concerns(self, process: usize) -> bool {
        matches!(self, Self::All) || matches!(self, Self::One(one) if one == process)
    }
}

/// Where within a transaction.
#[derive(Clone, Copy, Debug)]
pub enum Moment {
    Begin,
    Append,
    Commit,
}

impl Moment {
    /// What the message holds.
    fn text(self) -> &'static str {
        match self {
            Self::Begin => "BEGIN",
            // The names of events are values of the append.
            Self::Append => "OrderPlaced",
            Self::Commit => "COMMIT",
        }
    }
}

/// Everything that can be hurt, by several faults at once.
pub struct Body<'a> {
    pub servers: &'a PrivateServers,
    /// The name of the database.
    pub database: &'a str,
    pub processes: [Mutex<&'a mut IrisProcess>; 2],
    pub nats: Mutex<&'a mut NatsServer>,
    /// Between each process and Postgres.
    pub to_database: &'a [Proxy; 2],
    /// Between each process and NATS.
    pub to_nats: &'a [Proxy; 2],
    /// What the clock of each process is set by.
    pub clocks: &'a [PathBuf; 2],
}

impl Body<'_> {
    /// Ends when it is healed.
    pub async fn suffer(&self, injury: Injury) {
        match injury {
            Injury::ProcessKilled(process) => {
                let mut process = self.processes[process].lock().await;
                process.kill();
                process.launch_until_it_runs().await;
            }
            Injury::ProcessFrozen(process, pause) => {
                let process = self.processes[process].lock().await;
                process.pause();
                sleep(pause).await;
                process.resume();
            }
            Injury::ProcessStopped(process) => {
                let mut process = self.processes[process].lock().await;
                // It ends what it has begun, and needs for it what another fault may have taken: that one must end meanwhile.
                let _code = process.stop().await;
                process.launch_until_it_runs().await;
            }
            Injury::PostgresKilled => self.servers.kill_postgres().await,
            Injury::SessionsEnded => self.end_sessions().await,
            Injury::ConnectionCut { process, moment, is_answer } => {
                let cut = if is_answer { Cut::BeforeAnswer(1) } else { Cut::BeforeMessage(1) };
                let wire = &self.to_database[process];
                // Where nothing more of the kind is sent, nothing is cut.
                let _reached = timeout(Duration::from_secs(2), wire.cut(moment.text(), cut)).await;
                wire.disarm();
            }
            Injury::DatabaseSevered(reach, pause) => {
                hold(self.to_database, reach, Wire::Severed, pause).await;
            }
            Injury::DatabaseSilent(reach, pause) => hold(self.to_database, reach, Wire::Silent, pause).await,
            Injury::NatsSevered(reach, pause) => hold(self.to_nats, reach, Wire::Severed, pause).await,
            Injury::NatsSilent(reach, pause) => hold(self.to_nats, reach, Wire::Silent, pause).await,
            Injury::NatsKilled { wiped } => {
                let mut nats = self.nats.lock().await;
                nats.kill();
                if wiped {
                    nats.delete_storage();
                }
                nats.launch().await;
            }
            Injury::NatsFrozen(pause) => {
                let nats = self.nats.lock().await;
                nats.pause();
                sleep(pause).await;
                nats.resume();
            }
            Injury::ClockSet { process, seconds, pause } => {
                self.set_clock(process, seconds);
                sleep(pause + CLOCK_LOOKED_AT).await;
                self.set_clock(process, 0);
                sleep(CLOCK_LOOKED_AT).await;
            }
        }
    }

    /// By a connection of its own, which nothing cuts.
    async fn end_sessions(&self) {
        // Another fault may have taken the server away: then there is none to end.
        let Ok(mut admin) = PgConnection::connect(&self.servers.database_url).await else { return };
        let sql = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = $1";
        let _ended: Result<i64, _> = sqlx::query_scalar(sql).bind(self.database).fetch_one(&mut admin).await;
    }

    fn set_clock(&self, process: usize, seconds: i64) {
        // At once, for it may be read at any moment.
        let draft = self.clocks[process].with_extension("draft");
        fs::write(&draft, format!("{seconds:+}")).unwrap();
        fs::rename(&draft, &self.clocks[process]).unwrap();
    }
}

async fn hold(wires: &[Proxy; 2], reach: Reach, wire: Wire, pause: Duration) {
    let concerned = || wires.iter().enumerate().filter(|(process, _)| reach.concerns(*process));
    concerned().for_each(|(_, proxy)| proxy.set(wire));
    sleep(pause).await;
    concerned().for_each(|(_, proxy)| proxy.set(Wire::Whole));
}

/// A process looks so often at what its clock is to show.
const CLOCK_LOOKED_AT: Duration = Duration::from_millis(1_100);
