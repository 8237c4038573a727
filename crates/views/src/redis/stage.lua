-- ARGV: a fresh epoch, then id and views of each parcel.
enter(ARGV[1])
local stamp = string.format('%015.0f', now())
for i = 2, #ARGV, 2 do
  redis.call('HSET', STAGED, ARGV[i], stamp .. ARGV[i + 1])
end
return 1
