//! What other engines reached on the same series, where the folder says.

use std::path::Path;

use anyhow::Context as _;
use serde_json::Value;

/// The best that one reference reached in one measure.
pub struct Best {
    pub value: f64,
    pub by: String,
}

/// `anchors.json` of a folder; nothing where there is none.
pub struct References(Value);

/// Reads the references of a folder.
pub fn read(directory: &Path) -> anyhow::Result<References> {
    let path = directory.join("anchors.json");
    if !path.exists() {
        return Ok(References(Value::Null));
    }
    let text = std::fs::read(&path).with_context(|| format!("reading {}", path.display()))?;
    let document =
        serde_json::from_slice(&text).with_context(|| format!("{} is not JSON", path.display()))?;
    Ok(References(document))
}

impl References {
    /// The single method (no combination of several) with the lowest value of a measure, of as many series.
    pub fn best(&self, panel: &str, measure: &str, series: usize) -> Option<Best> {
        let models = self.0["panels"][panel]["models"].as_array()?;
        let single = models.iter().filter(|model| {
            let counted = model["n"].as_u64() == u64::try_from(series).ok();
            counted && !matches!(model["engine"].as_str(), Some("combination" | "prototype"))
        });
        let values = single.filter_map(|model| {
            let by = format!("{} {}", model["engine"].as_str()?, model["model"].as_str()?);
            Some(Best { value: model[measure].as_f64()?, by })
        });
        values.min_by(|one, other| one.value.total_cmp(&other.value))
    }
}
