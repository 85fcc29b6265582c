//! What a sender is told of a file that is not taken in: a code for programs, a sentence for people.

use invoicing::Refusal;

/// The code, which never changes.
pub fn code(refusal: &Refusal) -> &'static str {
    match refusal {
        Refusal::Empty => "empty_file",
        Refusal::TooLarge { .. } => "file_too_large",
        Refusal::UnknownType => "unknown_file_type",
        Refusal::MalformedXml(_) => "malformed_xml",
        Refusal::Encoding(_) => "unsupported_encoding",
        Refusal::DtdPresent => "xml_with_dtd",
        Refusal::TooDeep { .. } => "xml_too_deep",
        Refusal::TooManyElements { .. } => "xml_too_many_elements",
        Refusal::NotAnInvoice { .. } => "not_an_invoice",
        Refusal::Svefaktura => "svefaktura_unsupported",
        Refusal::Zugferd1 => "zugferd1_unsupported",
        Refusal::UnreadableValue { .. } => "unreadable_value",
        Refusal::TruncatedPdf => "truncated_pdf",
        Refusal::EncryptedPdf => "encrypted_pdf",
        Refusal::DamagedPdf(_) => "damaged_pdf",
        Refusal::PdfBomb(_) => "pdf_inflates_too_far",
        Refusal::TooManyPages { .. } => "too_many_pages",
        Refusal::PictureTooLarge { .. } => "picture_too_large",
        Refusal::DamagedPicture(_) => "damaged_picture",
        Refusal::TooCostly => "too_costly",
        Refusal::NoInvoiceFound => "no_invoice_found",
    }
}

/// The sentence: the engine speaks in clauses.
pub fn sentence(refusal: &Refusal) -> String {
    let clause: String = refusal.to_string().chars().filter(|c| !c.is_control()).collect();
    let mut chars = clause.chars();
    let first = chars.next().map(char::to_uppercase).into_iter().flatten();
    first.chain(chars).chain(['.']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_file_says_of_itself_forges_no_line_of_a_log() {
        let refusal = Refusal::NotAnInvoice { root: "Order\n2026 ERROR all is lost".to_owned() };
        assert!(!sentence(&refusal).contains('\n'));
        assert_eq!(sentence(&Refusal::Empty), "The file is empty.");
    }
}
