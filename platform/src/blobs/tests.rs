use std::os::unix::fs::PermissionsExt;

use super::*;

/// `printf abc | sha256sum`, the example of FIPS 180-4.
const ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

fn store() -> (tempfile::TempDir, BlobStore) {
    let folder = tempfile::tempdir().unwrap();
    let store = BlobStore::open(folder.path().join("blobs")).unwrap();
    (folder, store)
}

fn files(folder: &Path) -> usize {
    fs::read_dir(folder).unwrap().count()
}

#[tokio::test]
async fn bytes_come_back_under_their_hash() {
    let (folder, store) = store();
    assert_eq!(store.put(Bytes::from_static(b"abc")).await.unwrap(), ABC);
    assert_eq!(store.get(ABC).await.unwrap().unwrap(), "abc");
    let root = folder.path().join("blobs");
    assert!(root.join("ba").join(&ABC[2..]).is_file());
    assert_eq!(files(&root.join(INCOMING)), 0, "nothing half-written is left");
    // Another process, or the same after a restart.
    let again = BlobStore::open(root).unwrap();
    assert_eq!(again.get(ABC).await.unwrap().unwrap(), "abc");
}

#[tokio::test]
async fn folders_are_made_with_the_first_file_at_the_latest() {
    let folder = tempfile::tempdir().unwrap();
    let store = BlobStore::at(folder.path().join("blobs"));
    assert_eq!(store.get(ABC).await.unwrap(), None);
    assert_eq!(files(folder.path()), 0);
    store.put(Bytes::from_static(b"abc")).await.unwrap();
    assert_eq!(store.get(ABC).await.unwrap().unwrap(), "abc");
}

#[tokio::test]
async fn the_same_bytes_again_leave_the_file_alone() {
    let (folder, store) = store();
    store.put(Bytes::from_static(b"abc")).await.unwrap();
    let path = folder.path().join("blobs/ba").join(&ABC[2..]);
    let before = fs::metadata(&path).unwrap().modified().unwrap();
    assert_eq!(store.put(Bytes::from_static(b"abc")).await.unwrap(), ABC);
    assert_eq!(fs::metadata(&path).unwrap().modified().unwrap(), before);
    assert_eq!(files(path.parent().unwrap()), 1);
}

#[tokio::test]
async fn many_at_once_write_one_whole_file() {
    let (folder, store) = store();
    let puts = (0..16).map(|_| store.put(Bytes::from_static(b"abc")));
    for put in futures::future::join_all(puts).await {
        assert_eq!(put.unwrap(), ABC);
    }
    assert_eq!(files(&folder.path().join("blobs/ba")), 1);
    assert_eq!(store.get(ABC).await.unwrap().unwrap(), "abc");
}

#[tokio::test]
async fn what_is_no_hash_reaches_no_file() {
    let (folder, store) = store();
    fs::write(folder.path().join("secret"), "not a blob").unwrap();
    let upper = ABC.to_uppercase();
    let long = format!("../secret{}", "a".repeat(55));
    for name in ["", "../secret", "/etc/passwd", &ABC[..63], &upper, &long, &format!("{ABC}0")] {
        assert_eq!(store.get(name).await.unwrap(), None, "{name}");
        store.remove(name).await.unwrap();
    }
    assert!(folder.path().join("secret").is_file());
}

#[tokio::test]
async fn a_changed_file_is_not_given_out() {
    let (folder, store) = store();
    store.put(Bytes::from_static(b"abc")).await.unwrap();
    fs::write(folder.path().join("blobs/ba").join(&ABC[2..]), "abd").unwrap();
    let error = store.get(ABC).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidData);
    assert!(error.to_string().contains(ABC));
}

#[tokio::test]
async fn removed_bytes_are_gone_and_removing_twice_is_fine() {
    let (_folder, store) = store();
    store.put(Bytes::from_static(b"abc")).await.unwrap();
    store.remove(ABC).await.unwrap();
    assert_eq!(store.get(ABC).await.unwrap(), None);
    store.remove(ABC).await.unwrap();
}

#[tokio::test]
async fn folders_and_files_are_for_this_account_alone() {
    let (folder, store) = store();
    store.put(Bytes::from_static(b"abc")).await.unwrap();
    let mode = |path: &str| {
        fs::metadata(folder.path().join("blobs").join(path)).unwrap().permissions().mode() & 0o777
    };
    assert_eq!((mode(""), mode(INCOMING), mode("ba")), (0o700, 0o700, 0o700));
    assert_eq!(mode(&format!("ba/{}", &ABC[2..])), 0o600);
}
