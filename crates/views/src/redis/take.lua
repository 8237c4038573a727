-- KEYS[6]: the lease. ARGV: a fresh epoch, who asks, how long the lease lives, a fresh id, the time between two rounds, the age from which
-- a parcel counts as abandoned, the age from which the database may have forgotten an id, the most products of a batch; times in ms.
-- Answers how things stand, what there is (0: somebody else drains, 1: nothing, 2: a batch), then id and views of the batch.
enter(ARGV[1])
local LEASE, by, time = KEYS[6], ARGV[2], now()
local holder = redis.call('GET', LEASE)
if holder and holder ~= by then return {standing(), 0} end
redis.call('SET', LEASE, by, 'PX', ARGV[3])

local function is_older(stamp, age)
  return time - (tonumber(stamp) or 0) > tonumber(age)
end

local function keep(id, stamp, views)
  redis.call('SET', BATCH, id .. stamp .. views)
  return {standing(), 2, id, views}
end

-- What was taken and not finished, by whomever.
local unfinished = redis.call('GET', BATCH)
if unfinished then
  if not is_older(string.sub(unfinished, 17, 31), ARGV[7]) then
    return {standing(), 2, string.sub(unfinished, 1, 16), string.sub(unfinished, 32)}
  end
  redis.call('DEL', BATCH)
end

-- Parcels whose node died, or never heard that they are here: that node may have added them to the database under the same id.
if has(STAGED) then
  local some = redis.call('HRANDFIELD', STAGED, 16, 'WITHVALUES')
  for i = 1, #some, 2 do
    local stamp = string.sub(some[i + 1], 1, 15)
    if is_older(stamp, ARGV[6]) then
      redis.call('HDEL', STAGED, some[i])
      if not is_older(stamp, ARGV[7]) then return keep(some[i], stamp, string.sub(some[i + 1], 16)) end
    end
  end
end

if not has(DRAINING) then
  if not has(PENDING) or time - number('begun') < tonumber(ARGV[5]) then
    redis.call('DEL', LEASE)
    return {standing(), 1}
  end
  redis.call('RENAME', PENDING, DRAINING)
  redis.call('HSET', STATE, 'begun', string.format('%.0f', time), 'left', redis.call('HGET', STATE, 'settled'),
    'left_since', redis.call('HGET', STATE, 'settled_since'), 'settled', 0)
  redis.call('HINCRBY', STATE, 'round', 1)
end

local some = redis.call('HRANDFIELD', DRAINING, ARGV[8], 'WITHVALUES')
local products, sum = {}, 0
for i = 1, #some, 2 do
  products[#products + 1] = some[i]
  sum = sum + tonumber(some[i + 1])
end
redis.call('HDEL', DRAINING, unpack(products))
redis.call('HINCRBY', STATE, 'left', string.format('%.0f', -sum))
return keep(ARGV[4], string.format('%015.0f', time), table.concat(some, ' '))
