-- KEYS: era, log. ARGV: fresh era, identity of the server, and what append takes. The drop comes first, as in invalidate. A fresh era
-- may begin under any server: nothing is held in it.
redis.call('DEL', KEYS[1])
redis.call('SET', KEYS[1], ARGV[1] .. ARGV[2])
append(KEYS[2], 3, 'all', '')
return 0
