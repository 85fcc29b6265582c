//! One read from request to answer: wait for the position asked for, look, and believe an absence only once
//! the read model has caught up.

use std::sync::Arc;

use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, request::Parts},
};
use events::values::Role;
use platform::{auth::Identity, error::ApiError};
use sqlx::PgPool;
use tokio::time::Instant;

use crate::{
    access::{MEMBERSHIPS, Viewer, role_of, sees_everything},
    failure::ReadFailure,
    freshness::{ReadModel, Seen, head, min_position, reach},
    state::QueryState,
};

/// The caller and what it asks of a read; an extractor.
pub(crate) struct Reader {
    pub(crate) state: QueryState,
    pub(crate) identity: Identity,
    pub(crate) role: Role,
    pub(crate) headers: HeaderMap,
    min_position: Option<i64>,
    deadline: Instant,
}

impl FromRequestParts<QueryState> for Reader {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &QueryState) -> Result<Self, ApiError> {
        let identity = Identity::from_request_parts(parts, state).await?;
        Ok(Self {
            state: state.clone(),
            role: role_of(&identity)?,
            identity,
            min_position: min_position(&parts.headers)?,
            headers: parts.headers.clone(),
            deadline: Instant::now() + state.wait_max,
        })
    }
}

impl Reader {
    pub(crate) fn pool(&self) -> &PgPool {
        &self.state.pool
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
        F: Fn(Arc<Viewer>) -> R,
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
                None => head(self.pool()).await?,
            };
            if position >= head {
                return Err(absent());
            }
            missed_at = Some(head);
            reach(self.pool(), &self.depends_on(models), head, self.deadline).await?;
        }
    }

    /// What `read` finds; an empty list is an answer.
    pub(crate) async fn many<T, F, R>(&self, models: &[ReadModel], read: F) -> Result<Seen<T>, ApiError>
    where
        F: FnOnce(Arc<Viewer>) -> R,
        R: Future<Output = Result<Seen<T>, ReadFailure>>,
    {
        self.wait(models).await?;
        Ok(self.look(read).await?)
    }

    async fn look<T, R>(&self, read: impl FnOnce(Arc<Viewer>) -> R) -> Result<Seen<T>, ReadFailure>
    where
        R: Future<Output = Result<Seen<T>, ReadFailure>>,
    {
        let viewer = Arc::new(Viewer::load(self.pool(), self.identity.subject, self.role).await?);
        let seen = read(Arc::clone(&viewer)).await?;
        Ok(Seen { position: seen.position.min(viewer.position), ..seen })
    }

    async fn wait(&self, models: &[ReadModel]) -> Result<(), ApiError> {
        match self.min_position {
            Some(wanted) => reach(self.pool(), &self.depends_on(models), wanted, self.deadline).await,
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
