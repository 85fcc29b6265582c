//! Decisions. Pure: no I/O, no clock, no randomness, no floats, nothing async.
//!
//! One folder per stream kind. Its `mod.rs` decides on that stream alone ([`Decide`]): given a state
//! and a command, these events or this refusal. Its other files are what clients ask for, by verb:
//! each reads the streams that it needs through a [`Unit`], checks who may, and
//! records the events of every stream concerned: all of them, or none.

pub mod access;
pub mod account;
pub mod aggregate;
pub mod answer;
pub mod api_key;
pub mod billing;
pub mod caller;
pub mod cart;
pub mod forecast;
pub mod inventory;
pub mod invoice;
pub mod members;
pub mod order;
pub mod price_rule;
pub mod product;
pub mod refusal;
pub mod restaurant;
pub mod stock;
pub mod supplier;
pub mod trade_relation;
pub mod unit;
pub mod webhook_endpoint;

use events::{
    Fold,
    values::{LoginAddress, Personal},
};

pub use answer::Answer;
pub use caller::Caller;
pub use refusal::Refusal;
pub use unit::{Concerns, Stop, Unit};

/// Deciding on one stream.
pub trait Decide: Fold {
    /// What can be asked of it.
    type Command;

    /// What happens, given what has happened. No event is a good answer: nothing new.
    ///
    /// # Errors
    /// The command is refused; nothing happens.
    fn decide(&self, command: Self::Command) -> Result<Vec<Self::Event>, Refusal>;
}

/// What a client asks for: a value that decides over as many streams as it needs.
pub trait Command: Send + Sync + 'static {
    /// Its name in idempotency scopes, metrics and logs; never changes.
    fn operation(&self) -> &'static str;

    /// The texts about people in it, each of which is sealed before it is decided on.
    fn personal(&mut self) -> Vec<&mut Personal> {
        Vec::new()
    }

    /// The address in it that an account is looked up by, or comes to be under; sealed and indexed before it
    /// is decided on.
    fn login_address(&mut self) -> Option<&mut LoginAddress> {
        None
    }

    /// The position up to which it was prepared on whom organisations name as their contact. It is not decided on
    /// once one has said another: [`crate::SubmitError::Outdated`].
    fn looked_through(&self) -> Option<i64> {
        None
    }

    /// Reads streams, checks who may, records events, and says what to answer.
    ///
    /// May run several times before it counts: whenever a stream was not at hand, or another process
    /// wrote first. It must depend on nothing but itself and the unit.
    ///
    /// # Errors
    /// [`Stop::Refused`] refuses this command alone; the others are the unit's own.
    fn decide(&self, unit: &mut Unit<'_>) -> Result<Answer, Stop>;
}

/// Takes the new value where there is one.
fn set<T>(field: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *field = value;
    }
}
