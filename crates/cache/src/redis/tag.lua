-- KEYS: generation, moved, log, and the marker of the change if it has a number. ARGV: fresh generation, fresh moved, life of the
-- marker in ms, and what append takes. The drop comes first, as in invalidate: an absent nonce is believed by nobody.
if KEYS[4] and read(KEYS[4]) == 'done' then
  return 0
end
redis.call('DEL', KEYS[1], KEYS[2])
redis.call('SET', KEYS[1], ARGV[1])
redis.call('SET', KEYS[2], ARGV[2])
append(KEYS[3], 4, 'tag', '')
if KEYS[4] then
  redis.call('SET', KEYS[4], 'done', 'PX', ARGV[3])
end
return 0
