//! What an invoice must satisfy, each rule by its published id.

pub mod closure;
pub mod rates;
mod sweden;

use en16931::{profiles, validation::Severity};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{checksum, invoice::Party, xml::Document};

pub use closure::{Fault, Grade, closure};

/// One rule that a document breaks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = RuleFinding)]
pub struct Finding {
    /// The published id: `BR-CO-10`, `PEPPOL-EN16931-R120`, `SE-R-006`.
    pub rule: String,
    /// Whether the document may be used in spite of it.
    pub level: Level,
    /// Which term: `BG-25[2]/BT-131`.
    pub place: String,
    /// In words.
    pub message: String,
}

/// What breaking a rule means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = RuleLevel)]
pub enum Level {
    /// To be known.
    Warning,
    /// The document is not valid.
    Fatal,
}

/// Every rule that the document breaks, by the profile it declares.
///
/// EN 16931 and the declared profile (Peppol, `XRechnung`, Factur-X) come from `en16931`; the Swedish
/// rules, which no crate has, from here. A profile nobody knows is held to EN 16931 alone.
pub fn check(document: &Document) -> Vec<Finding> {
    let declared = profiles::classify(document.model.specification_id.as_deref());
    let report = match declared.profile() {
        Some(profile) => profile.validate(&document.model),
        None => en16931::validate(&document.model),
    };
    let published = report.findings().iter().map(|finding| Finding {
        rule: finding.rule.clone(),
        level: if finding.severity == Severity::Fatal { Level::Fatal } else { Level::Warning },
        place: finding.path.to_string(),
        message: finding.message.clone(),
    });
    let mut findings: Vec<Finding> = published.collect();
    findings.extend(sweden::check(&document.invoice));
    for party in [&document.invoice.seller, &document.invoice.buyer] {
        findings.extend(organisation_number(party));
    }
    findings
}

/// # Source
/// PEPPOL-COMMON-R049: an address of scheme 0007 is an organisation number with its check digit.
fn organisation_number(party: &Party) -> Option<Finding> {
    let endpoint = party.endpoint.as_ref()?;
    if party.endpoint_scheme.as_deref() != Some("0007") || checksum::is_organisation_number(endpoint) {
        return None;
    }
    Some(Finding {
        rule: "PEPPOL-COMMON-R049".to_owned(),
        level: Level::Fatal,
        place: "BT-34, BT-49".to_owned(),
        message: format!("{} is no Swedish organisation number", endpoint.value),
    })
}
