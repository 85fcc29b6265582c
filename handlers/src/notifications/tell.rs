//! Telling: one notification per event, person and kind, and what each channel makes of it, in one
//! transaction.

use std::{collections::BTreeSet, sync::Arc};

use chrono::{DateTime, Utc};
use events::{
    public::PublicEvent,
    values::{AccountId, NotificationKind},
};
use platform::{
    clock::Ids,
    link_token::{LinkKey, UNSUBSCRIBE},
};
use sqlx::PgConnection;
use uuid::Uuid;

use super::{
    decide::{self, Configured, Decision},
    digests,
    facts::{Facts, Person},
    messages::{self, Channel, Fate, Frozen, NewMessage, Priority},
    metrics,
    recipients::{Missing, Telling, subject},
    story::Story,
    templates::{Brief, MailBodies, RenderError, Templates},
    wording::Wording,
};
use crate::consumer::HandleError;

/// Makes notifications of events.
pub(crate) struct Teller {
    pub(crate) ids: Arc<dyn Ids>,
    pub(crate) links: LinkKey,
    pub(crate) public_url: String,
    pub(crate) configured: Configured,
    pub(crate) templates: Templates,
}

/// One event, to be told in one way.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ToTell<'a> {
    pub(crate) event: &'a PublicEvent,
    pub(crate) telling: Telling,
}

/// Why an event cannot be told.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CannotTell {
    #[error(transparent)]
    Missing(#[from] Missing),
    #[error(transparent)]
    Render(#[from] RenderError),
}

/// One person's notification before it is written.
struct Draft<'a> {
    notification_id: Uuid,
    kind: NotificationKind,
    organisation: Option<Uuid>,
    event: &'a PublicEvent,
    person: &'a Person,
    brief: Brief,
    mail: MailBodies,
    unsubscribe_url: Option<String>,
}

impl Teller {
    /// Writes notifications and messages, in the caller's transaction. What cannot be told is logged, counted
    /// and passed over; what has been told before is not told again. Returns how many messages were written.
    ///
    /// # Errors
    /// The database's.
    pub(crate) async fn tell_in_tx(
        &self,
        tx: &mut PgConnection,
        told: &[ToTell<'_>],
        facts: &Facts,
        now: DateTime<Utc>,
    ) -> Result<usize, HandleError> {
        let mut drafts: Vec<Draft<'_>> = told.iter().flat_map(|told| self.drafts(*told, facts)).collect();
        // Digests are locked in one order by whoever tells: two never wait for each other.
        drafts.sort_by_key(|draft| draft.person.account_id);
        let fresh = insert_notifications_in_tx(tx, &drafts, now).await?;
        let mut written = Vec::new();
        for draft in drafts.iter().filter(|draft| fresh.contains(&draft.notification_id)) {
            metrics::told(draft.kind);
            written.push(self.mail_in_tx(tx, draft, now).await?);
            written.extend(self.pushes(draft, facts.devices(draft.person.account_id), now));
        }
        messages::insert_in_tx(tx, &written, now).await?;
        written.iter().for_each(metrics::decided);
        Ok(written.len())
    }

    fn drafts<'a>(&self, told: ToTell<'a>, facts: &'a Facts) -> Vec<Draft<'a>> {
        let mut drafts = Vec::new();
        for person in facts.people(told.telling.to) {
            match self.draft(told, person, facts) {
                Ok(draft) => drafts.push(draft),
                Err(error) => {
                    let (position, kind) = (told.event.position, told.telling.kind);
                    tracing::error!(%error, position, %kind, "an event cannot be told");
                    metrics::passed_over(kind);
                }
            }
        }
        drafts
    }

    fn draft<'a>(
        &self,
        told: ToTell<'a>,
        person: &'a Person,
        facts: &Facts,
    ) -> Result<Draft<'a>, CannotTell> {
        let kind = told.telling.kind;
        let words = Wording::of(&person.preferences);
        let story = Story::of(told.event, facts, words)?;
        let brief = self.templates.brief(kind.name(), words.locale, &story)?;
        let unsubscribe_url =
            (!kind.is_critical()).then(|| self.unsubscribe_url(person.account_id, kind.name()));
        let url = unsubscribe_url.as_deref();
        let mail = self.templates.mail(kind.name(), words.locale, &story, &brief, url)?;
        let (notification_id, organisation) = (self.ids.next(), told.telling.to.organisation());
        let event = told.event;
        Ok(Draft { notification_id, kind, organisation, event, person, brief, mail, unsubscribe_url })
    }

    /// Where somebody ends mails of that kind, without logging in.
    pub(crate) fn unsubscribe_url(&self, account: AccountId, kind: &str) -> String {
        // Signed, or anybody could end anybody's mails. It ends mails, and gives no other access.
        let token = self.links.sign(UNSUBSCRIBE, &format!("{account}:{kind}"));
        format!("{}/api/v1/unsubscribe?token={token}", self.public_url)
    }

    async fn mail_in_tx(
        &self,
        tx: &mut PgConnection,
        draft: &Draft<'_>,
        now: DateTime<Utc>,
    ) -> Result<NewMessage, HandleError> {
        let preferences = &draft.person.preferences;
        let frozen = || Frozen {
            recipient: Some(draft.person.email.clone()),
            subject: draft.brief.title.clone(),
            text: draft.mail.text.clone(),
            html: Some(draft.mail.html.clone()),
            unsubscribe_url: draft.unsubscribe_url.clone(),
        };
        let fate = match decide::email(draft.kind, preferences, self.configured, now) {
            Decision::Now => Fate::Send(frozen()),
            Decision::Deferred(until) => Fate::Defer(frozen(), until),
            Decision::Digest(day, due) => {
                let account = draft.person.account_id;
                let wanted = digests::Wanted { digest_id: self.ids.next(), account, day, due };
                let (digest_id, due) = digests::open_in_tx(tx, wanted, preferences, now).await?;
                Fate::Collect(digest_id, due)
            }
            Decision::Suppressed(silence) => Fate::Suppress(silence.name()),
        };
        Ok(self.message(draft, Channel::Email, None, fate))
    }

    fn pushes(&self, draft: &Draft<'_>, devices: &[Uuid], now: DateTime<Utc>) -> Vec<NewMessage> {
        let person = draft.person;
        let frozen = || Frozen {
            subject: draft.brief.title.clone(),
            text: draft.brief.body.clone(),
            ..Frozen::default()
        };
        let decision = decide::push(draft.kind, &person.preferences, self.configured, devices.len(), now);
        let to_every_device = |fate: Fate| {
            let to = |device: &Uuid| self.message(draft, Channel::Push, Some(*device), fate.clone());
            devices.iter().map(to).collect()
        };
        match decision {
            Decision::Now => to_every_device(Fate::Send(frozen())),
            Decision::Deferred(until) => to_every_device(Fate::Defer(frozen(), until)),
            Decision::Suppressed(silence) => {
                vec![self.message(draft, Channel::Push, None, Fate::Suppress(silence.name()))]
            }
            // There is no digest of pushes.
            Decision::Digest(..) => Vec::new(),
        }
    }

    fn message(
        &self,
        draft: &Draft<'_>,
        channel: Channel,
        device_id: Option<Uuid>,
        fate: Fate,
    ) -> NewMessage {
        NewMessage {
            message_id: self.ids.next(),
            account_id: draft.person.account_id.0,
            notification_id: Some(draft.notification_id),
            digest_id: None,
            device_id,
            channel,
            kind: draft.kind.name(),
            priority: if draft.kind.is_critical() { Priority::Critical } else { Priority::AtOnce },
            fate,
        }
    }
}

