//! A user as Clerk writes it: what of it is read.

use chrono::{DateTime, Utc};
use events::values::Role;
use platform::{auth::is_user_id, body::Email};
use serde::Deserialize;
use serde_json::Value;

use crate::domain::account::Barred;

/// `data` of `user.created` and `user.updated`. Clerk writes much more, and may write more still.
#[derive(Deserialize)]
pub(super) struct User {
    pub(super) id: String,
    /// Milliseconds since 1970.
    updated_at: i64,
    primary_email_address_id: Option<String>,
    #[serde(default)]
    email_addresses: Vec<EmailAddress>,
    #[serde(default)]
    public_metadata: Value,
    #[serde(default)]
    banned: bool,
}

#[derive(Deserialize)]
struct EmailAddress {
    id: String,
    #[serde(rename = "email_address")]
    text: String,
    verification: Option<Verification>,
}

#[derive(Deserialize)]
struct Verification {
    status: String,
}

/// `data` of `user.deleted`.
#[derive(Deserialize)]
pub(super) struct DeletedUser {
    pub(super) id: String,
}

impl User {
    pub(super) fn is_well_formed(&self) -> bool {
        is_user_id(&self.id)
    }

    /// As of when Clerk tells this.
    pub(super) fn as_of(&self) -> Option<DateTime<Utc>> {
        DateTime::from_timestamp_millis(self.updated_at)
    }

    /// The primary address, if the user has proved that it is theirs: any other could be anybody's, and by it
    /// the account that waits under it.
    pub(super) fn address(&self) -> Option<Email> {
        let primary = self.primary_email_address_id.as_deref()?;
        let address = self.email_addresses.iter().find(|address| address.id == primary)?;
        let status = address.verification.as_ref().map(|verification| verification.status.as_str());
        (status == Some("verified")).then(|| Email::parse(&address.text).ok()).flatten()
    }

    /// Of an account that comes to be. Metadata are written by whoever holds a key of the Clerk instance, by a frontend's
    /// server for example: enough to say on which side of the trade somebody stands, where a role alone opens nothing.
    /// ADMIN, AUDITOR and PARTNER open everything, and are given by our own ADMINs or operators, never from outside.
    pub(super) fn role(&self) -> Role {
        match self.public_metadata.get("iris_role").and_then(Value::as_str) {
            Some("SUPPLIER") => Role::Supplier,
            _ => Role::Restaurant,
        }
    }

    /// Not who is locked: anybody can have a user of Clerk's locked by failing to log in, and Clerk itself refuses that
    /// login. Were it a bar, a stranger could end the sessions and the API keys of an account.
    pub(super) fn barred(&self) -> Option<Barred> {
        self.banned.then_some(Barred::Banned)
    }
}

impl DeletedUser {
    pub(super) fn is_well_formed(&self) -> bool {
        is_user_id(&self.id)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn user(changes: &[(&str, Value)]) -> User {
        let mut user = json!({
            "id": "user_29w83sxmDNGwOuEthce5gg56FcC", "object": "user", "updated_at": 1_654_012_591_835_i64,
            "primary_email_address_id": "idn_1",
            "email_addresses": [
                {"id": "idn_2", "email_address": "second@krog.example", "verification": {"status": "verified"}},
                {"id": "idn_1", "email_address": "Anna@krog.example", "verification": {"status": "verified"}}
            ],
            "public_metadata": {}, "banned": false, "locked": false, "a_new_member": [1]
        });
        for (name, value) in changes {
            user[*name] = value.clone();
        }
        serde_json::from_value(user).unwrap()
    }

    fn address_of(changes: &[(&str, Value)]) -> Option<String> {
        user(changes).address().map(Email::into_string)
    }

    #[test]
    fn the_address_is_the_primary_one_and_proved() {
        assert_eq!(address_of(&[]).as_deref(), Some("Anna@krog.example"));
        assert_eq!(address_of(&[("primary_email_address_id", Value::Null)]), None);
        assert_eq!(address_of(&[("primary_email_address_id", json!("idn_3"))]), None);
        for verification in [json!({"status": "unverified"}), json!({"status": "expired"}), Value::Null] {
            let addresses =
                json!([{"id": "idn_1", "email_address": "a@b.example", "verification": verification}]);
            assert_eq!(address_of(&[("email_addresses", addresses)]), None);
        }
        let malformed =
            json!([{"id": "idn_1", "email_address": "no address", "verification": {"status": "verified"}}]);
        assert_eq!(address_of(&[("email_addresses", malformed)]), None);
    }

    #[test]
    fn metadata_give_no_role_that_opens_anything() {
        for (said, role) in [
            (json!("SUPPLIER"), Role::Supplier),
            (json!("RESTAURANT"), Role::Restaurant),
            (json!("ADMIN"), Role::Restaurant),
            (json!("AUDITOR"), Role::Restaurant),
            (json!("PARTNER"), Role::Restaurant),
            (json!("supplier"), Role::Restaurant),
            (json!(["SUPPLIER"]), Role::Restaurant),
        ] {
            assert_eq!(user(&[("public_metadata", json!({"iris_role": said}))]).role(), role, "{said}");
        }
        for metadata in [Value::Null, json!([]), json!("ADMIN")] {
            assert_eq!(user(&[("public_metadata", metadata)]).role(), Role::Restaurant);
        }
    }

    #[test]
    fn who_is_banned_is_barred_and_who_is_locked_is_not() {
        assert_eq!(user(&[]).barred(), None);
        assert_eq!(user(&[("locked", json!(true))]).barred(), None);
        assert_eq!(user(&[("banned", json!(true))]).barred(), Some(Barred::Banned));
    }
}
