//! The demand and the forecasts of a history, by the program's own consumer and job.

use std::sync::Arc;

use events::log::FeedWindow;
use handlers::{
    Surroundings,
    commands::Asked,
    consumer,
    demand::DemandConsumer,
    forecasts::{ForecastJob, Publication, PublishForecasts},
    scheduler::{ByHand, Outcome},
};
use harness::until;
use platform::clock::UuidV7Ids;
use tokio_util::sync::CancellationToken;

use super::history::{History, at};

/// Suppliers need not be told here.
struct Nobody;

impl PublishForecasts for Nobody {
    fn publish(&self, _publication: Publication) -> Asked<'_> {
        Box::pin(std::future::ready(Ok(())))
    }
}

/// As of the night before the last day.
pub async fn forecast(history: &History) {
    let world = &history.world;
    let surroundings = || Surroundings {
        pool: world.database.pool.clone(),
        clock: world.clock.clone(),
        ids: Arc::new(UuidV7Ids),
        wake: world.head(),
        feed: FeedWindow::default(),
    };
    let stop = CancellationToken::new();
    let following = consumer::run(DemandConsumer::shared(), surroundings(), None, stop.clone());
    let following = tokio::spawn(following);
    until("demand has seen everything", async || {
        sqlx::query_scalar(
            "SELECT EXISTS (SELECT FROM fanout.followers WHERE name = 'demand' AND position >= $1)",
        )
        .bind(history.position)
        .fetch_one(&world.database.pool)
        .await
        .unwrap()
    })
    .await;
    stop.cancel();
    following.await.unwrap();
    let night = at(history.kitchen.last_day, 2, 0);
    let job = Arc::new(ForecastJob::new(Arc::new(Nobody)));
    let run = ByHand::begin(job, night, surroundings()).await.unwrap();
    let outcome = run.perform(&CancellationToken::new()).await;
    assert!(matches!(&outcome, Outcome::Done(done) if done["failed"] == 0), "{outcome:?}");
}
