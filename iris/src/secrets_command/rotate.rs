//! `iris secrets rotate`: everything under a new data key.

use std::{process::ExitCode, time::Duration};

use anyhow::Context as _;
use indicatif::{ProgressBar, ProgressStyle};
use platform::{
    access_log::{Keeping, Kind},
    clock::{Clock as _, SystemClock, UuidV7Ids},
    config::Config,
    secrets::{Keyring, LEARNED_WITHIN, OpenError, Purpose, data_keys},
    shutdown,
};
use secrecy::ExposeSecret as _;
use sqlx::PgPool;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{
    all_rows,
    census::Census,
    places::{PLACES, Place},
};
use crate::{keyring, operator_access};

const KIND: Kind = Kind::kept("secrets_rotated", Keeping::BeforeTheAnswer);
/// Rows per transaction.
const BATCH: i64 = 200;
/// By then every process whose provider answers seals under the new key, and what it had sealed before is in its table.
const SETTLED: Duration = LEARNED_WITHIN.saturating_add(Duration::from_secs(5));

/// How.
#[derive(clap::Args)]
pub struct Arguments {
    /// Make another data key also where the last rotation was not finished.
    #[arg(long)]
    new_key: bool,
}

/// A rotation under way.
struct Rotation<'a> {
    pool: &'a PgPool,
    keyring: &'a Keyring,
    target: Uuid,
    bar: ProgressBar,
    stop: CancellationToken,
    /// Rows that no key opens; they stay as they are.
    lost: u64,
}

/// Rotates. Interrupted, it says how to go on.
pub async fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let config = Config::from_env()?;
    let stop = shutdown::on_signal()?;
    let pool = super::pool(&config).await?;
    let keyring = keyring::open(&config, &pool).await?;
    operator_access::record(&pool, &config, KIND, |access| access.of("secrets", None)).await?;
    let census = Census::take(&pool).await?;
    let target =
        match keyring.current().filter(|current| !arguments.new_key && census.not_under(*current) > 0) {
            Some(unfinished) => {
                eprintln!("going on with the rotation to the data key {unfinished}");
                unfinished
            }
            None => keyring.add_key(&UuidV7Ids).await?.context("a ring with a table makes keys")?,
        };
    // The key is there: from here on processes can learn of it.
    let begun = Instant::now();
    let bar = progress(census.not_under(target));
    let mut rotation = Rotation { pool: &pool, keyring: &keyring, target, bar, stop, lost: 0 };
    let is_done = rotation.until_nothing_is_left(begun).await?;
    rotation.bar.finish_and_clear();
    if !is_done {
        eprintln!("interrupted; the same command goes on from there");
        return Ok(ExitCode::FAILURE);
    }
    let retired = retire(&pool, target).await?;
    // Counted, not concluded: a process that could not have the new key goes on sealing under the old one.
    let left = Census::take(&pool).await?.not_under(target);
    Ok(outcome(target, retired, left, rotation.lost))
}

fn outcome(target: Uuid, retired: u64, left: i64, lost: u64) -> ExitCode {
    if left == 0 {
        println!("everything is sealed under the data key {target}; {retired} older ones are retired");
        return ExitCode::SUCCESS;
    }
    println!("{left} rows are not sealed under the data key {target}; {retired} older ones are retired");
    if lost > 0 {
        println!(
            "{lost} of them cannot be opened by any key and were left as they are; while they are there, \
             `iris secrets rotate` goes on with this data key, and `iris secrets rotate --new-key` makes another"
        );
    }
    if u64::try_from(left).is_ok_and(|left| left > lost) {
        println!(
            "a process still seals under an older key; once it does not, the same command takes the rest along"
        );
    }
    ExitCode::FAILURE
}

impl Rotation<'_> {
    /// Pass after pass: what other processes seal under the old key meanwhile is taken along. False if interrupted.
    async fn until_nothing_is_left(&mut self, begun: Instant) -> anyhow::Result<bool> {
        loop {
            let is_last = begun.elapsed() >= SETTLED;
            self.lost = 0;
            let Some(moved) = self.pass().await? else { return Ok(false) };
            if is_last && moved == 0 {
                return Ok(true);
            }
            self.bar.set_message("waiting for every process to seal under the new key");
            let settled = tokio::time::sleep_until(begun + SETTLED);
            if self.stop.clone().run_until_cancelled(settled).await.is_none() {
                return Ok(false);
            }
        }
    }

    async fn pass(&mut self) -> anyhow::Result<Option<u64>> {
        let mut moved = 0;
        for place in &PLACES {
            let mut after = Uuid::nil();
            loop {
                if self.stop.is_cancelled() {
                    return Ok(None);
                }
                let Some((last, count)) = self.batch(place, after).await.context(place.name)? else { break };
                after = last;
                moved += count;
                self.bar.inc(count);
            }
        }
        Ok(Some(moved))
    }

    /// Seals some rows anew; says which was the last, and how many it wrote.
    async fn batch(&mut self, place: &Place, after: Uuid) -> anyhow::Result<Option<(Uuid, u64)>> {
        let mut tx = all_rows(self.pool).await?;
        let header = [&[2], self.target.as_bytes().as_slice()].concat();
        let rows: Vec<(Uuid, Uuid, Vec<u8>)> =
            sqlx::query_as(place.batch).bind(after).bind(header).bind(BATCH).fetch_all(&mut *tx).await?;
        let Some((last, ..)) = rows.last() else { return Ok(None) };
        let last = *last;
        let (mut ids, mut before, mut fresh) = (Vec::new(), Vec::new(), Vec::new());
        for (id, owner, sealed) in rows {
            let about = (place.about)(id, owner);
            match self.keyring.open_sealed(&sealed, &about).await {
                Ok(plain) => {
                    ids.push(id);
                    before.push(sealed);
                    fresh.push(self.keyring.seal(plain.expose_secret(), &about));
                }
                Err(OpenError::CannotOpen(_)) => {
                    self.lost += 1;
                    self.bar.suspend(|| eprintln!("no key opens {id} of {}", place.name));
                }
                Err(error) => return Err(error.into()),
            }
        }
        let written =
            sqlx::query(place.exchange).bind(ids).bind(before).bind(fresh).execute(&mut *tx).await?;
        tx.commit().await?;
        Ok(Some((last, written.rows_affected())))
    }
}

/// The keys that nothing hangs on any more.
async fn retire(pool: &PgPool, target: Uuid) -> anyhow::Result<u64> {
    let census = Census::take(pool).await?;
    let keys = data_keys::all(pool).await?;
    let ids =
        keys.iter().filter(|key| key.context.purpose == Purpose::Seal).map(|key| key.context.data_key_id);
    let free: Vec<Uuid> = ids.filter(|id| *id != target && census.is_free(*id)).collect();
    Ok(data_keys::retire(pool, &free, SystemClock.now()).await?)
}

/// On standard error, and only where that is a terminal.
fn progress(rows: i64) -> ProgressBar {
    let bar = ProgressBar::new(u64::try_from(rows).unwrap_or_default()).with_message("sealing anew");
    let style = "{msg} {wide_bar} {human_pos}/{human_len} rows, {eta} left";
    bar.with_style(ProgressStyle::with_template(style).expect("a template that indicatif knows"))
}
