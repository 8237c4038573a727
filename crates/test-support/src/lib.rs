//! Private PostgreSQL and Redis servers, and a fault-injecting TCP proxy, for tests.
