//! The arrows of the house, checked from manifests and sources.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace").to_owned()
}

/// What each crate may use of ours. A crate that is not here fails the test: its place must be decided.
const ARROWS: [(&str, &[&str]); 11] = [
    ("platform", &[]),
    ("events", &["invoicing", "pricing"]),
    ("command-api", &["events", "invoicing", "platform", "pricing"]),
    ("projections", &["events", "platform"]),
    ("query-api", &["events", "forecasting", "invoicing", "platform", "pricing"]),
    ("handlers", &["events", "forecasting", "platform", "pricing"]),
    // Its library is pure all the same: see below.
    ("invoicing", &["platform"]),
    ("forecasting", &[]),
    ("pricing", &[]),
    ("iris", &["command-api", "events", "handlers", "platform", "pricing", "projections", "query-api"]),
    (
        "tests",
        &[
            "command-api",
            "events",
            "forecasting",
            "handlers",
            "invoicing",
            "platform",
            "pricing",
            "projections",
            "query-api",
        ],
    ),
];

/// Libraries that only these crates may use, as normal dependencies.
const KEPT_APART: [(&str, &[&str]); 6] = [
    ("async-nats", &["handlers"]),
    ("jsonwebtoken", &["platform"]),
    ("postgres-es", &["command-api", "tests"]),
    ("cqrs-es", &["events", "command-api", "tests"]),
    ("axum", &["platform", "command-api", "query-api", "iris", "tests"]),
    ("utoipa-swagger-ui", &["iris"]),
];

/// Words before a name where it is defined, of Rust, Python and SQL.
const DEFINING: [&str; 13] = [
    "fn",
    "struct",
    "enum",
    "trait",
    "const",
    "static",
    "type",
    "mod",
    "macro_rules!",
    "def",
    "FUNCTION",
    "TABLE",
    "POLICY",
];

fn dependencies(member: &str, table: &str) -> BTreeSet<String> {
    let text = fs::read_to_string(root().join(member).join("Cargo.toml")).expect("a member has a manifest");
    let manifest: toml::Table = text.parse().expect("a manifest is TOML");
    let table = manifest.get(table).and_then(toml::Value::as_table);
    table.into_iter().flat_map(|table| table.keys().cloned()).collect()
}

fn members() -> Vec<String> {
    let text = fs::read_to_string(root().join("Cargo.toml")).expect("the workspace has a manifest");
    let manifest: toml::Table = text.parse().expect("a manifest is TOML");
    let members = manifest["workspace"]["members"].as_array().expect("members");
    members.iter().map(|member| member.as_str().expect("a path").to_owned()).collect()
}

#[test]
fn crates_use_only_what_lies_below_them() {
    let ours: BTreeSet<String> = members().into_iter().collect();
    let arrows: BTreeMap<&str, &[&str]> = ARROWS.into_iter().collect();
    assert_eq!(ours, arrows.keys().map(|name| (*name).to_owned()).collect(), "every crate has its place");
    for (member, allowed) in arrows {
        for used in dependencies(member, "dependencies").intersection(&ours) {
            assert!(allowed.contains(&used.as_str()), "{member} must not use {used}");
        }
    }
}

#[test]
fn libraries_stay_where_they_belong() {
    for (library, allowed) in KEPT_APART {
        for member in members() {
            let uses = dependencies(&member, "dependencies").contains(library);
            assert!(!uses || allowed.contains(&member.as_str()), "{member} must not use {library}");
        }
    }
}

/// Every Rust source below `folder`, test files apart, with its text up to its test module.
fn sources(folder: &str) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("a folder").flatten() {
            let path = entry.path();
            if path.is_dir() {
                if path.file_name().is_some_and(|name| name != "tests") {
                    folders.push(path);
                }
            } else if path.extension().is_some_and(|extension| extension == "rs")
                && path.file_name().is_some_and(|name| name != "tests.rs")
            {
                let text = fs::read_to_string(&path).expect("a source");
                let text = text.split("#[cfg(test)]\nmod ").next().expect("a first part").to_owned();
                found.push((path, text));
            }
        }
    }
    assert!(!found.is_empty(), "{folder} has sources");
    found
}

