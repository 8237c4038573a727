-- KEYS[6]: the lease. ARGV: who gives it back.
if redis.call('GET', KEYS[6]) == ARGV[1] then redis.call('DEL', KEYS[6]) end
return 1
