-- KEYS and ARGV as for store. Answers {0, generations} stored, {1, ''} refused, {2, ''} old.
local era, lease = believed(KEYS[1], ARGV[6]), read(KEYS[4])
if #lease ~= 48 or string.sub(lease, 1, 32) ~= ARGV[1] .. era then
  return {1, ''}
end
local known, fate = tombstone(KEYS[5])
if ARGV[5] == '1' then
  if fate == 'a' then return {2, ''} end
elseif ARGV[4] ~= '' and ARGV[4] < known then
  return {2, ''}
end
local reply = store(era, string.sub(lease, 33) == read(KEYS[2]), #KEYS - 5)
if reply[1] == 0 then redis.call('DEL', KEYS[4]) end
return reply
