-- Access tokens, of which only the SHA-256 digests are kept.

CREATE TABLE access_tokens (
    name       text COLLATE "C" PRIMARY KEY,
    role       text NOT NULL,
    digest     bytea NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT access_tokens_digest_key UNIQUE (digest),
    CONSTRAINT access_tokens_name_check CHECK (is_line(name, 64)),
    CONSTRAINT access_tokens_role_check CHECK (role IN ('reader', 'writer', 'admin')),
    CONSTRAINT access_tokens_digest_check CHECK (octet_length(digest) = 32)
);
