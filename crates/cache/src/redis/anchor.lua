-- KEYS: log. ARGV: what append takes. Answers the last entry of the log, as a page of one; into an empty one it puts one first.
local last = redis.pcall('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)
if last.err or #last == 0 then
  append(KEYS[1], 1, 'hello', '')
  last = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)
end
return last
