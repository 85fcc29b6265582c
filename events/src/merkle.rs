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

    #[test]
    fn the_root_of_nothing_is_the_one_of_the_rfc() {
        let empty = MerkleRoot::default().root();
        assert_eq!(empty[..4], [0xe3, 0xb0, 0xc4, 0x42]);
    }
}
