//! How often the hottest products are asked for at present: estimates of ten seconds, held against each other.

use std::{
    collections::{HashMap, VecDeque},
    time::Instant,
};

use larder_domain::ProductId;
use larder_repository_cached::HotProduct;

use super::moment::Hot;

/// Estimates are made from one look-up in 32: over fewer seconds they would jump.
const SPAN: usize = 10;

/// The estimates of the last seconds.
#[derive(Debug, Default)]
pub(super) struct Hottest(VecDeque<(Instant, HashMap<ProductId, u64>)>);

impl Hottest {
    /// Takes the estimates of one more second; answers the rates, the highest first.
    pub(super) fn take(&mut self, products: &[HotProduct], now: Instant) -> Vec<Hot> {
        let counts: HashMap<_, _> = products.iter().map(|product| (product.id, product.count)).collect();
        // All counts are halved from time to time; what came before cannot be compared.
        let halved = self.0.back().is_some_and(|(_, before)| {
            before.iter().any(|(id, before)| counts.get(id).is_some_and(|count| count < before))
        });
        if halved {
            self.0.clear();
        }
        let first = self.0.front();
        let rate = |product: &HotProduct| {
            let (since, counts) = first?;
            let seconds = now.saturating_duration_since(*since).as_secs_f64().max(0.001);
            let count = product.count.saturating_sub(*counts.get(&product.id).unwrap_or(&0));
            #[expect(clippy::cast_precision_loss, reason = "counts of events in one process stay below 2^53")]
            let per_second = (10.0 * count as f64 / seconds).round() / 10.0;
            (count > 0).then_some(Hot { id: product.id.get(), per_second })
        };
        let mut rates: Vec<Hot> = products.iter().filter_map(rate).collect();
        rates.sort_by(|one, other| other.per_second.total_cmp(&one.per_second));
        self.0.push_back((now, counts));
        if self.0.len() > SPAN {
            self.0.pop_front();
        }
        rates
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn hot(counts: &[(i64, u64)]) -> Vec<HotProduct> {
        let product = |(id, count): &(i64, u64)| HotProduct { id: ProductId::new(*id).expect("valid"), count: *count };
        counts.iter().map(product).collect()
    }

    #[test]
    fn rates_are_of_the_last_seconds_and_survive_a_halving() {
        let (mut hottest, start) = (Hottest::default(), Instant::now());
        let at = |second| start + Duration::from_secs(second);
        let seen = |rates: Vec<Hot>| rates.iter().map(|hot| (hot.id, hot.per_second)).collect::<Vec<_>>();
        assert!(hottest.take(&hot(&[(1, 1_000), (2, 10)]), at(0)).is_empty(), "nothing is known yet");
        assert_eq!(seen(hottest.take(&hot(&[(1, 1_000), (2, 42)]), at(1))), [(2, 32.0)], "the past does not count");
        assert_eq!(seen(hottest.take(&hot(&[(1, 1_096), (2, 74)]), at(2))), [(1, 48.0), (2, 32.0)]);
        assert!(hottest.take(&hot(&[(1, 548), (2, 37)]), at(3)).is_empty(), "all counts were halved");
        assert_eq!(seen(hottest.take(&hot(&[(1, 580), (2, 37)]), at(4))), [(1, 32.0)]);
    }
}
