//! One read from request to answer: wait for the position asked for, look, and believe an absence only once
//! the read model has caught up.

use std::sync::Arc;

use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, request::Parts},
};
use chrono::{DateTime, Utc};
use events::values::Role;
use platform::{
    access_log::{Access, Kind, RequestOrigin},
    auth::Identity,
    error::ApiError,
};
use sqlx::{Postgres, Transaction};
use tokio::time::Instant;

use crate::{
    access::{MEMBERSHIPS, Viewer, role_of, sees_everything},
    failure::ReadFailure,
    freshness::{ReadModel, Seen, behind, head, min_position, reach},
    read_schema::ReadSchema,
    sight::{Caller, Planning, Sight},
    state::QueryState,
};

/// The caller and what it asks of a read; an extractor.
pub(crate) struct Reader {
    pub(crate) state: QueryState,
    pub(crate) identity: Identity,
    /// As what, to the checks in code.
    pub(crate) role: Role,
    /// As whom, to the database.
    pub(crate) caller: Caller,
    pub(crate) headers: HeaderMap,
    min_position: Option<i64>,
    deadline: Instant,
    origin: RequestOrigin,
    /// The view that it looks at, in place of the live rows.
    as_of: Option<AsOf>,
    planning: Planning,
}

/// A view that is there to be read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AsOf {
    /// Of its schema.
    pub(crate) number: i64,
    /// Of the log.
    pub(crate) position: i64,
    /// When the event at that position was recorded.
    pub(crate) moment: DateTime<Utc>,
}

impl FromRequestParts<QueryState> for Reader {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &QueryState) -> Result<Self, ApiError> {
        let identity = Identity::from_request_parts(parts, state).await?;
        let role = role_of(&identity)?;
        Ok(Self {
            state: state.clone(),
            role: if state.checks_ownership { role } else { Role::Admin },
            caller: Caller { account_id: identity.subject, role },
            identity,
            min_position: min_position(&parts.headers)?,
            headers: parts.headers.clone(),
            deadline: Instant::now() + state.wait_max,
            origin: RequestOrigin::read(parts),
            as_of: None,
            planning: Planning::ForValues,
        })
    }
}

impl Reader {
    /// A look of its own, beside those of [`Self::one`] and [`Self::many`].
    pub(crate) async fn sight(&self) -> Result<Sight, ReadFailure> {
        Ok(self.caller.look(&self.state.pool).await?)
    }

    /// For the rows that reading writes.
    pub(crate) async fn writing(&self) -> Result<Transaction<'static, Postgres>, ReadFailure> {
        Ok(self.caller.write(&self.state.pool).await?)
    }

    /// The same caller, looking at a view: what a list answers is then what it would have answered at its
    /// position, and there is nothing to wait for.
    pub(crate) fn looking_at(self, as_of: AsOf) -> Self {
        Self { as_of: Some(as_of), min_position: None, ..self }
    }

    /// For what is asked for by keys alone, or for whole lists: no value of a filter can make another plan better.
    pub(crate) fn planning_once(self) -> Self {
        Self { planning: Planning::Once, ..self }
    }

    /// Where lists read.
    pub(crate) fn schema(&self) -> ReadSchema {
        self.as_of.map_or(ReadSchema::Live, |as_of| ReadSchema::AsOf(as_of.number))
    }

    /// The time that answers are of: rates depend on the day.
    pub(crate) fn now(&self) -> DateTime<Utc> {
        self.as_of.map_or_else(|| self.state.clock.now(), |as_of| as_of.moment)
    }

    /// An access by this caller, to be recorded.
    pub(crate) fn access(&self, kind: Kind) -> Access {
        Access::allowed(kind, &self.identity, &self.origin)
    }

    /// Records it, before the answer where its kind asks for that.
    ///
    /// # Errors
    /// 503 `access_log_unavailable`: then nothing may be shown.
    pub(crate) async fn record(&self, access: Access) -> Result<(), ApiError> {
        Ok(self.state.access_log.record(access).await?)
    }

    /// What `read` finds, now or once its read models have caught up with the log as it stood.
    ///
    /// `read` answers `None` for what is absent and for what the viewer may not see, alike: both become
    /// `absent`, after the same waiting, so neither words nor time tell them apart.
    pub(crate) async fn one<T, F, R>(
        &self,
        models: &[ReadModel],
        absent: impl FnOnce() -> ApiError,
        read: F,
    ) -> Result<Seen<T>, ApiError>
    where
        F: Fn(Sight, Arc<Viewer>) -> R,
        R: Future<Output = Result<Seen<Option<T>>, ReadFailure>>,
    {
        self.wait(models).await?;
        let mut missed_at = None;
        loop {
            let seen = self.look(&read).await?;
            let position = seen.position;
            if let Some(value) = seen.value {
                return Ok(Seen { position, value });
            }
            let head = match missed_at {
                Some(head) => head,
                None => self.head().await?,
            };
            if position >= head {
                return Err(absent());
            }
            missed_at = Some(head);
            reach(&self.state.pool, &self.depends_on(models), head, self.deadline).await?;
        }
    }

    /// What `read` finds; an empty list is an answer.
    pub(crate) async fn many<T, F, R>(&self, models: &[ReadModel], read: F) -> Result<Seen<T>, ApiError>
    where
        F: FnOnce(Sight, Arc<Viewer>) -> R,
        R: Future<Output = Result<Seen<T>, ReadFailure>>,
    {
        self.wait(models).await?;
        Ok(self.look(read).await?)
    }

    /// Where the log ends, for reads of the log itself: they see all that was ever acknowledged.
    ///
    /// # Errors
    /// 503 `read_model_behind` where the caller asks for a position that the log has not reached.
    pub(crate) async fn log_head(&self) -> Result<i64, ApiError> {
        let head = head(&self.state.pool).await?;
        if self.min_position.is_some_and(|wanted| wanted > head) { Err(behind()) } else { Ok(head) }
    }

    async fn look<T, R>(&self, read: impl FnOnce(Sight, Arc<Viewer>) -> R) -> Result<Seen<T>, ReadFailure>
    where
        R: Future<Output = Result<Seen<T>, ReadFailure>>,
    {
        // One transaction for the caller's places and for the rows, so that both are of one connection; it is over
        // before the caller waits for anything else.
        let (sight, places) = self.caller.look_around(&self.state.pool, self.planning).await?;
        let viewer = Arc::new(Viewer::of(self.caller.account_id, self.role, &places));
        let seen = read(sight, Arc::clone(&viewer)).await?;
        Ok(Seen { position: seen.position.min(viewer.position), ..seen })
    }

    /// Where the log ends, for whoever reads this.
    async fn head(&self) -> Result<i64, ReadFailure> {
        match self.as_of {
            Some(as_of) => Ok(as_of.position),
            None => head(&self.state.pool).await,
        }
    }

    async fn wait(&self, models: &[ReadModel]) -> Result<(), ApiError> {
        match self.min_position {
            Some(wanted) => reach(&self.state.pool, &self.depends_on(models), wanted, self.deadline).await,
            None => Ok(()),
        }
    }

    /// What the viewer sees depends on its memberships, too.
    fn depends_on(&self, models: &[ReadModel]) -> Vec<ReadModel> {
        let mut all = models.to_vec();
        if !sees_everything(self.role) {
            all.extend(MEMBERSHIPS);
        }
        all
    }
}
