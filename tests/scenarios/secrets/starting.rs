//! A key provider that is away: before the start, and after it.

use harness::{IrisProcess, TestDatabase};
use serde_json::json;

use super::fake_vault::{FakeVault, TOKEN};

#[tokio::test(flavor = "multi_thread")]
async fn a_vault_that_is_away_keeps_nobody_from_working_and_lets_nobody_start() {
    let database = TestDatabase::create().await;
    let vault = FakeVault::start().await;
    let address = vault.url.clone();
    let settings = [
        ("KEY_PROVIDER", "vault"),
        ("VAULT_ADDR", address.as_str()),
        ("VAULT_TOKEN", TOKEN),
        ("VAULT_TRANSIT_KEY", "iris"),
        ("WEBHOOK_ALLOWED_NETWORKS", "127.0.0.0/8"),
    ];
    let iris = IrisProcess::start_with(&database, &settings).await;
    assert!(!vault.asked().is_empty());
    drop(vault);

    // Addresses are found, people's keys are wrapped and unwrapped, and a secret is sealed.
    let admin = iris.client().logged_in("admin@iris.test").await;
    let seller = json!({"name": "Fjällets Ost", "contact_email": "ost@fjall.example"});
    let seller = admin.post("/suppliers", &seller).await.expect(201);
    assert_eq!(seller.text("contact_email"), "ost@fjall.example");
    let endpoint = json!({"url": "http://127.0.0.1:49151/hooks", "events": ["*"]});
    admin.post("/webhook-endpoints", &endpoint).await.expect(201);

    let output = tokio::task::spawn_blocking({
        let mut second = iris.command("serve");
        move || second.output()
    });
    let output = output.await.unwrap().unwrap();
    assert!(!output.status.success());
    let (log, said) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(said.contains("vault") && said.contains("does not answer"), "{said}");
    assert_eq!(said.trim_end().lines().count(), 1, "one line: {said}");
    assert_eq!(log.matches("no data keys; trying again").count(), 6, "{log}");
    assert!(!log.contains(TOKEN) && !said.contains(TOKEN));
}
