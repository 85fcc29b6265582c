//! `iris secrets list`: what hangs on which key.

use std::{collections::BTreeMap, process::ExitCode};

use chrono::{DateTime, Utc};
use platform::{
    config::Config,
    secrets::{KeyProviders, data_keys, data_keys::DataKey},
};
use serde::Serialize;
use uuid::Uuid;

use super::census::Census;
use crate::keyring;

/// How.
#[derive(clap::Args)]
pub struct Arguments {
    /// As JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Listed {
    data_keys: Vec<ListedKey>,
    /// Rows by place that are sealed under `SECRETS_KEY` itself, as before there were data keys.
    old_form: BTreeMap<&'static str, i64>,
    key_encryption_keys: Vec<ListedKek>,
}

#[derive(Serialize)]
struct ListedKey {
    id: Uuid,
    purpose: &'static str,
    key_encryption_key: String,
    created_at: DateTime<Utc>,
    retired_at: Option<DateTime<Utc>>,
    /// By place.
    rows: BTreeMap<&'static str, i64>,
}

#[derive(Serialize)]
struct ListedKek {
    /// Provider and id.
    name: String,
    /// New data keys are wrapped by it; not known where its provider does not answer.
    is_current: Option<bool>,
    /// Data keys that it wraps.
    wraps: usize,
    may_be_removed: bool,
}

/// Prints it.
pub async fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let config = Config::from_env()?;
    let pool = super::pool(&config).await?;
    let census = Census::take(&pool).await?;
    let keys = data_keys::all(&pool).await?;
    let listed = Listed {
        data_keys: keys.iter().map(|key| listed_key(key, &census)).collect(),
        old_form: census.under(None),
        key_encryption_keys: key_encryption_keys(&keys, &keyring::providers(&config)?).await,
    };
    if arguments.json {
        println!("{}", serde_json::to_string_pretty(&listed)?);
    } else {
        print(&listed);
    }
    Ok(ExitCode::SUCCESS)
}

fn listed_key(key: &DataKey, census: &Census) -> ListedKey {
    ListedKey {
        id: key.context.data_key_id,
        purpose: key.context.purpose.name(),
        key_encryption_key: format!("{}:{}", key.wrapped.provider, key.wrapped.key_id),
        created_at: key.created_at,
        retired_at: key.retired_at,
        rows: census.under(Some(key.context.data_key_id)),
    }
}

/// Those that wrap something, and those of the environment that wrap nothing.
async fn key_encryption_keys(keys: &[DataKey], providers: &KeyProviders) -> Vec<ListedKek> {
    let current = match providers.current_key().await {
        Ok((provider, id)) => Some(format!("{provider}:{id}")),
        Err(error) => {
            eprintln!("which key wraps at present is not known: {error}");
            None
        }
    };
    let mut wraps: BTreeMap<String, usize> = BTreeMap::new();
    let given = providers.local_ids().iter().map(|id| format!("local:{id}"));
    for name in given.chain(current.clone()) {
        wraps.entry(name).or_default();
    }
    for key in keys {
        *wraps.entry(format!("{}:{}", key.wrapped.provider, key.wrapped.key_id)).or_default() += 1;
    }
    let listed = |(name, wraps): (String, usize)| {
        let is_current = current.as_ref().map(|current| *current == name);
        ListedKek { may_be_removed: wraps == 0 && is_current == Some(false), is_current, wraps, name }
    };
    wraps.into_iter().map(listed).collect()
}

fn print(listed: &Listed) {
    println!("data keys, the newest last:");
    for key in &listed.data_keys {
        let state = if key.retired_at.is_some() { "retired" } else { "in use" };
        println!("  {} {:<4} {state:<7} under {}", key.id, key.purpose, key.key_encryption_key);
        for (place, rows) in key.rows.iter().filter(|(_, rows)| **rows > 0) {
            println!("    {rows:>9} rows of {place}");
        }
    }
    for (place, rows) in listed.old_form.iter().filter(|(_, rows)| **rows > 0) {
        println!("  {rows} rows of {place} are sealed under SECRETS_KEY itself: run `iris secrets rotate`");
    }
    println!("key-encryption keys; any other is not needed:");
    for key in &listed.key_encryption_keys {
        let state = match (key.is_current, key.wraps) {
            (Some(true), wraps) => format!("current, wraps {wraps} data keys"),
            (_, 0) if key.may_be_removed => "wraps nothing: may be removed".to_owned(),
            (_, wraps) => format!("wraps {wraps} data keys: must stay until `iris secrets rewrap`"),
        };
        println!("  {}: {state}", key.name);
    }
}
