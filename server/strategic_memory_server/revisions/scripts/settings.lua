-- Compares the settings of one server with those that the log was written under last, and lets each side know of the other.
-- KEYS: 1 state (hash), 2 lease (string), 3 settings of a server that stands back (string that ends by itself).
-- ARGV: 1 claim that the server leads under ('' for none), 2 its name, 3 its settings, 4 milliseconds after which what is
--       left for the leader ends.
-- Returns {settings in the state, claim that holds the lease, '<server> <settings>' of one that stands back}, '' for none.
-- A Redis that is full takes none of it down, and that is no reason to stop.
local refused = must_be(KEYS[1], 'hash') or must_be(KEYS[2], 'string') or must_be(KEYS[3], 'string')
if refused then
  return refused
end
local state = redis.call('HMGET', KEYS[1], 'settings', 'epoch')
local stated, holder = state[1] or '', redis.call('GET', KEYS[2]) or ''
if ARGV[1] == '' then
  if stated ~= '' and stated ~= ARGV[3] then
    redis.pcall('SET', KEYS[3], ARGV[2] .. ' ' .. ARGV[3], 'PX', ARGV[4])
  end
  return {stated, holder, ''}
end
if state[2] and stated ~= ARGV[3] and not deposed(KEYS[2], ARGV[1], KEYS[1]) then
  redis.pcall('HSET', KEYS[1], 'settings', ARGV[3])
end
return {stated, holder, redis.call('GET', KEYS[3]) or ''}
