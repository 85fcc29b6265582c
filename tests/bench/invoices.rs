//! Invoices as XML: received, checked, matched and answered, against what the log alone could take.

use std::time::{Duration, Instant};

use anyhow::Context as _;
use events::{
    NewEvent, StreamKind, StreamRef,
    envelope::RecordedEvent,
    log::{Append, append, read_feed, read_head},
};
use harness::TestDatabase;
use query_api::documents::{InvoiceDocument, peppol_xml};
use sqlx::{Connection as _, PgConnection};

use crate::{
    delivering::plain_posts,
    hook_receiver::HookReceiver,
    invoice_scene::Scene,
    limit::Bound,
    pages,
    run::{Run, now},
    statistics::{Latencies, Spread, real},
    table::Row,
    uploads::{upload_all, upload_paced},
};

const CONNECTIONS: usize = 16;
/// Between two invoices while scans wait: far below what one core does.
const PACE: Duration = Duration::from_millis(20);
/// Invoices a minute, at least; one's time beside scans that wait, at most.
const MATCHED_PER_MINUTE_MIN: f64 = 3_000.0;
const BESIDE_SCANS_MAX: f64 = 2.0;
const PER_MINUTE: f64 = 60.0;

/// All rows about invoices over HTTP.
pub async fn measure(run: &mut Run) -> anyhow::Result<()> {
    let mut scene = Scene::open(run).await?;
    scene.matched(run).await?;
    pages::measure(run, &mut scene).await?;
    scene.beside_scans(run).await?;
    scene.iris.stop()
}

impl Scene {
    /// From the request to the answer that says "matched", through HTTP and Postgres.
    async fn matched(&mut self, run: &mut Run) -> anyhow::Result<()> {
        let receiver = HookReceiver::start().await?;
        let (mut rates, mut appends, mut posts) = (Vec::new(), Vec::new(), Vec::new());
        let mut latencies = Vec::new();
        let mut events = 0.0;
        // The first round warms everything up and does not count.
        for round in 0..=run.sizes.rounds {
            let invoiced = self.invoiced(run.sizes.invoices, xml).await?;
            let requests = self.requests(&invoiced);
            let before = Log::of(self).await?;
            let uploaded = upload_all(&self.iris.address, &requests, CONNECTIONS, "matched").await?;
            let after = Log::of(self).await?;
            if round == 0 {
                continue;
            }
            let count = real(requests.len());
            rates.push(count / uploaded.seconds * PER_MINUTE);
            latencies.push(uploaded.latencies);
            events = real(after.position - before.position) / count;
            let seconds = self.appended_alone(&before, &after).await?;
            appends.push(count / seconds * PER_MINUTE);
            let bytes = requests.iter().map(Vec::len).sum::<usize>() / requests.len();
            posts.push(plain_posts(&receiver, requests.len().max(64), bytes).await? * PER_MINUTE);
            receiver.take();
        }
        let rates = Spread::of(&rates);
        let what = format!("UBL invoices from received to matched, {CONNECTIONS} clients");
        run.table.add(
            Row::figure(&what, "/min", rates).against("the same events appended", Spread::of(&appends)).note(
                format!(
                    "three lines each; read, checked, held against order and receipt, {events:.1} events each; all of \
                     them matched"
                ),
            )
            .at_least(Bound::Figure(MATCHED_PER_MINUTE_MIN)),
        );
        run.table.add(
            Row::figure(&what, "/min", rates)
                .against("the same bytes POSTed with nothing behind", Spread::of(&posts)),
        );
        for per_cent in [50, 99] {
            let times: Vec<f64> = latencies.iter().map(|round| round.percentile_ms(per_cent)).collect();
            run.table.add(Row::figure(format!("— p{per_cent}"), "ms", Spread::of(&times)));
        }
        Ok(())
    }

