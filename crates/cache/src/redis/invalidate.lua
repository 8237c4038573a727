-- KEYS: value, lease, tombstone, log. ARGV: version (20 digits or empty), 1 if the row is gone, life of the tombstone in ms, and what
-- append takes.
if ARGV[1] ~= '' and tombstone(KEYS[3]) >= ARGV[1] then
  -- It was done, drop and append, in one step.
  return 0
end

-- Whether the value is a row that was loaded after the change. Without a version it has blanks there, which are below all digits.
local function is_later()
  local version = redis.pcall('GETRANGE', KEYS[1], 36, 55)
  if ARGV[1] == '' or type(version) ~= 'string' or #version ~= 20 or not string.find(version, '^%d+$') then return false end
  return version > ARGV[1] or version == ARGV[1] and ARGV[2] ~= '1'
end

-- The drop comes first: scripts do not roll back, and it frees memory.
if not is_later() then redis.call('DEL', KEYS[1]) end
redis.call('DEL', KEYS[2])
append(KEYS[4], 4, 'key', ARGV[1])
remember(KEYS[3], ARGV[1], ARGV[2], ARGV[3])
return 0
