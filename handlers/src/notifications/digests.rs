//! Digests: what a person is told once a day, in one mail.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::{DateTime, NaiveDate, Utc};
use events::values::{AccountId, EmailChoice, NotificationKind, NotificationPreferences};
use serde::Serialize;
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

use super::{
    decide::{Silence, digest_after_quiet_hours},
    facts::Facts,
    messages::{self, Channel, Fate, Frozen, NewMessage, Priority},
    metrics,
    quiet_hours::at_on_the_day_after,
    tell::Teller,
    templates::{DIGEST, RenderError},
    wording::zone,
};
use crate::consumer::HandleError;

/// Digests closed in one transaction at most.
const CLOSED_AT_ONCE_MAX: i64 = 50;

/// The digest that something should go into.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wanted {
    /// Its id if it has none yet.
    pub(crate) digest_id: Uuid,
    pub(crate) account: AccountId,
    pub(crate) day: NaiveDate,
    pub(crate) due: DateTime<Utc>,
}

#[derive(Serialize)]
struct Item {
    #[serde(skip)]
    kind: String,
    #[serde(skip)]
    organisation: Option<Uuid>,
    title: String,
    body: String,
}

#[derive(Serialize)]
struct Content<'a> {
    items: &'a [Item],
    /// The layout's; a digest lists no order lines.
    lines: [(); 0],
}

/// The open digest of that day, held open until the caller's transaction is over; where that day's is closed
/// already, the next day's. Says also when it is due.
pub(crate) async fn open_in_tx(
    tx: &mut PgConnection,
    mut wanted: Wanted,
    preferences: &NotificationPreferences,
    now: DateTime<Utc>,
) -> Result<(Uuid, DateTime<Utc>), sqlx::Error> {
    loop {
        // The update changes little, but locks the row: nobody closes it before what goes into it is there.
        let open: Option<Uuid> = sqlx::query_scalar(
            "INSERT INTO notifications.digests (digest_id, account_id, day, due, created_at) \
             VALUES ($1, $2, $3, $4, $5) \
             ON CONFLICT (account_id, day) DO UPDATE SET due = EXCLUDED.due \
             WHERE digests.closed_at IS NULL \
             RETURNING digest_id",
        )
        .bind(wanted.digest_id)
        .bind(wanted.account.0)
        .bind(wanted.day)
        .bind(wanted.due)
        .bind(now)
        .fetch_optional(&mut *tx)
        .await?;
        if let Some(digest_id) = open {
            return Ok((digest_id, wanted.due));
        }
        (wanted.day, wanted.due) = at_on_the_day_after(preferences.digest_at, zone(preferences), wanted.day);
    }
}

/// Closes digests that are due, and writes the mail of each; says how many. Several processes may do so at
/// once: each digest is closed by one.
pub(crate) async fn close_due(
    pool: &PgPool,
    teller: &Teller,
    now: DateTime<Utc>,
) -> Result<usize, HandleError> {
    let mut tx = platform::db::begin(pool).await?;
    let closed: Vec<(Uuid, Uuid)> = sqlx::query_as(
        "UPDATE notifications.digests AS d SET closed_at = $1 \
         FROM (SELECT digest_id FROM notifications.digests \
               WHERE closed_at IS NULL AND due <= $1 ORDER BY due LIMIT $2 \
               FOR UPDATE SKIP LOCKED) AS ready \
         WHERE d.digest_id = ready.digest_id \
         RETURNING d.digest_id, d.account_id",
    )
    .bind(now)
    .bind(CLOSED_AT_ONCE_MAX)
    .fetch_all(&mut *tx)
    .await?;
    if closed.is_empty() {
        return Ok(0);
    }
    let accounts: BTreeSet<Uuid> = closed.iter().map(|(_, account)| *account).collect();
    let facts = Facts::load_people_in_tx(&mut tx, &accounts).await?;
    let mut items = items_in_tx(&mut tx, &closed).await?;
    let mails: Vec<NewMessage> = closed
        .iter()
        .map(|(digest_id, account)| {
            let told = items.remove(digest_id).unwrap_or_default();
            mail(teller, &facts, *digest_id, AccountId(*account), told, now)
        })
        .collect();
    messages::insert_in_tx(&mut tx, &mails, now).await?;
    tx.commit().await?;
    mails.iter().for_each(metrics::decided);
    Ok(closed.len())
}

