//! What reacts in this process: the relay, and the consumers of public events.

use std::{sync::Arc, time::Duration};

use anyhow::{Context as _, bail};
use command_api::Committer;
use events::audit::SealFolder;
use handlers::{
    Nats, Surroundings, consumer,
    demand::DemandConsumer,
    notifications::{NotificationSettings, Notifications},
    prices, relay, sealing,
    webhooks::{WebhookSettings, Webhooks},
};
use platform::{
    config::{Config, Environment},
    egress::{Egress, EgressSettings},
    secrets::Keyring,
};

use crate::{
    audit,
    system_commands::SystemCommands,
    task::{Ends, Task, start_sure},
};

/// The relay; nothing where NATS is not configured and need not be.
///
/// # Errors
/// This process is there to relay, and has no NATS.
pub fn relaying(
    surroundings: &Surroundings,
    nats: Option<&Nats>,
    is_all_there_is: bool,
    ends: &Ends,
) -> anyhow::Result<Option<Task>> {
    let Some(nats) = nats.cloned() else {
        if is_all_there_is {
            bail!("NATS_URL is missing: there is nowhere to relay to");
        }
        tracing::info!("no NATS_URL: events are not relayed; webhooks and notifications read the log alone");
        return Ok(None);
    };
    let relaying = relay::run(surroundings.clone(), nats, ends.stop.clone());
    Ok(Some(start_sure("relay", ends, relaying)))
}

/// The sealer; nothing where there is no key and need not be one.
///
/// # Errors
/// The key is none, or is missing in production; the folder of seals cannot be made.
pub fn sealing(config: &Config, surroundings: &Surroundings, ends: &Ends) -> anyhow::Result<Option<Task>> {
    let Some(key) = audit::keys::signing_key(&config.audit)? else {
        if config.environment == Environment::Production {
            bail!(
                "AUDIT_SIGNING_KEY is missing: in production the log is sealed (`iris audit keygen` makes a key)"
            );
        }
        tracing::warn!("no AUDIT_SIGNING_KEY: the log is not sealed, and rewriting it would leave no trace");
        return Ok(None);
    };
    let folder =
        config.audit.seal_dir.as_deref().map(SealFolder::create).transpose().context("AUDIT_SEAL_DIR")?;
    let settings = sealing::Settings { after: config.audit.seal_after, ..sealing::Settings::default() };
    let sealing = sealing::run(surroundings.clone(), key, folder, settings, ends.stop.clone());
    Ok(Some(start_sure("the sealer", ends, sealing)))
}

/// Webhooks, notifications and demand. `address` is where this process answers: links begin so unless `PUBLIC_URL`
/// says where clients reach it.
///
/// # Errors
/// A provider cannot be set up.
pub fn handling(
    config: &Config,
    address: &str,
    surroundings: &Surroundings,
    (nats, keyring): (Option<&Nats>, &Arc<Keyring>),
    committer: Committer,
    ends: &Ends,
) -> anyhow::Result<Vec<Task>> {
    let Surroundings { pool, clock, ids, .. } = surroundings.clone();
    let public_url = config.outbound.public_url.clone().unwrap_or_else(|| format!("http://{address}"));

    let egress = Egress::try_new(&EgressSettings {
        allowed_networks: config.outbound.webhook_allowed_networks.clone(),
        user_agent: concat!("Iris-Webhooks/", env!("CARGO_PKG_VERSION")).to_owned(),
        connect_timeout: Duration::from_secs(5),
        total_timeout: Duration::from_secs(15),
        response_bytes_max: 16 * 1_024,
        nameserver: None,
    })
    .context("webhooks")?;
    let seal = Arc::clone(keyring);
    let commands = Arc::new(SystemCommands::new(committer, Arc::clone(&ids), "webhooks"));
    let origin = host(&public_url).to_owned();
    let settings = WebhookSettings { origin, ..WebhookSettings::default() };
    let webhooks =
        Webhooks::new(pool.clone(), Arc::clone(&clock), Arc::clone(&ids), egress, seal, commands, settings);

    let settings = NotificationSettings::try_new(&config.outbound, &public_url, keyring)?;
    let notifications = Arc::new(Notifications::new(pool, clock, ids, settings));

    let stop = &ends.stop;
    let consuming = |name, consumer| {
        let running = consumer::run(consumer, surroundings.clone(), nats.cloned(), stop.clone());
        start_sure(name, ends, running)
    };
    let telling = Arc::clone(&notifications);
    let stop_telling = stop.clone();
    Ok(vec![
        consuming("the consumer of webhooks", webhooks.consumer()),
        consuming("the consumer of notifications", notifications.consumer()),
        consuming("the consumer of demand", DemandConsumer::shared()),
        start_sure(
            "the watch over price rules",
            ends,
            prices::watch_rules(surroundings.clone(), stop.clone()),
        ),
        start_sure("webhooks", ends, webhooks.run(stop.clone())),
        start_sure("notifications", ends, async move { telling.run(stop_telling).await }),
    ])
}

fn host(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.split(['/', ':']).next().unwrap_or(rest)
}
