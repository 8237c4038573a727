-- ARGV: the id of a batch that is in the database.
if redis.call('GETRANGE', BATCH, 0, 15) == ARGV[1] then redis.call('DEL', BATCH) end
return 1
