//! `iris events archive` and `restore`, killed by SIGKILL at moments spread over their work.

use std::{
    fs,
    process::{Command, Output, Stdio},
    time::{Duration, Instant},
};

use events::audit::Verification;
use harness::{iris_binary, process::APP_SECRET, until};

use super::world::World;

/// Moments at which each is killed.
const KILLS: u32 = 10;

impl World {
    fn iris_events(&self) -> Command {
        let mut command = Command::new(iris_binary());
        command
            .arg("events")
            .env("DATABASE_URL", self.database.url())
            .env("APP_SECRET", APP_SECRET)
            .env_remove("NATS_URL")
            .stdin(Stdio::null());
        command
    }

    fn archiving(&self) -> Command {
        let mut command = self.iris_events();
        command.args(["archive", "--older-than-days", "0", "--to"]).arg(&self.place);
        command
    }

    fn restoring(&self) -> Command {
        let mut command = self.iris_events();
        command.arg("restore").arg(self.place.join("events-000000000001-000000000100.ndjson"));
        command
    }

    /// Whether events of that partition are away.
    async fn is_away(&self) -> bool {
        sqlx::query_scalar("SELECT EXISTS (SELECT FROM audit.archives WHERE first_position = 1 AND is_away)")
            .fetch_one(&self.database.pool)
            .await
            .unwrap()
    }

    /// All that was archived comes back, and its files go.
    async fn begin_anew(&self) {
        for file in fs::read_dir(&self.place).unwrap().map(|entry| entry.unwrap().path()) {
            // Not on record, or never taken out: there is nothing to bring back.
            let _whatever = self.iris_events().arg("restore").arg(&file).output().unwrap();
            fs::remove_file(file).unwrap();
        }
        assert!(!self.is_away().await);
    }

    /// What the log and the files hold, once the session of whoever was killed has ended: the server finds out late.
    async fn verified_after_a_kill(&self) -> Verification {
        let under_way = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() \
                         AND backend_type = 'client backend' AND state <> 'idle' AND pid <> pg_backend_pid()";
        until("its session has ended", async || {
            sqlx::query_scalar::<_, i64>(under_way).fetch_one(&self.database.pool).await.unwrap() == 0
        })
        .await;
        self.verified(true).await
    }
}

fn done(mut command: Command) -> Output {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{output:?}");
    output
}

fn killed_after(mut command: Command, moment: Duration) {
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    std::thread::sleep(moment);
    child.kill().unwrap();
    child.wait().unwrap();
}

/// In the second half of a run: before that a process starts and connects.
fn moment(run: Duration, turn: u32) -> Duration {
    run / 2 + run * turn / (2 * KILLS)
}

/// How long one that nobody kills takes.
fn whole_run(command: Command) -> Duration {
    let began = Instant::now();
    done(command);
    began.elapsed()
}

#[tokio::test(flavor = "multi_thread")]
async fn archiving_and_restoring_that_are_killed_at_any_moment_go_on_and_lose_nothing() {
    let world = World::open().await;
    let (sum, whole) = (world.sum().await, world.verified(false).await);
    let expect_whole = |found: Verification| {
        assert_eq!((found.faults.as_slice(), found.unread.len()), (&[][..], 0));
        assert_eq!((found.root, found.count), (whole.root, whole.count));
    };
    let (archiving, restoring) = (whole_run(world.archiving()), whole_run(world.restoring()));
    for turn in 0..KILLS {
        world.begin_anew().await;
        killed_after(world.archiving(), moment(archiving, turn));
        expect_whole(world.verified_after_a_kill().await);
        done(world.archiving());
        assert!(world.is_away().await);
        expect_whole(world.verified(true).await);

        killed_after(world.restoring(), moment(restoring, turn));
        expect_whole(world.verified_after_a_kill().await);
        if world.is_away().await {
            done(world.restoring());
        }
        assert!(!world.is_away().await);
        expect_whole(world.verified(true).await);
    }
    world.begin_anew().await;
    assert_eq!(world.sum().await, sum);
}
