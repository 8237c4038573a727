-- Stands before every other script. What is not 16 bytes in the place of a nonce counts as absent.
local function read(key)
  local held = redis.pcall('GET', key)
  return type(held) == 'string' and held or ''
end

local function nonce(key, fresh)
  local held = read(key)
  if #held == 16 then return held end
  redis.call('SET', key, fresh)
  return fresh
end

-- KEYS: era, moved, value, lease, tombstone, generations of the tags. ARGV: token, frame, life in ms, version (20 digits or
-- empty), 1 if the frame is an absence, fresh era, life of the tombstone in ms, then for each tag the noted generation (or empty)
-- and a fresh one.
-- Stores the frame; 'unmoved' says whether tags without a noted generation may be taken as they are now.
local function store(era, unmoved)
  local generations = {}
  for i = 6, #KEYS do
    local noted, fresh = ARGV[2 * i - 4], ARGV[2 * i - 3]
    if noted == '' then
      if not unmoved then return {1, ''} end
      noted = nonce(KEYS[i], fresh)
    elseif read(KEYS[i]) ~= noted then
      return {1, ''}
    end
    generations[#generations + 1] = noted
  end
  local all = table.concat(generations)
  -- The end in milliseconds of Redis's clock. Only told in full is it the same for the value and for Redis: in a script, PX
  -- counts from an earlier moment than TIME.
  local time = redis.call('TIME')
  local ends = string.format('%.0f', time[1] * 1000 + math.floor(time[2] / 1000) + ARGV[3])
  local head = era .. string.rep('0', 20 - #ends) .. ends .. string.char(#generations)
  redis.call('SET', KEYS[3], head .. all .. ARGV[2], 'PXAT', ends)
  return {0, all}
end

-- A tombstone as its version and 'a'live or 'g'one; empty texts without one.
local function tombstone(key)
  local held = read(key)
  if #held ~= 21 then return '', '' end
  return string.sub(held, 1, 20), string.sub(held, 21)
end

local function remember(key, version, gone, life)
  if version ~= '' and tombstone(key) < version then
    redis.call('SET', key, version .. (gone == '1' and 'g' or 'a'), 'PX', life)
  end
end
