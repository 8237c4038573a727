#!lua flags=allow-oom
-- The generic cell rate algorithm in whole microseconds. KEYS[1]: until when the client's cells are paid for.
-- ARGV: microseconds from one cell to the next, cells at once, cells asked for.
-- Answers cells granted, cells left, and if none was granted, the microseconds until one can be.
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local interval, burst, asked = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local due = math.max(tonumber(redis.call('GET', KEYS[1]) or '0'), now)
-- A clock that was set back must not refuse anybody for longer than a whole burst takes.
due = math.min(due, now + interval * burst)
local room = math.floor((interval * burst - (due - now)) / interval)
if room < 1 then
  return {0, 0, due + interval - interval * burst - now}
end
local granted = math.min(room, asked)
due = due + granted * interval
redis.call('SET', KEYS[1], string.format('%.0f', due), 'PX', math.ceil((due - now) / 1000))
return {granted, room - granted, 0}
