//! `iris event-schemas DIR`: the public contract as files, for `docs/`; needs no server.
//!
//! `DIR/events/` holds a JSON Schema per type in full and thin, and of the envelope; `DIR/asyncapi.json` says how
//! events are sent.

use std::{
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::Context as _;
use events::{
    public::{PUBLIC_TYPES, envelope_schema},
    webhook_endpoint::PayloadStyle,
};
use serde_json::Value;

/// Where the files go.
#[derive(clap::Args)]
pub struct Arguments {
    /// Is made; files of the same names are written over.
    directory: PathBuf,
}

/// Writes the files.
pub fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let folder = arguments.directory.join("events");
    fs::create_dir_all(&folder).with_context(|| format!("making {}", folder.display()))?;
    for public_type in PUBLIC_TYPES {
        let name = public_type.name;
        write(&folder.join(format!("{name}.schema.json")), &public_type.data_schema(PayloadStyle::Full))?;
        write(
            &folder.join(format!("{name}.thin.schema.json")),
            &public_type.data_schema(PayloadStyle::Thin),
        )?;
    }
    write(&folder.join("envelope.schema.json"), &envelope_schema())?;
    write(&arguments.directory.join("asyncapi.json"), &query_api::asyncapi())?;
    Ok(ExitCode::SUCCESS)
}

fn write(path: &Path, document: &Value) -> anyhow::Result<()> {
    fs::write(path, format!("{document:#}\n")).with_context(|| format!("writing {}", path.display()))
}
