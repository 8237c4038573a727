//! Tests of the PostgreSQL repositories against real servers.

mod cancellation;
mod constraints;
mod databases;
mod faults;
mod import;
mod migrations;
mod outbox;
mod plans;
mod search;
mod tls;
mod tokens;
mod views;
mod writes;

mod contract {
    //! The suite that every implementation runs.

    use larder_repository::conformance::{DatabaseSubject, OutboxSubject, Subject};

    async fn empty_database() -> Subject {
        crate::databases::Migrated::new().await.into_subject()
    }

    async fn empty_outbox() -> OutboxSubject {
        crate::databases::Migrated::new().await.into_outbox_subject()
    }

    async fn migrated_databases() -> DatabaseSubject {
        crate::databases::Migrated::new().await.into_database_subject().await
    }

    larder_repository::conformance!(empty_database);
    larder_repository::outbox_conformance!(empty_outbox);
    larder_repository::database_conformance!(migrated_databases);
}
