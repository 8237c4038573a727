-- KEYS: eras. ARGV: identity of the server that is to reign, identity of this one, 1 if what is held goes on being believed, then for
-- each era a fresh one. Answers 1 if this is the one.
if ARGV[1] ~= ARGV[2] then
  return 0
end
for i = 1, #KEYS do
  local held = read(KEYS[i])
  if #held == 32 and ARGV[3] == '1' then
    redis.call('SET', KEYS[i], string.sub(held, 1, 16) .. ARGV[1])
  elseif believed(KEYS[i], ARGV[1]) == '' then
    redis.call('SET', KEYS[i], ARGV[i + 3] .. ARGV[1])
  end
end
return 1
