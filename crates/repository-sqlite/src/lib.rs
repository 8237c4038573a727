//! Products in an embedded SQLite file.
