//! Against a server that publishes keys, and everything that could go wrong with it.

mod fetching;
mod instance;
mod tokens;
