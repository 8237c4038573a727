-- KEYS: value, lease, tombstone. ARGV: version (20 digits or empty), 1 if the row is gone, life of the tombstone in ms.
-- The drop comes first: scripts do not roll back, and with the memory full only what frees memory is sure to happen.
redis.call('DEL', KEYS[1], KEYS[2])
remember(KEYS[3], ARGV[1], ARGV[2], ARGV[3])
return 0
