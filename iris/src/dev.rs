//! `iris dev`: everything in one process, on a private Postgres and NATS, with demo data.

use std::{net::SocketAddr, path::Path, process::ExitCode};

use anyhow::Context as _;
use platform::{
    config::{Config, Outbound},
    shutdown, telemetry,
};
use tokio_util::sync::CancellationToken;

use crate::{
    audit, migrate, process,
    roles::Roles,
    seed,
    services::{self, Keep, Services},
};

/// This machine alone, by either protocol.
const LOOPBACK: &str = "127.0.0.0/8,::1/128";

/// Runs until Ctrl-C or SIGTERM; leaves nothing running.
pub async fn run() -> anyhow::Result<ExitCode> {
    let shutdown = shutdown::on_signal()?;
    let data_dir = services::default_data_dir();
    let mut services = tokio::select! {
        started = services::start(Keep::In(data_dir.clone())) => started?,
        () = shutdown.cancelled() => return Ok(ExitCode::SUCCESS),
    };
    let serving = serve(Urls::of(&services), &data_dir, shutdown.clone());
    let served = tokio::select! {
        served = serving => served,
        () = services.ended() => Ok(ExitCode::FAILURE),
    };
    // Last of all: what was in flight has been recorded by now.
    services.stop().await?;
    served
}

/// Where the private servers are.
struct Urls {
    owner: String,
    app: String,
    nats: String,
}

impl Urls {
    fn of(services: &Services) -> Self {
        let Services { owner_url, app_url, nats_url, .. } = services;
        Self { owner: owner_url.clone(), app: app_url.clone(), nats: nats_url.clone() }
    }
}

async fn serve(urls: Urls, data_dir: &Path, shutdown: CancellationToken) -> anyhow::Result<ExitCode> {
    let secret = app_secret(data_dir)?;
    let sealing = audit::keys::kept(data_dir)?;
    let config = Config::from_lookup(|name| match (name, std::env::var(name).ok()) {
        ("DATABASE_URL", _) => Some(urls.app.clone()),
        ("DATABASE_URL_DIRECT", _) => Some(urls.owner.clone()),
        ("NATS_URL", _) => Some(urls.nats.clone()),
        (_, Some(value)) if !value.is_empty() => Some(value),
        ("APP_SECRET", _) => Some(secret.clone()),
        // Kept from start to start: seals go on where they ended.
        ("AUDIT_SIGNING_KEY", _) if std::env::var("AUDIT_SIGNING_KEY_FILE").is_err() => Some(sealing.clone()),
        ("DEV_USERS", _) => Some(seed::dev_users()),
        ("LOG_FORMAT", _) => Some("pretty".to_owned()),
        // Whoever tries it out under load is the only one there.
        ("RATE_LIMIT_PER_MINUTE", _) => Some("1000000".to_owned()),
        ("BLOB_DIR", _) => Some(data_dir.join("blobs").display().to_string()),
        // Nothing leaves the machine unless asked to: mails become files, and whoever tries webhooks out
        // receives them here.
        ("MAIL_DIR", _) => Some(data_dir.join("mails").display().to_string()),
        ("WEBHOOK_ALLOWED_NETWORKS", _) => Some(LOOPBACK.to_owned()),
        _ => None,
    })?;
    let _flush_logs = telemetry::init_logs(config.log_format)?;
    migrate::run(&config).await?;
    seed::run(&config).await.context("demo data")?;
    let outbound = outbound(&config.outbound);
    process::run(config, Roles::SERVE, shutdown, |address| print!("{}", welcome(address, &outbound))).await?;
    Ok(ExitCode::SUCCESS)
}

/// Kept from start to start, so that logins outlive one.
fn app_secret(data_dir: &Path) -> anyhow::Result<String> {
    services::kept_secret(&data_dir.join("app.secret")).context("the signing key of local logins")
}

/// Where mails and webhooks go.
fn outbound(outbound: &Outbound) -> String {
    let networks: Vec<String> = outbound.webhook_allowed_networks.iter().map(ToString::to_string).collect();
    let mails = match (&outbound.mail.resend_api_key, &outbound.mail.folder) {
        (Some(_), _) => "sent by Resend (RESEND_API_KEY)".to_owned(),
        (None, Some(folder)) => format!("files in {} (MAIL_DIR)", folder.display()),
        (None, None) => "none".to_owned(),
    };
    let networks = networks.join(", ");
    format!("{mails}\n  webhooks also to {networks}, over plain http, too (WEBHOOK_ALLOWED_NETWORKS)")
}

fn welcome(address: SocketAddr, outbound: &str) -> String {
    let logins: Vec<String> =
        seed::ACCOUNTS.iter().map(|(email, role)| format!("  {email:<22} {role}")).collect();
    let logins = logins.join("\n");
    let (restaurant, supplier) = (seed::restaurant_id(), seed::supplier_id(1));
    let (tomatoes, dill) = (seed::product_id(1), seed::product_id(14));
    let password = seed::PASSWORD;
    format!(
        r#"
Iris is up:
  API      http://{address}/api/v1      docs  http://{address}/docs      health  http://{address}/health
  mails    http://{address}/dev/mails   {outbound}

Logins (password {password}):
{logins}

Demo ids, the same on every fresh start:
  restaurant {restaurant}   supplier {supplier} (and {supplier_2})
  products   {tomatoes} … {dill} …  (GET /api/v1/products)

Place, confirm and deliver an order (needs curl and jq):
  A=http://{address}/api/v1; J='content-type: application/json'; T() {{ curl -s $A/auth/dev/login -H "$J" -d '{{"email":"'$1'@iris.test","password":"{password}"}}' | jq -r .access_token; }}; R="authorization: Bearer $(T restaurant)"; S="authorization: Bearer $(T supplier)"
  C=$(curl -s $A/carts -H "$R" -H "$J" -d '{{"restaurant_id":"{restaurant}"}}' | jq -r .id); curl -s $A/carts/$C/items -H "$R" -H "$J" -d '{{"product_id":"{tomatoes}","qty":"2.5"}}' >/dev/null; O=$(curl -s $A/orders -H "$R" -H "$J" -H "Idempotency-Key: $C" -d '{{"cart_id":"'$C'","payment_method":"invoice"}}' | jq -r .id); echo "placed $O"
  curl -s -X POST $A/orders/$O/confirm -H "$S" | jq .status; curl -s -X POST $A/orders/$O/deliver -H "$S" | jq '{{status,invoice_number,invoice_total_cents}}'

Ctrl-C stops it all.

"#,
        supplier_2 = seed::supplier_id(2),
    )
}
