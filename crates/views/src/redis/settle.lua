-- ARGV: a fresh epoch, then the ids of parcels that only this node has and that it will never add to the database itself. Answers how
-- things stand, the round that will take them, and for each whether it was here.
enter(ARGV[1])
local found = {}
for i = 2, #ARGV do
  local parcel = redis.call('HGET', STAGED, ARGV[i])
  found[i - 1] = parcel and 1 or 0
  if parcel then
    local sum = 0
    for product, views in string.gmatch(string.sub(parcel, 16), '(%d+) (%d+)') do
      redis.call('HINCRBY', PENDING, product, views)
      sum = sum + tonumber(views)
    end
    redis.call('HDEL', STAGED, ARGV[i])
    if number('settled') == 0 then redis.call('HSET', STATE, 'settled_since', string.sub(parcel, 1, 15)) end
    redis.call('HINCRBY', STATE, 'settled', string.format('%.0f', sum))
  end
end
return {standing(), number('round') + 1, found}
