-- Stands before every other script. KEYS: state (a hash), staged (a hash: id of a parcel -> when, then its views), pending and
-- draining (hashes: product -> views), batch (a text: id, when, its views). Views as text: 'product views product views …'.
local STATE, STAGED, PENDING, DRAINING, BATCH = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]

local function now()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end

-- This life of this server, and its lineage: another one may hold what had been taken from it already.
local function server()
  local life = string.match(redis.call('INFO', 'server'), 'run_id:(%x+)')
  local lineage = string.match(redis.call('INFO', 'replication'), 'master_replid:(%x+)')
  return (life or '') .. (lineage or '')
end

local function number(field)
  return tonumber(redis.call('HGET', STATE, field) or '0') or 0
end

local function has(key)
  return redis.call('EXISTS', key) == 1
end

-- Begins anew, under a fresh epoch, if what is held may be old or was lost. A batch stays: it has an id, under which the database adds
-- it once.
local function enter(fresh)
  local this = server()
  local is_whole = redis.call('HGET', STATE, 'server') == this
    and (number('settled') > 0) == has(PENDING) and (number('left') > 0) == has(DRAINING)
  if not is_whole then
    redis.call('DEL', STATE, STAGED, PENDING, DRAINING)
    redis.call('HSET', STATE, 'server', this, 'epoch', fresh, 'round', 0, 'begun', string.format('%.0f', now()))
  end
end

-- Epoch, the last round of which nothing is left, and for how many milliseconds the oldest views have been here.
local function standing()
  local round = number('round')
  if has(DRAINING) or has(BATCH) then round = round - 1 end
  local since = math.huge
  if has(DRAINING) then since = number('left_since') end
  if has(PENDING) then since = math.min(since, number('settled_since')) end
  if has(BATCH) then since = math.min(since, tonumber(redis.call('GETRANGE', BATCH, 16, 30)) or since) end
  local age = since == math.huge and -1 or math.max(0, now() - since)
  return {redis.call('HGET', STATE, 'epoch'), round, age}
end
