-- KEYS: era, moved, then value and lease of each key. ARGV: life of a lease in ms, identity of the server, fresh era, 1 if the relay
-- says who reigns, fresh moved, then for each key its token and 'f' (forced), 'n' (nothing refused) or 'r' and the last 16 bytes of
-- the refused frame.
-- Answers for each key {0, value, remaining ms} held, {1, '', 0} granted, {2, '', remaining ms} busy, {3, '', 0} untrusted.
local era = reign(KEYS[1], ARGV[2], ARGV[3], ARGV[4])
local moved = era and nonce(KEYS[2], ARGV[5])

-- The value and what is left of it, unless it is refused or not of the stored form; what never ends is none of ours either.
local function held(key, wish)
  local value = read(key)
  if wish == 'f' or #value < 57 or string.sub(value, 1, 16) ~= era then return false end
  if not string.find(string.sub(value, 17, 36), '^0%d+$') then return false end
  local start = 58 + 16 * string.byte(value, 57)
  if #value + 1 < start or wish == 'r' .. string.sub(string.sub(value, start), -16) then return false end
  local remaining = redis.call('PTTL', key)
  return remaining > 0 and value, remaining
end

local function lease(i, token, wish)
  local value, left = held(KEYS[i], wish)
  if value then return {0, value, left} end
  local mine = token .. era .. moved
  if wish ~= 'f' then
    if redis.call('SET', KEYS[i + 1], mine, 'NX', 'PX', ARGV[1]) then return {1, '', 0} end
    local remaining, present = redis.call('PTTL', KEYS[i + 1]), read(KEYS[i + 1])
    if remaining >= 0 and #present == 48 and string.sub(present, 17, 32) == era then return {2, '', remaining} end
  end
  -- Forced, or a lease from before a clear, or something that is no lease of ours and may never end.
  redis.call('SET', KEYS[i + 1], mine, 'PX', ARGV[1])
  return {1, '', 0}
end

local replies = {}
for i = 3, #KEYS, 2 do
  replies[#replies + 1] = era and lease(i, ARGV[i + 3], ARGV[i + 4]) or {3, '', 0}
end
return replies
