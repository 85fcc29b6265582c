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
    seal::SealKey,
};
use query_api::{QueryState, Sources};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};

use crate::api_document::{Parts, document};

/// Prints the document.
pub fn run() -> anyhow::Result<ExitCode> {
    // Nothing connects before the first request, and there is none.
    let database = PgConnectOptions::new();
    let pool = PgPoolOptions::new().connect_lazy_with(database.clone());
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let ids = Arc::new(UuidV7Ids);
    let secret = "signs nothing: no request is answered".to_owned().into();
    let provider = Arc::new(LocalProvider::new(&secret, Arc::clone(&clock)));
    let (committer, _task) = Committer::start(database, &secret, Arc::clone(&clock), ids.clone());
    let (access_log, _writer) = AccessLog::new(pool.clone(), Arc::clone(&clock), &secret);
    let sources = Sources {
        pool: pool.clone(),
        clock: Arc::clone(&clock),
        ids: ids.clone(),
        blobs: BlobStore::at("none"),
        personal: committer.personal().clone(),
        access_log: access_log.clone(),
    };
    let parts = Parts {
        command: Some(command_api::router(CommandState {
            committer: committer.clone(),
            clock: Arc::clone(&clock),
            ids: ids.clone(),
            pool: pool.clone(),
            seal: Arc::new(SealKey::derive(&"seals nothing, for the same reason".to_owned().into())),
            url_policy: UrlPolicy::default(),
            local: Some(Arc::new(LocalLogin::new(provider, &[]))),
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
        })),
        query: Some(query_api::router(QueryState::new(sources))),
    };
    println!("{}", document(parts).to_pretty_json()?);
    Ok(ExitCode::SUCCESS)
}
