//! Two nodes that share a Redis: `cargo run -p larder-cache --example two_level -- redis://127.0.0.1:6379`

use std::{
    convert::Infallible,
    env,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use larder_cache::{
    BackplaneOptions, Cache, CacheOptions, ConfigError, Json, L2, Loaded, Lookup, RedisOptions, RedisRemote,
};

/// Stands for the database that both nodes read.
#[derive(Default)]
struct Database {
    revision: AtomicU64,
}

impl Database {
    async fn product(self: Arc<Self>, id: u64) -> Result<Loaded<String>, Infallible> {
        tokio::time::sleep(Duration::from_millis(20)).await;
        let revision = self.revision.load(Ordering::Relaxed);
        Ok(Loaded::found(format!("product {id}, revision {revision}")).with_tag("books"))
    }

    /// Many in one query.
    async fn products(self: Arc<Self>, ids: Vec<u64>) -> Result<Vec<(u64, Loaded<String>)>, Infallible> {
        let mut found = Vec::new();
        for id in ids {
            found.push((id, Arc::clone(&self).product(id).await?));
        }
        Ok(found)
    }
}

/// What each process of a service does once, when it starts. Caches of other names would share the same `L2`.
fn node(url: &str) -> Result<(L2, Cache<u64, String>), ConfigError> {
    let redis =
        RedisOptions { url: url.to_owned(), namespace: "two-level-example".to_owned(), ..RedisOptions::default() };
    let redis = Arc::new(RedisRemote::new(&redis)?);
    // The backplane is how the other node hears of what this one invalidates.
    let l2 = L2::builder(Arc::<RedisRemote>::clone(&redis)).backplane(redis, BackplaneOptions::default()).build()?;
    let options = CacheOptions { ttl: Duration::from_mins(5), ..CacheOptions::default() };
    let products = Cache::<u64, String>::builder("products").codec(Json).l2(&l2).options(options).build()?;
    Ok((l2, products))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let url = env::args().nth(1).unwrap_or_else(|| "redis://127.0.0.1:6379".to_owned());
    let ((l2, here), (there_l2, there)) = (node(&url)?, node(&url)?);
    match l2.ping().await {
        Ok(()) => say("Redis answers"),
        Err(cause) => say(&format!("Redis is away, each node works on its own ({cause})")),
    }
    here.clear().await; // what an earlier run left
    let cleared_at = Instant::now();
    let has_heard = || there_l2.heard_ago().is_some_and(|ago| ago < cleared_at.elapsed());
    while !has_heard() && cleared_at.elapsed() < Duration::from_secs(2) {
        tokio::time::sleep(Duration::from_millis(1)).await; // the other node hears of that, if there is a Redis
    }
    let database = Arc::new(Database::default());
    let load = |id| {
        let database = Arc::clone(&database);
        move || database.product(id)
    };

    show("here, first", &here.get_or_load(&1, load(1)).await?);
    show("here, again", &here.get_or_load(&1, load(1)).await?);
    show("there, first", &there.get_or_load(&1, load(1)).await?);

    let batch = Arc::clone(&database);
    let many = move |ids| {
        let found = Arc::clone(&batch).products(ids);
        async { found.await.map(|products| products.into_iter().collect()) }
    };
    for product in there.get_or_load_many(&[1, 2, 3], many).await? {
        show("there, batch", &product);
    }

    // The product changes: write to the database first, then invalidate.
    database.revision.fetch_add(1, Ordering::Relaxed);
    here.invalidate(&1).await;
    show("here, changed", &here.get_or_load(&1, load(1)).await?);
    // The other node hears of it within milliseconds; without Redis, it notices that it is deaf after `max_staleness`.
    let changed_at = Instant::now();
    let mut product = there.get_or_load(&1, load(1)).await?;
    while product.value.as_ref().is_some_and(|text| text.ends_with('0'))
        && changed_at.elapsed() < Duration::from_secs(5)
    {
        tokio::time::sleep(Duration::from_millis(1)).await;
        product = there.get_or_load(&1, load(1)).await?;
    }
    show("there, soon after", &product);

    // All books change.
    database.revision.fetch_add(1, Ordering::Relaxed);
    here.invalidate_tag("books").await;
    show("here, tag changed", &here.get_or_load(&1, load(1)).await?);

    let statistics = here.statistics();
    let lookups = statistics.lookups;
    say(&format!(
        "here: {} calls, {} by L1, {} by L2, {} loaded",
        statistics.calls(),
        lookups.l1,
        lookups.l2,
        lookups.loaded
    ));
    Ok(())
}

fn show(what: &str, found: &Lookup<String>) {
    say(&format!("{what}: {} from {:?}", found.value.as_deref().unwrap_or("nothing"), found.source));
}

#[expect(clippy::print_stdout, reason = "an example shows what happens")]
fn say(line: &str) {
    println!("{line}");
}
