//! The scripts, and how they are asked.

use std::time::Duration;

use redis::{Pipeline, Script, ScriptInvocation};

use super::{
    Reigning,
    keys::{self, Keys},
};
use crate::{FillRequest, Identity, Invalidation, LeaseRequest, Nonce};

/// How long an invalidation is remembered with its version, and a change of a tag with its number: longer than any load.
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
    tag: Script,
    clear: Script,
    release: Script,
    anchor: Script,
    appoint: Script,
    mark: Script,
    forms: Script,
    /// Whether an era of another server waits for the relay.
    relayed: u8,
    log_length: usize,
}

/// A script that stores nothing if the memory is full.
macro_rules! script {
    ($file:literal) => {
        Script::new(concat!(include_str!("prelude.lua"), include_str!($file)))
    };
}

/// A script that works with full memory: what it stores is little, and what it does must not wait.
macro_rules! script_in_any_memory {
    ($file:literal) => {
        Script::new(concat!("#!lua flags=allow-oom\n", include_str!("prelude.lua"), include_str!($file)))
    };
}

impl Scripts {
    pub(super) fn new(reign: Reigning, log_length: usize) -> Self {
        Self {
            lease: script!("lease.lua"),
            fill: script!("fill.lua"),
            insert: script!("insert.lua"),
            invalidate: script_in_any_memory!("invalidate.lua"),
            tag: script_in_any_memory!("tag.lua"),
            clear: script_in_any_memory!("clear.lua"),
            release: script!("release.lua"),
            anchor: script_in_any_memory!("anchor.lua"),
            appoint: script_in_any_memory!("appoint.lua"),
            mark: script_in_any_memory!("mark.lua"),
            forms: script_in_any_memory!("forms.lua"),
            relayed: u8::from(reign == Reigning::Relayed),
            log_length,
        }
    }

    /// What a server is told that does not know the scripts.
    pub(super) fn load(&self) -> Pipeline {
        let stores = [&self.lease, &self.fill, &self.insert, &self.release];
        let others = [&self.invalidate, &self.tag, &self.clear, &self.anchor, &self.appoint, &self.mark, &self.forms];
        let mut pipeline = redis::pipe();
        for script in stores.into_iter().chain(others) {
            pipeline.load_script(script).ignore();
        }
        pipeline
    }

