//! The page behind the link in a mail: complete in itself, in two languages, without a script.

use axum::{
    body::Body,
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::Response,
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use events::values::{Locale, NotificationKind};
use maud::{DOCTYPE, Markup, PreEscaped, html};
use sha2::{Digest, Sha256};

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;max-width:34rem;margin:15vh auto;padding:0 1rem;\
                     color:#1c2430;background:#fff}h1{font-size:1.4rem}button{font:inherit;padding:.6rem 1.2rem;\
                     border:0;border-radius:.4rem;background:#1c4e80;color:#fff;cursor:pointer}";
const X_ROBOTS_TAG: HeaderName = HeaderName::from_static("x-robots-tag");

/// Asks before it acts: mail programs and virus scanners open links by themselves.
pub(super) fn asking(locale: Locale, kind: NotificationKind) -> Response {
    let (title, question, button) = match locale {
        Locale::Sv => ("Sluta få mejl", "Vill du sluta få mejl från Iris om det här?", "Sluta skicka mejl"),
        Locale::En => {
            ("Stop mail", "Do you want to stop getting mail from Iris about this?", "Stop sending mail")
        }
    };
    let text = html! {
        p { (question) }
        p { strong { (name(kind, locale)) } }
        // Without an action the form goes to where the page came from, token and all: the page repeats
        // nothing of its address.
        form method="post" {
            input type="hidden" name="List-Unsubscribe" value="One-Click";
            button type="submit" { (button) }
        }
    };
    page(StatusCode::OK, locale, title, &text)
}

/// It is done, now or since long.
pub(super) fn done(locale: Locale, kind: NotificationKind) -> Response {
    let (title, text, more) = match locale {
        Locale::Sv => (
            "Klart",
            "Du får inga fler mejl om det här:",
            "Du ser det fortfarande i Iris, och kan ändra dig där under aviseringar.",
        ),
        Locale::En => (
            "Done",
            "You will get no more mail about this:",
            "You still see it in Iris, and can change your mind there under notifications.",
        ),
    };
    let text = html! {
        p { (text) }
        p { strong { (name(kind, locale)) } }
        p { (more) }
    };
    page(StatusCode::OK, locale, title, &text)
}

/// The link is none of ours; says the same whatever is wrong with it.
pub(super) fn no_such_link(locale: Locale) -> Response {
    let (title, text) = match locale {
        Locale::Sv => ("Länken gäller inte", "Kontrollera att hela länken från mejlet kom med."),
        Locale::En => ("This link is not valid", "Check that all of the link came over from the mail."),
    };
    page(StatusCode::NOT_FOUND, locale, title, &html! { p { (text) } })
}

fn page(status: StatusCode, locale: Locale, title: &str, text: &Markup) -> Response {
    let page = html! {
        (DOCTYPE)
        html lang=(locale.name()) {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { "Iris – " (title) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                h1 { (title) }
                (text)
            }
        }
    };
    let mut response = Response::new(Body::from(page.into_string()));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(header::CONTENT_LANGUAGE, HeaderValue::from_static(locale.name()));
    headers.insert(header::CONTENT_SECURITY_POLICY, content_security_policy());
    // The token is in the address: it must not travel on to wherever the reader goes next, nor into an index.
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(X_ROBOTS_TAG, HeaderValue::from_static("noindex"));
    response
}

/// Nothing is loaded and nothing runs; one style, by its hash; the form goes back to us alone; and no other
/// page can lay itself over the button.
fn content_security_policy() -> HeaderValue {
    let style = STANDARD.encode(Sha256::digest(STYLE));
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{style}'; form-action 'self'; base-uri 'none'; \
         frame-ancestors 'none'"
    );
    HeaderValue::from_str(&policy).expect("base64 is a header value")
}

/// What people call it.
const fn name(kind: NotificationKind, locale: Locale) -> &'static str {
    use NotificationKind as K;
    let (swedish, english) = match kind {
        K::OrderPlaced => ("Nya ordrar", "New orders"),
        K::OrderConfirmed => ("Bekräftade ordrar", "Confirmed orders"),
        K::OrderRejected => ("Nekade ordrar", "Rejected orders"),
        K::OrderCancelled => ("Avbeställda ordrar", "Cancelled orders"),
        K::OrderDelivered => ("Levererade ordrar", "Delivered orders"),
        K::DeliveryShort => ("Leveranser där något saknas", "Short deliveries"),
        K::DeliveryClaimed => ("Reklamationer", "Claims"),
        K::InvoiceHeld => ("Fakturor som behöver granskas", "Invoices that need review"),
        K::InvoiceMatched => ("Avstämda fakturor", "Matched invoices"),
        K::InvoiceDisputed => ("Bestridna fakturor", "Disputed invoices"),
        K::StockLow => ("Lågt lager", "Low stock"),
        K::RestaurantApproved => ("Godkända restauranger", "Approved restaurants"),
        K::TrialEnding => ("Provperioder som tar slut", "Trials that end"),
        K::TrialEnded => ("Provperioder som har tagit slut", "Trials that ended"),
        K::WebhookEndpointFailing => ("Webhooks som inte går fram", "Failing webhooks"),
    };
    match locale {
        Locale::Sv => swedish,
        Locale::En => english,
    }
}
