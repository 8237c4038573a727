-- Stands before every other script. What has another length than a nonce, an era or a tombstone counts as absent in its place.
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

-- The nonce of an era, if it is believed under this server; else an empty text.
local function believed(key, identity)
  local held = read(key)
  return #held == 32 and string.sub(held, 17) == identity and string.sub(held, 1, 16) or ''
end

-- As believed, but an absent era is begun anew, and so is another server's, unless ('1') only the relay may say who reigns: then
-- false.
local function reign(key, identity, fresh, relayed)
  local held = read(key)
  if #held == 32 then
    if string.sub(held, 17) == identity then return string.sub(held, 1, 16) end
    if relayed == '1' then return false end
  end
  redis.call('SET', key, fresh .. identity)
  return fresh
end

-- KEYS: era, moved, value, lease, tombstone, generations of the tags. ARGV: token, frame, life in ms, version (20 digits or
-- empty), 1 if the frame is an absence, identity of the server, then for each tag the noted generation (or empty) and a fresh one.
-- Stores the frame; 'unmoved' says whether tags without a noted generation may be taken as they are now.
local function store(era, unmoved, tags)
  local generations = {}
  for i = 1, tags do
    local noted, fresh = ARGV[2 * i + 5], ARGV[2 * i + 6]
    if noted == '' then
      if not unmoved then return {1, ''} end
      noted = nonce(KEYS[i + 5], fresh)
    elseif read(KEYS[i + 5]) ~= noted then
      return {1, ''}
    end
    generations[i] = noted
  end
  local all = table.concat(generations)
  -- The end in milliseconds of Redis's clock. Only told in full is it the same for the value and for Redis: in a script, PX
  -- counts from an earlier moment than TIME.
  local time = redis.call('TIME')
  local ends = string.format('%.0f', time[1] * 1000 + math.floor(time[2] / 1000) + ARGV[3])
  -- An absence has no version: what is known of the row is in the tombstone.
  local version = (ARGV[5] == '1' or ARGV[4] == '') and string.rep(' ', 20) or ARGV[4]
  local head = era .. string.rep('0', 20 - #ends) .. ends .. version .. string.char(tags)
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

-- ARGV from 'at': length of the log, nonce of the entry, nonce of who appends it, cache, text. It comes after the drop and before anything that makes a
-- repetition do nothing: if it fails, the repetition does it.
local function append(log, at, kind, version)
  local function add(call)
    return call('XADD', log, 'MAXLEN', '~', ARGV[at], '*', 'n', ARGV[at + 1], 'b', ARGV[at + 2], 'k', kind, 'c', ARGV[at + 3],
      'x', ARGV[at + 4], 'v', version)
  end
  local added = add(redis.pcall)
  local failed = type(added) == 'table' and added.err
  if not failed then return end
  if string.find(failed, 'WRONGTYPE', 1, true) or string.find(failed, ' ID', 1, true) then
    -- It is no log, or an entry of somebody else's has the last place there is: with a new log, readers find a gap.
    redis.call('DEL', log)
  end
  add(redis.call)
end
