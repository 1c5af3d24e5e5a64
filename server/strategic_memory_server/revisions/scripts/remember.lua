-- Writes caps on leverage and the long memory down where nothing is published or confirmed.
-- KEYS: 1 state (hash), 2 lease (string), 3 evidence (hash), 4 ids of trades (sorted set), 5 pulse (stream).
-- ARGV: 1 claim, 2 caps on leverage in force as JSON, 3 on: the note of the long memory, see `memory_moved`.
-- Returns {'remembered'}, {'deposed', who holds the lease} or {'memory moved'}.
local refused = must_be(KEYS[1], 'hash') or must_be(KEYS[3], 'hash') or must_be(KEYS[4], 'zset')
  or must_be(KEYS[5], 'stream') or deposed(KEYS[2], ARGV[1], KEYS[1])
if refused then
  return refused
end
if memory_moved(KEYS[3], KEYS[4], 3) then
  return {'memory moved'}
end
remember(KEYS[3], KEYS[4], 3)
if (redis.call('HGET', KEYS[1], 'leverage_caps') or '[]') ~= ARGV[2] then
  local now = {}
  for _, field in ipairs({'epoch', 'revision', 'epoch_start', 'oldest_revision', 'computed_at_ms', 'data_as_of_ms',
    'valid_until_ms', 'withdrawn'}) do
    now[#now + 1] = field
    now[#now + 1] = redis.call('HGET', KEYS[1], field) or ''
  end
  redis.call('XADD', KEYS[5], 'MAXLEN', '=', 8, '*', 'leverage_caps', ARGV[2], unpack(now))
  redis.call('HSET', KEYS[1], 'leverage_caps', ARGV[2])
end
return {'remembered'}
