//! Who did it: an account in a role, for an organisation, or a part of the system.

use std::collections::HashMap;

use events::{
    RecordedEvent,
    values::{OrderId, Role},
};
use serde::Serialize;
use sqlx::PgConnection;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{names::Names, words::quoted};
use crate::access::Viewer;

/// An organisation that somebody works for.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct OrganisationSeen {
    /// `supplier` or `restaurant`.
    kind: String,
    id: Uuid,
    /// What it is called today.
    name: Option<String>,
}

/// Who did it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct Who {
    /// As it stands in the log; null where the caller may not know which person it was.
    actor: Option<String>,
    /// Null for a part of the system, and where the caller may not know which person it was.
    account_id: Option<Uuid>,
    /// The role that the account acted in.
    role: Option<String>,
    /// Whom the account acted for: of the organisations that the story is about, the one that it works for today.
    /// Null where it works for neither of them any more, and in a history of a stream, which is about none.
    organisation: Option<OrganisationSeen>,
    /// The part of the system that it was.
    system: Option<String>,
}

/// The places of the accounts that events name.
#[derive(Debug, Default)]
pub(super) struct Actors {
    /// Kind and id of each organisation that an account works for.
    places: HashMap<Uuid, Vec<(String, Uuid)>>,
}

/// An actor as it stands in the log, taken apart.
enum Actor<'a> {
    Account(Uuid, &'a str),
    System(&'a str),
}

fn read(actor: &str) -> Actor<'_> {
    let account = actor.strip_prefix("account:").and_then(|rest| rest.split_once(':'));
    match account.and_then(|(id, role)| Some((id.parse().ok()?, role))) {
        Some((id, role)) => Actor::Account(id, role),
        None => Actor::System(actor.strip_prefix("system:").unwrap_or(actor)),
    }
}

impl Actors {
    /// For which of the order's sides the actors of these events work; the sides' names will be wanted.
    pub(super) async fn of(
        connection: &mut PgConnection,
        events: &[RecordedEvent],
        names: &mut Names,
        order_id: OrderId,
    ) -> Result<Self, sqlx::Error> {
        let mut accounts: Vec<Uuid> = events
            .iter()
            .filter_map(|event| match read(&event.actor) {
                Actor::Account(id, _) => Some(id),
                Actor::System(_) => None,
            })
            .collect();
        accounts.sort_unstable();
        accounts.dedup();
        let rows: Vec<(Uuid, String, Uuid)> = sqlx::query_as(
            // Not from the table: who works for the other side, only this question may be asked of.
            "SELECT account_id, organisation_kind, organisation_id FROM sight.places_of($1, $2)",
        )
        .bind(accounts)
        .bind(order_id.0)
        .fetch_all(connection)
        .await?;
        let mut actors = Self::default();
        for (account_id, kind, id) in rows {
            names.want_organisation(id);
            actors.places.entry(account_id).or_default().push((kind, id));
        }
        Ok(actors)
    }

    /// Who did that, as the viewer may know it. `sides` are the organisations that the story is about.
    pub(super) fn who(&self, event: &RecordedEvent, names: &Names, sides: &[Uuid], viewer: &Viewer) -> Who {
        match read(&event.actor) {
            Actor::System(name) => Who {
                actor: Some(event.actor.clone()),
                account_id: None,
                role: None,
                organisation: None,
                system: Some(name.to_owned()),
            },
            Actor::Account(id, role) => {
                // Which person of the other side it was is no concern of this one: the organisation did it.
                let knows = viewer.sees_everything() || viewer.account_id == id;
                Who {
                    actor: knows.then(|| event.actor.clone()),
                    account_id: knows.then_some(id),
                    role: Some(role.to_owned()),
                    organisation: self.organisation(id, role, names, sides),
                    system: None,
                }
            }
        }
    }

    /// Security: never an organisation that the story is not about. Whoever has changed employers since acted for
    /// another than today's, whom it is nobody's business to learn here, and whom nothing in the log ties to this.
    fn organisation(
        &self,
        account: Uuid,
        role: &str,
        names: &Names,
        sides: &[Uuid],
    ) -> Option<OrganisationSeen> {
        let role: Role = role.parse().ok()?;
        let kind = match role {
            Role::Supplier => "supplier",
            Role::Restaurant => "restaurant",
            Role::Admin | Role::Auditor | Role::Partner => return None,
        };
        let mut places = self.places.get(&account)?.iter();
        let (_, id) = places.find(|(of, id)| of == kind && sides.contains(id))?;
        let name = names.organisation_name(*id).map(ToOwned::to_owned);
        Some(OrganisationSeen { kind: kind.to_owned(), id: *id, name })
    }
}

impl Who {
    /// The viewer may know which account it was, or there was none.
    pub(super) fn is_known(&self) -> bool {
        self.actor.is_some()
    }

    /// As it stands before a sentence.
    pub(super) fn said(&self) -> String {
        if let Some(system) = &self.system {
            return format!("the system ({system})");
        }
        let role = self.role.as_deref().unwrap_or_default();
        let organisation = self.organisation.as_ref();
        match organisation.map(|found| found.name.as_deref().map_or_else(|| found.id.to_string(), quoted)) {
            Some(name) => format!("{name} ({role})"),
            None => format!("an account ({role})"),
        }
    }
}
