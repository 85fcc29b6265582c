//! What is pushed.

use serde_json::{Value, json};

use crate::notifications::queue::Message;

/// FCM takes no larger message; the registration token does not count.
const BODY_BYTES_MAX: usize = 4096;
const TITLE_CHARS_MAX: usize = 120;
const TEXT_CHARS_MAX: usize = 1000;

/// The request's body: at most [`BODY_BYTES_MAX`] without the token, whatever the notification holds.
pub(super) fn of(message: &Message, token: &str) -> String {
    let title = cut(&message.subject, TITLE_CHARS_MAX);
    let mut length_max = TEXT_CHARS_MAX;
    loop {
        let mut body = json(message, &title, &cut(&message.text_body, length_max));
        if body.to_string().len() <= BODY_BYTES_MAX || length_max == 0 {
            body["message"]["token"] = token.into();
            return body.to_string();
        }
        length_max /= 2;
    }
}

fn json(message: &Message, title: &str, text: &str) -> Value {
    // FCM knows no idempotency key. A push that arrives twice replaces itself on the screen instead.
    let id = message.notification_id.unwrap_or(message.message_id).to_string();
    json!({
        "message": {
            "notification": { "title": title, "body": text },
            "data": {
                "notification_id": id,
                "kind": message.kind,
                "subject_kind": message.subject_kind.as_deref().unwrap_or_default(),
                "subject_id": message.subject_id.map(|id| id.to_string()).unwrap_or_default(),
            },
            "android": {
                "collapse_key": id,
                "priority": "high",
                // A day, as long as we try ourselves.
                "ttl": "86400s",
                "notification": { "tag": id },
            },
            "apns": { "headers": { "apns-collapse-id": id } },
            "webpush": { "notification": { "tag": id } },
        },
    })
}

fn cut(text: &str, chars_max: usize) -> String {
    if text.chars().count() <= chars_max {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(chars_max.saturating_sub(1)).collect();
    short.push('…');
    short
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_push_fits_whatever_it_says_and_replaces_itself() {
        for text in ["x".repeat(20_000), "\u{1}".repeat(20_000), "🥔".repeat(20_000), String::new()] {
            let message = Message {
                message_id: Uuid::from_u128(1),
                notification_id: Some(Uuid::from_u128(2)),
                kind: "order_placed".to_owned(),
                recipient: None,
                subject: text.clone(),
                text_body: text,
                html_body: None,
                unsubscribe_url: None,
                created_at: DateTime::UNIX_EPOCH,
                attempts: 1,
                uncertain_before: None,
                device_id: None,
                token: None,
                subject_kind: Some("order".to_owned()),
                subject_id: Some(Uuid::from_u128(3)),
            };
            let body = of(&message, "t");
            assert!(body.len() <= BODY_BYTES_MAX + r#""token":"t","#.len(), "{}", body.len());
            let body: Value = serde_json::from_str(&body).unwrap();
            let id = Uuid::from_u128(2).to_string();
            assert_eq!(body["message"]["android"]["collapse_key"], id);
            assert_eq!(body["message"]["android"]["notification"]["tag"], id);
            assert_eq!(body["message"]["apns"]["headers"]["apns-collapse-id"], id);
            assert_eq!(body["message"]["token"], "t");
        }
    }
}
