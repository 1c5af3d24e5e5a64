-- Writes the long memory down where nothing is published or confirmed.
-- KEYS: 1 state (hash), 2 lease (string), 3 evidence (hash), 4 ids of trades (sorted set).
-- ARGV: 1 claim, 2 on: the note, see `memory_moved`.
-- Returns {'remembered'}, {'deposed', who holds the lease} or {'memory moved'}.
local refused = must_be(KEYS[1], 'hash') or must_be(KEYS[3], 'hash') or must_be(KEYS[4], 'zset')
  or deposed(KEYS[2], ARGV[1], KEYS[1])
if refused then
  return refused
end
if memory_moved(KEYS[3], 2) then
  return {'memory moved'}
end
remember(KEYS[3], KEYS[4], 2)
return {'remembered'}
