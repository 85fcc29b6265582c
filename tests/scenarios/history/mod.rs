//! The history: exported, cut, resumed and imported; and an order's story in words.

mod copied;
mod imported;
mod story;
mod world;
