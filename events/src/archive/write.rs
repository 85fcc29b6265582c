//! Writing a partition into a file.

use std::{
    fs::{self, File},
    io::{BufWriter, Write as _},
    path::Path,
};

use sqlx::PgConnection;

use super::{
    file::{ArchiveError, SealLine},
    partition::Partition,
};
use crate::{
    audit::{SealDocument, read_keys, seals_over},
    history_line::HistoryWriter,
    log::read_routed,
};

/// Positions per round trip.
const STRETCH: i64 = 2_000;
/// Seals per round trip.
const SEALS_AT_A_TIME: i64 = 500;

/// Writes the partition's events, the seals over them and the last line; a file of that name is written anew. It has its
/// name only once all of it is on disk. `progress` is told the position that was written, and says whether to go on.
///
/// # Errors
/// [`ArchiveError`].
pub async fn write_archive(
    owner: &mut PgConnection,
    partition: &Partition,
    path: &Path,
    mut progress: impl FnMut(i64) -> bool + Send,
) -> Result<(), ArchiveError> {
    let draft = path.with_extension("draft");
    let mut out = BufWriter::with_capacity(1 << 20, File::create(&draft)?);
    let (mut writer, mut chunk) = (HistoryWriter::after(partition.first - 1), Vec::new());
    while writer.position() < partition.last {
        let (after, upto) = (writer.position(), partition.last.min(writer.position() + STRETCH));
        for (event, routing) in read_routed(owner, after, upto).await? {
            if event.global_position != writer.position() + 1 {
                let position = writer.position() + 1;
                return Err(ArchiveError::Broken { position, reason: "there is no event" });
            }
            writer.write(&event, &mut chunk)?;
            routing.write(&mut chunk);
        }
        if writer.position() != upto {
            return Err(ArchiveError::Broken { position: upto, reason: "there is no event" });
        }
        out.write_all(&chunk)?;
        chunk.clear();
        if !progress(upto) {
            return Err(ArchiveError::Interrupted);
        }
    }
    write_seals(owner, partition, &mut out).await?;
    out.write_all(writer.end().line().as_bytes())?;
    let file = out.into_inner().map_err(std::io::IntoInnerError::into_error)?;
    // On disk, and its name as well, before anything leaves the database.
    file.sync_all()?;
    fs::rename(&draft, path)?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder)?.sync_all()?;
    Ok(())
}

async fn write_seals(
    owner: &mut PgConnection,
    partition: &Partition,
    out: &mut BufWriter<File>,
) -> Result<(), ArchiveError> {
    let keys = read_keys(&mut *owner).await?;
    let mut next = partition.first;
    while next <= partition.last {
        let seals = seals_over(owner, (next, partition.last), SEALS_AT_A_TIME).await?;
        let Some(last) = seals.last() else { break };
        next = last.last_position + 1;
        for seal in &seals {
            let key = keys.iter().map(|known| known.key).find(|key| key.id() == seal.key_id);
            let key = key.ok_or(ArchiveError::Broken {
                position: seal.first_position,
                reason: "the seal's key is not known",
            })?;
            let line = serde_json::to_string(&SealLine { seal: SealDocument::new(seal, &key) });
            writeln!(out, "{}", line.expect("plain members are JSON"))?;
        }
    }
    Ok(())
}
