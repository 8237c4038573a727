-- Access tokens, of which only the SHA-256 digests are kept.

CREATE TABLE access_tokens (
    name       TEXT PRIMARY KEY,
    role       TEXT NOT NULL,
    digest     BLOB NOT NULL UNIQUE,
    created_at INTEGER NOT NULL DEFAULT (CAST(round(unixepoch('subsec') * 1000) AS INTEGER) * 1000),
    CONSTRAINT access_tokens_name_check CHECK (length(name) BETWEEN 1 AND 64),
    CONSTRAINT access_tokens_role_check CHECK (role IN ('reader', 'writer', 'admin')),
    CONSTRAINT access_tokens_digest_check CHECK (length(digest) = 32)
) STRICT;
