//! What is looked at before a document is parsed: bombs are refused while they are still small.

use quick_xml::{
    NsReader,
    events::Event,
    name::{Namespace, ResolveResult},
};

use crate::refusal::Refusal;

/// Elements in elements. Real invoices stay under 20; the parser recurses, so this bounds its stack.
pub const DEPTH_MAX: usize = 64;
/// Elements in all: an invoice of 5,000 lines has about as many.
pub const ELEMENTS_MAX: usize = 200_000;
/// One text: all but attachments, which are base64 of files, stay far below.
pub const TEXT_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Namespaces that make a root an invoice of a kind that has an answer of its own.
const SVEFAKTURA: &str = "urn:sfti:documents:BasicInvoice:1:0";
const ZUGFERD_1: &str = "urn:ferd:CrossIndustryDocument:invoice:1p0";

/// One pass over the bytes without building anything.
///
/// # Errors
/// A DTD, too deep, too many elements, too long a text, Svefaktura, `ZUGFeRD` 1.0, or no XML.
pub(super) fn check(bytes: &[u8]) -> Result<(), Refusal> {
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        // UTF-16 cannot be walked bytewise. Every reader must take it and no sender uses it.
        return Err(Refusal::Encoding("UTF-16".to_owned()));
    }
    let text = std::str::from_utf8(bytes).map_err(|error| Refusal::Encoding(error.to_string()))?;
    let mut reader = NsReader::from_str(text);
    let (mut depth, mut elements) = (0_usize, 0_usize);
    loop {
        let (resolved, event) = match reader.read_resolved_event() {
            Ok(read) => read,
            Err(error) => return Err(Refusal::MalformedXml(error.to_string())),
        };
        match event {
            // Entities are what both the billion laughs and reading the server's files need.
            Event::DocType(_) => return Err(Refusal::DtdPresent),
            Event::Start(start) => {
                if elements == 0 {
                    check_root(&resolved, start.local_name().as_ref())?;
                }
                elements += 1;
                depth += 1;
            }
            Event::Empty(start) => {
                if elements == 0 {
                    check_root(&resolved, start.local_name().as_ref())?;
                }
                elements += 1;
            }
            Event::End(_) => depth = depth.saturating_sub(1),
            Event::Text(text) if text.len() > TEXT_BYTES_MAX => {
                return Err(Refusal::TooLarge { bytes: text.len(), limit: TEXT_BYTES_MAX });
            }
            Event::Eof => return Ok(()),
            _ => {}
        }
        if depth > DEPTH_MAX {
            return Err(Refusal::TooDeep { limit: DEPTH_MAX });
        }
        if elements > ELEMENTS_MAX {
            return Err(Refusal::TooManyElements { limit: ELEMENTS_MAX });
        }
    }
}

fn check_root(namespace: &ResolveResult<'_>, local: &str) -> Result<(), Refusal> {
    let ResolveResult::Bound(Namespace(namespace)) = namespace else { return Ok(()) };
    if *namespace == SVEFAKTURA {
        return Err(Refusal::Svefaktura);
    }
    if namespace.starts_with(ZUGFERD_1) || local == "CrossIndustryDocument" {
        return Err(Refusal::Zugferd1);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dtd_is_refused_before_it_is_used() {
        let bomb = br#"<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>"#;
        assert_eq!(check(bomb), Err(Refusal::DtdPresent));
    }

    #[test]
    fn depth_and_number_of_elements_are_bounded() {
        let deep = "<a>".repeat(DEPTH_MAX + 1);
        assert_eq!(check(deep.as_bytes()), Err(Refusal::TooDeep { limit: DEPTH_MAX }));
        let many = format!("<a>{}</a>", "<b/>".repeat(ELEMENTS_MAX));
        assert_eq!(check(many.as_bytes()), Err(Refusal::TooManyElements { limit: ELEMENTS_MAX }));
    }

    #[test]
    fn svefaktura_and_zugferd_1_are_named() {
        let sve = br#"<Invoice xmlns="urn:sfti:documents:BasicInvoice:1:0"/>"#;
        assert_eq!(check(sve), Err(Refusal::Svefaktura));
        let old = br#"<r:CrossIndustryDocument xmlns:r="urn:ferd:CrossIndustryDocument:invoice:1p0"/>"#;
        assert_eq!(check(old), Err(Refusal::Zugferd1));
    }
}
