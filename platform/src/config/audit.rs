//! What auditors look at: who seals the log, whom to believe, where seals are kept besides, and what is kept how long.

use std::{path::PathBuf, time::Duration};

use secrecy::SecretString;

use super::parse::{ConfigError, Lookup};

const ACCESS_LOG_DAYS_DEFAULT: u32 = 400;
const AUDIT_VIEW_MINUTES_DEFAULT: u32 = 60;
const AUDIT_SEAL_AFTER_MS_DEFAULT: u32 = 1_000;
const DAYS_MAX: u32 = 36_500;
const MINUTES_MAX: u32 = 7 * 24 * 60;
const SEAL_AFTER_MS_MAX: u32 = 3_600_000;

/// Settings of what auditors look at. Keys are texts here: `events` knows what a key is.
#[derive(Debug, Clone)]
pub struct Audit {
    /// `AUDIT_SIGNING_KEY`: base64 of 32 random bytes; default: none. Wanted by the `handlers` role alone, and
    /// required there in production: whoever has it can seal.
    pub signing_key: Option<SecretString>,
    /// `AUDIT_SIGNING_KEY_FILE`: a file that holds it instead; not both.
    pub signing_key_file: Option<PathBuf>,
    /// `AUDIT_TRUSTED_KEYS`: public keys known from elsewhere, base64, comma separated; default none, and what
    /// verifies then believes the keys in the database.
    pub trusted_keys: Vec<String>,
    /// `AUDIT_SEAL_DIR`: a folder that every seal is also written to, as a file; optional.
    pub seal_dir: Option<PathBuf>,
    /// `AUDIT_SEAL_AFTER_MS`: how long an event waits for its seal at most while there are few, 1 to 3,600,000
    /// milliseconds; default 1,000.
    pub seal_after: Duration,
    /// `ACCESS_LOG_DAYS`: how long accesses are kept, in days; 0 keeps them for ever. Default 400.
    pub access_log_days: u32,
    /// `AUDIT_VIEW_MINUTES`: how long lists as of a position are kept after they were last read, in minutes; from 1
    /// to 10080. Default 60.
    pub view_kept: Duration,
}

impl Audit {
    pub(super) fn read(vars: &Lookup<'_>) -> Result<Self, ConfigError> {
        let signing_key = vars.text("AUDIT_SIGNING_KEY").map(Into::into);
        let signing_key_file: Option<PathBuf> = vars.text("AUDIT_SIGNING_KEY_FILE").map(Into::into);
        if signing_key.is_some() && signing_key_file.is_some() {
            let reason = "must not be set where AUDIT_SIGNING_KEY is";
            return Err(ConfigError::malformed("AUDIT_SIGNING_KEY_FILE", reason));
        }
        let after_ms = vars.whole("AUDIT_SEAL_AFTER_MS", "milliseconds", 1..=SEAL_AFTER_MS_MAX)?;
        let days = vars.whole("ACCESS_LOG_DAYS", "days", 0..=DAYS_MAX)?;
        let minutes = vars.whole("AUDIT_VIEW_MINUTES", "minutes", 1..=MINUTES_MAX)?;
        Ok(Self {
            signing_key,
            signing_key_file,
            trusted_keys: vars.list("AUDIT_TRUSTED_KEYS"),
            seal_dir: vars.text("AUDIT_SEAL_DIR").map(Into::into),
            seal_after: Duration::from_millis(after_ms.unwrap_or(AUDIT_SEAL_AFTER_MS_DEFAULT).into()),
            access_log_days: days.unwrap_or(ACCESS_LOG_DAYS_DEFAULT),
            view_kept: Duration::from_mins(minutes.unwrap_or(AUDIT_VIEW_MINUTES_DEFAULT).into()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(name: &str, value: &str) -> Result<Audit, ConfigError> {
        Audit::read(&Lookup::new(&|asked| (asked == name).then(|| value.to_owned())))
    }

    #[test]
    fn times_are_whole_numbers_within_bounds() {
        let default = read("NOTHING", "").unwrap();
        assert_eq!((default.access_log_days, default.view_kept), (400, Duration::from_hours(1)));
        assert_eq!(default.seal_after, Duration::from_secs(1));
        assert_eq!(read("ACCESS_LOG_DAYS", "0").unwrap().access_log_days, 0);
        assert_eq!(read("AUDIT_VIEW_MINUTES", "5").unwrap().view_kept, Duration::from_mins(5));
        assert_eq!(read("AUDIT_SEAL_AFTER_MS", "20").unwrap().seal_after, Duration::from_millis(20));
        for (name, value) in [
            ("ACCESS_LOG_DAYS", "-1"),
            ("ACCESS_LOG_DAYS", "1y"),
            ("AUDIT_VIEW_MINUTES", "0"),
            ("AUDIT_SEAL_AFTER_MS", "0"),
        ] {
            assert!(read(name, value).unwrap_err().to_string().starts_with(name), "{value}");
        }
    }
}
