//! Pages: PDFs with text and scans, from the upload until they are read, against the same programs run plainly.

use std::{
    io::Write as _,
    path::PathBuf,
    process::{Command, Stdio},
    sync::atomic::{AtomicUsize, Ordering},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail};
use query_api::documents::{InvoiceDocument, invoice_pdf};

use crate::{
    invoice_scene::Scene,
    limit::Bound,
    run::Run,
    statistics::{Spread, real},
    table::Row,
    uploads::{Requests, upload_all},
};

const CONNECTIONS: usize = 16;
const PATIENCE: Duration = Duration::from_mins(15);
const ASK_EVERY: Duration = Duration::from_millis(10);
/// A minute, at least.
const PDFS_PER_MINUTE_MIN: f64 = 600.0;
const SCANS_PER_MINUTE_MIN: f64 = 60.0;
const PER_MINUTE: f64 = 60.0;

/// What a program is run with.
type Arguments = &'static [&'static str];
const TEXT: [(&str, Arguments); 1] = [("pdftotext", &["-bbox", "-", "-"])];
/// Two passes: words by the Swedish model, numbers by the English one.
const OCR: [(&str, Arguments); 2] = [
    ("tesseract", &["stdin", "stdout", "--dpi", "300", "-l", "swe", "--psm", "6", "tsv"]),
    ("tesseract", &["stdin", "stdout", "--dpi", "300", "-l", "eng", "--psm", "6", "tsv"]),
];

/// Rows about PDFs and scans.
pub async fn measure(run: &mut Run, scene: &mut Scene) -> anyhow::Result<()> {
    let cores = thread::available_parallelism().map_or(1, usize::from);
    if is_installed("pdftotext", "-v") {
        pdfs(run, scene, cores).await?;
    } else {
        run.table.add(Row::text("PDFs with text, read and matched", "poppler is not installed"));
    }
    if reads_scans() {
        // As many as the service reads at a time: one core is left to everything else.
        scanned(run, scene, cores.saturating_sub(1).max(1)).await?;
    } else {
        run.table.add(Row::text("Scanned pages read", "tesseract is not installed"));
    }
    Ok(())
}

/// Whether this machine can read pictures.
pub fn reads_scans() -> bool {
    is_installed("tesseract", "--version")
}

/// Scans of one page that differ in what stands behind their end alone: the same file again would be the same
/// invoice. `series` is another one for every call.
pub fn scans(count: usize, series: usize) -> anyhow::Result<Vec<Vec<u8>>> {
    let page = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("invoices/pages/food-01-produce.png");
    let page = std::fs::read(&page).with_context(|| page.display().to_string())?;
    Ok((0..count).map(|number| [&page[..], format!("{series}-{number}").as_bytes()].concat()).collect())
}

/// Invoices as Iris draws them, from the first upload to the last one read; all of them must come out matched.
async fn pdfs(run: &mut Run, scene: &mut Scene, cores: usize) -> anyhow::Result<()> {
    let (mut read, mut plain) = (Vec::new(), Vec::new());
    for _ in 0..run.sizes.rounds {
        let invoiced = scene.invoiced(run.sizes.text_pdfs, pdf).await?;
        let requests = scene.requests(&invoiced);
        let seconds = until_read(scene, "text", &requests, "matched").await?;
        read.push(real(requests.len()) / seconds * PER_MINUTE);
        let files: Vec<Vec<u8>> = invoiced.into_iter().map(|invoiced| invoiced.file).collect();
        plain.push(real(files.len()) / plainly(&TEXT, &files, cores)? * PER_MINUTE);
    }
    run.table.add(
        Row::figure("PDFs with text, from received to matched", "/min", Spread::of(&read))
            .against("pdftotext alone", Spread::of(&plain))
            .note(format!(
                "{} at a time; looked at when they come, read and drawn in a sandbox, kept, matched: all of them",
                run.sizes.text_pdfs
            ))
            .at_least(Bound::Figure(PDFS_PER_MINUTE_MIN)),
    );
    Ok(())
}

