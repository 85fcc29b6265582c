//! The texts of notifications: `templates/<language>/<kind>.{subject.txt,txt,html}` and their layouts, built
//! into the program.

use events::values::Locale;
use minijinja::{Environment, UndefinedBehavior, value::Serde};
use serde::Serialize;

macro_rules! sources {
    ($($language:literal: $($name:literal)+;)+) => {
        &[$($(
            (
                concat!($language, "/", $name),
                include_str!(concat!("../../templates/", $language, "/", $name)),
            ),
        )+)+]
    };
}

macro_rules! in_languages {
    ($($name:literal)+) => { sources! { "sv": $($name)+; "en": $($name)+; } };
}

const SOURCES: &[(&str, &str)] = in_languages! {
    "layout.txt" "layout.html" "lines.html" "points.html"
    "digest.subject.txt" "digest.txt" "digest.html"
    "order_placed.subject.txt" "order_placed.txt" "order_placed.html"
    "order_confirmed.subject.txt" "order_confirmed.txt" "order_confirmed.html"
    "order_rejected.subject.txt" "order_rejected.txt" "order_rejected.html"
    "order_cancelled.subject.txt" "order_cancelled.txt" "order_cancelled.html"
    "order_delivered.subject.txt" "order_delivered.txt" "order_delivered.html"
    "delivery_short.subject.txt" "delivery_short.txt" "delivery_short.html"
    "delivery_claimed.subject.txt" "delivery_claimed.txt" "delivery_claimed.html"
    "invoice_held.subject.txt" "invoice_held.txt" "invoice_held.html"
    "invoice_matched.subject.txt" "invoice_matched.txt" "invoice_matched.html"
    "invoice_disputed.subject.txt" "invoice_disputed.txt" "invoice_disputed.html"
    "stock_low.subject.txt" "stock_low.txt" "stock_low.html"
    "restaurant_approved.subject.txt" "restaurant_approved.txt" "restaurant_approved.html"
    "trial_ending.subject.txt" "trial_ending.txt" "trial_ending.html"
    "trial_ended.subject.txt" "trial_ended.txt" "trial_ended.html"
    "webhook_endpoint_failing.subject.txt" "webhook_endpoint_failing.txt" "webhook_endpoint_failing.html"
};

/// The name of a digest's templates, beside those of the kinds.
pub(crate) const DIGEST: &str = "digest";

/// All templates, ready to be filled.
#[derive(Debug)]
pub(crate) struct Templates(Environment<'static>);

/// The same in few words: for the inbox, and for pushes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Brief {
    pub(crate) title: String,
    pub(crate) body: String,
}

/// A mail's two bodies; its subject is the title.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct MailBodies {
    pub(crate) text: String,
    pub(crate) html: String,
}

/// A template does not fit what it is filled with.
#[derive(Debug, thiserror::Error)]
#[error("a template does not fit: {0}")]
pub(crate) struct RenderError(#[from] minijinja::Error);

#[derive(Serialize)]
struct Page<'a, S> {
    subject: &'a str,
    body: &'a str,
    unsubscribe_url: Option<&'a str>,
    #[serde(flatten)]
    story: &'a S,
}

impl Templates {
    /// # Panics
    /// Never: a test has compiled every template.
    pub(crate) fn new() -> Self {
        let mut environment = Environment::new();
        // Names, notes and reasons come from other people. minijinja escapes what is put into templates named
        // `.html`: there they are text, whatever they hold.
        // A gap in a sentence is a fault: better no mail than one that says "has ordered for".
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        for (name, source) in SOURCES {
            environment.add_template(name, source).expect("compiled by a test");
        }
        Self(environment)
    }

    /// Title and body of that kind, or of [`DIGEST`].
    ///
    /// # Errors
    /// The story lacks what the template needs.
    pub(crate) fn brief(
        &self,
        kind: &str,
        locale: Locale,
        story: &impl Serialize,
    ) -> Result<Brief, RenderError> {
        let title = self.render(locale, kind, "subject.txt", story)?;
        let body = self.render(locale, kind, "txt", story)?;
        // A name with a line break in it must not begin another header, or another paragraph.
        Ok(Brief { title: one_line(&title), body: body.trim().to_owned() })
    }

    /// The mail of that kind, or of [`DIGEST`].
    ///
    /// # Errors
    /// The story lacks what the template needs.
    pub(crate) fn mail(
        &self,
        kind: &str,
        locale: Locale,
        story: &impl Serialize,
        brief: &Brief,
        unsubscribe_url: Option<&str>,
    ) -> Result<MailBodies, RenderError> {
        let page = Page { subject: &brief.title, body: &brief.body, unsubscribe_url, story };
        Ok(MailBodies {
            text: self.render(locale, "layout", "txt", &page)?,
            html: self.render(locale, kind, "html", &page)?,
        })
    }

    fn render(
        &self,
        locale: Locale,
        name: &str,
        form: &str,
        story: &impl Serialize,
    ) -> Result<String, RenderError> {
        let name = format!("{}/{name}.{form}", locale.name());
        Ok(self.0.get_template(&name)?.render(Serde(story))?)
    }
}

fn one_line(text: &str) -> String {
    let words = text.split(|c: char| c.is_control() || c == ' ').filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join(" ")
}
