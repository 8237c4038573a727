//! A Zipf-distributed stream of keys, for tests: few keys are asked for often, most of them seldom.

/// Draws keys from 0, the most frequent, upwards.
#[derive(Debug)]
pub(super) struct Zipf {
    cumulated: Vec<f64>,
    random: fastrand::Rng,
}

impl Zipf {
    /// Keys below `keys`; the key of rank `r` is drawn in proportion to `1 / r ^ exponent`.
    pub(super) fn new(keys: u32, exponent: f64, seed: u64) -> Self {
        let cumulated = (1..=keys)
            .scan(0.0, |sum, rank| {
                *sum += f64::from(rank).powf(-exponent);
                Some(*sum)
            })
            .collect();
        Self { cumulated, random: fastrand::Rng::with_seed(seed) }
    }

    pub(super) fn draw(&mut self) -> usize {
        let total = self.cumulated.last().copied().unwrap_or_default();
        let point = self.random.f64() * total;
        self.cumulated.partition_point(|&sum| sum <= point).min(self.cumulated.len() - 1)
    }
}
