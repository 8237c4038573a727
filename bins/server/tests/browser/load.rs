//! Readers that go on until they are dropped.

use tokio::task::JoinSet;

use crate::{cluster::path, larder::Larder};

/// Reads products, all the time.
pub(crate) struct Load {
    _readers: JoinSet<()>,
}

impl Load {
    /// Some readers that go through `ids` again and again.
    pub(crate) fn of(larder: &Larder, ids: &[i64]) -> Self {
        let mut readers = JoinSet::new();
        for reader in 0..4 {
            let requests: Vec<_> = ids.iter().map(|id| larder.get(&path(*id))).collect();
            readers.spawn(async move {
                for request in requests.iter().cycle().skip(reader * 7) {
                    // What is refused while a server stops is not what these tests are about.
                    request.try_clone().expect("has no body").send().await.map(drop).unwrap_or_default();
                }
            });
        }
        Self { _readers: readers }
    }
}