async fn scanned(run: &mut Run, scene: &mut Scene, at_once: usize) -> anyhow::Result<()> {
    let (mut read, mut plain) = (Vec::new(), Vec::new());
    for round in 0..run.sizes.rounds {
        let files = scans(run.sizes.scans, round)?;
        let requests = scene.sent_by_one(&files);
        let seconds = until_read(scene, "ocr", &requests, "unmatched").await?;
        read.push(real(requests.len()) / seconds * PER_MINUTE);
        plain.push(real(files.len()) / plainly(&OCR, &files, at_once)? * PER_MINUTE);
    }
    run.table.add(
        Row::figure("Scanned pages read", "/min", Spread::of(&read))
            .against("tesseract alone, two passes", Spread::of(&plain))
            .note(format!(
                "A4 at 300 dpi, {at_once} at once at low priority; both passes, and a closer look at what does not add up; the limit is of two idle cores"
            ))
            .at_least(Bound::Figure(SCANS_PER_MINUTE_MIN)),
    );
    Ok(())
}

/// Sends all, and returns the seconds until all are read and have that status.
async fn until_read(scene: &Scene, lane: &str, requests: &Requests, status: &str) -> anyhow::Result<f64> {
    let counts = "SELECT count(*) FILTER (WHERE finished_at IS NULL), \
                         count(*) FILTER (WHERE status = $2), \
                         string_agg(DISTINCT status, ', ') \
                  FROM invoicing.jobs WHERE lane = $1";
    let ask = async || -> Result<(i64, i64, Option<String>), sqlx::Error> {
        sqlx::query_as(counts).bind(lane).bind(status).fetch_one(&scene.database.pool).await
    };
    let (_, before, _) = ask().await?;
    let began = Instant::now();
    upload_all(&scene.iris.address, requests, CONNECTIONS, "received").await?;
    loop {
        let (waiting, as_wanted, all) = ask().await?;
        if waiting == 0 {
            let seconds = began.elapsed().as_secs_f64();
            if as_wanted - before != i64::try_from(requests.len())? {
                bail!("of {} files {} came out {status}: {all:?}", requests.len(), as_wanted - before);
            }
            return Ok(seconds);
        }
        if began.elapsed() > PATIENCE {
            bail!("{waiting} files are not read after {} s", PATIENCE.as_secs());
        }
        tokio::time::sleep(ASK_EVERY).await;
    }
}

/// Seconds that these programs take over these files: no sandbox, nothing made of what they say.
fn plainly(programs: &[(&str, Arguments)], files: &[Vec<u8>], at_once: usize) -> anyhow::Result<f64> {
    let next = AtomicUsize::new(0);
    let began = Instant::now();
    let work = || -> anyhow::Result<()> {
        while let Some(file) = files.get(next.fetch_add(1, Ordering::Relaxed)) {
            for (program, arguments) in programs {
                feed(program, arguments, file)?;
            }
        }
        Ok(())
    };
    thread::scope(|scope| {
        let workers: Vec<_> = (0..at_once).map(|_| scope.spawn(work)).collect();
        workers.into_iter().try_for_each(|worker| worker.join().expect("no worker panics"))
    })?;
    Ok(began.elapsed().as_secs_f64())
}

fn feed(program: &str, arguments: &[&str], input: &[u8]) -> anyhow::Result<()> {
    let mut child = Command::new(program)
        .args(arguments)
        .env("OMP_THREAD_LIMIT", "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()?;
    child.stdin.take().context("piped")?.write_all(input)?;
    let status = child.wait()?;
    if !status.success() {
        bail!("{program} ended with {status}");
    }
    Ok(())
}

/// As Iris draws it.
fn pdf(invoice: &InvoiceDocument) -> anyhow::Result<Vec<u8>> {
    invoice_pdf(invoice).map_err(|fault| anyhow::anyhow!("{fault:?}"))
}

fn is_installed(program: &str, argument: &str) -> bool {
    let asked = Command::new(program).arg(argument).stdout(Stdio::null()).stderr(Stdio::null()).status();
    asked.is_ok()
}
