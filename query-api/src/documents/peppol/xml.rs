//! Writing UBL elements.

use std::io;

use quick_xml::{
    Writer,
    events::{BytesDecl, BytesText, Event},
};

/// The XML could not be written.
#[derive(Debug, thiserror::Error)]
#[error("the invoice cannot be written as XML")]
pub struct XmlFault(#[from] io::Error);

/// A document in the making.
pub(super) struct Xml {
    writer: Writer<Vec<u8>>,
}

impl Xml {
    pub(super) fn new() -> io::Result<Self> {
        let mut writer = Writer::new(Vec::new());
        writer.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
        Ok(Self { writer })
    }

    pub(super) fn finish(self) -> String {
        String::from_utf8(self.writer.into_inner()).expect("only UTF-8 was written")
    }

    /// An element with others in it.
    pub(super) fn within(
        &mut self,
        name: &str,
        attributes: &[(&str, &str)],
        inner: impl FnOnce(&mut Self) -> io::Result<()>,
    ) -> io::Result<()> {
        let start = quick_xml::events::BytesStart::new(name).with_attributes(attributes.iter().copied());
        let end = start.to_end().into_owned();
        self.writer.write_event(Event::Start(start.borrow()))?;
        inner(self)?;
        self.writer.write_event(Event::End(end))
    }

    /// An element with a text in it; what XML 1.0 cannot hold is left out.
    pub(super) fn text(&mut self, name: &str, attributes: &[(&str, &str)], text: &str) -> io::Result<()> {
        let clean: String = text.chars().filter(|c| is_xml_char(*c)).collect();
        let element = self.writer.create_element(name).with_attributes(attributes.iter().copied());
        element.write_text_content(BytesText::new(&clean))?;
        Ok(())
    }

    /// An element with a text in it, if there is one: PEPPOL-EN16931-R008 allows no empty elements.
    pub(super) fn optional(&mut self, name: &str, text: Option<&str>) -> io::Result<()> {
        text.filter(|text| !text.trim().is_empty()).map_or(Ok(()), |text| self.text(name, &[], text))
    }
}

/// # Source
/// XML 1.0, production 2.
const fn is_xml_char(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | '\u{20}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
}
