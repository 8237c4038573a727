//! A product's way into bytes and back: `Encoded`, and the frame of L2, compressed or not, beside serde_json alone.

use std::sync::Arc;

use bytes::Bytes;
use divan::Bencher;
use futures_util::FutureExt;
use larder_cache::{Cache, CacheOptions, L2, Loaded, RawBytes, Source};
use larder_domain::{Encoded, Product, Version};
use larder_repository::ImportedProduct;

use crate::{memory_remote::MemoryRemote, places::runtime};

const KEY: u64 = 122;

/// A demo product as the database would give it.
fn product() -> Product {
    let ImportedProduct { id, created_at, draft } = larder_demo_data::products(122).last().expect("there are 122");
    Product {
        id,
        name: draft.name,
        description: draft.description,
        price: draft.price,
        original_price: draft.original_price,
        stock: draft.stock,
        sku: draft.sku,
        category: draft.category,
        subcategory: draft.subcategory,
        brand: draft.brand,
        sales: draft.sales.unwrap_or_default(),
        popularity: 0,
        rating: draft.rating.expect("demo products have one"),
        review_count: draft.review_count.unwrap_or_default(),
        is_published: draft.is_published,
        is_featured: draft.is_featured,
        main_image_url: draft.main_image_url,
        created_at,
        updated_at: created_at,
        version: Version(1),
    }
}

fn json() -> Bytes {
    serde_json::to_vec(&product()).expect("a product has a JSON form").into()
}

#[divan::bench(sample_size = 500)]
fn encode_with_serde_json(bencher: Bencher<'_, '_>) {
    let product = product();
    bencher.bench_local(|| serde_json::to_vec(&product).expect("a product has a JSON form"));
}

#[divan::bench(sample_size = 500)]
fn decode_with_serde_json(bencher: Bencher<'_, '_>) {
    let json = json();
    bencher.bench_local(|| serde_json::from_slice::<Product>(&json).expect("the JSON of a product"));
}

/// From the database to the answer: the bytes are made once.
#[divan::bench(sample_size = 500)]
fn encoded_from_value_to_bytes(bencher: Bencher<'_, '_>) {
    bencher
        .with_inputs(product)
        .bench_local_values(|product| Encoded::from_value(product).json().expect("a product has a JSON form").clone());
}

/// From the cache to the answer: nothing is made.
#[divan::bench(sample_size = 500)]
fn encoded_from_bytes_to_bytes(bencher: Bencher<'_, '_>) {
    bencher
        .with_inputs(json)
        .bench_local_values(|json| Encoded::<Product>::from_json(json).json().expect("they are there").clone());
}

/// From the cache to who needs the value.
#[divan::bench(sample_size = 500)]
fn encoded_from_bytes_to_value(bencher: Bencher<'_, '_>) {
    bencher.with_inputs(json).bench_local_values(|json| {
        let encoded = Encoded::<Product>::from_json(json);
        encoded.value().expect("the JSON of a product");
        encoded
    });
}

/// A hit in L2 where the remote hands out the frame at once: reading the frame, and the rest of the path. `absent` has no payload.
#[divan::bench(sample_size = 500, args = ["absent", "plain", "lz4"])]
fn read_frame_of_l2(bencher: Bencher<'_, '_>, form: &str) {
    let runtime = runtime();
    let _entered = runtime.enter();
    let cache = over_memory(form);
    runtime.block_on(cache.insert(&KEY, value(form)));
    bencher.bench_local(|| {
        let found = cache.get(&KEY).now_or_never().expect("at once").expect("it is held");
        assert_eq!(found.source, Source::L2);
        found.value
    });
}

/// An insert into L2 where the remote takes the frame at once: writing the frame, and the rest of the path, which has a task of its own.
#[divan::bench(sample_size = 500, args = ["absent", "plain", "lz4"])]
fn write_frame_of_l2(bencher: Bencher<'_, '_>, form: &str) {
    let runtime = runtime();
    let _entered = runtime.enter();
    let (cache, value) = (over_memory(form), value(form));
    bencher.bench_local(|| runtime.block_on(cache.insert(&KEY, value.clone())));
}

fn value(form: &str) -> Loaded<Bytes> {
    if form == "absent" { Loaded::absent() } else { Loaded::found(json()) }
}

/// Without L1.
fn over_memory(form: &str) -> Cache<u64, Bytes> {
    let compress_above_bytes = if form == "lz4" { 0 } else { usize::MAX };
    let options = CacheOptions { l1_capacity_bytes: 0, compress_above_bytes, ..CacheOptions::default() };
    let l2 = L2::new(Arc::new(MemoryRemote::default())).expect("options that can work");
    Cache::<u64, Bytes>::builder("frames")
        .codec(RawBytes)
        .l2(&l2)
        .options(options)
        .build()
        .expect("a cache can be made")
}
