//! `iris prices verify`: every price that rules made, decided once more.

use std::process::ExitCode;

use anyhow::Context as _;
use clap::Subcommand;
use events::{
    log::read_feed,
    price_check::{PRICE_CHECK_KINDS, PriceCheck},
};
use indicatif::{ProgressBar, ProgressStyle};
use platform::{config::Config, db, shutdown};
use sqlx::{Connection as _, PgConnection};

/// Exit code of what was interrupted (128 + SIGINT).
const EXIT_INTERRUPTED: u8 = 130;
/// Positions read at a time.
const STRETCH: i64 = 5_000;

/// What to do with prices.
#[derive(Subcommand)]
pub enum Prices {
    /// Decide every price that rules made once more, from its recorded inputs and the rules as the log has them; names
    /// the first that comes out otherwise.
    Verify {
        /// The first position whose price is verified. What lies before is read for its rules and prices.
        #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(i64).range(1..))]
        from: i64,
    },
}

/// Runs the subcommand; exits 1 where a price is not what its reason comes to.
pub async fn run(prices: Prices) -> anyhow::Result<ExitCode> {
    let Prices::Verify { from } = prices;
    let config = Config::from_env()?;
    let options = db::connect_options(&config.database_url)?.application_name("iris-prices");
    let mut connection = PgConnection::connect_with(&options).await.context("DATABASE_URL")?;
    let shutdown = shutdown::on_signal()?;
    let (mut check, mut after, mut prices) = (PriceCheck::default(), 0, 0_u64);
    let bar = ProgressBar::new(0).with_style(
        ProgressStyle::with_template("{wide_bar} {human_pos} of {human_len} events, {per_sec}, {eta} left")
            .expect("a template that is right"),
    );
    loop {
        let batch = read_feed(&mut connection, after, STRETCH, &PRICE_CHECK_KINDS).await?;
        bar.set_length(batch.head.unsigned_abs());
        for event in &batch.events {
            let Some(checked) = check.take(event)? else { continue };
            if event.global_position < from {
                continue;
            }
            prices += 1;
            if let Err(fault) = checked {
                bar.finish_and_clear();
                println!("FAULT {fault}");
                println!("{prices} prices by rule verified; go on with --from {}", fault.position + 1);
                return Ok(ExitCode::FAILURE);
            }
        }
        after = batch.upto;
        bar.set_position(after.unsigned_abs());
        if batch.is_last() {
            bar.finish_and_clear();
            println!("{prices} prices by rule up to position {after}: ok");
            return Ok(ExitCode::SUCCESS);
        }
        if shutdown.is_cancelled() {
            bar.finish_and_clear();
            eprintln!("interrupted: nothing is wrong up to there; go on with --from {}", after + 1);
            return Ok(ExitCode::from(EXIT_INTERRUPTED));
        }
    }
}
