//! The scripts, and how they are asked.

use std::time::Duration;

use redis::{Pipeline, Script, ScriptInvocation};

use super::keys::Keys;
use crate::{FillRequest, Invalidation, LeaseRequest, Nonce};

/// How long an invalidation is remembered with its version: longer than any load.
const TOMBSTONE_LIFE: Duration = Duration::from_mins(2);

/// The longest life that Redis can be told, in milliseconds: the end must fit its clock.
const LONGEST_LIFE: u64 = 1 << 62;

/// How much of a refused frame tells it from another: frames end in a checksum.
const TAIL: usize = 16;

/// The scripts; each touches one hash slot. Every nonce that they may set is fresh in each invocation.
pub(super) struct Scripts {
    lease: Script,
    fill: Script,
    insert: Script,
    invalidate: Script,
    renew: Script,
    release: Script,
}

macro_rules! script {
    ($file:literal) => {
        Script::new(concat!(include_str!("prelude.lua"), include_str!($file)))
    };
}

impl Scripts {
    pub(super) fn new() -> Self {
        Self {
            lease: script!("lease.lua"),
            fill: script!("fill.lua"),
            insert: script!("insert.lua"),
            invalidate: script!("invalidate.lua"),
            renew: script!("renew.lua"),
            release: script!("release.lua"),
        }
    }

    /// What a server is told that does not know the scripts.
    pub(super) fn load(&self) -> Pipeline {
        let mut pipeline = redis::pipe();
        for script in [&self.lease, &self.fill, &self.insert, &self.invalidate, &self.renew, &self.release] {
            pipeline.load_script(script).ignore();
        }
        pipeline
    }

    pub(super) fn lease(&self, keys: &Keys<'_>, requests: &[LeaseRequest], life: Duration) -> ScriptInvocation<'_> {
        let mut call = self.lease.prepare_invoke();
        call.key(keys.era()).key(keys.moved());
        call.arg(milliseconds(life)).arg(&Nonce::random().0[..]).arg(&Nonce::random().0[..]);
        for request in requests {
            call.key(keys.value(&request.key)).key(keys.lease(&request.key));
            call.arg(&request.token.0[..]).arg(wish(request));
        }
        call
    }

    pub(super) fn fill(&self, keys: &Keys<'_>, request: &FillRequest) -> ScriptInvocation<'_> {
        store(&self.fill, keys, request)
    }

    pub(super) fn insert(&self, keys: &Keys<'_>, request: &FillRequest) -> ScriptInvocation<'_> {
        store(&self.insert, keys, request)
    }

    pub(super) fn invalidate(&self, keys: &Keys<'_>, invalidation: &Invalidation) -> ScriptInvocation<'_> {
        match invalidation {
            Invalidation::Key { key, version, gone } => {
                let mut call = self.invalidate.prepare_invoke();
                call.key(keys.value(key)).key(keys.lease(key)).key(keys.tombstone(key));
                call.arg(version_text(*version)).arg(u8::from(*gone)).arg(milliseconds(TOMBSTONE_LIFE));
                call
            }
            Invalidation::Tag(tag) => self.renew(&[keys.generation(tag), keys.moved()]),
            Invalidation::Everything => self.renew(&[keys.era()]),
        }
    }

    pub(super) fn release(&self, keys: &Keys<'_>, key: &str, token: Nonce) -> ScriptInvocation<'_> {
        let mut call = self.release.prepare_invoke();
        call.key(keys.lease(key)).arg(&token.0[..]);
        call
    }

    fn renew(&self, names: &[String]) -> ScriptInvocation<'_> {
        let mut call = self.renew.prepare_invoke();
        for name in names {
            call.key(name).arg(&Nonce::random().0[..]);
        }
        call
    }
}

fn store<'a>(script: &'a Script, keys: &Keys<'_>, request: &FillRequest) -> ScriptInvocation<'a> {
    let mut call = script.prepare_invoke();
    call.key(keys.era()).key(keys.moved());
    call.key(keys.value(&request.key)).key(keys.lease(&request.key)).key(keys.tombstone(&request.key));
    call.arg(&request.token.0[..]).arg(request.frame.as_ref()).arg(milliseconds(request.life));
    call.arg(version_text(request.version)).arg(u8::from(request.absent));
    call.arg(&Nonce::random().0[..]).arg(milliseconds(TOMBSTONE_LIFE));
    for tag in &request.tags {
        call.key(keys.generation(&tag.tag));
        call.arg(tag.noted.as_ref().map_or(&[][..], |noted| &noted.0[..])).arg(&Nonce::random().0[..]);
    }
    call
}

fn wish(request: &LeaseRequest) -> Vec<u8> {
    match &request.refused {
        _ if request.force => b"f".to_vec(),
        None => b"n".to_vec(),
        Some(frame) => [b"r", &frame[frame.len().saturating_sub(TAIL)..]].concat(),
    }
}

/// Twenty digits, so that Lua, whose numbers are binary floats, can compare versions as texts; empty without a version.
fn version_text(version: Option<u64>) -> String {
    version.map(|version| format!("{version:020}")).unwrap_or_default()
}

/// Whole milliseconds, at least one: Redis refuses a life of zero.
fn milliseconds(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX).clamp(1, LONGEST_LIFE)
}