    pub(super) fn lease<'a>(
        &self,
        keys: Keys<'_>,
        server: Identity,
        requests: impl Iterator<Item = &'a LeaseRequest>,
        life: Duration,
    ) -> ScriptInvocation<'_> {
        let mut call = self.lease.prepare_invoke();
        call.key(keys.era()).key(keys.moved());
        call.arg(milliseconds(life)).arg(&server.0[..]).arg(fresh()).arg(self.relayed).arg(fresh());
        for request in requests {
            call.key(keys.value(&request.key)).key(keys.lease(&request.key));
            call.arg(&request.token.0[..]).arg(wish(request));
        }
        call
    }

    pub(super) fn fill(&self, keys: Keys<'_>, server: Identity, request: &FillRequest) -> ScriptInvocation<'_> {
        store(&self.fill, keys, server, request)
    }

    pub(super) fn insert(
        &self,
        keys: Keys<'_>,
        server: Identity,
        by: Nonce,
        request: &FillRequest,
    ) -> ScriptInvocation<'_> {
        let mut call = store(&self.insert, keys, server, request);
        call.key(keys.log()).arg(fresh()).arg(self.relayed).arg(milliseconds(TOMBSTONE_LIFE));
        self.entry(call, by, keys.cache, request.text.as_ref().unwrap_or(&request.key))
    }

    pub(super) fn invalidate(
        &self,
        keys: Keys<'_>,
        server: Identity,
        by: Nonce,
        one: &Invalidation,
    ) -> ScriptInvocation<'_> {
        match one {
            Invalidation::Key { key, text, version, gone } => {
                let mut call = self.invalidate.prepare_invoke();
                call.key(keys.value(key)).key(keys.lease(key)).key(keys.tombstone(key)).key(keys.log());
                call.arg(version_text(*version)).arg(u8::from(*gone)).arg(milliseconds(TOMBSTONE_LIFE));
                self.entry(call, by, keys.cache, text.as_ref().unwrap_or(key))
            }
            Invalidation::Tag { tag, change } => {
                let mut call = self.tag.prepare_invoke();
                call.key(keys.generation(tag)).key(keys.moved()).key(keys.log());
                if let Some(change) = change {
                    call.key(keys.done(tag, *change));
                }
                call.arg(fresh()).arg(fresh()).arg(milliseconds(TOMBSTONE_LIFE));
                self.entry(call, by, keys.cache, tag)
            }
            Invalidation::Everything => {
                let mut call = self.clear.prepare_invoke();
                call.key(keys.era()).key(keys.log()).arg(fresh()).arg(&server.0[..]);
                self.entry(call, by, keys.cache, "")
            }
        }
    }

    pub(super) fn release(&self, keys: Keys<'_>, key: &str, token: Nonce) -> ScriptInvocation<'_> {
        let mut call = self.release.prepare_invoke();
        call.key(keys.lease(key)).arg(&token.0[..]);
        call
    }

    pub(super) fn anchor(&self, prefix: &str) -> ScriptInvocation<'_> {
        let mut call = self.anchor.prepare_invoke();
        call.key(keys::log(prefix));
        self.entry(call, Nonce::random(), "", "")
    }

    pub(super) fn appoint<'a>(
        &self,
        caches: impl Iterator<Item = Keys<'a>>,
        [meant, this]: [Identity; 2],
        keep: bool,
    ) -> ScriptInvocation<'_> {
        let mut call = self.appoint.prepare_invoke();
        call.arg(&meant.0[..]).arg(&this.0[..]).arg(u8::from(keep));
        for keys in caches {
            call.key(keys.era()).arg(fresh());
        }
        call
    }

    pub(super) fn mark(&self, prefix: &str, [meant, this]: [Identity; 2], mark: u64) -> ScriptInvocation<'_> {
        let mut call = self.mark.prepare_invoke();
        call.key(keys::mark(prefix)).arg(&meant.0[..]).arg(&this.0[..]).arg(mark);
        call
    }

    /// `forms` are pairs of the keys of a cache and its form.
    pub(super) fn forms<'a>(
        &self,
        forms: impl Iterator<Item = (Keys<'a>, &'a str)>,
        life: Duration,
    ) -> ScriptInvocation<'_> {
        let mut call = self.forms.prepare_invoke();
        call.arg(milliseconds(life));
        for (keys, form) in forms {
            call.key(keys.forms()).arg(form);
        }
        call
    }

    /// What is to be appended to the log.
    fn entry<'a>(&self, mut call: ScriptInvocation<'a>, by: Nonce, cache: &str, text: &str) -> ScriptInvocation<'a> {
        call.arg(self.log_length).arg(fresh()).arg(&by.0[..]).arg(cache).arg(text);
        call
    }
}

fn store<'a>(script: &'a Script, keys: Keys<'_>, server: Identity, request: &FillRequest) -> ScriptInvocation<'a> {
    let mut call = script.prepare_invoke();
    call.key(keys.era()).key(keys.moved());
    call.key(keys.value(&request.key)).key(keys.lease(&request.key)).key(keys.tombstone(&request.key));
    call.arg(&request.token.0[..]).arg(request.frame.as_ref()).arg(milliseconds(request.life));
    call.arg(version_text(request.version)).arg(u8::from(request.absent)).arg(&server.0[..]);
    for tag in &request.tags {
        call.key(keys.generation(&tag.tag));
        call.arg(tag.noted.as_ref().map_or(&[][..], |noted| &noted.0[..])).arg(fresh());
    }
    call
}

fn fresh() -> Vec<u8> {
    Nonce::random().0.to_vec()
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
