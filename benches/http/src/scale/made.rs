//! Of what and how figures were made: each axis says so itself, as a run of some axes leaves the others alone.

use anyhow::Result;
use serde::{Deserialize, Serialize};

use crate::{
    machine::{commit, facts},
    results::Machine,
    systems::Stage,
};

/// How one axis was measured.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Made {
    machine: Machine,
    /// Of the program, and whether there was more than was committed.
    commit: String,
    /// Of one turn.
    seconds: u32,
}

impl Made {
    /// Now, here, in turns of so many `seconds`.
    ///
    /// # Errors
    /// When a server does not say what it is.
    pub(super) async fn now(stage: &Stage, seconds: u32) -> Result<Self> {
        Ok(Self { machine: facts(stage).await?, commit: commit(), seconds })
    }

    /// All of it, by name.
    pub(super) fn facts(&self) -> Vec<(String, String)> {
        let mut facts = self.machine.facts.clone();
        facts.push(("commit".to_owned(), self.commit.clone()));
        facts.push(("seconds of a turn".to_owned(), self.seconds.to_string()));
        facts
    }

    /// What is not as in `other`.
    pub(super) fn beside(&self, other: &Self) -> Vec<(String, String)> {
        let others = other.facts();
        self.facts().into_iter().filter(|fact| !others.contains(fact)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_differs_is_told_apart() {
        let facts = vec![("kernel".to_owned(), "6.1".to_owned())];
        let first = Made { machine: Machine { facts }, commit: "a".to_owned(), seconds: 3 };
        let later = Made { commit: "b".to_owned(), ..first.clone() };
        assert_eq!(later.beside(&first), [("commit".to_owned(), "b".to_owned())]);
        assert!(first.beside(&first).is_empty());
        assert_eq!(first.facts().len(), 3);
    }
}
