//! Parts of a batch in the store of files, until the batch is taken in.

use std::io;

use bytes::Bytes;
use platform::blobs::BlobStore;
use uuid::Uuid;

/// Bytes of the batch's id.
const HEAD_BYTES: usize = 16;

/// Keeps a part with the batch's id in front of it: so nothing else is kept under the same hash, neither another
/// batch's part nor an invoice, and it can be removed as soon as nobody needs it.
pub async fn keep(blobs: &BlobStore, batch_id: Uuid, part: &[u8]) -> io::Result<String> {
    blobs.put(Bytes::from([batch_id.as_bytes(), part].concat())).await
}

/// The part.
///
/// # Errors
/// The store's; also where the part is not there.
pub async fn get(blobs: &BlobStore, source: &str) -> io::Result<Bytes> {
    let staged = blobs.get(source).await?;
    let staged = staged.filter(|staged| staged.len() >= HEAD_BYTES);
    staged.map(|staged| staged.slice(HEAD_BYTES..)).ok_or_else(|| {
        io::Error::new(io::ErrorKind::NotFound, format!("the part {source} of a batch is not in the store"))
    })
}
