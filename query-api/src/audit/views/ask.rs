//! `POST /api/v1/audit/views`.

use axum::{
    Json as JsonAnswer,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use chrono::{DateTime, TimeDelta, Utc};
use deserr::Deserr;
use platform::{
    access_log::Kind,
    body::{Faults, Json, Parsed},
    error::{ApiError, ErrorBody, Fault},
};
use serde_json::json;
use utoipa::ToSchema;

use super::{COLUMNS, View, ViewModel, WHAT};
use crate::{
    audit::expect_auditor, failure::ReadFailure, freshness::head, reader::Reader, refusals::ReadRefusals,
};

/// How often a slot is tried for that another request takes at the same moment.
const TRIES: usize = 3;

/// Which lists, as of when.
#[derive(Clone, Debug, Deserr, ToSchema)]
#[deserr(error = Faults, deny_unknown_fields)]
#[schema(example = json!({ "at": "2026-11-01T00:00:00Z", "models": ["orders", "products"] }))]
pub(crate) struct NewView {
    /// As of this position; at most one of this and `at`. Without both: as of now.
    #[deserr(default)]
    #[schema(minimum = 0)]
    at_position: Option<i64>,
    /// As of this time, which must not lie ahead.
    #[deserr(default)]
    at: Option<DateTime<Utc>>,
    /// Which lists; at least one.
    #[schema(value_type = Vec<ViewModel>, min_items = 1)]
    models: Vec<Parsed<ViewModel>>,
}

/// Asks for lists as of a position. `AUDITOR`, `ADMIN`.
///
/// They are built beside the live ones, which takes a while: ask again until `status` is `ready`, then read
/// `/audit/views/{id}/orders` and the like. At most three at once; one that nobody reads is dropped in time.
#[utoipa::path(
    post, path = "/api/v1/audit/views", tag = "audit", request_body = NewView, security(("bearer" = [])),
    responses(
        (status = 200, body = View, description = "The caller has asked for the same already: this is it."),
        (status = 202, body = View, description = "It is being built.", headers(
            ("Location" = String, description = "Where it is.")
        )),
        (status = 409, body = ErrorBody, description = "`views_full`: three are there; delete one. `history_archived`: \
            events of the time `at` are archived; the message names the file."),
        (status = 413, body = ErrorBody, description = "The body is larger than 1 MiB."),
        (status = 415, body = ErrorBody, description = "The body is not `application/json`."),
        (status = 422, body = ErrorBody, description = "Every fault of the body."),
        ReadRefusals
    )
)]
pub(crate) async fn ask_for_view(reader: Reader, Json(body): Json<NewView>) -> Result<Response, ApiError> {
    expect_auditor(reader.role)?;
    let wish = Wish::of(&reader, body).await?;
    let (status, view) = match wish.existing(&reader).await? {
        Some(view) => (StatusCode::OK, view),
        None => (StatusCode::ACCEPTED, wish.store(&reader).await?),
    };
    let told = json!({ "position": view.as_of.position, "models": view.models });
    reader.record(reader.access(Kind::HISTORY_READ).of(WHAT, view.id).with(told)).await?;
    let location = HeaderValue::from_str(&format!("/api/v1/audit/views/{}", view.id));
    let location = location.expect("an id is a header value");
    Ok((status, [(header::LOCATION, location)], JsonAnswer(view)).into_response())
}

/// What was asked for, as a place in the log.
struct Wish {
    position: i64,
    moment: DateTime<Utc>,
    models: Vec<&'static str>,
}

