//! Chance that repeats: the same numbers on every run.

/// A source of numbers (`SplitMix64`).
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// Any of `0..count`, each as likely.
    pub fn below(&mut self, count: usize) -> usize {
        Self::scaled(self.next() >> 32, count)
    }

    /// Any of `0..count`, the low ones far more often: the first of 2,000 comes 45 times as often as one
    /// of the middle, as with customers.
    pub fn skewed(&mut self, count: usize) -> usize {
        let part = self.next() >> 32;
        Self::scaled((part * part) >> 32, count)
    }

    pub fn pick<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.below(of.len())]
    }

    fn scaled(part_of_2_to_32: u64, count: usize) -> usize {
        let count = u64::try_from(count).expect("counts are small");
        usize::try_from((part_of_2_to_32 * count) >> 32).expect("below count")
    }
}
