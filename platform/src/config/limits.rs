//! How much callers may ask for, and whose word is taken for who they are.

use std::num::NonZeroU32;

use ipnet::IpNet;

use super::parse::{ConfigError, Lookup};

const RATE_PER_MINUTE_DEFAULT: u32 = 6_000;
const RATE_PER_MINUTE_MAX: u32 = 10_000_000;

/// Settings of what one caller may ask for.
#[derive(Debug, Clone)]
pub struct Limits {
    /// `RATE_LIMIT_PER_MINUTE`: requests a minute of one account, 1 to 10,000,000, and as many at once; an address has
    /// five times as many. Of this process: two processes allow twice as many. Default 6000.
    pub rate_per_minute: NonZeroU32,
    /// `TRUSTED_PROXIES`: networks whose `X-Forwarded-For` and `X-Forwarded-Proto` are believed, comma separated;
    /// default none, and callers are where their connections come from.
    pub trusted_proxies: Vec<IpNet>,
}

impl Limits {
    pub(super) fn read(vars: &Lookup<'_>) -> Result<Self, ConfigError> {
        let rate = vars.whole("RATE_LIMIT_PER_MINUTE", "requests", 1..=RATE_PER_MINUTE_MAX)?;
        let rate_per_minute = NonZeroU32::new(rate.unwrap_or(RATE_PER_MINUTE_DEFAULT)).expect("1 or more");
        let trusted_proxies = vars.networks("TRUSTED_PROXIES")?;
        // With everybody trusted, everybody says who they are: no limit by address would hold.
        if trusted_proxies.iter().any(|network| network.prefix_len() == 0) {
            let reason = "must name the proxies' networks, not all addresses";
            return Err(ConfigError::malformed("TRUSTED_PROXIES", reason));
        }
        Ok(Self { rate_per_minute, trusted_proxies })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(name: &str, value: &str) -> Result<Limits, ConfigError> {
        Limits::read(&Lookup::new(&|asked| (asked == name).then(|| value.to_owned())))
    }

    #[test]
    fn the_limit_is_a_number_and_never_none() {
        assert_eq!(read("NOTHING", "").unwrap().rate_per_minute.get(), 6_000);
        assert_eq!(read("RATE_LIMIT_PER_MINUTE", "1").unwrap().rate_per_minute.get(), 1);
        for bad in ["0", "-1", "10000001", "many", "60/s"] {
            let line = read("RATE_LIMIT_PER_MINUTE", bad).unwrap_err().to_string();
            assert!(line.starts_with("RATE_LIMIT_PER_MINUTE: must be a number of requests from 1"), "{line}");
        }
    }

    #[test]
    fn proxies_are_named_and_never_all_addresses() {
        assert!(read("NOTHING", "").unwrap().trusted_proxies.is_empty());
        let named = read("TRUSTED_PROXIES", "10.1.0.0/16, 2001:db8::1/128").unwrap().trusted_proxies;
        assert_eq!(named.len(), 2);
        for bad in ["0.0.0.0/0", "10.0.0.0/8,::/0", "proxy.example", "10.0.0.1"] {
            let line = read("TRUSTED_PROXIES", bad).unwrap_err().to_string();
            assert!(line.starts_with("TRUSTED_PROXIES: must"), "{line}");
        }
    }
}
