//! Why a file is not taken in.

/// What makes a file unusable as an invoice; each says what its sender can do about it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Nothing was sent.
    #[error("the file is empty")]
    Empty,
    /// More bytes than are read.
    #[error("the file has {bytes} bytes; the limit is {limit}")]
    TooLarge {
        /// What came.
        bytes: usize,
        /// What is allowed.
        limit: usize,
    },
    /// Neither XML, PDF nor a picture.
    #[error("neither XML, PDF, PNG, JPEG nor TIFF")]
    UnknownType,
    /// The text is not XML that can be read.
    #[error("not well-formed XML: {0}")]
    MalformedXml(String),
    /// XML in an encoding that no reader need know.
    #[error("the XML is encoded as {0}; send UTF-8")]
    Encoding(String),
    /// Entities could be defined, which is how a small file becomes a large one or reads others.
    #[error("the XML has a DTD; invoices need none, and it is not read")]
    DtdPresent,
    /// Elements in elements, beyond any invoice.
    #[error("the XML is nested deeper than {limit} elements")]
    TooDeep {
        /// What is allowed.
        limit: usize,
    },
    /// More elements than any invoice has.
    #[error("the XML has more than {limit} elements")]
    TooManyElements {
        /// What is allowed.
        limit: usize,
    },
    /// Sound XML of another kind.
    #[error("the XML is <{root}>, not an invoice or a credit note")]
    NotAnInvoice {
        /// Its root element.
        root: String,
    },
    /// Svefaktura 1.0, which SFTI withdrew in 2021.
    #[error("Svefaktura 1.0 is not supported; send Peppol BIS Billing 3.0")]
    Svefaktura,
    /// `ZUGFeRD` 1.0 as bare XML: no page beside it to read instead.
    #[error("ZUGFeRD 1.0 is not supported; send ZUGFeRD 2 (Factur-X) or Peppol BIS Billing 3.0")]
    Zugferd1,
    /// A number or a date that is none, or that is too large.
    #[error("{path} has a value that cannot be read: {value}")]
    UnreadableValue {
        /// Where in the document.
        path: String,
        /// What stands there, cut to 60 characters.
        value: String,
    },
    /// The PDF ends in the middle.
    #[error("the PDF is cut off: its end is missing")]
    TruncatedPdf,
    /// The PDF opens with a password only.
    #[error("the PDF needs a password; send it without one")]
    EncryptedPdf,
    /// The PDF's pages lead back to themselves, or its parts do not fit together.
    #[error("the PDF is damaged: {0}")]
    DamagedPdf(String),
    /// What the PDF holds becomes larger than is read.
    #[error("the PDF inflates beyond the limit: {0}")]
    PdfBomb(String),
    /// More pages than are read.
    #[error("the PDF has more than {limit} pages")]
    TooManyPages {
        /// What is allowed.
        limit: usize,
    },
    /// A picture with more points than are decoded.
    #[error("the picture has {width} × {height} points; the limit is {limit} in all")]
    PictureTooLarge {
        /// Points across.
        width: u32,
        /// Points down.
        height: u32,
        /// What is allowed in all.
        limit: u64,
    },
    /// A picture whose header or content cannot be read.
    #[error("the picture cannot be read: {0}")]
    DamagedPicture(String),
    /// A program that reads it ran into a limit on its time or memory, or fell.
    #[error("reading the file takes more time or memory than is allowed")]
    TooCostly,
    /// Readable, but nothing in it is an invoice.
    #[error("no invoice was found in the file")]
    NoInvoiceFound,
}
