-- KEYS as for store, then the log. ARGV as for store, then fresh era, 1 if the relay says who reigns, life of the tombstone in ms,
-- and what append takes. Answers as fill.
if ARGV[4] ~= '' and ARGV[4] < tombstone(KEYS[5]) then
  return {2, ''}
end
local tags = #KEYS - 6
local rest = 2 * tags + 7
-- The store comes first, because Redis refuses no write that comes after a drop, and a full memory must refuse the value.
-- Whatever comes of it, the old value and the lease are gone at the end, which is one step for everybody else.
local stored, reply = pcall(function()
  local era = reign(KEYS[1], ARGV[6], ARGV[rest], ARGV[rest + 1])
  return era and store(era, true, tags) or {1, ''}
end)
if stored and reply[1] == 0 then
  redis.call('DEL', KEYS[4])
else
  redis.call('DEL', KEYS[3], KEYS[4])
end
append(KEYS[#KEYS], rest + 3, 'key', ARGV[4])
remember(KEYS[5], ARGV[4], ARGV[5], ARGV[rest + 2])
return reply
