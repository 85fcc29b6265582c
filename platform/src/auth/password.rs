//! Password checks that cost the same whether the account exists or not.

use std::thread::available_parallelism;

use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Semaphore;

/// bcrypt's cost when no account shows another.
const COST_DEFAULT: u32 = 12;
/// bcrypt reads no more; a longer password is refused rather than cut.
const PASSWORD_MAX_BYTES: usize = 72;

/// Checks passwords against bcrypt hashes, few at a time.
pub struct PasswordChecker {
    decoy: String,
    slots: Semaphore,
}

impl PasswordChecker {
    /// A checker for accounts with these hashes; their highest cost is what an unknown account costs.
    pub fn new<'a>(hashes: impl IntoIterator<Item = &'a SecretString>) -> Self {
        let cost = |hash: &SecretString| hash.expose_secret().get(4..6).and_then(|cost| cost.parse().ok());
        let cost = hashes.into_iter().filter_map(cost).max().unwrap_or(COST_DEFAULT);
        Self {
            decoy: decoy(cost),
            // bcrypt is all CPU: more at once than there are cores would only starve everybody else.
            slots: Semaphore::new(available_parallelism().map_or(1, usize::from)),
        }
    }

    /// Whether `password` fits `hash`; `None` stands for an unknown account and is never right.
    ///
    /// An unknown account is checked against a decoy, so that timing does not tell which e-mails exist.
    pub async fn check(&self, hash: Option<&SecretString>, password: &SecretString) -> bool {
        let Ok(_slot) = self.slots.acquire().await else { return false };
        let known = hash.is_some();
        let hash = hash.map_or_else(|| self.decoy.clone(), |hash| hash.expose_secret().to_owned());
        let password = password.clone();
        let fits = tokio::task::spawn_blocking(move || fits(&hash, &password)).await;
        // A malformed hash or a panic in the check is a refusal, never an entry.
        known && fits.unwrap_or(false)
    }
}

fn fits(hash: &str, password: &SecretString) -> bool {
    let password = password.expose_secret();
    // Depends on the password alone, so this early return tells nothing about accounts.
    if password.len() > PASSWORD_MAX_BYTES {
        return false;
    }
    bcrypt::verify(password, hash).unwrap_or(false)
}

/// A well-formed hash that belongs to nobody.
fn decoy(cost: u32) -> String {
    const SALT: &str = "CCCCCCCCCCCCCCCCCCCCC.";
    const DIGEST: &str = "E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW";
    format!("$2b${cost:02}${SALT}{DIGEST}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hash(password: &str) -> SecretString {
        bcrypt::hash(password, 4).unwrap().into()
    }

    #[tokio::test]
    async fn only_the_right_password_of_a_known_account_passes() {
        let known = hash("iris-dev");
        let checker = PasswordChecker::new([&known]);
        assert!(checker.check(Some(&known), &"iris-dev".into()).await);
        assert!(!checker.check(Some(&known), &"iris-dew".into()).await);
        assert!(!checker.check(Some(&known), &"".into()).await);
        assert!(!checker.check(None, &"iris-dev".into()).await);
        assert!(!checker.check(Some(&"no hash".into()), &"iris-dev".into()).await);
    }

    #[tokio::test]
    async fn a_password_that_bcrypt_would_cut_is_refused() {
        let password = "x".repeat(72);
        let known = hash(&password);
        let checker = PasswordChecker::new([&known]);
        assert!(checker.check(Some(&known), &password.clone().into()).await);
        assert!(!checker.check(Some(&known), &format!("{password}y").into()).await);
    }

    #[test]
    fn the_decoy_is_a_hash_of_the_highest_cost_known() {
        let checker = PasswordChecker::new([&hash("a")]);
        assert!(checker.decoy.starts_with("$2b$04$"), "{}", checker.decoy);
        // Ok(false), not an error: a decoy that failed to parse would be quicker than a true check.
        assert!(!bcrypt::verify("a", &checker.decoy).unwrap());
        assert!(PasswordChecker::new([]).decoy.starts_with("$2b$12$"));
    }
}
