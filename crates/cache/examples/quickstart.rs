//! The first steps: a cache in process alone. `cargo run -p larder-cache --example quickstart`

use std::{io, time::Duration};

use larder_cache::{Cache, Json};

/// Stands for a database.
async fn name_of(id: u64) -> Result<Option<String>, io::Error> {
    tokio::time::sleep(Duration::from_millis(20)).await;
    Ok((id == 1).then(|| "Ada".to_owned()))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let names = Cache::<u64, String>::builder("names").codec(Json).build()?;

    let first = names.get_or_load(&1, || name_of(1)).await?;
    report(&format!("first:   {:?} from {:?}", first.value, first.source));

    let second = names.get_or_load(&1, || name_of(1)).await?;
    report(&format!("second:  {:?} from {:?}", second.value, second.source));

    let nobody = names.get_or_load(&2, || name_of(2)).await?;
    report(&format!("nobody:  {:?} from {:?}", nobody.value, nobody.source));

    names.invalidate(&1).await;
    let third = names.get_or_load(&1, || name_of(1)).await?;
    report(&format!("changed: {:?} from {:?}", third.value, third.source));
    Ok(())
}

#[expect(clippy::print_stdout, reason = "an example shows what happens")]
fn report(line: &str) {
    println!("{line}");
}
