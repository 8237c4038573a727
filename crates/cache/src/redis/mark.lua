-- KEYS: mark. ARGV: identity of the server that is meant, identity of this one, the mark. Answers 1 if this is the one.
if ARGV[1] ~= ARGV[2] then
  return 0
end
redis.call('SET', KEYS[1], ARGV[3])
return 1
