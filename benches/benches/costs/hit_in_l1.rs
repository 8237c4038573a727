//! A hit in L1 against bare moka, 1 KiB: alone, and with a second thread that asks for the same key.

use divan::{Bencher, black_box};
use futures_util::FutureExt;

use crate::{
    bodies::{filled_l1, filled_moka, hit},
    places::runtime,
};

const KEY: u64 = 42;

#[divan::bench(threads = [1, 2], sample_size = 10_000)]
fn larder(bencher: Bencher<'_, '_>) {
    let cache = runtime().block_on(filled_l1()).expect("a cache can be made");
    // It never waits, so that no runtime is needed.
    bencher.bench(|| hit(&cache, black_box(KEY)).now_or_never().expect("at once"));
}

#[divan::bench(threads = [1, 2], sample_size = 10_000)]
fn moka(bencher: Bencher<'_, '_>) {
    let moka = runtime().block_on(filled_moka());
    bencher.bench(|| moka.get(black_box(&KEY)).now_or_never().expect("at once").expect("moka was filled"));
}
