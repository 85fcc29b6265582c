//! Commands on price rules, one per file.

pub(crate) mod body;
pub(crate) mod create;
pub(crate) mod end;
pub(crate) mod pause;
pub(crate) mod revise;
