//! An L2 that holds one frame in memory, so that what is measured is all but Redis.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use bytes::Bytes;
use larder_cache::{
    FillReply, FillRequest, Held, Identity, Invalidation, LeaseReply, LeaseRequest, Nonce, Remote, RemoteError,
    TagGeneration,
};

const SERVER: Identity = Identity([1; 16]);

/// Holds what was inserted last, whatever its key.
#[derive(Debug, Default)]
pub(crate) struct MemoryRemote {
    frame: Mutex<Option<Bytes>>,
}

#[async_trait]
impl Remote for MemoryRemote {
    async fn fetch(&self, _cache: &str, keys: &[&str]) -> Result<Vec<Option<Held>>, RemoteError> {
        let frame = self.frame.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let remaining = Duration::from_mins(10);
        let held = frame.map(|frame| Held { frame, generations: Vec::new(), remaining, server: SERVER });
        Ok(vec![held; keys.len()])
    }

    async fn lease(
        &self,
        _cache: &str,
        requests: &[LeaseRequest],
        _life: Duration,
    ) -> Result<Vec<LeaseReply>, RemoteError> {
        Ok(vec![LeaseReply::Granted; requests.len()])
    }

    async fn fill(&self, _cache: &str, requests: &[FillRequest]) -> Result<Vec<FillReply>, RemoteError> {
        Ok(vec![FillReply::Refused; requests.len()])
    }

    async fn insert(&self, _cache: &str, _by: Nonce, request: &FillRequest) -> Result<FillReply, RemoteError> {
        *self.frame.lock().unwrap_or_else(PoisonError::into_inner) = Some(request.frame.clone());
        Ok(FillReply::Stored(Vec::new()))
    }

    async fn invalidate(&self, _cache: &str, _by: Nonce, _told: &[Invalidation]) -> Result<Identity, RemoteError> {
        Ok(SERVER)
    }

    async fn generations(&self, _cache: &str, tags: &[(usize, &str)]) -> Result<Vec<TagGeneration>, RemoteError> {
        Ok(vec![TagGeneration { nonce: None, server: SERVER }; tags.len()])
    }

    async fn release(&self, _cache: &str, _leases: &[(&str, Nonce)]) -> Result<(), RemoteError> {
        Ok(())
    }

    async fn ping(&self) -> Result<(), RemoteError> {
        Ok(())
    }

    fn shards(&self) -> usize {
        1
    }

    fn shard_of(&self, _cache: &str, _key: &str) -> usize {
        0
    }
}
