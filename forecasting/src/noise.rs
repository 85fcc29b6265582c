//! Noise for tests: the same for the same seed, on any machine.

/// A stream of numbers that look drawn.
///
/// # Source
/// Steele, Lea and Flood (2014): `SplitMix64`.
pub(crate) struct Noise(u64);

impl Noise {
    pub(crate) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// From 0 to below 1.
    pub(crate) fn uniform(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        f64::from(u32::try_from((bits ^ (bits >> 31)) >> 32).expect("32 bits")) / 2_f64.powi(32)
    }

    /// Of mean 0 and variance 1: the sum of twelve.
    pub(crate) fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.uniform()).sum::<f64>() - 6.0
    }

    /// A count of that mean.
    pub(crate) fn poisson(&mut self, mean: f64) -> f64 {
        let (floor, mut count, mut product) = ((-mean).exp(), 0.0, self.uniform());
        while product > floor {
            count += 1.0;
            product *= self.uniform();
        }
        count
    }
}
