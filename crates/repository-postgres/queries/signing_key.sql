SELECT bytes
FROM signing_key
