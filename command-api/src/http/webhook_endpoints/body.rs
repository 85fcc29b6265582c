//! Bodies that name a URL to send webhooks to.

use axum::extract::{FromRequest, Request};
use deserr::Deserr;
use platform::{
    body::{Faults, Json},
    error::{ApiError, Fault},
};
use serde_json::Value;

use crate::http::state::CommandState;

/// A JSON body whose `url`, if it has one, is one that may be requested; told together with all other faults.
///
/// Which URLs may be is the operator's setting, which a value that reads itself does not know: so the URL is
/// looked at beside the body. What its name resolves to is checked again whenever something is sent.
pub(crate) struct WithUrl<T>(pub(crate) T);

impl<T: Deserr<Faults>> FromRequest<CommandState> for WithUrl<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &CommandState) -> Result<Self, ApiError> {
        let Json(body) = Json::<Value>::from_request(request, state).await?;
        let refused = refused_url(state, &body);
        match (deserr::deserialize::<T, _, Faults>(body), refused) {
            (Ok(body), None) => Ok(Self(body)),
            (Ok(_), Some(refused)) => Err(ApiError::validation(vec![refused])),
            (Err(mut faults), refused) => {
                // A URL that is no text of the right length has already been told of.
                let told = faults.as_slice().iter().any(|fault| fault.field == "url");
                refused.filter(|_| !told).into_iter().for_each(|refused| faults.push(refused));
                Err(faults.into())
            }
        }
    }
}

fn refused_url(state: &CommandState, body: &Value) -> Option<Fault> {
    // Trimmed as the field itself is.
    let url = body.get("url")?.as_str()?.trim();
    let refused = state.url_policy.check(url).err()?;
    let clause = refused.to_string();
    let mut letters = clause.chars();
    let sentence: String = letters.next()?.to_uppercase().chain(letters).chain(['.']).collect();
    Some(Fault::new("url", refused.code(), sentence))
}
