//! What price rules made of products in the last hour, or would have.

pub(crate) mod list;
