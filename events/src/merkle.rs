//! The Merkle tree over content hashes: one root for a stretch of the log, in memory that does not grow with it.
//!
//! # Source
//! RFC 6962 section 2.1: `SHA-256(0x00 ‖ leaf)`, `SHA-256(0x01 ‖ left ‖ right)`, the left subtree as large a power of
//! two as fits. The two prefixes keep a node from being passed off as a leaf.

use sha2::{Digest, Sha256};

/// A SHA-256.
pub type Hash = [u8; 32];

/// What a leaf stands for in the tree; `content_hash` is [`crate::canonical::content_hash`].
pub fn leaf_hash(content_hash: &Hash) -> Hash {
    Sha256::new().chain_update([0]).chain_update(content_hash).finalize().into()
}

/// What two subtrees, left and right, stand for together.
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    Sha256::new().chain_update([1]).chain_update(left).chain_update(right).finalize().into()
}

/// A tree that only grows to the right. Keeps one hash per full subtree: at most 64.
#[derive(Clone, Debug, Default)]
pub struct MerkleRoot {
    /// Full subtrees from left to right, each smaller than the one before: the binary digits of `count`.
    subtrees: Vec<Hash>,
    count: u64,
}

impl MerkleRoot {
    /// Adds the next leaf.
    pub fn push(&mut self, content_hash: &Hash) {
        let mut hash = leaf_hash(content_hash);
        // As adding one to a binary number carries: every full subtree of the same size is joined.
        for _ in 0..self.count.trailing_ones() {
            let left = self.subtrees.pop().expect("one subtree for each digit that is set");
            hash = node_hash(&left, &hash);
        }
        self.subtrees.push(hash);
        self.count += 1;
    }

    /// Leaves so far.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The root over all leaves so far; of none it is the hash of nothing.
    pub fn root(&self) -> Hash {
        let mut subtrees = self.subtrees.iter().rev();
        let Some(last) = subtrees.next() else { return Sha256::digest([]).into() };
        subtrees.fold(*last, |right, left| node_hash(left, &right))
    }
}

/// The hashes beside the way from a leaf up to the root, the lowest first; empty for a tree of one leaf.
///
/// # Panics
/// If there is no such leaf.
///
/// # Source
/// RFC 6962 section 2.1.1.
pub fn inclusion_path(content_hashes: &[Hash], index: usize) -> Vec<Hash> {
    assert!(index < content_hashes.len(), "leaf {index} of {}", content_hashes.len());
    let mut path = Vec::new();
    let (mut tree, mut index) = (content_hashes, index);
    while tree.len() > 1 {
        let (left, right) = tree.split_at(tree.len().next_power_of_two() / 2);
        let (within, beside) = if index < left.len() { (left, right) } else { (right, left) };
        index -= if index < left.len() { 0 } else { left.len() };
        path.push(root_of(beside));
        tree = within;
    }
    path.reverse();
    path
}

/// The root of a tree of `count` leaves that has this leaf at `index`, if the path is as long as it must be.
///
/// # Source
/// RFC 9162 section 2.1.3.2.
pub fn root_by_path(content_hash: &Hash, index: u64, count: u64, path: &[Hash]) -> Option<Hash> {
    let (mut index, mut last) = (index, count.checked_sub(1)?);
    if index > last {
        return None;
    }
    let mut hash = leaf_hash(content_hash);
    for beside in path {
        if last == 0 {
            return None;
        }
        if index % 2 == 1 || index == last {
            hash = node_hash(beside, &hash);
            // Up to where there is something to the left of us.
            let up = index.trailing_zeros().min(63);
            (index, last) = (index >> up, last >> up);
        } else {
            hash = node_hash(&hash, beside);
        }
        (index, last) = (index >> 1, last >> 1);
    }
    (last == 0).then_some(hash)
}

/// The root over these leaves.
pub fn root_of(content_hashes: &[Hash]) -> Hash {
    let mut tree = MerkleRoot::default();
    for content_hash in content_hashes {
        tree.push(content_hash);
    }
    tree.root()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The definition as the RFC has it: by halves, over all leaves at once.
    fn defined(leaves: &[Hash]) -> Hash {
        match leaves {
            [] => Sha256::digest([]).into(),
            [leaf] => leaf_hash(leaf),
            _ => {
                let left = leaves.len().next_power_of_two() / 2;
                node_hash(&defined(&leaves[..left]), &defined(&leaves[left..]))
            }
        }
    }

    proptest! {
        #[test]
        fn growing_leaf_by_leaf_gives_the_root_that_the_rfc_defines(leaves in prop::collection::vec(any::<Hash>(), 0..70)) {
            let mut tree = MerkleRoot::default();
            for (count, leaf) in leaves.iter().enumerate() {
                prop_assert_eq!(tree.root(), defined(&leaves[..count]));
                tree.push(leaf);
            }
            prop_assert_eq!(tree.root(), defined(&leaves));
            prop_assert_eq!(tree.count(), leaves.len() as u64);
        }

    }

    proptest! {
        // Each case is every leaf with every hash beside its way altered.
        #![proptest_config(ProptestConfig::with_cases(24))]

        #[test]
        fn the_path_of_each_leaf_leads_to_the_root_and_no_other_does(
            leaves in prop::collection::vec(any::<Hash>(), 1..70),
            bit in 0_u8..8,
        ) {
            let (root, count) = (root_of(&leaves), leaves.len() as u64);
            for (index, leaf) in leaves.iter().enumerate() {
                let path = inclusion_path(&leaves, index);
                let at = index as u64;
                prop_assert_eq!(root_by_path(leaf, at, count, &path), Some(root));
                prop_assert_ne!(root_by_path(leaf, at + 1, count, &path), Some(root));
                prop_assert_eq!(root_by_path(leaf, count, count, &path), None);
                prop_assert_eq!(root_by_path(leaf, at, count, &[path.as_slice(), &[root]].concat()), None);
                let mut altered = *leaf;
                altered[usize::from(bit)] ^= 1 << bit;
                prop_assert_ne!(root_by_path(&altered, at, count, &path), Some(root));
                for place in 0..path.len() {
                    let mut path = path.clone();
                    path[place][31] ^= 1 << bit;
                    prop_assert_ne!(root_by_path(leaf, at, count, &path), Some(root));
                }
            }
        }
    }

    #[test]
    fn the_root_of_nothing_is_the_one_of_the_rfc() {
        let empty = MerkleRoot::default().root();
        assert_eq!(empty[..4], [0xe3, 0xb0, 0xc4, 0x42]);
    }
}