/// Code without its comments: what is said about a thing is not its use.
fn code(text: &str) -> String {
    text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

fn assert_absent(folder: &str, words: &[&str], why: &str, except: &[&str]) {
    for (path, text) in sources(folder) {
        if except.iter().any(|except| path.ends_with(except)) {
            continue;
        }
        let code = code(&text);
        for word in words {
            assert!(!code.contains(word), "{} contains `{word}`: {why}", path.display());
        }
    }
}

#[test]
fn the_domain_is_pure() {
    let impure = [
        "sqlx",
        "tokio",
        "axum",
        "reqwest",
        "std::fs",
        "std::net",
        "std::time",
        "Utc::now",
        "SystemTime",
        "now_v7",
        "rand::",
        "f32",
        "f64",
        "unsafe",
        "platform::",
    ];
    assert_absent("command-api/src/domain", &impure, "the domain decides, and does nothing else", &[]);
    // cqrs-es' own trait is asynchronous; the adapter to it awaits nothing of ours.
    assert_absent(
        "command-api/src/domain",
        &["async fn", ".await"],
        "deciding waits for nobody",
        &["aggregate.rs"],
    );
}

/// The library of `invoicing` computes; its binary, which measures it, may run programs and read files.
#[test]
fn the_reading_of_invoices_is_pure() {
    let impure = [
        "platform::",
        "sqlx",
        "tokio",
        "reqwest",
        "std::fs",
        "std::net",
        "std::process",
        "std::thread",
        "std::time",
        "Utc::now",
        "rand::",
        "unsafe",
    ];
    let binary = [root().join("invoicing/src/main.rs"), root().join("invoicing/src/evaluate")];
    for (path, text) in sources("invoicing/src") {
        if binary.iter().any(|binary| path.starts_with(binary)) {
            continue;
        }
        let code = code(&text);
        for word in impure {
            assert!(
                !code.contains(word),
                "{} contains `{word}`: others run what it asks for",
                path.display()
            );
        }
    }
}

#[test]
fn folds_and_values_are_pure() {
    for file in [
        "account",
        "cart",
        "order",
        "product",
        "restaurant",
        "stock",
        "supplier",
        "webhook_endpoint",
        "fold",
        "upcast",
    ] {
        let path = root().join("events/src").join(file).with_extension("rs");
        let text = code(&fs::read_to_string(&path).expect("a source"));
        for word in ["sqlx", "async", "Utc::now", "f64"] {
            assert!(!text.contains(word), "{} contains `{word}`: a fold is pure", path.display());
        }
    }
}

#[test]
fn only_the_append_writes_the_log() {
    let writing = ["INSERT INTO public.events", "UPDATE public.events", "DELETE FROM public.events"];
    for folder in [
        "platform/src",
        "events/src",
        "command-api/src",
        "projections/src",
        "query-api/src",
        "handlers/src",
        "iris/src",
    ] {
        assert_absent(
            folder,
            &writing,
            "the log is written by events/src/log/append.rs",
            &["events/src/log/append.rs"],
        );
        let moving = ["UPDATE public.log_head"];
        let allowed = ["events/src/log/append.rs", "events/src/log/head.rs"];
        assert_absent(folder, &moving, "the head moves with an append, or is fenced", &allowed);
    }
}

#[test]
fn only_projections_write_read_models() {
    let writing = ["INSERT INTO read.", "UPDATE read.", "DELETE FROM read.", "TRUNCATE read."];
    for folder in
        ["platform/src", "events/src", "command-api/src", "query-api/src", "handlers/src", "iris/src"]
    {
        assert_absent(folder, &writing, "read models are folded by projections", &[]);
    }
}

#[test]
fn platform_speaks_no_domain() {
    let domain = ["supplier", "restaurant", "order_id", "cart_id", "product_id", "invoice", "OrderEvent"];
    assert_absent("platform/src", &domain, "platform is plumbing", &[]);
}

#[test]
fn the_read_side_does_not_read_the_log() {
    // The head alone is asked for: how far the log is, not what is in it.
    let reading = ["public.events", "events::log"];
    // History is what only the log knows; it has a folder of its own.
    let history = root().join("query-api/src/audit");
    for (path, text) in sources("query-api/src") {
        if path.starts_with(&history) {
            continue;
        }
        let code = code(&text);
        for word in reading {
            assert!(
                !code.contains(word),
                "{} contains `{word}`: query-api serves read models",
                path.display()
            );
        }
    }
}

/// Rows that are somebody's are read in a transaction that says for whom, or not at all.
#[test]
fn reads_know_their_caller() {
    let allowed = [
        "query-api/src/sight.rs",
        "query-api/src/state.rs",
        // The log's head and checkpoints, which are nobody's.
        "query-api/src/freshness.rs",
        // A connection of its own, on which it begins as `sight.rs` says.
        "query-api/src/audit/export.rs",
    ];
    assert_absent("query-api/src", &["PgPool"], "rows are looked at through sight.rs", &allowed);
    let asked = ["state.pool"];
    let mut allowed = allowed.to_vec();
    allowed.extend([
        "query-api/src/reader.rs",
        "query-api/src/audit/verify.rs",
        "query-api/src/audit/events.rs",
    ]);
    assert_absent("query-api/src", &asked, "rows are looked at through sight.rs", &allowed);
}

#[test]
fn ownership_checks_are_switched_off_by_tests_alone() {
    let switch = ["with_ownership_checks_switched_off_for_tests"];
    for member in members().iter().filter(|member| *member != "tests") {
        assert_absent(&format!("{member}/src"), &switch, "only tests may", &["query-api/src/state.rs"]);
    }
}

#[test]
fn clocks_and_ids_come_from_one_place() {
    let made = ["Utc::now()", "Uuid::now_v7()", "SystemTime::now()"];
    for folder in
        ["events/src", "command-api/src", "projections/src", "query-api/src", "handlers/src", "iris/src"]
    {
        assert_absent(folder, &made, "time and ids come from platform::clock", &[]);
    }
    assert_absent(
        "platform/src",
        &made,
        "time and ids come from platform::clock",
        &["platform/src/clock.rs"],
    );
}

/// `[text](target)` of a page, in order.
fn links(page: &str) -> Vec<(&str, &str)> {
    let mut found = Vec::new();
    let mut rest = page;
    while let Some((before, behind)) = rest.split_once("](") {
        let text = before.rsplit_once('[').map_or(before, |(_, text)| text);
        let (target, behind) = behind.split_once(')').expect("a link ends");
        found.push((text, target));
        rest = behind;
    }
    found
}

/// The name in a text that is code and nothing else.
fn name_in(text: &str) -> Option<&str> {
    let name = text.strip_prefix('`')?.strip_suffix('`')?;
    name.chars().all(|c| c.is_alphanumeric() || c == '_').then_some(name)
}

/// Whether it is defined there. That it occurs, in a comment or a call, says nothing of what stands where.
fn defines(source: &str, name: &str) -> bool {
    let words = |line| str::split_whitespace(line).collect::<Vec<_>>();
    source.lines().filter(|line| !line.trim_start().starts_with("//")).any(|line| {
        words(line).windows(2).any(|pair| DEFINING.contains(&pair[0]) && defined_name(pair[1]) == Some(name))
    })
}

/// `signed(&self,` is `signed`; `audit.seals` is `seals`.
fn defined_name(word: &str) -> Option<&str> {
    let path = word.split(|c: char| !c.is_alphanumeric() && c != '_' && c != '.').next()?;
    path.rsplit('.').next()
}

#[test]
fn a_word_in_passing_is_no_definition() {
    let there = [
        "pub(super) async fn seal<T>(a: T) {",
        "    pub const seal: u8 = 1;",
        "macro_rules! seal {",
        "def seal():",
    ];
    let sql = ["CREATE TABLE audit.seal (", "CREATE FUNCTION seal() RETURNS trigger"];
    for source in there.iter().chain(&sql) {
        assert!(defines(source, "seal"), "{source}");
    }
    for source in [
        "// The fn seal is elsewhere.",
        "    seal(a);",
        "fn seal_all() {}",
        "mod a { use b::seal; }",
        "f: fn(seal)",
    ] {
        assert!(!defines(source, "seal"), "{source}");
    }
}

/// A page about security that names what is not there is worse than none.
#[test]
fn what_the_threat_model_names_is_there() {
    let page = fs::read_to_string(root().join("docs/threat-model.md")).expect("the page");
    let links = links(&page);
    assert!(links.len() > 60, "the links are read");
    let mut faults = Vec::new();
    for (text, target) in links {
        let path = root().join("docs").join(target);
        let Ok(source) = fs::read_to_string(&path) else {
            faults.push(format!("there is no {target}"));
            continue;
        };
        if let Some(name) = name_in(text).filter(|name| !defines(&source, name)) {
            faults.push(format!("there is no {name} in {target}"));
        }
    }
    assert!(faults.is_empty(), "docs/threat-model.md:\n{}", faults.join("\n"));
}
