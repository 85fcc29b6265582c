//! What to tell the caller.

/// What to tell the caller of an accepted command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// HTTP status: 200 or 201.
    pub status: u16,
    /// JSON: the resource as the command left it.
    pub body: String,
    /// The resource's revision, for the `ETag`.
    pub revision: Option<i64>,
}

impl Answer {
    /// The resource as it now is.
    pub fn ok(resource: &impl serde::Serialize, revision: i64) -> Self {
        Self { status: 200, body: json(resource), revision: Some(revision) }
    }

    /// The resource that came to be.
    pub fn created(resource: &impl serde::Serialize, revision: i64) -> Self {
        Self { status: 201, ..Self::ok(resource, revision) }
    }

    /// Something without a revision of its own came to be.
    pub fn created_without_revision(resource: &impl serde::Serialize) -> Self {
        Self { status: 201, body: json(resource), revision: None }
    }
}

/// JSON of a type that cannot fail to be JSON.
pub(super) fn json(resource: &impl serde::Serialize) -> String {
    serde_json::to_string(resource).expect("resources are JSON by their types")
}
