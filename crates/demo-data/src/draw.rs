//! Numbers that look random and are the same on every machine: integers only, and a generator that never changes.

/// SplitMix64: Steele, Lea and Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014.
#[derive(Debug)]
pub(crate) struct Draw {
    state: u64,
}

/// Which of all possible shops ours is: one whose product 122, which the documentation shows, looks like a product to show.
const SHOP: u64 = 9_559_734 << 32;

/// The golden ratio in 64 bits: the step of the generator.
const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

impl Draw {
    /// The draws of product `number`, whatever was drawn for others.
    pub(crate) fn of_product(number: u32) -> Self {
        let mut seed = Self { state: SHOP ^ u64::from(number) };
        Self { state: seed.bits() }
    }

    /// 64 random bits.
    pub(crate) fn bits(&mut self) -> u64 {
        self.state = self.state.wrapping_add(STEP);
        let mixed = (self.state ^ (self.state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number from 0 to `end - 1`; `end` is positive. The bias of the remainder is below one in a billion.
    pub(crate) fn below(&mut self, end: i64) -> i64 {
        (self.bits() >> 1).cast_signed() % end
    }

    /// Whether something happens that happens so many times in a hundred.
    pub(crate) fn percent(&mut self, chance: i64) -> bool {
        self.below(100) < chance
    }

    /// One of several; there is at least one.
    pub(crate) fn one_of<'a, T>(&mut self, choices: &'a [T]) -> &'a T {
        let count = i64::try_from(choices.len()).unwrap_or(i64::MAX);
        let chosen = usize::try_from(self.below(count)).unwrap_or(0);
        &choices[chosen]
    }

    /// Mostly small, seldom large: half of the draws lie below `2 * scale`, a quarter between that and `4 * scale`, and so on,
    /// 16 times. The distribution is that of Pareto with an exponent of 1.
    pub(crate) fn long_tailed(&mut self, scale: i64) -> i64 {
        let magnitude = scale << self.bits().trailing_zeros().min(16);
        magnitude + self.below(magnitude)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_generator_is_the_published_one() {
        // The first outputs for the seed 1234567, as other implementations list them.
        let mut draw = Draw { state: 1_234_567 };
        assert_eq!([draw.bits(), draw.bits()], [6_457_827_717_110_365_317, 3_203_168_211_198_807_973]);
    }

    #[test]
    fn long_tails_are_long() {
        let mut draw = Draw::of_product(1);
        let mut draws: Vec<_> = (0..10_000).map(|_| draw.long_tailed(20)).collect();
        draws.sort_unstable();
        let (median, largest) = (draws[5_000], draws[9_999]);
        assert!((30..60).contains(&median), "{median}");
        assert!(largest > 1_000 * median, "{largest}");
    }
}
