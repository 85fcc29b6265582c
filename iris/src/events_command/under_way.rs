//! The mark of an import that has not come to its end: every position that is there is right, so that nothing else
//! tells such a log from a whole one.

use anyhow::bail;
use sqlx::{PgConnection, PgExecutor};

/// Leaves the mark, or moves it to where the file at hand ends.
pub(super) async fn mark_in_tx(tx: &mut PgConnection, upto: i64) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO public.import_under_way (id, upto) VALUES (1, $1) \
         ON CONFLICT (id) DO UPDATE SET upto = EXCLUDED.upto",
    )
    .bind(upto)
    .execute(tx)
    .await?;
    Ok(())
}

/// All of the file is in the log. Nothing happens where there is no mark.
pub(super) async fn clear(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    sqlx::query("DELETE FROM public.import_under_way WHERE id = 1").execute(connection).await?;
    Ok(())
}

/// Where the file ends that the log has only the first part of; `None` where no import was broken off.
pub async fn import_under_way(executor: impl PgExecutor<'_>) -> Result<Option<i64>, sqlx::Error> {
    sqlx::query_scalar("SELECT upto FROM public.import_under_way WHERE id = 1").fetch_optional(executor).await
}

/// Refuses to run a role on a log that an import has only begun. A role that was started on the empty log before is
/// not stopped: what it appends ends the import, which finds its head moved.
pub async fn expect_none_under_way(executor: impl PgExecutor<'_>) -> anyhow::Result<()> {
    match import_under_way(executor).await? {
        None => Ok(()),
        Some(upto) => bail!("{}", half_way(upto)),
    }
}

/// What is so, and what to do.
pub fn half_way(upto: i64) -> String {
    format!(
        "an import up to position {upto} was broken off or is under way: `iris events import FILE` with the same \
         file goes on with it"
    )
}
