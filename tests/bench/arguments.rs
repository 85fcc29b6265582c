//! What was asked for on the command line.

use anyhow::{Context as _, bail};

use crate::{parts::Part, sizes::Sizes};

pub const HELP: &str = "\
make bench [ARGS=\"…\"]: one table of figures, as Markdown, and target/bench.json
  --short              small sizes, some two minutes: to see that everything runs
  --long               also lists over ten million orders, a log of ten million events, an hour's soak
  --only PART,…        of the parts below
  --log-orders N       so many orders in the log that feed and audit read from end to end, nine events each
  --read-orders N      so many orders in the large database of reads
  --soak-minutes N     how long the soak lasts; it is part of --long, or of --only soak
  --forecast-series N  so many series of a year in the night's forecasts
Each part begins from databases of its own; one that fails is named at the end, and the others go on.";

/// What is measured, and how much of it.
pub struct Arguments {
    pub sizes: Sizes,
    pub parts: Vec<Part>,
}

/// Nothing if help was asked for.
pub fn arguments() -> anyhow::Result<Option<Arguments>> {
    let given: Vec<String> = std::env::args().skip(1).collect();
    if given.iter().any(|argument| argument == "--help" || argument == "-h") {
        return Ok(None);
    }
    // Sizes by name come first, wherever they stand: a single number changes what they say.
    let mut sizes = match (has(&given, "--short"), has(&given, "--long")) {
        (true, true) => bail!("--short or --long?"),
        (true, false) => Sizes::short(),
        (false, true) => Sizes::long(),
        (false, false) => Sizes::full(),
    };
    let mut parts = Vec::new();
    let mut words = given.iter();
    while let Some(argument) = words.next() {
        let mut value = || words.next().with_context(|| format!("{argument} without a value"));
        let number = |value: &String| value.parse::<usize>().with_context(|| format!("{argument} {value}"));
        match argument.as_str() {
            "--short" | "--long" => {}
            "--only" => {
                let named = value()?.split(',').map(Part::named);
                parts = named.collect::<anyhow::Result<_>>()?;
            }
            "--log-orders" => sizes.log_orders = number(value()?)?,
            "--read-orders" => sizes.large.0 = number(value()?)?,
            "--soak-minutes" => sizes.soak_minutes = number(value()?)?,
            "--forecast-series" => sizes.forecast_series = number(value()?)?,
            other => bail!("what is {other:?}?\n{HELP}"),
        }
    }
    if parts.is_empty() {
        parts = Part::ALL.into_iter().filter(|part| sizes.with_soak || *part != Part::Soak).collect();
    }
    Ok(Some(Arguments { sizes, parts }))
}

fn has(given: &[String], wanted: &str) -> bool {
    given.iter().any(|argument| argument == wanted)
}
