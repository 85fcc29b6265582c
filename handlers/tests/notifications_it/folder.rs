//! Mail into a folder.

use std::{fs, path::PathBuf};

use chrono::TimeDelta;
use events::values::{MemberRole, NotificationPreferences};
use handlers::notifications::{MailChannel, MailFolder, NotificationSettings};

use super::{market::Market, world::World};

const SENT: &str = "SELECT bool_and(state = 'sent') FROM notifications.messages WHERE channel = 'email'";

fn folder(test: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("iris-mails-{test}-{}", std::process::id()));
    let _absent = fs::remove_dir_all(&folder);
    folder
}

#[tokio::test]
async fn a_mail_is_one_file_however_often_it_is_written() {
    let mut world = World::new("folder").await;
    let market = Market::new(&world, "Krog", "Grönt AB").await;
    let owner = world.account("anna@gront.example", NotificationPreferences::default()).await;
    market.works_for(&world, owner, market.supplier, MemberRole::Owner).await;
    let folder = folder("once");
    let from = "Iris på dev <no-reply@iris.test>".to_owned();
    let notifications = world.notifications(NotificationSettings {
        mail: Some(MailChannel::Folder(MailFolder::new(folder.clone(), from))),
        ..World::settings()
    });
    let event = market.placed(&mut world);
    world.tell(&notifications, vec![event]).await;
    let running = World::start(&notifications);
    world.until(SENT).await;
    // As after a death between writing and recording.
    world
        .execute(
            "UPDATE notifications.messages SET state = 'queued', finished_at = NULL WHERE channel = 'email'",
        )
        .await;
    world.advance(TimeDelta::minutes(5));
    world.until(SENT).await;
    running.stop().await;

    let files: Vec<_> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(files.len(), 1, "{files:?}");
    let id: String =
        world.value("SELECT message_id::text FROM notifications.messages WHERE channel = 'email'").await;
    assert!(files[0].ends_with(format!("20261120T090000Z-{id}.eml")), "{files:?}");
    let eml = fs::read_to_string(&files[0]).unwrap();
    for line in [
        "To: <anna@gront.example>",
        "Date: Fri, 20 Nov 2026 09:00:00 +0000",
        "List-Unsubscribe-Post: List-Unsubscribe=One-Click",
    ] {
        assert!(eml.lines().any(|found| found == line), "{line} is missing: {eml}");
    }
    assert!(eml.contains("List-Unsubscribe: <https://iris.example/api/v1/unsubscribe?token="), "{eml}");
    assert!(eml.contains("multipart/alternative") && eml.contains("<no-reply@iris.test>"), "{eml}");
    fs::remove_dir_all(&folder).unwrap();
    world.end().await;
}
