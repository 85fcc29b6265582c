//! `iris events export`: the same lines as `GET /api/v1/audit/events` streams, into a file.

use std::{
    fs::{File, OpenOptions},
    io::{BufRead as _, BufReader, BufWriter, Seek as _, Write},
    path::{Path, PathBuf},
    pin::pin,
    process::ExitCode,
};

use anyhow::{Context as _, bail};
use events::{
    history_line::{HistoryLine, HistoryWriter, read_history_line},
    log::{copy_events, read_head},
};
use futures::TryStreamExt as _;
use platform::{access_log::Kind, shutdown};
use serde_json::json;

use crate::operator_access;

/// Positions per COPY: a statement holds its snapshot until all of it was taken.
const STRETCH: i64 = 20_000;

/// Which events, and where to.
#[derive(clap::Args)]
pub struct Arguments {
    /// From that position on.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(i64).range(1..))]
    from: i64,
    /// Up to that position; the end of the log as it now stands, without.
    #[arg(long)]
    to: Option<i64>,
    /// Go on with a file that was cut, behind its last whole line.
    #[arg(long)]
    resume: bool,
    /// The file, or `-` for standard output.
    file: PathBuf,
}

/// Writes the lines. Interrupted, it says how to go on.
pub async fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let Some((mut out, mut writer)) = open(&arguments)? else {
        eprintln!("{} is whole already", arguments.file.display());
        return Ok(ExitCode::SUCCESS);
    };
    let (config, pool) = super::open().await?;
    let mut connection = pool.acquire().await?;
    let stop = shutdown::on_signal()?;
    let head = read_head(&mut connection).await?.position;
    let upto = arguments.to.map_or(head, |to| to.min(head));
    let stretch = json!({ "from_position": writer.position() + 1, "to_position": upto });
    operator_access::record(&pool, &config, Kind::EXPORT, |access| access.of("history", None).with(stretch))
        .await?;
    let bar = super::progress(upto - writer.position(), "exporting");
    let (began, mut chunk) = (writer.position(), Vec::new());
    while writer.position() < upto {
        let (after, end) = (writer.position(), upto.min(writer.position() + STRETCH));
        let mut copied = pin!(copy_events(&mut connection, after, end).await?);
        while let Some(events) = copied.try_next().await? {
            for event in &events {
                writer.write(event, &mut chunk)?;
            }
            out.write_all(&chunk).context("writing")?;
            chunk.clear();
            bar.set_position(super::bar_position(writer.position() - began));
            if stop.is_cancelled() {
                out.flush().context("writing")?;
                bar.abandon();
                eprintln!("interrupted behind position {}; go on with --resume", writer.position());
                return Ok(ExitCode::FAILURE);
            }
        }
        writer.reach(end);
    }
    let end = writer.end();
    out.write_all(end.line().as_bytes()).and_then(|()| out.flush()).context("writing")?;
    bar.finish_and_clear();
    eprintln!("{} events up to position {}, root {}", end.count, end.position, end.root);
    eprintln!(
        "not in it: answers kept for idempotency keys, keys of personal data, secrets, files of invoices"
    );
    Ok(ExitCode::SUCCESS)
}

type Output = (Box<dyn Write>, HistoryWriter);

/// Where to write, and what stands there already. `None` where that is whole.
fn open(arguments: &Arguments) -> anyhow::Result<Option<Output>> {
    let (path, fresh) = (&arguments.file, HistoryWriter::after(arguments.from - 1));
    if path == Path::new("-") {
        if arguments.resume {
            bail!("standard output cannot be resumed");
        }
        return Ok(Some((Box::new(BufWriter::new(std::io::stdout())), fresh)));
    }
    if !arguments.resume {
        let file = File::create_new(path).with_context(|| {
            format!("making {} (--resume goes on with one that is there)", path.display())
        })?;
        return Ok(Some((Box::new(BufWriter::new(file)), fresh)));
    }
    let mut file =
        OpenOptions::new().read(true).write(true).open(path).with_context(|| path.display().to_string())?;
    let Some((whole_bytes, writer)) = written(&file, fresh)? else { return Ok(None) };
    // A line that was cut is written anew.
    file.set_len(whole_bytes)?;
    file.seek(std::io::SeekFrom::End(0))?;
    Ok(Some((Box::new(BufWriter::new(file)), writer)))
}

/// How many bytes of the file are whole lines, and what they come to; `None` where the last line stands.
fn written(file: &File, mut writer: HistoryWriter) -> anyhow::Result<Option<(u64, HistoryWriter)>> {
    let mut lines = BufReader::new(file);
    let (mut whole_bytes, mut line) = (0, Vec::new());
    loop {
        line.clear();
        let bytes = lines.read_until(b'\n', &mut line)?;
        if bytes == 0 || line.last() != Some(&b'\n') {
            return Ok(Some((whole_bytes, writer)));
        }
        let text = std::str::from_utf8(&line).context("the file is no export")?.trim_end();
        let position = writer.position() + 1;
        match read_history_line(text).with_context(|| format!("the line of position {position}"))? {
            HistoryLine::End(_) => return Ok(None),
            HistoryLine::Event(event) if event.global_position == position => {
                writer.add(position, &event.content_hash)?;
            }
            HistoryLine::Event(event) => {
                bail!("the file goes on at {} where {position} is next", event.global_position)
            }
        }
        whole_bytes += bytes as u64;
    }
}
