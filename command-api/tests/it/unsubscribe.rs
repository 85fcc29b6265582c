//! Out of a mail, without a login.

use axum::http::Method;
use events::values::Role;
use serde_json::json;
use sqlx::Row;

use crate::world::{Account, Page, World, in_world};

const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");
const BROWSER: (&str, &str) = ("accept", "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8");
const ONE_CLICK: &[u8] = b"List-Unsubscribe=One-Click";

fn link(world: &World, who: &Account, kind: &str) -> String {
    format!("/unsubscribe?token={}", world.link_token("unsubscribe", &format!("{}:{kind}", who.id)))
}

async fn look(world: &World, path: &str) -> Page {
    world.fetch(Method::GET, path, vec![], &[BROWSER]).await
}

async fn click(world: &World, path: &str) -> Page {
    world.fetch(Method::POST, path, ONE_CLICK.to_vec(), &[FORM]).await
}

/// Who did it, and what is chosen since.
async fn last_event(world: &World) -> (String, String, String) {
    let sql =
        "SELECT event_type, actor, payload::text FROM public.events ORDER BY global_position DESC LIMIT 1";
    let row = sqlx::query(sql).fetch_one(&world.pool).await.unwrap();
    (row.get(0), row.get(1), row.get(2))
}

#[tokio::test]
async fn a_look_asks_and_a_click_acts_once() {
    in_world(async |world| {
        let who = world.account("restaurant@iris.test", Role::Restaurant).await;
        let path = link(world, &who, "order_placed");
        let asked = look(world, &path).await;
        assert_eq!(asked.status, 200);
        assert!(
            asked.text.contains("Nya ordrar") && asked.text.contains("<form method=\"post\">"),
            "{asked:?}"
        );
        assert_eq!(world.head().await, 1, "a look changes nothing");

        let done = click(world, &path).await;
        assert_eq!(done.status, 200);
        assert!(done.text.contains("Klart"), "{}", done.text);
        let (event_type, actor, payload) = last_event(world).await;
        assert_eq!(
            (event_type.as_str(), actor.as_str()),
            ("NotificationPreferencesSet", "system:unsubscribe")
        );
        assert!(payload.contains(r#""order_placed":{"email":"off","in_app":true,"push":true}"#), "{payload}");

        assert_eq!(click(world, &path).await.status, 200);
        assert_eq!(world.head().await, 2, "a second click changes nothing");
        assert!(look(world, &path).await.text.contains("Klart"), "and a look says that it is done");
    })
    .await;
}

#[tokio::test]
async fn a_click_leaves_all_else_that_was_chosen() {
    in_world(async |world| {
        let who = world.account("restaurant@iris.test", Role::Restaurant).await;
        let chosen = json!({"locale": "en", "kinds": [{"kind": "stock_low", "email": "now", "push": true}]});
        world.put(&who, "/notification-preferences", chosen).await.is(200);
        let done = click(world, &link(world, &who, "order_rejected")).await;
        assert!(
            done.text.contains("<html lang=\"en\">") && done.text.contains("Rejected orders"),
            "{done:?}"
        );
        let (_, _, payload) = last_event(world).await;
        assert!(payload.contains(r#""stock_low":{"email":"now","in_app":true,"push":true}"#), "{payload}");
        assert!(
            payload.contains(r#""order_rejected":{"email":"off","in_app":true,"push":true}"#),
            "{payload}"
        );
    })
    .await;
}

#[tokio::test]
async fn a_mail_programs_multipart_form_is_taken_too() {
    in_world(async |world| {
        let who = world.account("restaurant@iris.test", Role::Restaurant).await;
        let form =
            "--b\r\ncontent-disposition: form-data; name=\"List-Unsubscribe\"\r\n\r\nOne-Click\r\n--b--\r\n";
        let headers = [("content-type", "multipart/form-data; boundary=b")];
        let path = link(world, &who, "order_placed");
        let done = world.fetch(Method::POST, &path, form.into(), &headers).await;
        assert_eq!((done.status, world.head().await), (200, 2), "{}", done.text);
    })
    .await;
}

#[tokio::test]
async fn the_page_loads_nothing_and_tells_nobody_its_address() {
    in_world(async |world| {
        let who = world.account("restaurant@iris.test", Role::Restaurant).await;
        let path = link(world, &who, "order_placed");
        let page = look(world, &path).await;
        let header = |name: &str| page.headers[name].to_str().unwrap().to_owned();
        let policy = header("content-security-policy");
        assert!(policy.starts_with("default-src 'none'; style-src 'sha256-"), "{policy}");
        assert!(policy.contains("frame-ancestors 'none'") && !policy.contains("unsafe"), "{policy}");
        assert_eq!(
            (header("referrer-policy"), header("cache-control"), header("x-robots-tag")),
            ("no-referrer".to_owned(), "no-store".to_owned(), "noindex".to_owned())
        );
        let token = path.split_once('=').unwrap().1;
        assert!(!page.text.contains(token) && !page.text.contains("<script"), "{}", page.text);
    })
    .await;
}

#[tokio::test]
async fn links_that_are_not_ours_are_all_told_the_same() {
    in_world(async |world| {
        let who = world.account("restaurant@iris.test", Role::Restaurant).await;
        let token = |purpose: &str, payload: &str| format!("?token={}", world.link_token(purpose, payload));
        let good = format!("{}:order_placed", who.id);
        let nobody = format!("{}:order_placed", uuid::Uuid::nil());
        let queries = [
            String::new(),
            "?token=".to_owned(),
            "?token=x.y".to_owned(),
            token("another purpose", &good),
            token("unsubscribe", &nobody),
            token("unsubscribe", &format!("{}:weather", who.id)),
            // Its mails carry no link.
            token("unsubscribe", &format!("{}:webhook_endpoint_failing", who.id)),
            format!("{}x", token("unsubscribe", &good)),
        ];
        let mut told = Vec::new();
        for query in queries {
            let path = format!("/unsubscribe{query}");
            let browser =
                world.fetch(Method::GET, &path, vec![], &[BROWSER, ("accept-language", "en-GB")]).await;
            assert_eq!(browser.status, 404, "{query}");
            told.push(browser.text);
            let program = world.send(Method::GET, &path, None, &[]).await.refuses(404, "link_not_found");
            assert_eq!(program.text("message"), "This link is not valid.");
            assert_eq!(click(world, &path).await.status, 404, "{query}");
        }
        assert!(told[0].contains("This link is not valid"), "{}", told[0]);
        assert!(told.iter().all(|text| *text == told[0]));
        assert_eq!(world.head().await, 1);
    })
    .await;
}

#[tokio::test]
async fn what_is_not_the_form_does_nothing() {
    in_world(async |world| {
        let who = world.account("restaurant@iris.test", Role::Restaurant).await;
        let path = link(world, &who, "order_placed");
        let long = [b"List-Unsubscribe=One-Click&pad=".as_slice(), &[b'x'; 5_000]].concat();
        for (body, content_type, status) in [
            (b"".to_vec(), FORM.1, 400),
            (b"List-Unsubscribe=Later".to_vec(), FORM.1, 400),
            (b"{}".to_vec(), "application/json", 415),
            (ONE_CLICK.to_vec(), "text/plain", 415),
            (b"no parts".to_vec(), "multipart/form-data; boundary=b", 400),
            (long, FORM.1, 413),
        ] {
            let answer = world.fetch(Method::POST, &path, body, &[("content-type", content_type)]).await;
            assert_eq!(answer.status, status, "{content_type}: {}", answer.text);
        }
        assert_eq!(world.head().await, 1);
        // What a gateway adds to the link does not spoil it.
        let watched = format!("{path}&utm_source=mail");
        assert_eq!(click(world, &watched).await.status, 200);
    })
    .await;
}
