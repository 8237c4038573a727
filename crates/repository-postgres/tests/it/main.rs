//! Tests of the PostgreSQL repositories against real servers.

mod cancellation;
mod constraints;
mod databases;
mod faults;
mod import;
mod migrations;
mod plans;
mod tls;
mod tokens;
mod writes;

mod contract {
    //! The suite that every implementation runs.

    use larder_repository::conformance::Subject;

    async fn empty_database() -> Subject {
        crate::databases::Migrated::new().await.into_subject()
    }

    larder_repository::conformance!(empty_database);
}
