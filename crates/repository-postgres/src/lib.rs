//! Products in PostgreSQL.
