//! `iris openapi`: the document as it is served, for `docs/openapi.json`; needs no server.

use std::{process::ExitCode, sync::Arc};

use command_api::{
    CommandState, Committer, LocalLogin,
    invoices::{Invoices, Readers},
};
use platform::{
    access_log::AccessLog,
    auth::LocalProvider,
    blobs::BlobStore,
    clock::{Clock, SystemClock, UuidV7Ids},
    egress::UrlPolicy,
    link_token::LinkKey,
    personal::Vault,
    secrets::Keyring,
};
use query_api::{QueryState, Sources};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};

use crate::api_document::{Parts, document};

/// Prints the document.
pub fn run() -> anyhow::Result<ExitCode> {
    println!("{}", document(parts()).to_pretty_json()?);
    Ok(ExitCode::SUCCESS)
}

/// All of the API, on a state that nobody asks anything of.
fn parts() -> Parts {
    // Nothing connects before the first request, and there is none.
    let database = PgConnectOptions::new();
    let pool = PgPoolOptions::new().connect_lazy_with(database.clone());
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let ids = Arc::new(UuidV7Ids);
    let secret = "signs nothing: no request is answered".to_owned().into();
    let provider = Arc::new(LocalProvider::new(&secret, Arc::clone(&clock)));
    let keyring = Arc::new(Keyring::derive(&secret));
    let vault = Arc::new(Vault::new(Arc::clone(&keyring)));
    let (committer, _task) = Committer::start(database, vault, Arc::clone(&clock), ids.clone());
    let (access_log, _writer) = AccessLog::new(pool.clone(), Arc::clone(&clock), &secret);
    let sources = Sources {
        pool: pool.clone(),
        clock: Arc::clone(&clock),
        ids: ids.clone(),
        blobs: BlobStore::at("none"),
        personal: committer.personal().clone(),
        access_log: access_log.clone(),
    };
    Parts {
        command: Some(command_api::router(CommandState {
            committer: committer.clone(),
            clock: Arc::clone(&clock),
            ids: ids.clone(),
            pool: pool.clone(),
            seal: keyring,
            url_policy: UrlPolicy::default(),
            local: Some(Arc::new(LocalLogin::new(provider, &[]))),
            clerk: None,
            links: Arc::new(LinkKey::derive(&secret)),
            access_log,
            invoices: Invoices {
                pool: pool.clone(),
                committer,
                blobs: BlobStore::at("none"),
                clock,
                ids,
                readers: Readers::none(),
                bell: Arc::default(),
            },
            suggestions: None,
        })),
        query: Some(query_api::router(QueryState::new(sources))),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use axum::http::Method;
    use events::values::{KEY_SEGMENTS, KEY_SEGMENTS_OPEN, Scope};
    use platform::auth::CallingKey;
    use uuid::Uuid;

    use super::*;
    use crate::process::KEY_REACH;

    /// Parts of paths that no key is let into: they would let it outlive itself, or are for people.
    const CLOSED: [&str; 4] = ["accounts", "api-keys", "auth", "notification-devices"];
    /// Parts that ask nobody who they are.
    const WITHOUT_CALLER: [&str; 2] = ["asyncapi.json", "unsubscribe"];

    /// Every operation under `/api/v1`: method, route, first part.
    fn operations() -> Vec<(Method, String, String)> {
        let document = serde_json::to_value(document(parts())).unwrap();
        let paths = document["paths"].as_object().unwrap();
        let mut found = Vec::new();
        for (path, item) in paths {
            let Some(rest) = path.strip_prefix("/api/v1/") else { continue };
            let segment = rest.split('/').next().unwrap();
            for method in ["get", "post", "put", "patch", "delete"] {
                if item.get(method).is_some() {
                    let method = method.to_uppercase().parse().unwrap();
                    found.push((method, path.clone(), segment.to_owned()));
                }
            }
        }
        found
    }

    fn refusal(scopes: &[String], method: &Method, route: &str) -> Option<String> {
        let key = CallingKey { id: Uuid::nil(), scopes: scopes.into() };
        KEY_REACH.check(&key, method, route).err().map(|error| error.code().to_owned())
    }

    #[tokio::test]
    async fn each_part_of_the_api_was_decided_on() {
        let served: BTreeSet<String> = operations().into_iter().map(|(_, _, segment)| segment).collect();
        let lists = [&KEY_SEGMENTS[..], &KEY_SEGMENTS_OPEN, &CLOSED, &WITHOUT_CALLER];
        let decided: BTreeSet<String> = lists.concat().into_iter().map(str::to_owned).collect();
        assert_eq!(
            decided.len(),
            lists.iter().map(|list| list.len()).sum::<usize>(),
            "each stands on one list"
        );
        assert_eq!(served, decided, "a new part of the API is on one of the lists, and only what is served");
    }

    #[tokio::test]
    async fn every_route_asks_for_its_one_scope() {
        let operations = operations();
        assert!(operations.len() > 100, "{}", operations.len());
        let all: Vec<String> = Scope::all().map(|scope| scope.to_string()).collect();
        for (method, route, segment) in operations {
            let reads = method == Method::GET;
            let wanted = format!("{segment}:{}", if reads { "read" } else { "write" });
            let others: Vec<String> = all.iter().filter(|scope| **scope != wanted).cloned().collect();
            let expected = match segment.as_str() {
                open if KEY_SEGMENTS_OPEN.contains(&open) && reads => [None, None, None],
                scoped if KEY_SEGMENTS.contains(&scoped) => {
                    let insufficient = Some("insufficient_scope".to_owned());
                    [insufficient.clone(), insufficient, None]
                }
                _ => [(); 3].map(|()| Some("not_with_a_key".to_owned())),
            };
            let found = [&[][..], &others, &all].map(|scopes| refusal(scopes, &method, &route));
            assert_eq!(found, expected, "{method} {route}");
            if expected[2].is_none() {
                assert_eq!(refusal(&[wanted], &method, &route), None, "{method} {route}");
            }
        }
    }

    #[tokio::test]
    async fn no_name_stands_for_two_schemas() {
        let schemas = |part: Option<utoipa_axum::router::OpenApiRouter>| {
            let document = part.expect("both parts are there").into_openapi();
            document.components.expect("there are schemas").schemas
        };
        let Parts { command, query } = parts();
        let (commands, queries) = (schemas(command), schemas(query));
        // The document has one of the two, and the other's answers are then described by it.
        for (name, schema) in &commands {
            let other = queries.get(name).unwrap_or(schema);
            assert_eq!(serde_json::to_value(schema).unwrap(), serde_json::to_value(other).unwrap(), "{name}");
        }
    }
}
