-- Puts the safe values into the key of a feedback whose validity has passed. Any server may do it, whether or not it
-- syncs: it says nothing new, and it does so only while the state still names that feedback and its validity.
-- KEYS: 1 state (hash), 2 feedback (string; may hold any type, SET replaces it).
-- ARGV: 1 epoch, 2 revision, 3 valid_until_ms, 4 feedback JSON with the safe values.
-- Returns 1 when it was written, else 0. A Redis that is full takes no safe values: the key goes then, which says the same.
local refused = must_be(KEYS[1], 'hash')
if refused then
  return refused
end
local state = redis.call('HMGET', KEYS[1], 'epoch', 'revision', 'valid_until_ms', 'withdrawn')
if state[1] ~= ARGV[1] or state[2] ~= ARGV[2] or state[3] ~= ARGV[3] or state[4] == '1' then
  return 0
end
local written = redis.pcall('SET', KEYS[2], ARGV[4])
if written.err then
  redis.call('DEL', KEYS[2])
end
return 1
