//! How many queries reach the database, counted by a decorator of the same trait.
