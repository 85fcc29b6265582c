//! `read.privileged_actions`: who changed who may do what, and what was done by ADMIN.
//!
//! These are accesses, too, and auditors read them in one list with those of `audit.access_log`. They are
//! folded and not written there at the time: the events have actor, request and trace already, a second write
//! beside the append could be lost where the event is not, and a fold comes back, each command once, when it is
//! thrown away.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use events::{
    RecordedEvent, StreamKind,
    account::{Account, AccountEvent},
    api_key::{ApiKey, ApiKeyEvent},
    envelope::Metadata,
    fold::{Fold, UnreadableEvent, decode},
    restaurant::{Restaurant, RestaurantEvent},
    supplier::{Supplier, SupplierEvent},
    values::{AccountId, MemberRole, Role},
};
use serde::Serialize;
use serde_json::{Value, json};
use sqlx::{PgConnection, types::Json};
use uuid::Uuid;

use crate::{
    projection::{Identity, ProjectError, Projecting, Projection, ReadTable},
    schema::SchemaName,
};

const TABLE: ReadTable = ReadTable { name: "privileged_actions", key: "command_id" };
const ADMIN: &str = "ADMIN";
const ACCOUNT: &str = "account";
const API_KEY: &str = "api_key";

/// Picks commands out of all streams.
#[derive(Debug)]
pub struct PrivilegedActions;

impl Projection for PrivilegedActions {
    fn identity(&self) -> &'static Identity {
        &Identity { name: "privileged_actions", version: 1, kinds: &StreamKind::ALL, tables: &[TABLE] }
    }

    fn concerns(&self, event: &RecordedEvent) -> bool {
        Asker::of(&event.actor).role.as_deref() == Some(ADMIN) || may_be_change(event)
    }

    fn project_in_tx<'a>(
        &'a self,
        tx: &'a mut PgConnection,
        schema: &'a SchemaName,
        events: &'a [Arc<RecordedEvent>],
    ) -> Projecting<'a> {
        Box::pin(write_in_tx(tx, schema, events))
    }
}

/// A row, under the names of its columns.
#[derive(Debug, Serialize)]
struct Action {
    command_id: Uuid,
    kind: &'static str,
    position: i64,
    at: DateTime<Utc>,
    actor: String,
    account_id: Option<Uuid>,
    role: Option<String>,
    subject_kind: String,
    subject_id: Uuid,
    request_id: String,
    trace_id: String,
    details: Value,
}

