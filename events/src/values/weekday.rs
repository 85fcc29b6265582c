//! Days of the week.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A day of the week, as clients name it; events have its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the words say it")]
pub enum Weekday {
    Monday,
    Tuesday,
    Wednesday,
    Thursday,
    Friday,
    Saturday,
    Sunday,
}

impl Weekday {
    /// From Monday on.
    pub const ALL: [Self; 7] = [
        Self::Monday,
        Self::Tuesday,
        Self::Wednesday,
        Self::Thursday,
        Self::Friday,
        Self::Saturday,
        Self::Sunday,
    ];

    /// 1 for Monday to 7 for Sunday.
    ///
    /// # Source
    /// ISO 8601.
    pub const fn number(self) -> u8 {
        self as u8 + 1
    }

    /// The day of that number.
    pub fn numbered(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|day| day.number() == number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_week_is_numbered_from_monday_to_sunday() {
        assert_eq!(Weekday::ALL.map(Weekday::number), [1, 2, 3, 4, 5, 6, 7]);
        assert_eq!(Weekday::numbered(7), Some(Weekday::Sunday));
        assert_eq!([0, 8].map(Weekday::numbered), [None, None]);
    }
}
