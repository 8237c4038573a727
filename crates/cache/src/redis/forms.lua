-- KEYS: forms of each cache. ARGV: life in ms, then the form of each cache. Answers for each cache the forms that are told at present.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local replies = {}
for i = 1, #KEYS do
  if redis.call('TYPE', KEYS[i]).ok ~= 'zset' then redis.call('DEL', KEYS[i]) end
  redis.call('ZREMRANGEBYSCORE', KEYS[i], '-inf', string.format('%.0f', now))
  redis.call('ZADD', KEYS[i], string.format('%.0f', now + ARGV[1]), ARGV[i + 1])
  redis.call('PEXPIRE', KEYS[i], ARGV[1])
  replies[i] = redis.call('ZRANGE', KEYS[i], 0, -1)
end
return replies
