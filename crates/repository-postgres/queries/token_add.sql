INSERT INTO access_tokens (name, role, digest)
VALUES ($1, $2, $3)
