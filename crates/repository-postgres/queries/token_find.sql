SELECT name, role
FROM access_tokens
WHERE digest = $1
