-- KEYS: lease. ARGV: token. Gives a lease back, if it is still the caller's.
if string.sub(read(KEYS[1]), 1, 16) == ARGV[1] then
  redis.call('DEL', KEYS[1])
end
return 0
