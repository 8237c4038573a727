-- KEYS and ARGV as for store. Answers as fill.
if ARGV[4] ~= '' and ARGV[4] < tombstone(KEYS[5]) then
  return {2, ''}
end
-- The store comes first, because Redis refuses no write that comes after a drop, and a full memory must refuse the value.
-- Whatever comes of it, the old value and the lease are gone at the end, which is one step for everybody else.
local stored, reply = pcall(function() return store(nonce(KEYS[1], ARGV[6]), true) end)
if stored and reply[1] == 0 then
  redis.call('DEL', KEYS[4])
else
  redis.call('DEL', KEYS[3], KEYS[4])
end
remember(KEYS[5], ARGV[4], ARGV[5], ARGV[7])
return reply
