SELECT name, role, created_at
FROM access_tokens
ORDER BY name
