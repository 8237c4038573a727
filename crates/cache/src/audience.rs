//! Who has to be told when something was invalidated elsewhere: the caches of this process, whatever their types.

use std::sync::{Arc, Weak};

use crate::{
    LogEntry, LogNews, Nonce,
    sync::{Mutex, lock},
};

/// A cache, as those see it who bring news.
pub(crate) trait Listener: Send + Sync {
    /// Name of the cache.
    fn name(&self) -> &str;

    /// The form in which it stores values in L2.
    fn form(&self) -> String;

    /// Forgets what another node invalidated.
    fn hear(&self, news: &LogNews);

    /// Forgets all that it has in this process.
    fn forget(&self);
}

/// The caches that listen. They are not kept alive by that.
#[derive(Default)]
pub(crate) struct Audience(Mutex<Vec<Weak<dyn Listener>>>);

impl Audience {
    pub(crate) fn join(&self, listener: Weak<dyn Listener>) {
        let mut present = lock(&self.0);
        present.retain(|listener| listener.strong_count() > 0);
        present.push(listener);
    }

    pub(crate) fn present(&self) -> Vec<Arc<dyn Listener>> {
        lock(&self.0).iter().filter_map(Weak::upgrade).collect()
    }

    /// The names of all, each once.
    pub(crate) fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = self.present().iter().map(|listener| listener.name().to_owned()).collect();
        names.sort();
        names.dedup();
        names
    }

    pub(crate) fn forget(&self) {
        self.present().iter().for_each(|listener| listener.forget());
    }

    /// Tells whoever is concerned of what others had appended than `own`: the cache that had it appended has forgotten by itself. Of
    /// several caches of one name only that one has, so all of them are told.
    pub(crate) fn tell<'a>(&self, own: Nonce, all: impl IntoIterator<Item = &'a LogEntry>) {
        let present = self.present();
        for LogEntry { by, news, .. } in all {
            let concerns = match news {
                LogNews::Hello => continue,
                LogNews::Unknown => None,
                LogNews::Key { cache, .. } | LogNews::Tag { cache, .. } | LogNews::Everything { cache } => Some(cache),
            };
            match concerns {
                None => present.iter().for_each(|listener| listener.forget()),
                Some(cache) => {
                    let named = || present.iter().filter(|one| one.name() == cache);
                    if *by != own || named().count() > 1 {
                        named().for_each(|one| one.hear(news));
                    }
                }
            }
        }
    }
}

impl std::fmt::Debug for Audience {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Audience").field(&lock(&self.0).len()).finish()
    }
}
