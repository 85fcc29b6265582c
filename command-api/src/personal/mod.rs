//! People: what is looked up before one is erased, how one is found by an address, and what is held of one.

mod addresses;
mod contacts;
mod erasure;
mod held;

pub use addresses::{account_of_address, index_addresses};
pub(crate) use contacts::{SAY_CONTACT, contact_said_after};
pub use erasure::{ErasureFault, NamesThePerson, PLANS_MAX, end_sessions, plan_erasure};
pub use held::{Act, HeldEvent, HeldFault, HeldHistory, PersonalData, personal_data};
