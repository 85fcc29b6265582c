//! A cell's request.

use std::collections::BTreeMap;

use harness::{client::Answer, ordering::fresh};
use reqwest::{
    RequestBuilder,
    multipart::{Form, Part},
};
use uuid::Uuid;

use super::{
    callers::Caller,
    row::{Payload, Row},
    world::World,
};

/// What fills the `{names}` of a row.
pub type Ids = BTreeMap<&'static str, String>;

/// The same names, with ids and secrets that were never given.
pub fn nobodys(ids: &Ids) -> Ids {
    let other = |value: &String| match value.parse::<Uuid>() {
        Ok(_) => fresh().to_string(),
        // A token: as long, and another from its first letter on.
        Err(_) if value.len() > 20 => value.chars().rev().collect(),
        Err(_) => value.clone(),
    };
    ids.iter().map(|(name, value)| (*name, other(value))).collect()
}

/// What the row says, as that caller, about what has these ids.
pub async fn ask(world: &World, row: &Row, caller: Caller, ids: &Ids, head: i64) -> Answer {
    let mut ids = ids.clone();
    ids.insert("unique", world.unique());
    ids.insert("head", head.to_string());
    let filled = |text: &str| {
        ids.iter().fold(text.to_owned(), |text, (name, value)| text.replace(&format!("{{{name}}}"), value))
    };
    let path = filled(&row.path);
    assert!(!path.contains('{'), "{path}: nothing fills it");
    let mut request = world.http.request(row.method.clone(), format!("{}{path}", world.iris.base));
    if let Some(token) = &world.person(caller).token {
        request = request.bearer_auth(token);
    }
    // Whoever reads has the world before it as it now is.
    request = if row.is_read() {
        request.header("iris-min-position", head)
    } else {
        request.header("idempotency-key", fresh().to_string())
    };
    Answer::of(with_payload(request, &row.payload, filled)).await.expect("answers")
}

fn with_payload(
    request: RequestBuilder,
    payload: &Payload,
    filled: impl Fn(&str) -> String,
) -> RequestBuilder {
    match payload {
        Payload::Nothing => request,
        Payload::Json(text) => request.header("content-type", "application/json").body(filled(text)),
        Payload::Form(text) => {
            request.header("content-type", "application/x-www-form-urlencoded").body(filled(text))
        }
        Payload::File(name, fields) => {
            let part = Part::text(filled(&content(name))).file_name(name.clone());
            let form =
                fields.iter().fold(Form::new(), |form, (name, value)| form.text(name.clone(), filled(value)));
            request.multipart(form.part("file", part))
        }
    }
}

/// What is in a file of that name.
fn content(name: &str) -> String {
    match name {
        "prices.csv" => "sku,name,unit,price,tax_rate\nM-{unique},Onions,KGM,12.00,6\n".to_owned(),
        "letter.txt" => "A letter {unique}, which is no invoice.".to_owned(),
        _ => panic!("no such file: {name}"),
    }
}
