//! What a subscriber of `tracing` sees of loads and questions to L2, in a process of its own because what is enabled is decided once for
//! all threads.

use std::{
    io::{self, Write},
    sync::{Arc, Mutex, PoisonError},
};

use larder_cache::{
    Cache, Json, L2,
    testing::{Call, CountingLoader, LoaderFault, ScriptedL2},
};
use tracing_subscriber::fmt::{MakeWriter, format::FmtSpan};

/// Lines of a log, in memory.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap_or_else(PoisonError::into_inner)).into_owned()
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Log {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

#[tokio::test]
async fn loads_and_questions_to_l2_are_spans_with_their_outcome() {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt()
        .with_writer(log.clone())
        .with_max_level(tracing::Level::DEBUG)
        .with_span_events(FmtSpan::CLOSE)
        .with_ansi(false)
        .finish();
    let _here = tracing::subscriber::set_default(subscriber);
    let remote = ScriptedL2::new();
    let l2 = L2::new(Arc::<ScriptedL2>::clone(&remote)).expect("a runtime");
    let cache = Cache::<u64, String>::builder("names").codec(Json).l2(&l2).build().expect("the options work");
    let rows = CountingLoader::new([(1, "Ada".to_owned())]);
    cache.get_or_load(&1, rows.load(1)).await.expect("loads");
    remote.ended(Call::Fill, 1).await;
    rows.set_fault(Some(LoaderFault::Fail));
    cache.get_or_load(&2, rows.load(2)).await.expect_err("the loader fails");
    remote.ended(Call::Release, 1).await;
    tokio::task::yield_now().await;
    let text = log.text();
    for span in [
        r#"cache.load{cache="names" keys=1 outcome="loaded"}"#,
        r#"cache.load{cache="names" keys=1 outcome="failed"}"#,
        r#"cache.l2{cache="names" operation="fetch" outcome="ok"}"#,
        r#"cache.l2{cache="names" operation="lease" outcome="ok"}"#,
    ] {
        assert!(text.contains(span), "no {span} in\n{text}");
    }
}
