//! Notifications as their receiver sees them: the inbox, what is chosen, and the devices.

use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::FromRow;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    account::Account,
    fold::Folded,
    values::{EmailChoice, Locale, NotificationKind},
};

/// Something that the caller was told of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, FromRow, ToSchema)]
pub struct NotificationResource {
    /// The notification.
    #[sqlx(rename = "notification_id")]
    pub id: Uuid,
    /// What it is of.
    #[schema(value_type = NotificationKind)]
    pub kind: String,
    /// One line, in the receiver's language of that moment.
    #[schema(example = "Ny order från Bistro Äppelträdet")]
    pub title: String,
    /// A few sentences more.
    pub body: String,
    /// What it is about.
    #[sqlx(flatten)]
    pub subject: NotificationSubject,
    /// When it came.
    pub created_at: DateTime<Utc>,
    /// When it was first read; null while it is not.
    #[schema(required)]
    pub read_at: Option<DateTime<Utc>>,
}

/// What a notification is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, FromRow, ToSchema)]
pub struct NotificationSubject {
    /// `order`, `invoice`, `product`, `restaurant`, `webhook_endpoint`.
    #[sqlx(rename = "subject_kind")]
    #[schema(example = "order")]
    pub kind: String,
    /// Which.
    #[sqlx(rename = "subject_id")]
    pub id: Uuid,
}

/// What the caller wants to hear of, and how; defaults stand where nothing was chosen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct NotificationPreferencesResource {
    /// The language.
    pub locale: Locale,
    /// IANA name of the zone that times of day are in.
    #[schema(example = "Europe/Stockholm")]
    pub time_zone: String,
    /// When mail and push wait; null for never.
    #[schema(required)]
    pub quiet_hours: Option<QuietHoursResource>,
    /// When the daily digest is sent, `HH:MM`.
    #[schema(example = "07:00")]
    pub digest_at: String,
    /// Every kind there is.
    pub kinds: Vec<KindPreference>,
    /// How many events the account has; the `ETag`.
    pub revision: i64,
}

/// When not to be disturbed; over midnight where `from` is later than `to`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct QuietHoursResource {
    /// From then on, `HH:MM`.
    #[schema(example = "22:00")]
    pub from: String,
    /// Until then, `HH:MM`.
    #[schema(example = "06:30")]
    pub to: String,
}

/// How one kind is told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct KindPreference {
    /// Which.
    pub kind: NotificationKind,
    /// When it is told, and to whom.
    pub description: &'static str,
    /// Told at once, whatever the quiet hours; its mail cannot be refused.
    pub critical: bool,
    /// Shown in the inbox.
    pub in_app: bool,
    /// Mail.
    pub email: EmailChoice,
    /// To the caller's devices.
    pub push: bool,
}

/// A device that pushes go to. Its token is not told again: whoever has it can be sent to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, FromRow, ToSchema)]
pub struct DeviceResource {
    /// The device.
    #[sqlx(rename = "device_id")]
    pub id: Uuid,
    /// What its owner calls it.
    #[schema(required)]
    pub name: Option<String>,
    /// When it was registered.
    pub created_at: DateTime<Utc>,
}

impl NotificationPreferencesResource {
    /// As clients see them.
    pub fn of(account: &Folded<Account>) -> Self {
        let preferences = &account.state.notifications;
        let kind = |kind: &NotificationKind| {
            let choice = preferences.choice(*kind);
            KindPreference {
                kind: *kind,
                description: kind.description(),
                critical: kind.is_critical(),
                in_app: choice.in_app,
                email: choice.email,
                push: choice.push,
            }
        };
        let quiet_hours = preferences.quiet_hours;
        Self {
            locale: preferences.locale,
            time_zone: preferences.time_zone.clone(),
            quiet_hours: quiet_hours
                .map(|quiet| QuietHoursResource { from: quiet.from.to_string(), to: quiet.to.to_string() }),
            digest_at: preferences.digest_at.to_string(),
            kinds: NotificationKind::ALL.iter().map(kind).collect(),
            revision: account.revision,
        }
    }
}