    /// Seconds that the events of a round take when nothing is read and decided: the same batches, into an empty log.
    async fn appended_alone(&self, before: &Log, after: &Log) -> anyhow::Result<f64> {
        let mut connection = PgConnection::connect_with(&self.database.options).await?;
        let positions = after.position - before.position;
        let recorded = read_feed(&mut connection, before.position, positions, &StreamKind::ALL).await?.events;
        connection.close().await?;
        let batch = real(recorded.len()) / (after.appends - before.appends).max(1.0);
        let mut rest = recorded.into_iter().map(as_new).collect::<anyhow::Result<Vec<_>>>()?;
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "some hundred events")]
        let batch = (batch.round() as usize).max(1);
        let mut units = Vec::new();
        while !rest.is_empty() {
            let later = rest.split_off(batch.min(rest.len()));
            units.push(Append { events: rest, recorded_at: now(), ..Append::default() });
            rest = later;
        }
        let empty = TestDatabase::create().await;
        let mut connection = PgConnection::connect_with(&empty.options).await?;
        let mut head = read_head(&mut connection).await?;
        let began = Instant::now();
        for unit in &units {
            let base = append(&mut connection, head, unit).await?.context("nobody else writes")?;
            head.position = base + i64::try_from(unit.events.len())?;
        }
        let seconds = began.elapsed().as_secs_f64();
        connection.close().await?;
        Ok(seconds)
    }

    /// What an invoice as XML takes while pictures wait to be read, which must not stand in its way.
    async fn beside_scans(&mut self, run: &mut Run) -> anyhow::Result<()> {
        if !pages::reads_scans() {
            run.table.add(Row::text("An invoice as XML while scans wait", "tesseract is not installed"));
            return Ok(());
        }
        let (mut alone, mut beside) = (Vec::new(), Vec::new());
        self.paced(run).await?;
        for round in 0..run.sizes.rounds {
            alone.push(self.paced(run).await?.percentile_ms(99));
            let invoiced = self.invoiced(run.sizes.paced_invoices, xml).await?;
            let requests = self.requests(&invoiced);
            let scans = self.sent_by_one(&pages::scans(run.sizes.waiting_scans, 1_000 + round)?);
            upload_all(&self.iris.address, &scans, CONNECTIONS, "received").await?;
            let times = upload_paced(&self.iris.address, &requests, PACE, "matched").await?;
            beside.push(times.percentile_ms(99));
            self.forget_scans().await?;
        }
        run.table.add(
            Row::figure("An invoice as XML while scans wait, p99", "ms", Spread::of(&beside))
                .against("alone", Spread::of(&alone))
                .note(format!(
                    "from request to matched, {} invoices at 50 a second; {} scans wait and are read meanwhile",
                    run.sizes.paced_invoices, run.sizes.waiting_scans
                ))
                .at_most(Bound::Ratio(BESIDE_SCANS_MAX)),
        );
        Ok(())
    }

    async fn paced(&mut self, run: &Run) -> anyhow::Result<Latencies> {
        let invoiced = self.invoiced(run.sizes.paced_invoices, xml).await?;
        let requests = self.requests(&invoiced);
        upload_paced(&self.iris.address, &requests, PACE, "matched").await
    }
}

/// Where the log stands, and in how many appends it came so far.
struct Log {
    position: i64,
    appends: f64,
}

impl Log {
    async fn of(scene: &Scene) -> anyhow::Result<Self> {
        let mut connection = PgConnection::connect_with(&scene.database.options).await?;
        let position = read_head(&mut connection).await?.position;
        connection.close().await?;
        let (_, appends) = scene.iris.histogram("iris_append_batch_events").await?;
        Ok(Self { position, appends })
    }
}

/// As Peppol BIS Billing 3.0, as Iris issues it.
fn xml(invoice: &InvoiceDocument) -> anyhow::Result<Vec<u8>> {
    Ok(peppol_xml(invoice)?.into_bytes())
}

fn as_new(recorded: RecordedEvent) -> anyhow::Result<NewEvent> {
    let kind = StreamKind::named(&recorded.stream_kind).context("a kind of stream")?;
    Ok(NewEvent {
        event_id: recorded.event_id,
        stream: StreamRef { kind, id: recorded.stream_id },
        sequence: recorded.sequence,
        event_type: recorded.event_type,
        event_version: recorded.event_version,
        payload: recorded.payload,
        metadata: recorded.metadata,
        recorded_at: recorded.recorded_at,
        command_id: recorded.command_id,
        actor: recorded.actor,
        supplier_id: None,
        restaurant_id: None,
    })
}
