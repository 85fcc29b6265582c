//! What the pages show. Everything that a mail says is escaped: it is the sender's word, not ours.

use chrono::{DateTime, SecondsFormat, Utc};
use mail_parser::{Address, Message};
use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::folder::Filed;

/// The one style of the pages, which their policy names by its hash.
pub(super) const STYLE: &str = "body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}\
                     table{border-collapse:collapse;width:100%}td,th{text-align:left;padding:.3rem .6rem;\
                     border-bottom:1px solid #ddd;vertical-align:top}iframe{width:100%;height:32rem;\
                     border:1px solid #ddd}pre{white-space:pre-wrap}";

/// A mail in the list.
pub(super) fn row(filed: &Filed, mail: &Message<'_>) -> Markup {
    let written_at = DateTime::<Utc>::from(filed.written_at).to_rfc3339_opts(SecondsFormat::Secs, true);
    html! {
        tr {
            td { (written_at) }
            td { (addresses(mail.to())) }
            td { a href={ "/dev/mails/" (filed.name) } { (mail.subject().unwrap_or("(no subject)")) } }
        }
    }
}

/// The list.
pub(super) fn list(rows: &[Markup]) -> Markup {
    let text = html! {
        @if rows.is_empty() {
            p { "No mail has been sent yet." }
        } @else {
            table {
                tr { th { "Sent" } th { "To" } th { "Subject" } }
                @for row in rows { (row) }
            }
        }
    };
    page("Mails", &text)
}

/// A mail with what counts of its headers; its HTML stands in a frame that may do nothing.
pub(super) fn mail(name: &str, mail: &Message<'_>) -> Markup {
    let unsubscribe = mail.header_raw("List-Unsubscribe").map(|value| value.trim().trim_matches(['<', '>']));
    // Only where it is a link indeed: what else a header says must not become one.
    let unsubscribe = unsubscribe.filter(|url| url.starts_with("http://") || url.starts_with("https://"));
    let text = html! {
        p { a href="/dev/mails" { "All mails" } }
        table {
            tr { th { "From" } td { (addresses(mail.from())) } }
            tr { th { "To" } td { (addresses(mail.to())) } }
            tr { th { "Date" } td { (mail.date().map(mail_parser::DateTime::to_rfc3339).unwrap_or_default()) } }
            @if let Some(url) = unsubscribe {
                tr { th { "List-Unsubscribe" } td { a href=(url) rel="noreferrer" { (url) } } }
            }
        }
        @if mail.html_body_count() > 0 {
            iframe sandbox="" src={ "/dev/mails/" (name) "/html" } title="The mail as HTML" {}
        }
        @if let Some(text) = mail.body_text(0) {
            pre { (text) }
        }
    };
    page(mail.subject().unwrap_or("(no subject)"), &text)
}

fn page(title: &str, text: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                title { (title) }
                style { (PreEscaped(STYLE)) }
            }
            body { h1 { (title) } (text) }
        }
    }
}

fn addresses(address: Option<&Address<'_>>) -> String {
    let mailboxes = address.into_iter().flat_map(Address::iter);
    let shown: Vec<String> = mailboxes
        .map(|mailbox| match (mailbox.name(), mailbox.address().unwrap_or_default()) {
            (Some(name), address) => format!("{name} <{address}>"),
            (None, address) => address.to_owned(),
        })
        .collect();
    shown.join(", ")
}
