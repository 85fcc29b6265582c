//! How much one caller may ask for, as the program has it.

use harness::{IrisProcess, TestDatabase, client::Answer};
use reqwest::Method;
use serde_json::json;

const SETTINGS: [(&str, &str); 2] = [("RATE_LIMIT_PER_MINUTE", "30"), ("TRUSTED_PROXIES", "127.0.0.1/32")];

fn number(answer: &Answer, header: &str) -> u32 {
    answer.headers[header].to_str().unwrap().parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_asks_too_often_is_told_when_to_come_again_and_others_go_on() {
    let database = TestDatabase::create().await;
    let iris = IrisProcess::start_with(&database, &SETTINGS).await;
    let restaurant = iris.client().logged_in("restaurant@iris.test").await;
    let supplier = iris.client().logged_in("supplier@iris.test").await;
    let first = restaurant.get("/me").await.expect(200);
    assert_eq!((number(&first, "ratelimit-limit"), number(&first, "ratelimit-remaining")), (30, 29));
    let mut refused = None;
    // A bucket fills while it empties, but one every two seconds is less than anybody asks.
    for _ in 0..1_000 {
        let answer = restaurant.get("/me").await;
        if answer.status == 429 {
            refused = Some(answer);
            break;
        }
    }
    let refused = refused.expect("there is a limit");
    assert_eq!(refused.text("error"), "TooManyRequestsError");
    assert_eq!(refused.text("code"), "rate_limited");
    assert_eq!(refused.text("request_id"), refused.headers["x-request-id"].to_str().unwrap());
    assert_eq!(number(&refused, "ratelimit-remaining"), 0);
    assert!((1..=2).contains(&number(&refused, "retry-after")), "{:?}", refused.headers);
    supplier.get("/me").await.expect(200);
    for path in ["/health/live", "/health/ready", "/metrics"] {
        let answer = reqwest::get(format!("{}{path}", iris.base)).await.unwrap();
        assert!(answer.status().is_success() && !answer.headers().contains_key("ratelimit-limit"), "{path}");
    }
    let metrics = reqwest::get(format!("{}/metrics", iris.base)).await.unwrap().text().await.unwrap();
    assert!(metrics.contains(r#"iris_rate_limited_total{scope="account"}"#), "{metrics}");
}

#[tokio::test(flavor = "multi_thread")]
async fn passwords_cannot_be_guessed_fast_and_right_ones_are_not_counted() {
    let database = TestDatabase::create().await;
    let iris = IrisProcess::start_with(&database, &SETTINGS).await;
    let login = async |email: &str, password: &str, from: &str| {
        let body = json!({"email": email, "password": password});
        let headers = [("x-forwarded-for", from)];
        iris.client().send(Method::POST, "/auth/dev/login", &headers, Some(&body)).await.unwrap()
    };
    for _ in 0..20 {
        login("restaurant@iris.test", "iris-dev", "203.0.113.1").await.expect(200);
    }
    // The bucket holds ten and fills by one in six seconds: who guesses faster than that meets its end, and then the
    // right password is no better than a wrong one. Tried again where a machine is so slow that one came in between.
    let mut guesses = 0;
    let mut right_was_refused = false;
    for _ in 0..20 {
        while login("Admin@iris.test", &format!("guess {guesses}"), "203.0.113.2").await.status != 429 {
            guesses += 1;
            assert!(guesses < 200, "nobody stops me");
        }
        let right = login("admin@iris.test", "iris-dev", "203.0.113.2").await;
        if right.status == 429 {
            assert_eq!(right.text("code"), "rate_limited");
            assert!((1..=6).contains(&number(&right, "retry-after")), "{:?}", right.headers);
            right_was_refused = true;
            break;
        }
    }
    assert!(right_was_refused);
    assert!(guesses >= 10, "ten may go wrong: {guesses}");
    login("admin@iris.test", "iris-dev", "203.0.113.3").await.expect(200);
    login("supplier@iris.test", "iris-dev", "203.0.113.2").await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn where_a_request_began_is_on_record_as_the_proxy_says_it() {
    let database = TestDatabase::create().await;
    let iris = IrisProcess::start_with(&database, &SETTINGS).await;
    let body = json!({"email": "auditor@iris.test", "password": "iris-dev"});
    let headers = [("x-forwarded-for", "6.6.6.6, 203.0.113.77"), ("x-forwarded-proto", "https")];
    let answer = iris.client().send(Method::POST, "/auth/dev/login", &headers, Some(&body)).await.unwrap();
    assert_eq!(answer.headers["strict-transport-security"], "max-age=31536000");
    let auditor = iris.client().with_token(&answer.expect(200).text("access_token"));
    harness::until("the login is on record", async || {
        let accesses = auditor.get("/audit/access").await;
        if accesses.status == 429 {
            return false;
        }
        let text = accesses.expect(200).body.to_string();
        assert!(!text.contains("6.6.6.6"), "{text}");
        text.contains("203.0.113.77")
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_say_what_browsers_may_do_with_them() {
    let database = TestDatabase::create().await;
    let iris = IrisProcess::start(&database).await;
    let get = async |path: &str| reqwest::get(format!("{}{path}", iris.base)).await.unwrap();
    for path in ["/docs/", "/docs/swagger-ui-bundle.js", "/api/v1/openapi.json"] {
        let answer = get(path).await;
        let header = |name: &str| answer.headers()[name].to_str().unwrap().to_owned();
        assert_eq!(header("cache-control"), "public, max-age=300", "{path}");
        assert!(header("content-security-policy").contains("script-src 'self';"), "{path}");
        assert_eq!(header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(header("x-frame-options"), "DENY", "{path}");
    }
    // The policy lets scripts and styles through that have an address of ours, and so there must be no others.
    let page = get("/docs/").await.text().await.unwrap();
    assert!(!page.contains("<style") && !page.contains(" style=") && !page.contains(" onload="), "{page}");
    for script in page.split("<script").skip(1) {
        assert!(script.contains("src=\"./") && script.contains("> </script>"), "{script}");
    }
    let private = iris.client().logged_in("restaurant@iris.test").await.get("/me").await.expect(200);
    assert_eq!(private.headers["cache-control"], "no-store");
    assert!(private.headers["content-security-policy"].to_str().unwrap().starts_with("default-src 'none'"));
    assert!(!private.headers.contains_key("server"));
}
