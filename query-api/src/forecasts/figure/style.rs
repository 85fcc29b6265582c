//! What pictures of forecasts look like.

/// The style of every picture: no variables, for programs that are no browsers draw it too.
///
/// Colours are told apart without seeing colour: by lightness, and by line against area.
pub(crate) const STYLE: &str = "\
.ip-paper{fill:#fff}\
.ip text{font:12px system-ui,-apple-system,'Segoe UI',Roboto,'Noto Sans',sans-serif;fill:#56616f}\
.ip .ip-title{font-size:17px;font-weight:600;fill:#18202b}\
.ip .ip-said{font-size:13px}\
.ip .ip-number{text-anchor:end}\
.ip .ip-middle-text{text-anchor:middle}\
.ip .ip-small{font-size:10px;text-anchor:middle}\
.ip-line{stroke:#e4e8ed;stroke-width:1}\
.ip-ground{stroke:#8894a3;stroke-width:1}\
.ip-closed{fill:#8894a3;fill-opacity:.17}\
.ip-wanted{fill:#7d8998}\
.ip-short{fill:#fff;stroke:#7d8998;stroke-width:1;stroke-dasharray:2 1.5}\
.ip-past{fill:#2a78c2;fill-opacity:.16}\
.ip-wide{fill:#2a78c2;fill-opacity:.2}\
.ip-likely{fill:#2a78c2;fill-opacity:.38}\
.ip-middle{fill:none;stroke:#0f4c86;stroke-width:2.5}\
.ip-now{stroke:#18202b;stroke-width:1;stroke-dasharray:4 3}\
@media screen and (prefers-color-scheme:dark){\
.ip-paper{fill:#12161c}\
.ip text{fill:#a3adba}\
.ip .ip-title{fill:#f0f3f6}\
.ip-line{stroke:#252c35}\
.ip-ground{stroke:#6c7786}\
.ip-closed{fill:#a3adba;fill-opacity:.1}\
.ip-wanted{fill:#8995a5}\
.ip-short{fill:#12161c;stroke:#8995a5}\
.ip-past{fill:#5aa9f2;fill-opacity:.2}\
.ip-wide{fill:#5aa9f2;fill-opacity:.24}\
.ip-likely{fill:#5aa9f2;fill-opacity:.44}\
.ip-middle{stroke:#cfe6ff}\
.ip-now{stroke:#f0f3f6}}";
