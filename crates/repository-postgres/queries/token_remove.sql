DELETE FROM access_tokens
WHERE name = $1
