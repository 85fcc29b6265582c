//! Why an exchange was not made, with what to do about it.

use events::log::{Retry, retry_of};

use crate::{
    compare::{Difference, RowCount},
    rebuild::RebuildError,
};

/// Why nothing was exchanged: the live rows are as they were.
#[derive(Debug, thiserror::Error)]
pub enum SwapError {
    /// There is nothing to put in their place.
    #[error("there is no {schema}: {remedy}")]
    NothingThere {
        /// Where it would be.
        schema: String,
        /// What to do.
        remedy: String,
    },
    /// The place where the live rows would go is taken.
    #[error("{schema} is still there: `iris projections {remedy}` deletes it")]
    Taken {
        /// Which.
        schema: String,
        /// What to do.
        remedy: String,
    },
    /// The rows were folded by another version of the program, which alone can fold them on.
    #[error(
        "the rows of {name} in {schema} are of version {rows}, this program folds version {ours}: \
         run this with the program of version {rows}"
    )]
    OtherVersion {
        /// Which projection.
        name: &'static str,
        /// Where.
        schema: String,
        /// The version of its rows.
        rows: i32,
        /// The version of this program.
        ours: i32,
    },
    /// The rebuild did not come to its end.
    #[error("{0} is not built to its end: `iris projections rebuild {0}` goes on where it stopped")]
    Unfinished(&'static str),
    /// The tables are not alike any more, for a migration came in between.
    #[error("table {table} of {schema} is unlike the live one ({property}): discard it and build it again")]
    Unlike {
        /// Which table.
        table: &'static str,
        /// Where.
        schema: String,
        /// What only one of them has.
        property: String,
    },
    /// Nobody ever folded the live rows.
    #[error("projection {0} was never started: there are no live rows to exchange")]
    NeverStarted(String),
    /// The live rows stay behind those that were built.
    #[error(
        "the live rows of {name} stand at position {live}, behind those in {schema}, and nobody folds them on: \
         start `iris projections`, or swap with --unchecked"
    )]
    LiveBehind {
        /// Which family.
        name: &'static str,
        /// How far they are.
        live: i64,
        /// Where the others are.
        schema: String,
    },
    /// Both sides should be the same and are not.
    #[error("the rows differ: {0:?}")]
    Differ(Vec<Difference>),
    /// The numbers of rows should be the same and are not.
    #[error("the numbers of rows differ: {0:?}")]
    CountsDiffer(Vec<RowCount>),
    /// Readers held the tables whenever it was tried.
    #[error("the tables of {0} were never free for a moment: long reads hold them; try again later")]
    NeverFree(&'static str),
    /// The rows to be put in place could not be folded on.
    #[error(transparent)]
    Rebuild(#[from] RebuildError),
    /// What the database says.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

impl SwapError {
    /// True if the same may work in a moment: a lock was not had in time.
    pub(crate) fn is_momentary(&self) -> bool {
        matches!(self, Self::Database(error) if retry_of(error) == Retry::Now)
    }
}
