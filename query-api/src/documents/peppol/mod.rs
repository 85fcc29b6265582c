//! The invoice as Peppol BIS Billing 3.0: UBL 2.1, a CIUS of EN 16931.

mod electronic_address;
mod ready;
mod ubl;
mod xml;

pub use ready::Lacking;
pub use ubl::peppol_xml;
pub use xml::XmlFault;
