//! Prices by rule, from the log to the log.

mod isolated;
mod market;
mod promised;
mod repriced;
mod resumed;
