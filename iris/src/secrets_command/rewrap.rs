//! `iris secrets rewrap`: data keys under the current key-encryption key.

use std::process::ExitCode;

use platform::{
    access_log::{Keeping, Kind},
    clock::{Clock as _, SystemClock},
    config::Config,
    secrets::data_keys,
};

use crate::{keyring, operator_access};

const KIND: Kind = Kind::kept("secrets_rewrapped", Keeping::BeforeTheAnswer);

/// Wraps all of them, the retired ones as well: a restored backup may need them. A few rows, one by one; running
/// processes have them unwrapped and notice nothing.
pub async fn run() -> anyhow::Result<ExitCode> {
    let config = Config::from_env()?;
    let pool = super::pool(&config).await?;
    let providers = keyring::providers(&config)?;
    let (provider, key_id) = providers.current_key().await?;
    operator_access::record(&pool, &config, KIND, |access| access.of("secrets", None)).await?;
    let mut rewrapped = 0;
    for key in data_keys::all(&pool).await? {
        if (key.wrapped.provider.as_str(), key.wrapped.key_id.as_str()) != (provider, key_id.as_str())
            && data_keys::rewrap(&pool, &providers, &key, SystemClock.now()).await?
        {
            rewrapped += 1;
        }
    }
    println!("{rewrapped} data keys were wrapped anew; all are under the key {key_id} of {provider}");
    println!("`iris secrets list` says which key-encryption keys are still needed");
    Ok(ExitCode::SUCCESS)
}
