//! What is read, and how it is asked for.

/// A read that is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Read {
    FirstPage,
    ByStatus,
    FirstOfAll,
    DeepPage,
    OneOrder,
    Search,
}

impl Read {
    pub const ALL: [Self; 6] =
        [Self::FirstPage, Self::ByStatus, Self::FirstOfAll, Self::DeepPage, Self::OneOrder, Self::Search];

    /// As the table names it.
    pub fn name(self) -> &'static str {
        match self {
            Self::FirstPage => "Orders of a restaurant, first page of 50",
            Self::ByStatus => "Orders of a restaurant by status, first page of 50",
            Self::FirstOfAll => "All orders, first page of 50",
            Self::DeepPage => "All orders from the middle on, by cursor, 50 each",
            Self::OneOrder => "One order",
            Self::Search => "Product search with a typo, 50 best",
        }
    }
}

/// As it may stand in a query.
pub fn percent_encoded(text: &str) -> String {
    use std::fmt::Write as _;
    text.bytes().fold(String::new(), |mut encoded, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            write!(encoded, "%{byte:02X}").expect("a string takes any text");
        }
        encoded
    })
}
