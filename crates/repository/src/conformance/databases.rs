//! What a database gives to the servers that share it.

use std::{any::Any, fmt, sync::Arc};

use crate::Database;

/// Two databases, one of them opened twice.
pub struct DatabaseSubject {
    /// What is tested.
    pub database: Arc<dyn Database>,
    /// The same, opened again as another process would.
    pub again: Arc<dyn Database>,
    /// Another one.
    pub other: Arc<dyn Database>,
    /// What must live as long as the test.
    pub keep: Box<dyn Any + Send>,
}

impl fmt::Debug for DatabaseSubject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DatabaseSubject").field("database", &self.database).finish_non_exhaustive()
    }
}

pub async fn every_server_of_a_database_signs_with_the_same_key(subject: DatabaseSubject) {
    let key = subject.database.signing_key().await.expect("the key is there");
    for opened in [&subject.database, &subject.again] {
        assert_eq!(opened.signing_key().await.expect("the key is there"), key);
        assert_eq!(opened.migrate().await.expect("nothing to do"), 0);
    }
    assert_eq!(subject.again.signing_key().await.expect("the key is there"), key);
    assert_ne!(key, [0; 32]);
}

pub async fn another_database_signs_with_another_key(subject: DatabaseSubject) {
    let key = subject.database.signing_key().await.expect("the key is there");
    assert_ne!(subject.other.signing_key().await.expect("the key is there"), key);
}
