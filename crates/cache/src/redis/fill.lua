-- KEYS: value, lease, tombstone. ARGV: token, frame, life in ms, version (20 digits or empty), 1 if the frame is an absence.
-- Answers 0 stored, 1 refused, 2 old.
if redis.call('GET', KEYS[2]) ~= ARGV[1] then
  return 1
end
local tombstone = redis.call('GET', KEYS[3])
if tombstone then
  if ARGV[5] == '1' then
    if string.sub(tombstone, 21) == 'a' then return 2 end
  elseif ARGV[4] ~= '' and ARGV[4] < string.sub(tombstone, 1, 20) then
    return 2
  end
end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
redis.call('DEL', KEYS[2])
return 0
