//! Bytes that are signed.

/// The fields one after another, each preceded by its length in bytes (u64, big endian), so that no two
/// different statements give the same bytes. The first field names the kind of statement: a signature over one
/// kind never passes for one over another.
pub(super) fn statement(fields: &[&[u8]]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(fields.iter().map(|field| field.len() + 8).sum());
    for field in fields {
        bytes.extend_from_slice(&(field.len() as u64).to_be_bytes());
        bytes.extend_from_slice(field);
    }
    bytes
}
