//! Demand and forecasts through the program: orders over NATS become demand, demand becomes forecasts, and both come
//! back from the log as they were.

mod kitchen;

use std::process::Output;

use harness::{process::kill_nine, until};

use self::kitchen::Kitchen;

/// The rows of the run that is shown, without which half they are in.
const SHOWN: &str = "SELECT COALESCE(string_agg((to_jsonb(s) - 'slot')::text, E'\\n' \
                         ORDER BY supplier_id, product_id, restaurant_id), '') \
                     FROM forecast.series s JOIN forecast.current c USING (slot)";
const DEMAND: &str = "SELECT string_agg(m::text, E'\\n' ORDER BY product_id, restaurant_id, month) \
                      FROM demand.months m";
/// Which runs each supplier was told of.
const TOLD: &str = "SELECT count(*) FROM public.events WHERE event_type = 'ForecastPublished'";

fn said(output: &Output, is_well: bool) -> String {
    let all = [&output.stdout[..], &output.stderr].concat();
    let all = String::from_utf8(all).unwrap();
    assert_eq!(output.status.success(), is_well, "{all}");
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_ordered_is_demand_and_is_forecast_and_comes_back_from_the_log() {
    let kitchen = Kitchen::open("forecasts").await;
    // Eleven days of orders, of which one is called off.
    for day in 1..12 {
        let order = kitchen.order(day, &[2 + day % 3, 5]).await;
        if day == 4 {
            kitchen.cancel(&order).await;
        }
    }
    kitchen.demand_has_seen_everything().await;
    let demand: String = kitchen.value(DEMAND).await;
    let wanted: i64 = kitchen.value("SELECT sum(w)::bigint FROM demand.months, unnest(wanted) AS w").await;
    // Two products: 2, 3 or 4 of one and 5 of the other a day, but not on the fourth.
    let ordered: i64 = (1..12).filter(|day| *day != 4).map(|day| 2 + day % 3 + 5).sum();
    assert_eq!(wanted, ordered * 1_000, "{demand}");
    let checked = said(&kitchen.iris.command("demand").arg("check").output().unwrap(), true);
    assert!(checked.contains(" 0 differ"), "{checked}");

    let night = kitchen.night(12);
    let done = said(&kitchen.run_forecasts(&night), true);
    assert!(done.contains("series 4") && done.contains("failed 0"), "two products, and each in all: {done}");
    let shown: String = kitchen.value(SHOWN).await;
    assert_eq!(shown.lines().count(), 4);
    assert_eq!(kitchen.value::<i64>(TOLD).await, 1);
    assert!(said(&kitchen.run_forecasts(&night), false).contains("was done for"));
    kitchen.is_published(1).await;

    // Whoever breaks it, the log knows better.
    sqlx::query("UPDATE demand.months SET wanted[12] = wanted[12] + 1")
        .execute(kitchen.pool())
        .await
        .unwrap();
    let rows: i64 = kitchen.value("SELECT count(*) FROM demand.months").await;
    let found = said(&kitchen.iris.command("demand").arg("check").output().unwrap(), false);
    assert!(found.contains(&format!(" {rows} differ")), "{found}");
    said(&kitchen.iris.command("demand").arg("rebuild").output().unwrap(), true);
    assert_eq!(kitchen.value::<String>(DEMAND).await, demand, "the same bytes");
    said(&kitchen.run_forecasts(&kitchen.night_and_a_second(12)), true);
    assert_eq!(kitchen.value::<String>(SHOWN).await, shown, "the same forecasts");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_whose_process_is_killed_is_taken_up_and_told_once() {
    let kitchen = Kitchen::open("forecasts-killed").await;
    for day in 1..6 {
        kitchen.order(day, &[3, 5]).await;
    }
    kitchen.demand_has_seen_everything().await;
    // The run stands still where it would be shown, until the test lets go.
    sqlx::raw_sql(
        "CREATE FUNCTION public.wait() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
         PERFORM pg_advisory_xact_lock(42); RETURN NEW; END $$; \
         CREATE TRIGGER waits BEFORE INSERT ON forecast.current FOR EACH ROW EXECUTE FUNCTION public.wait()",
    )
    .execute(kitchen.pool())
    .await
    .unwrap();
    let mut gate = kitchen.pool().acquire().await.unwrap();
    sqlx::query("SELECT pg_advisory_lock(42)").execute(&mut *gate).await.unwrap();
    let night = kitchen.night(6);
    let running = kitchen.forecasts(&night).spawn().unwrap();
    until("the run waits", async || {
        let waits = "SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted)";
        kitchen.value::<bool>(waits).await
    })
    .await;
    kill_nine(running).unwrap();
    sqlx::query("SELECT pg_advisory_unlock(42)").execute(&mut *gate).await.unwrap();
    drop(gate);
    until("its transaction is gone", async || {
        let is_there = "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE application_name = 'iris-jobs')";
        !kitchen.value::<bool>(is_there).await
    })
    .await;
    assert_eq!(
        kitchen.value::<i64>("SELECT count(*) FROM forecast.current").await,
        0,
        "nothing half is shown"
    );
    assert_eq!(kitchen.value::<i64>(TOLD).await, 0);
    // Nobody need wait for the lease of a process that is no more.
    sqlx::query("UPDATE jobs.runs SET lease_until = clock_timestamp() WHERE job = 'forecasts'")
        .execute(kitchen.pool())
        .await
        .unwrap();

    // The leader takes it up, or this does: whoever comes first.
    let _either = kitchen.run_forecasts(&night);
    until("the run is done", async || {
        let done = "SELECT EXISTS (SELECT FROM jobs.runs WHERE job = 'forecasts' AND state = 'succeeded' \
                        AND attempt > 1)";
        kitchen.value::<bool>(done).await
    })
    .await;
    assert_eq!(kitchen.value::<i64>("SELECT count(*) FROM forecast.series").await, 4);
    assert_eq!(kitchen.value::<i64>("SELECT count(*) FROM forecast.runs").await, 1);
    kitchen.is_published(1).await;
}
