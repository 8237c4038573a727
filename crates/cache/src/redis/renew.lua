-- KEYS: nonces. ARGV: a fresh one for each. The drop comes first, as in invalidate: an absent nonce is believed by nobody.
redis.call('DEL', unpack(KEYS))
for i = 1, #KEYS do
  redis.call('SET', KEYS[i], ARGV[i])
end
return 0
