//! Keyset cursors: where the next page begins.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Serialize, de::DeserializeOwned};
use sha2::{Digest, Sha256};

use crate::error::{ApiError, Fault};

/// Longest cursor taken, in bytes; ours are far shorter.
const CURSOR_MAX_BYTES: usize = 1_024;
/// Bytes of SHA-256 in front of a cursor's key.
const CHECKSUM_BYTES: usize = 8;

/// Writes the sort key of a page's last item as a cursor for the list named `list`.
///
/// # Panics
/// When `key` cannot be JSON: a map with keys that are not strings.
pub fn write_cursor<K: Serialize>(list: &'static str, key: &K) -> String {
    let key = serde_json::to_vec(key).expect("sort keys are plain values");
    let mut bytes = checksum(list, &key).to_vec();
    bytes.extend_from_slice(&key);
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Reads a cursor of the list named `list`.
///
/// A cursor only says where to go on; what may be seen is decided apart from it, so its checksum guards
/// against damage and mix-ups and is no signature.
///
/// # Errors
/// 422 `invalid_cursor` when changed, cut, of another list, or not a cursor.
pub fn read_cursor<K: DeserializeOwned>(list: &'static str, cursor: &str) -> Result<K, ApiError> {
    try_read(list, cursor).ok_or_else(|| {
        let message = "The cursor is not one of this list's.";
        ApiError::unprocessable("invalid_cursor", message).with_details(vec![Fault::new(
            "cursor",
            "invalid_cursor",
            message,
        )])
    })
}

fn try_read<K: DeserializeOwned>(list: &str, cursor: &str) -> Option<K> {
    let short = (cursor.len() <= CURSOR_MAX_BYTES).then_some(cursor)?;
    let bytes = URL_SAFE_NO_PAD.decode(short).ok()?;
    let (sum, key) = bytes.split_at_checked(CHECKSUM_BYTES)?;
    (sum == checksum(list, key)).then(|| serde_json::from_slice(key).ok())?
}

fn checksum(list: &str, key: &[u8]) -> [u8; CHECKSUM_BYTES] {
    let digest = Sha256::new().chain_update(list).chain_update([0]).chain_update(key).finalize();
    let mut sum = [0; CHECKSUM_BYTES];
    sum.copy_from_slice(&digest[..CHECKSUM_BYTES]);
    sum
}
