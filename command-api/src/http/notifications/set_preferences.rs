//! `PUT /api/v1/notification-preferences`.

use axum::extract::State;
use deserr::{Deserr, IntoValue, Value, ValuePointerRef};
use events::{
    resource::NotificationPreferencesResource,
    values::{ChannelChoice, EmailChoice, Locale, NotificationKind, NotificationPreferences, QuietHours},
};
use platform::{
    body::{Faults, Invalid, Json},
    error::{ApiError, ErrorBody},
};
use serde::Serialize;
use utoipa::ToSchema;

use super::own_account;
use crate::{
    domain::account::SetNotificationPreferences,
    http::{
        answers::{BodyRefusals, CommandHeaders, CommandRefusals},
        fields::{Choice, Given, List, TimeOfDay, TimeZone},
        state::CommandState,
        submission::{Accepted, Asked},
    },
};

/// More than there are kinds, so that one given twice is told as such.
const KINDS_MAX: usize = 64;

/// All that is chosen; what is absent is as for somebody who chose nothing.
#[derive(Debug, Clone, Deserr, Serialize, ToSchema)]
#[deserr(error = Faults, deny_unknown_fields)]
#[schema(example = json!({
    "locale": "sv", "time_zone": "Europe/Stockholm", "quiet_hours": {"from": "22:00", "to": "06:30"},
    "digest_at": "07:00", "kinds": [{"kind": "stock_low", "in_app": true, "email": "off", "push": false}]
}))]
pub(crate) struct ChosenPreferences {
    /// The language; `sv` unless given.
    #[deserr(default)]
    #[schema(value_type = Locale, required = false)]
    locale: Given<Choice<Locale>>,
    /// The zone that times of day are in; `Europe/Stockholm` unless given.
    #[deserr(default)]
    #[schema(value_type = TimeZone, required = false)]
    time_zone: Given<TimeZone>,
    /// When mail and push wait, critical ones apart; null or absent for never.
    #[deserr(default)]
    quiet_hours: Option<ChosenQuietHours>,
    /// When the daily digest is sent; `07:00` unless given.
    #[deserr(default)]
    #[schema(value_type = TimeOfDay, required = false)]
    digest_at: Given<TimeOfDay>,
    /// Kinds that are to be told otherwise than they are by themselves, each once.
    #[deserr(default)]
    #[schema(value_type = Vec<ChosenKind>, required = false)]
    kinds: ChosenKinds,
}

/// When not to be disturbed; over midnight where `from` is later than `to`, never where they are the same.
#[derive(Debug, Clone, Copy, Deserr, Serialize, ToSchema)]
#[deserr(error = Faults, deny_unknown_fields)]
struct ChosenQuietHours {
    /// From then on.
    from: TimeOfDay,
    /// Until then.
    to: TimeOfDay,
}

/// How one kind is to be told; a channel that is absent stays as it is by itself.
#[derive(Debug, Clone, Deserr, Serialize, ToSchema)]
#[deserr(error = Faults, deny_unknown_fields)]
struct ChosenKind {
    /// Which.
    #[schema(value_type = NotificationKind)]
    kind: Choice<NotificationKind>,
    /// Shown in the inbox.
    #[deserr(default)]
    #[schema(value_type = bool, required = false)]
    in_app: Given<bool>,
    /// Mail; of a critical kind always `now`.
    #[deserr(default)]
    #[schema(value_type = EmailChoice, required = false)]
    email: Given<Choice<EmailChoice>>,
    /// To the caller's devices.
    #[deserr(default)]
    #[schema(value_type = bool, required = false)]
    push: Given<bool>,
}

/// Each kind once at most.
#[derive(Debug, Clone, Default, Serialize)]
#[serde(transparent)]
struct ChosenKinds(Vec<ChosenKind>);

impl Deserr<Faults> for ChosenKinds {
    fn deserialize_from_value<V: IntoValue>(
        value: Value<V>,
        at: ValuePointerRef<'_>,
    ) -> Result<Self, Faults> {
        let List(kinds) = List::<ChosenKind, KINDS_MAX>::deserialize_from_value(value, at)?;
        let mut faults = Faults::default();
        for (index, chosen) in kinds.iter().enumerate() {
            if kinds[..index].iter().any(|earlier| earlier.kind.0 == chosen.kind.0) {
                let repeated = Invalid::new("repeated", "Stands more than once.");
                let at = at.push_index(index);
                faults.extend(Faults::one(repeated, at.push_key("kind")));
            }
        }
        if faults.as_slice().is_empty() { Ok(Self(kinds)) } else { Err(faults) }
    }
}

impl ChosenKind {
    fn choice(&self) -> (NotificationKind, ChannelChoice) {
        let Choice(kind) = self.kind;
        let default = kind.default_choice();
        let choice = ChannelChoice {
            in_app: self.in_app.0.unwrap_or(default.in_app),
            email: self.email.0.map_or(default.email, |email| email.0),
            push: self.push.0.unwrap_or(default.push),
        };
        (kind, choice)
    }
}

impl ChosenPreferences {
    fn preferences(&self) -> NotificationPreferences {
        let default = NotificationPreferences::default();
        NotificationPreferences {
            locale: self.locale.0.map_or(default.locale, |locale| locale.0),
            time_zone: self.time_zone.0.map_or(default.time_zone, |zone| zone.name().to_owned()),
            quiet_hours: self.quiet_hours.map(|quiet| QuietHours { from: quiet.from.0, to: quiet.to.0 }),
            digest_at: self.digest_at.0.map_or(default.digest_at, |time| time.0),
            choices: self.kinds.0.iter().map(ChosenKind::choice).collect(),
        }
    }
}

/// Sets what the caller wants to hear of, and how: the whole of it, so that what is absent is as it is for
/// somebody who chose nothing.
#[utoipa::path(
    put, path = "/api/v1/notification-preferences", tag = "notifications",
    request_body = ChosenPreferences, params(CommandHeaders), security(("bearer" = [])),
    responses(
        (status = 200, body = NotificationPreferencesResource, description = "As the command left it.", headers(
            ("ETag" = String, description = "The revision."),
            ("Iris-Position" = i64, description = "Where the log is now; give it to a read as Iris-Min-Position.")
        )),
        (status = 404, body = ErrorBody, description = "`account_not_found`."),
        (status = 409, body = ErrorBody, description = "`invalid_transition`: the account is erased."),
        (status = 412, body = ErrorBody, description = "`stale_revision`: `If-Match` names another revision \
            than the last."),
        CommandRefusals, BodyRefusals
    )
)]
pub(crate) async fn set_notification_preferences(
    State(state): State<CommandState>,
    asked: Asked,
    Json(body): Json<ChosenPreferences>,
) -> Result<Accepted, ApiError> {
    let account_id = own_account(&asked);
    let command = SetNotificationPreferences { account_id, preferences: body.preferences() };
    asked.submit(&state, &body, command).await
}