/// Writes the notifications, and says which of them are new.
async fn insert_notifications_in_tx(
    tx: &mut PgConnection,
    drafts: &[Draft<'_>],
    now: DateTime<Utc>,
) -> Result<BTreeSet<Uuid>, HandleError> {
    if drafts.is_empty() {
        return Ok(BTreeSet::new());
    }
    let subjects: Vec<(&str, Uuid)> = drafts.iter().map(|draft| subject(draft.event)).collect();
    let locale = |draft: &Draft<'_>| draft.person.preferences.locale.name();
    let in_app = |draft: &Draft<'_>| draft.person.preferences.choice(draft.kind).in_app;
    let fresh: Vec<Uuid> = sqlx::query_scalar(
        "INSERT INTO notifications.notifications (notification_id, account_id, kind, event_id, position, \
                subject_kind, subject_id, locale, title, body, in_app, organisation_id, created_at) \
         SELECT r.notification_id, r.account_id, r.kind, r.event_id, r.position, r.subject_kind, \
                r.subject_id, r.locale, r.title, r.body, r.in_app, r.organisation_id, $13 \
         FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::uuid[], $5::bigint[], $6::text[], $7::uuid[], \
                     $8::text[], $9::text[], $10::text[], $11::boolean[], $12::uuid[]) \
              AS r(notification_id, account_id, kind, event_id, position, subject_kind, subject_id, locale, \
                   title, body, in_app, organisation_id) \
         ON CONFLICT (event_id, account_id, kind) DO NOTHING \
         RETURNING notification_id",
    )
    .bind(drafts.iter().map(|draft| draft.notification_id).collect::<Vec<_>>())
    .bind(drafts.iter().map(|draft| draft.person.account_id.0).collect::<Vec<_>>())
    .bind(drafts.iter().map(|draft| draft.kind.name()).collect::<Vec<_>>())
    .bind(drafts.iter().map(|draft| draft.event.event_id).collect::<Vec<_>>())
    .bind(drafts.iter().map(|draft| draft.event.position).collect::<Vec<_>>())
    .bind(subjects.iter().map(|(kind, _)| *kind).collect::<Vec<_>>())
    .bind(subjects.iter().map(|(_, id)| *id).collect::<Vec<_>>())
    .bind(drafts.iter().map(locale).collect::<Vec<_>>())
    .bind(drafts.iter().map(|draft| draft.brief.title.as_str()).collect::<Vec<_>>())
    .bind(drafts.iter().map(|draft| draft.brief.body.as_str()).collect::<Vec<_>>())
    .bind(drafts.iter().map(in_app).collect::<Vec<_>>())
    .bind(drafts.iter().map(|draft| draft.organisation).collect::<Vec<_>>())
    .bind(now)
    .fetch_all(tx)
    .await?;
    Ok(fresh.into_iter().collect())
}
