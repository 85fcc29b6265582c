//! What the program is made of: licences, banned crates, doubles and sources, by the lists of `deny.toml`.
//!
//! cargo-deny asks the same and more (`make deny`); this needs nothing but cargo, so it is asked on every run.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use spdx::{Expression, ParseMode};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace").to_owned()
}

fn table(file: &str) -> toml::Table {
    fs::read_to_string(root().join(file)).expect("a file").parse().expect("it is TOML")
}

fn texts<'a>(list: &'a toml::Value, key: &str) -> BTreeSet<&'a str> {
    let texts = list[key].as_array().expect("a list").iter();
    texts.map(|text| text.as_str().expect("a text")).collect()
}

/// A crate that is compiled for this system, with what its manifest says of its licence.
struct Used {
    name: String,
    version: String,
    licence: String,
}

/// All of them, tests' and build scripts' included; features as they are chosen, so what is never compiled is absent.
fn used() -> Vec<Used> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .current_dir(root())
        // Offline: a test builds on what the build has fetched, and asks nobody.
        .args(["tree", "--workspace", "--locked", "--offline", "--edges", "normal,build,dev"])
        .args(["--prefix", "none", "--format", "{p}\t{l}"])
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).expect("text");
    let lines: BTreeSet<&str> = text.lines().filter(|line| !line.is_empty()).collect();
    let read = |line: &str| {
        let (package, licence) = line.split_once('\t').expect("a licence behind a tab");
        let mut words = package.split(' ');
        let mut word = || words.next().expect("name and version").to_owned();
        Used { name: word(), version: word(), licence: licence.trim_end_matches(" (*)").to_owned() }
    };
    lines.into_iter().map(read).collect()
}

#[test]
fn every_crate_has_a_licence_that_is_allowed() {
    let deny = table("deny.toml");
    let allowed = texts(&deny["licenses"], "allow");
    let used = used();
    assert!(used.len() > 100, "the tree is there");
    for Used { name, version, licence } in used {
        let expression = Expression::parse_mode(&licence, ParseMode::LAX);
        let expression = expression.unwrap_or_else(|error| panic!("{name} {version}: `{licence}`: {error}"));
        let is_allowed = expression.evaluate(|wanted| {
            // An exception only ever gives more than the licence that it stands beside.
            wanted.license.id().is_some_and(|id| allowed.contains(id.name))
        });
        assert!(is_allowed, "{name} {version} is under `{licence}`; deny.toml has what is allowed");
    }
}

/// The entries of `bans.deny`: the names, and whether a second version alone is what they forbid.
fn bans(deny: &toml::Table) -> BTreeMap<&str, bool> {
    let entries = deny["bans"]["deny"].as_array().expect("a list").iter();
    let read = |entry: &'_ toml::Value| entry.get("deny-multiple-versions").and_then(toml::Value::as_bool);
    entries.map(|entry| (entry["crate"].as_str().expect("a name"), read(entry).unwrap_or(false))).collect()
}

#[test]
fn banned_crates_are_not_compiled_and_the_doors_exist_once() {
    let deny = table("deny.toml");
    let mut versions: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for Used { name, version, .. } in used() {
        versions.entry(name).or_default().insert(version);
    }
    for (name, only_doubles) in bans(&deny) {
        let found = versions.get(name);
        if only_doubles {
            let found = found.unwrap_or_else(|| panic!("{name} is in deny.toml and used no more"));
            assert_eq!(found.len(), 1, "one version of {name}, not {found:?}");
        } else {
            assert_eq!(found, None, "{name} is banned by deny.toml");
        }
    }
}

#[test]
fn everything_comes_from_the_registry_of_the_language_with_a_checksum() {
    let (deny, lock) = (table("deny.toml"), table("Cargo.lock"));
    let registries = texts(&deny["sources"], "allow-registry");
    for package in lock["package"].as_array().expect("packages") {
        // Ours have no source.
        let Some(source) = package.get("source") else { continue };
        let registry = source.as_str().and_then(|source| source.strip_prefix("registry+"));
        assert!(registry.is_some_and(|registry| registries.contains(registry)), "{package:?}");
        assert!(package.get("checksum").is_some(), "{package:?}");
    }
}
