-- KEYS: era, moved, then value and lease of each key. ARGV: life of a lease in ms, fresh era, fresh moved, then for each key its
-- token and 'f' (forced), 'n' (nothing refused) or 'r' and the last 16 bytes of the refused frame.
-- Answers for each key {0, value, remaining ms} held, {1, '', 0} granted, {2, '', remaining ms} busy.
local era, moved = nonce(KEYS[1], ARGV[2]), nonce(KEYS[2], ARGV[3])

-- The value and what is left of it, unless it is refused or not of the stored form; what never ends is none of ours either.
local function held(key, wish)
  local value = read(key)
  if wish == 'f' or #value < 37 or string.sub(value, 1, 16) ~= era then return false end
  if not string.find(string.sub(value, 17, 36), '^0%d+$') then return false end
  local start = 38 + 16 * string.byte(value, 37)
  if #value + 1 < start or wish == 'r' .. string.sub(string.sub(value, start), -16) then return false end
  local remaining = redis.call('PTTL', key)
  return remaining > 0 and value, remaining
end

local replies = {}
for i = 3, #KEYS, 2 do
  local token, wish = ARGV[i + 1], ARGV[i + 2]
  local value, left = held(KEYS[i], wish)
  local lease = token .. era .. moved
  if value then
    replies[#replies + 1] = {0, value, left}
  elseif wish ~= 'f' and redis.call('SET', KEYS[i + 1], lease, 'NX', 'PX', ARGV[1]) then
    replies[#replies + 1] = {1, '', 0}
  else
    local remaining, present = redis.call('PTTL', KEYS[i + 1]), read(KEYS[i + 1])
    if wish ~= 'f' and remaining >= 0 and #present == 48 and string.sub(present, 17, 32) == era then
      replies[#replies + 1] = {2, '', remaining}
    else
      -- Forced, or a lease from before a clear, or something that is no lease of ours and may never end.
      redis.call('SET', KEYS[i + 1], lease, 'PX', ARGV[1])
      replies[#replies + 1] = {1, '', 0}
    end
  end
end
return replies