async fn items_in_tx(
    tx: &mut PgConnection,
    closed: &[(Uuid, Uuid)],
) -> Result<HashMap<Uuid, Vec<Item>>, sqlx::Error> {
    let rows: Vec<(Uuid, String, Option<Uuid>, String, String)> = sqlx::query_as(
        "SELECT m.digest_id, n.kind, n.organisation_id, n.title, n.body FROM notifications.messages AS m \
         JOIN notifications.notifications AS n ON n.notification_id = m.notification_id \
         WHERE m.digest_id = ANY($1) ORDER BY n.position, n.notification_id",
    )
    .bind(closed.iter().map(|(digest_id, _)| *digest_id).collect::<Vec<_>>())
    .fetch_all(tx)
    .await?;
    let mut items: HashMap<Uuid, Vec<Item>> = HashMap::new();
    for (digest_id, kind, organisation, title, body) in rows {
        items.entry(digest_id).or_default().push(Item { kind, organisation, title, body });
    }
    Ok(items)
}

fn mail(
    teller: &Teller,
    facts: &Facts,
    digest_id: Uuid,
    account: AccountId,
    items: Vec<Item>,
    now: DateTime<Utc>,
) -> NewMessage {
    let fate = fate(teller, facts, account, items, now).unwrap_or_else(|error| {
        tracing::error!(%error, %digest_id, "a digest cannot be written");
        Fate::Suppress("cannot_be_written")
    });
    NewMessage {
        message_id: teller.ids.next(),
        account_id: account.0,
        notification_id: None,
        digest_id: Some(digest_id),
        device_id: None,
        channel: Channel::Email,
        kind: DIGEST,
        priority: Priority::Digest,
        fate,
    }
}

fn fate(
    teller: &Teller,
    facts: &Facts,
    account: AccountId,
    items: Vec<Item>,
    now: DateTime<Utc>,
) -> Result<Fate, RenderError> {
    let Some(person) = facts.person(account) else {
        return Ok(Fate::Suppress(Silence::AccountUnknown.name()));
    };
    // Nobody is told of what is no longer theirs to know.
    let items: Vec<Item> =
        items.into_iter().filter(|item| facts.works_for(account, item.organisation)).collect();
    if items.is_empty() {
        return Ok(Fate::Suppress(Silence::NoLongerMember.name()));
    }
    // Whoever ended mails of a kind since then gets none of it in today's digest either.
    let items: Vec<Item> =
        items.into_iter().filter(|item| is_wanted(&person.preferences, &item.kind)).collect();
    if items.is_empty() {
        return Ok(Fate::Suppress(Silence::SwitchedOff.name()));
    }
    let locale = person.preferences.locale;
    let content = Content { items: &items, lines: [] };
    let brief = teller.templates.brief(DIGEST, locale, &content)?;
    let unsubscribe_url = teller.unsubscribe_url(account, most_told(&items));
    let mail = teller.templates.mail(DIGEST, locale, &content, &brief, Some(&unsubscribe_url))?;
    let frozen = Frozen {
        recipient: Some(person.email.clone()),
        subject: brief.title,
        text: mail.text,
        html: Some(mail.html),
        unsubscribe_url: Some(unsubscribe_url),
    };
    // Closed late, perhaps at night.
    let quiet = digest_after_quiet_hours(&person.preferences, now);
    Ok(match quiet {
        Some(until) => Fate::Defer(frozen, until),
        None => Fate::Send(frozen),
    })
}

/// A link ends one kind: the one that the digest is most about. What else it tells comes back in the next,
/// with a link of its own.
fn most_told(items: &[Item]) -> &str {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for item in items {
        *counts.entry(&item.kind).or_default() += 1;
    }
    counts.into_iter().max_by_key(|(_, count)| *count).map_or("", |(kind, _)| kind)
}

fn is_wanted(preferences: &NotificationPreferences, kind: &str) -> bool {
    kind.parse::<NotificationKind>().is_ok_and(|kind| preferences.choice(kind).email != EmailChoice::Off)
}