impl Wish {
    async fn of(reader: &Reader, body: NewView) -> Result<Self, ApiError> {
        let (sight, now) = (reader.sight().await?, reader.state.clock.now());
        let head = head(&mut *sight.connection().await).await?;
        let faults = faults(&body, head, now);
        if !faults.is_empty() {
            return Err(ApiError::validation(faults));
        }
        let position = match (body.at_position, body.at) {
            (Some(position), _) => position,
            (None, Some(at)) => {
                let sql = "SELECT audit.position_as_of($1)";
                let found = sqlx::query_scalar(sql).bind(at).fetch_one(&mut *sight.connection().await).await;
                found.map_err(ReadFailure::from)?
            }
            (None, None) => head,
        };
        let recorded: Option<DateTime<Utc>> = sqlx::query_scalar("SELECT audit.moment_of($1)")
            .bind(position)
            .fetch_one(&mut *sight.connection().await)
            .await
            .map_err(ReadFailure::from)?;
        let mut models: Vec<ViewModel> = body.models.into_iter().map(|model| model.0).collect();
        models.sort_unstable();
        models.dedup();
        Ok(Self {
            position,
            // Before the first event nothing was recorded.
            moment: body.at.or(recorded).unwrap_or(DateTime::UNIX_EPOCH),
            models: models.into_iter().map(ViewModel::name).collect(),
        })
    }

    /// The same view, asked for by the same account: a request whose answer got lost takes no second slot.
    async fn existing(&self, reader: &Reader) -> Result<Option<View>, ReadFailure> {
        let sql = format!(
            "SELECT {COLUMNS} FROM audit.views \
             WHERE asked_by = $1 AND position = $2 AND moment = $3 AND models = $4 AND status <> 'failed' \
               AND (status = 'building' OR expires_at > $5)"
        );
        let row = sqlx::query(&sql)
            .bind(reader.identity.subject)
            .bind(self.position)
            .bind(self.moment)
            .bind(&self.models)
            .bind(reader.state.clock.now())
            .fetch_optional(&mut *reader.sight().await?.connection().await)
            .await?;
        Ok(row.as_ref().map(View::read).transpose()?)
    }

    async fn store(&self, reader: &Reader) -> Result<View, ApiError> {
        let (id, now) = (reader.state.ids.next(), reader.state.clock.now());
        let mut transaction = reader.writing().await?;
        // What is over takes no slot, also before somebody has swept it up.
        sqlx::query("DELETE FROM audit.views WHERE status <> 'building' AND expires_at <= $1")
            .bind(now)
            .execute(&mut *transaction)
            .await
            .map_err(ReadFailure::from)?;
        let sql = format!(
            "INSERT INTO audit.views \
                 (view_id, slot, asked_by, asked_at, position, moment, models, kept_seconds, expires_at) \
             SELECT $1, s.slot, $2, $3, $4, $5, $6, $7, $8 FROM generate_series(1, 3) AS s(slot) \
             WHERE NOT EXISTS (SELECT 1 FROM audit.views v WHERE v.slot = s.slot) \
             ORDER BY s.slot LIMIT 1 \
             ON CONFLICT (slot) DO NOTHING \
             RETURNING {COLUMNS}"
        );
        let kept = TimeDelta::from_std(reader.state.view_kept).unwrap_or(TimeDelta::MAX);
        for _ in 0..TRIES {
            let row = sqlx::query(&sql)
                .bind(id)
                .bind(reader.identity.subject)
                .bind(now)
                .bind(self.position)
                .bind(self.moment)
                .bind(&self.models)
                .bind(kept.num_seconds().max(1))
                .bind(now + kept)
                .fetch_optional(&mut *transaction)
                .await
                .map_err(ReadFailure::from)?;
            if let Some(row) = row {
                transaction.commit().await.map_err(ReadFailure::from)?;
                return Ok(View::read(&row).map_err(ReadFailure::from)?);
            }
        }
        let message = "Three views are there already; delete one, or wait until one is dropped.";
        Err(ApiError::conflict("views_full", message))
    }
}

fn faults(body: &NewView, head: i64, now: DateTime<Utc>) -> Vec<Fault> {
    let mut faults = Vec::new();
    if body.at_position.is_some() && body.at.is_some() {
        faults.push(Fault::new("at", "position_given", "Give either a position or a time."));
    }
    if body.at_position.is_some_and(|position| !(0..=head).contains(&position)) {
        faults.push(Fault::new("at_position", "out_of_range", format!("The log goes from 0 to {head}.")));
    }
    if body.at.is_some_and(|at| at > now) {
        faults.push(Fault::new("at", "in_the_future", "Must not lie ahead."));
    }
    if body.models.is_empty() {
        faults.push(Fault::new("models", "too_short", "Name one list at least."));
    }
    faults
}
