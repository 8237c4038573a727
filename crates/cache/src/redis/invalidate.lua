-- KEYS: value, lease, tombstone. ARGV: version (20 digits or empty), 1 if the row is gone, life of the tombstone in ms.
-- The drop comes first: scripts do not roll back, and with the memory full only what frees memory is sure to happen.
redis.call('DEL', KEYS[1], KEYS[2])
if ARGV[1] ~= '' then
  local tombstone = redis.call('GET', KEYS[3])
  if not tombstone or string.sub(tombstone, 1, 20) < ARGV[1] then
    redis.call('SET', KEYS[3], ARGV[1] .. (ARGV[2] == '1' and 'g' or 'a'), 'PX', ARGV[3])
  end
end
return 0
