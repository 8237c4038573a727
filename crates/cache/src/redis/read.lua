-- KEYS: value, lease of each key. ARGV: lease life in ms, then the token of each key.
-- Answers {0, frame, remaining ms} for a hit, {1, false, 0} for a lease granted, {2, false, remaining ms} for a lease held.
local replies = {}
for i = 1, #KEYS, 2 do
  local frame = redis.pcall('GET', KEYS[i])
  if type(frame) == 'table' then
    -- Somebody put another type here.
    redis.call('DEL', KEYS[i])
    frame = false
  end
  if frame then
    replies[#replies + 1] = {0, frame, redis.call('PTTL', KEYS[i])}
  elseif redis.call('SET', KEYS[i + 1], ARGV[(i + 1) / 2 + 1], 'NX', 'PX', ARGV[1]) then
    replies[#replies + 1] = {1, false, 0}
  else
    replies[#replies + 1] = {2, false, redis.call('PTTL', KEYS[i + 1])}
  end
end
return replies
