//! Making a proof from what is recorded.

use std::pin::pin;

use futures::TryStreamExt;
use sqlx::PgConnection;
use uuid::Uuid;

use super::{
    proof::Proof,
    seal::SealDocument,
    store::{read_keys, seal_covering},
};
use crate::{
    log::{copy_events, expect_events},
    merkle::inclusion_path,
};

/// What there is to show for an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Proving {
    /// The proof. Nothing of it was checked: whoever gets it does, by [`super::verify_proof`].
    Proof(Box<Proof>),
    /// The event is there, and no seal covers it yet.
    NotSealedYet {
        /// Where it stands.
        position: i64,
    },
    /// There is no such event.
    Unknown,
}

/// A proof for the event, from one seal and its leaves: no other event is read.
///
/// # Errors
/// Whatever the database says.
pub async fn prove(connection: &mut PgConnection, event_id: Uuid) -> Result<Proving, sqlx::Error> {
    let sql = "SELECT global_position FROM public.events WHERE event_id = $1";
    let Some(position) = sqlx::query_scalar(sql).bind(event_id).fetch_optional(&mut *connection).await?
    else {
        // Among archived events it cannot be looked for: that is no proof that it never was.
        expect_events(connection, 0, i64::MAX).await?;
        return Ok(Proving::Unknown);
    };
    let Some(covering) = seal_covering(connection, position).await? else {
        return Ok(Proving::NotSealedYet { position });
    };
    let keys = read_keys(&mut *connection).await?;
    let of_seal = |key_id: &str| keys.iter().map(|known| known.key).find(|key| key.id() == key_id);
    let key = of_seal(&covering.seal.key_id).ok_or(sqlx::Error::RowNotFound)?;
    let mut event = None;
    {
        let mut events = pin!(copy_events(connection, position - 1, position).await?);
        while let Some(some) = events.try_next().await? {
            event = event.or(some.into_iter().next());
        }
    }
    let (Some(event), Ok(index)) = (event, usize::try_from(position - covering.seal.first_position)) else {
        return Ok(Proving::Unknown);
    };
    let path = inclusion_path(&covering.leaves, index);
    let seal = SealDocument::new(&covering.seal, &key);
    Ok(Proving::Proof(Box::new(Proof::new(&event, index as u64, &path, seal))))
}
