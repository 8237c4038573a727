-- Walks a list of prepared requests. Arguments: the file that holds them, each ended by a zero byte, and a seed.
-- A request that begins with a byte 1 is a write whose price and end are still missing.
local threads = 0

function setup(thread)
  thread:set("number", threads)
  threads = threads + 1
end

function init(arguments)
  math.randomseed(tonumber(arguments[2]) + number)
  local file = assert(io.open(arguments[1], "rb"))
  requests, length, at = {}, 0, 0
  for text in file:read("*a"):gmatch("([^%z]+)%z") do
    length = length + 1
    requests[length] = text:byte(1) == 1 and { text:sub(2) } or text
  end
  file:close()
  -- Otherwise all threads would ask for the same at the same time.
  for i = length, 2, -1 do
    local other = math.random(i)
    requests[i], requests[other] = requests[other], requests[i]
  end
end

function request()
  at = at % length + 1
  local prepared = requests[at]
  if type(prepared) == "string" then
    return prepared
  end
  return prepared[1] .. string.format("%d.%02d}", math.random(1000, 9999), math.random(0, 99))
end

function done(summary)
  local errors = summary.errors
  local broken = errors.connect + errors.read + errors.write + errors.timeout
  io.write(string.format("larder-wrk %d %d %d %d %d\n",
    summary.requests, summary.duration, summary.bytes, errors.status, broken))
end
