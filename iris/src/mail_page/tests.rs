//! Mails as a browser sees them.

use std::fs;

use axum::http::Request;
use http_body_util::BodyExt;
use tower::ServiceExt;

use super::*;

const MAIL: &str = "From: Iris <no-reply@iris.test>\r\n\
    To: =?utf-8?Q?=C3=85sa?= <asa@iris.test>\r\n\
    Subject: =?utf-8?Q?Ny_order_<b>fr=C3=A5n</b>_Bistro?=\r\n\
    Date: Fri, 20 Nov 2026 09:00:00 +0000\r\n\
    List-Unsubscribe: <http://127.0.0.1:8080/api/v1/unsubscribe?token=abc>\r\n\
    MIME-Version: 1.0\r\n\
    Content-Type: multipart/alternative; boundary=b\r\n\r\n\
    --b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nTvå lådor <script>\r\n\
    --b\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<p>Två <i>lådor</i></p>\r\n--b--\r\n";

/// A folder of one test's own.
struct Mails(PathBuf);

impl Mails {
    fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("iris-mails-{name}-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.0.join(name), text).unwrap();
    }

    async fn get(&self, path: &str) -> (u16, String, String) {
        let request = Request::get(path).body(Body::empty()).unwrap();
        let response = routes(self.0.clone()).oneshot(request).await.unwrap();
        let status = response.status().as_u16();
        let policy = response.headers().get(header::CONTENT_SECURITY_POLICY);
        let policy = policy.map(|policy| policy.to_str().unwrap().to_owned()).unwrap_or_default();
        let bytes = response.into_body().collect().await.unwrap().to_bytes();
        (status, policy, String::from_utf8(bytes.to_vec()).unwrap())
    }
}

impl Drop for Mails {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).unwrap();
    }
}

/// The policy lets the page's one style through by its hash, and there is nothing else that it would have to.
fn expect_own_style_alone(policy: &str, page: &str) {
    let (_, rest) = page.split_once("<style>").unwrap();
    let (style, rest) = rest.split_once("</style>").unwrap();
    let hash = STANDARD.encode(Sha256::digest(style));
    assert!(policy.contains(&format!("style-src 'sha256-{hash}'")), "{policy}");
    assert!(!policy.contains("unsafe"), "{policy}");
    assert!(!page.contains(" style=") && !rest.contains("<style") && !page.contains("<script"), "{page}");
}

#[tokio::test]
async fn mails_are_listed_newest_first_and_other_files_are_not() {
    let mails = Mails::new("list");
    assert!(mails.get("/dev/mails").await.2.contains("No mail has been sent yet."));
    mails.write("first.eml", MAIL);
    mails.write("second.eml", &MAIL.replace("asa@", "bo@"));
    mails.write("half.eml.tmp", MAIL);
    let written = fs::File::open(mails.0.join("first.eml")).unwrap();
    let second = fs::metadata(mails.0.join("second.eml")).unwrap().modified().unwrap();
    written.set_modified(second - std::time::Duration::from_mins(1)).unwrap();
    let (status, policy, page) = mails.get("/dev/mails").await;
    assert_eq!(status, 200);
    expect_own_style_alone(&policy, &page);
    let at = |text: &str| page.find(text).unwrap_or_else(|| panic!("no {text} in {page}"));
    assert!(at("Åsa &lt;asa@iris.test&gt;") > at("Åsa &lt;bo@iris.test&gt;"));
    assert!(page.contains("Ny order &lt;b&gt;från&lt;/b&gt; Bistro") && !page.contains("half"), "{page}");
}

#[tokio::test]
async fn a_folder_that_is_not_there_yet_is_empty() {
    let mails = Mails::new("absent");
    let routes = routes(mails.0.join("not-yet"));
    let request = Request::get("/dev/mails").body(Body::empty()).unwrap();
    assert_eq!(routes.oneshot(request).await.unwrap().status(), 200);
}

#[tokio::test]
async fn a_mails_text_is_escaped_and_its_html_kept_in_a_sandbox() {
    let mails = Mails::new("show");
    mails.write("one.eml", MAIL);
    let (_, policy, page) = mails.get("/dev/mails/one.eml").await;
    expect_own_style_alone(&policy, &page);
    assert!(page.contains("Två lådor &lt;script&gt;") && !page.contains("<script"), "{page}");
    assert!(page.contains(r#"<iframe sandbox="" src="/dev/mails/one.eml/html""#), "{page}");
    assert!(page.contains(r#"href="http://127.0.0.1:8080/api/v1/unsubscribe?token=abc""#), "{page}");
    let (status, policy, part) = mails.get("/dev/mails/one.eml/html").await;
    assert_eq!((status, policy.as_str()), (200, MAIL_POLICY));
    assert!(policy.starts_with("sandbox;") && part.contains("<p>Två <i>lådor</i></p>"), "{part}");
}

#[tokio::test]
async fn a_link_in_a_header_is_one_only_if_it_is_of_the_web() {
    let mails = Mails::new("header");
    mails.write("one.eml", &MAIL.replace("<http://127.0.0.1:8080", "<javascript:alert(1)//"));
    let (_, _, page) = mails.get("/dev/mails/one.eml").await;
    assert!(!page.contains("javascript:"), "{page}");
}

#[tokio::test]
async fn no_name_leads_out_of_the_folder() {
    let mails = Mails::new("outside");
    let inside = Mails(mails.0.join("inside"));
    fs::create_dir_all(&inside.0).unwrap();
    mails.write("secret.eml", MAIL);
    mails.write("plain.txt", MAIL);
    std::os::unix::fs::symlink(mails.0.join("secret.eml"), inside.0.join("linked.eml")).unwrap();
    fs::create_dir(inside.0.join("folder.eml")).unwrap();
    for name in [
        "..%2Fsecret.eml",
        "%2E%2E%2Fsecret.eml",
        "..%5Csecret.eml",
        "%2Fetc%2Fpasswd",
        "..",
        ".eml",
        "x%00.eml",
        "plain.txt",
        "linked.eml",
        "folder.eml",
        "absent.eml",
    ] {
        for path in [format!("/dev/mails/{name}"), format!("/dev/mails/{name}/html")] {
            let (status, _, page) = inside.get(&path).await;
            assert_eq!(status, 404, "{path}: {page}");
        }
    }
    inside.write("own.eml", MAIL);
    assert_eq!(inside.get("/dev/mails/own.eml").await.0, 200);
    drop(inside);
}