/// What an event is about, where it is about who may do what.
struct Change {
    kind: &'static str,
    /// The account whose standing it is, or the key.
    subject: (&'static str, Uuid),
    details: Value,
}

async fn write_in_tx(
    tx: &mut PgConnection,
    schema: &SchemaName,
    events: &[Arc<RecordedEvent>],
) -> Result<(), ProjectError> {
    let mut actions = Vec::new();
    for event in events {
        let asker = Asker::of(&event.actor);
        if asker.role.as_deref() == Some(ADMIN) {
            let details = json!({ "event_type": event.event_type });
            actions.push(action(
                event,
                &asker,
                "admin_action",
                (event.stream_kind.clone(), event.stream_id),
                details,
            ));
        }
        let change = change(event).map_err(|source| ProjectError::Fold { key: event.stream_id, source })?;
        if let Some(Change { kind, subject: (subject_kind, subject_id), details }) = change {
            actions.push(action(event, &asker, kind, (subject_kind.to_owned(), subject_id), details));
        }
    }
    if actions.is_empty() {
        return Ok(());
    }
    // A command's first event of a kind stands for all of them, in batches of any size.
    let sql = format!(
        "INSERT INTO {schema}.privileged_actions (command_id, kind, position, at, actor, account_id, role, \
                subject_kind, subject_id, request_id, trace_id, details) \
         SELECT r.command_id, r.kind, r.position, r.at, r.actor, r.account_id, r.role, \
                r.subject_kind, r.subject_id, r.request_id, r.trace_id, r.details \
         FROM jsonb_to_recordset($1) AS r(command_id uuid, kind text, position bigint, at timestamptz, \
              actor text, account_id uuid, role text, subject_kind text, subject_id uuid, request_id text, \
              trace_id text, details jsonb) \
         ORDER BY r.position \
         ON CONFLICT (command_id, kind) DO NOTHING"
    );
    sqlx::query(&sql).bind(Json(actions)).execute(tx).await?;
    Ok(())
}

fn action(
    event: &RecordedEvent,
    asker: &Asker,
    kind: &'static str,
    (subject_kind, subject_id): (String, Uuid),
    mut details: Value,
) -> Action {
    // An event without a request was caused by the system: there is nothing to tell of one.
    let metadata: Metadata = serde_json::from_str(&event.metadata).unwrap_or_default();
    let known = |key: &str| metadata.get(key).cloned().unwrap_or_default();
    if let Some(key_id) = metadata.get("api_key_id") {
        details["api_key_id"] = json!(key_id);
    }
    Action {
        command_id: event.command_id,
        kind,
        position: event.global_position,
        at: event.recorded_at,
        actor: event.actor.clone(),
        account_id: asker.account_id,
        role: asker.role.clone(),
        subject_kind,
        subject_id,
        request_id: known("request_id"),
        // `00-<trace>-<span>-<flags>`.
        trace_id: known("traceparent").get(3..35).unwrap_or_default().to_owned(),
        details,
    }
}

/// An account in a role, or the system.
struct Asker {
    account_id: Option<Uuid>,
    role: Option<String>,
}

impl Asker {
    /// From `account:<id>:<ROLE>`.
    fn of(actor: &str) -> Self {
        let named = actor.strip_prefix("account:").and_then(|rest| rest.split_once(':'));
        let account_id = named.and_then(|(id, _)| id.parse().ok());
        Self { account_id, role: named.map(|(_, role)| role.to_owned()) }
    }
}

/// Only what is about standing is read: of most streams nothing is, and parsing costs.
fn may_be_change(event: &RecordedEvent) -> bool {
    let type_name = event.event_type.as_str();
    match StreamKind::named(&event.stream_kind) {
        Some(StreamKind::Account) => matches!(
            type_name,
            "AccountRegistered" | "AccountRoleChanged" | "LoginLinked" | "AccountDisabled" | "AccountEnabled"
        ),
        Some(StreamKind::Supplier | StreamKind::Restaurant) => {
            type_name.contains("Member") || type_name.contains("Partner")
        }
        Some(StreamKind::ApiKey) => true,
        _ => false,
    }
}

fn change(event: &RecordedEvent) -> Result<Option<Change>, UnreadableEvent> {
    if !may_be_change(event) {
        return Ok(None);
    }
    Ok(match StreamKind::named(&event.stream_kind) {
        Some(StreamKind::Account)
            if matches!(event.event_type.as_str(), "AccountRegistered" | "AccountRoleChanged") =>
        {
            role_given(event)?
        }
        Some(StreamKind::Account) => {
            let details = json!({ "event_type": event.event_type });
            Some(Change { kind: "login_changed", subject: (ACCOUNT, event.stream_id), details })
        }
        Some(StreamKind::Supplier) => supplier_changed(event)?,
        Some(StreamKind::Restaurant) => restaurant_changed(event)?,
        Some(StreamKind::ApiKey) => Some(key_changed(event)?),
        _ => None,
    })
}

fn role_given(event: &RecordedEvent) -> Result<Option<Change>, UnreadableEvent> {
    // An account that begins as one of these was given what others are given by a change.
    let (AccountEvent::AccountRoleChanged { role }
    | AccountEvent::AccountRegistered {
        role: role @ (Role::Admin | Role::Auditor), invited: false, ..
    }) = decode::<Account>(event)?
    else {
        return Ok(None);
    };
    let details = json!({ "event_type": event.event_type, "role": role });
    Ok(Some(Change { kind: "role_changed", subject: (ACCOUNT, event.stream_id), details }))
}

fn key_changed(event: &RecordedEvent) -> Result<Change, UnreadableEvent> {
    let details = match decode::<ApiKey>(event)? {
        ApiKeyEvent::ApiKeyIssued { account_id, scopes, .. } => {
            json!({ "event_type": event.event_type, "account_id": account_id, "scopes": scopes })
        }
        ApiKeyEvent::ApiKeyRotated { .. } | ApiKeyEvent::ApiKeyRevoked {} => {
            json!({ "event_type": event.event_type })
        }
    };
    Ok(Change { kind: "api_key_changed", subject: (API_KEY, event.stream_id), details })
}

fn supplier_changed(event: &RecordedEvent) -> Result<Option<Change>, UnreadableEvent> {
    use SupplierEvent as E;
    Ok(match decode::<Supplier>(event)? {
        E::SupplierMemberAdded { account_id, role } | E::SupplierMemberRoleChanged { account_id, role } => {
            Some(standing::<Supplier>(event, account_id, Some(role)))
        }
        E::SupplierMemberRemoved { account_id }
        | E::SupplierPartnerGranted { account_id }
        | E::SupplierPartnerRevoked { account_id } => Some(standing::<Supplier>(event, account_id, None)),
        _ => None,
    })
}

fn restaurant_changed(event: &RecordedEvent) -> Result<Option<Change>, UnreadableEvent> {
    use RestaurantEvent as E;
    Ok(match decode::<Restaurant>(event)? {
        E::RestaurantMemberAdded { account_id, role }
        | E::RestaurantMemberRoleChanged { account_id, role } => {
            Some(standing::<Restaurant>(event, account_id, Some(role)))
        }
        E::RestaurantMemberRemoved { account_id }
        | E::RestaurantPartnerGranted { account_id }
        | E::RestaurantPartnerRevoked { account_id } => Some(standing::<Restaurant>(event, account_id, None)),
        _ => None,
    })
}

fn standing<S: Fold>(event: &RecordedEvent, account_id: AccountId, role: Option<MemberRole>) -> Change {
    let (kind, id) = (S::KIND.name(), event.stream_id);
    let details = json!({
        "event_type": event.event_type, "organisation_kind": kind, "organisation_id": id, "role": role,
    });
    Change { kind: "membership_changed", subject: (ACCOUNT, account_id.0), details }
}
