//! `GET /api/v1/audit/proofs/{event_id}`.

use axum::response::Response;
use events::audit::{Proof, Proving, prove};
use platform::{
    body::Path,
    error::{ApiError, ErrorBody, ErrorKind},
};
use serde_json::json;
use uuid::Uuid;

use super::{expect_auditor, looked_at};
use crate::{
    answer,
    failure::ReadFailure,
    freshness::Seen,
    reader::Reader,
    refusals::{ReadHeaders, ReadRefusals, not_found},
};

/// Seals come within a second or so.
const RETRY_AFTER_S: u32 = 2;

/// What it takes to show somebody without access that an event is in the log; for `ADMIN` and `AUDITOR`.
#[utoipa::path(
    get, path = "/api/v1/audit/proofs/{event_id}", tag = "audit",
    params(("event_id" = Uuid, Path, description = "The event."), ReadHeaders),
    security(("bearer" = [])),
    responses(
        (status = 200, body = Proof),
        (status = 404, body = ErrorBody, description = "`event_not_found`."),
        (status = 409, body = ErrorBody, description = "`not_sealed_yet`: see `Retry-After`. `history_archived`: \
            events that its seal is over are archived; the message names the file."),
        ReadRefusals
    )
)]
pub(crate) async fn get_event_proof(
    reader: Reader,
    Path(event_id): Path<Uuid>,
) -> Result<Response, ApiError> {
    expect_auditor(reader.role)?;
    let sight = reader.sight().await?;
    let proving = prove(&mut *sight.connection().await, event_id).await.map_err(ReadFailure::from)?;
    drop(sight);
    match proving {
        Proving::Proof(proof) => {
            let position = proof.seal.last_position;
            looked_at(&reader, "event", event_id, json!({ "list": "proof" })).await?;
            Ok(answer::json(Seen { position, value: proof }))
        }
        Proving::NotSealedYet { position } => {
            let message = format!("Position {position} is not sealed yet; try again.");
            Err(ApiError::new(ErrorKind::Conflict, "not_sealed_yet", message).with_retry_after(RETRY_AFTER_S))
        }
        Proving::Unknown => Err(not_found("event", event_id)),
    }
}
