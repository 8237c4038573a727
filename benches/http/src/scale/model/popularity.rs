//! Which products are asked for how often, and how many of the requests a cache of some size answers.

/// Products up to this rank stand alone; further ones in groups of about equal popularity.
const ALONE: u64 = 500;

/// How much farther each group reaches, in percent of where it begins.
const GROWTH_PERCENT: u64 = 3;

/// Halvings of an interval that is sought in.
const HALVINGS: u32 = 80;

/// Zipf-like: the product of rank `r` is asked for in proportion to `1 / r ^ exponent`.
///
/// Breslau et al., "Web Caching and Zipf-like Distributions" (INFOCOM 1999), found this form in each of their traces.
#[derive(Debug, Clone)]
pub(in crate::scale) struct Popularity {
    /// How many products, and the part of all requests that goes to each of them.
    pub(in crate::scale) groups: Vec<(f64, f64)>,
}

impl Popularity {
    /// Of `products` products.
    pub(in crate::scale) fn zipf(products: u64, exponent: f64) -> Self {
        let mut groups = Vec::new();
        let mut first = 1;
        while first <= products {
            let last = if first <= ALONE { first } else { (first + first * GROWTH_PERCENT / 100).min(products) };
            let middle = (first as f64 * last as f64).sqrt();
            groups.push(((last - first + 1) as f64, middle.powf(-exponent)));
            first = last + 1;
        }
        let sum: f64 = groups.iter().map(|(count, weight)| count * weight).sum();
        groups.iter_mut().for_each(|(_, weight)| *weight /= sum);
        Self { groups }
    }

    /// How many requests pass until a cache of `entries` has dropped what is not asked for again: the characteristic time of
    /// Che, Tung and Wang, "Hierarchical Web Caching Systems" (IEEE JSAC 20(7), 2002), in requests. Infinite if all fit.
    pub(in crate::scale) fn characteristic_requests(&self, entries: f64) -> f64 {
        let products: f64 = self.groups.iter().map(|(count, _)| count).sum();
        if entries >= products {
            return f64::INFINITY;
        }
        let held = |requests: f64| -> f64 {
            self.groups.iter().map(|(count, part)| count * -(-part * requests).exp_m1()).sum()
        };
        // As a power of ten: the time is between one request and more than ever come.
        let (mut low, mut high) = (0.0_f64, 18.0_f64);
        for _ in 0..HALVINGS {
            let middle = f64::midpoint(low, high);
            if held(10_f64.powf(middle)) < entries { low = middle } else { high = middle }
        }
        10_f64.powf(high)
    }

    /// Hits of a least-recently-used cache of `entries`, by Che's approximation.
    pub(in crate::scale) fn lru_hits(&self, entries: f64) -> f64 {
        let time = self.characteristic_requests(entries);
        self.groups.iter().map(|(count, part)| count * part * -(-part * time).exp_m1()).sum()
    }

    /// Hits if the cache held the `entries` products that are asked for most: no policy has more.
    pub(in crate::scale) fn best_hits(&self, entries: f64) -> f64 {
        let mut left = entries;
        let mut hits = 0.0;
        for (count, part) in &self.groups {
            let held = count.min(left.max(0.0));
            hits += held * part;
            left -= held;
        }
        hits
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(value: f64, expected: f64, by: f64) {
        assert!((value - expected).abs() < by, "{value} in place of {expected}");
    }

    #[test]
    fn all_requests_go_somewhere() {
        let popularity = Popularity::zipf(1_000_000, 0.99);
        close(popularity.groups.iter().map(|(count, part)| count * part).sum(), 1.0, 1e-9);
        close(popularity.groups.iter().map(|(count, _)| count).sum(), 1e6, 0.5);
    }

    #[test]
    fn the_hottest_tenth_gets_three_quarters() {
        close(Popularity::zipf(10_000, 0.99).best_hits(1_000.0), 0.76, 0.01);
    }

    #[test]
    fn groups_are_as_good_as_single_products() {
        let sum = |to: u64| (1..=to).map(|rank| (rank as f64).powf(-0.75)).sum::<f64>();
        close(Popularity::zipf(100_000, 0.75).best_hits(20_000.0), sum(20_000) / sum(100_000), 0.002);
    }

    /// With equal popularity every policy has as many hits as it holds products.
    #[test]
    fn equal_popularity_leaves_nothing_to_choose() {
        let popularity = Popularity::zipf(10_000, 0.0);
        close(popularity.lru_hits(2_500.0), 0.25, 0.001);
        close(popularity.best_hits(2_500.0), 0.25, 0.001);
    }

    #[test]
    fn recency_is_worse_than_knowing_and_all_of_it_is_all() {
        let popularity = Popularity::zipf(10_000, 0.99);
        for entries in [100.0, 1_000.0, 6_000.0] {
            assert!(popularity.lru_hits(entries) < popularity.best_hits(entries));
        }
        close(popularity.lru_hits(10_000.0), 1.0, 1e-9);
    }
}
