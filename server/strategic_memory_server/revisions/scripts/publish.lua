-- Publishes one feedback: log entry, state, key, pulse and event in one atomic step.
-- KEYS: 1 state (hash), 2 log (stream), 3 feedback (string; may hold any type, SET replaces it), 4 pulse (stream),
--       5 lease (string), 6 evidence (hash), 7 ids of trades (sorted set).
-- ARGV: 1 claim, 2 run id of the Redis that the claim is held in, 3 expected epoch, 4 expected revision, 5 epoch,
--       6 revision, 7 feedback JSON, 8 event JSON, 9 event channel, 10 revisions to retain, 11 computed_at_ms,
--       12 data_as_of_ms, 13 valid_until_ms, 14 milliseconds after which the key ends,
--       15 caps on leverage in force as JSON, 16 digest of the newest entry, see `head_differs`, 17 on: the note of the
--       long memory, see `memory_moved`.
-- Returns {'published', why the event could not be sent or ''}, {'deposed', who holds the lease} or, when the log is
-- not where the publisher believes it to be, {'conflict'}, or {'memory moved'} when the long memory is not.
local refused = must_be(KEYS[1], 'hash') or must_be(KEYS[2], 'stream') or must_be(KEYS[4], 'stream')
  or must_be(KEYS[6], 'hash') or must_be(KEYS[7], 'zset') or deposed(KEYS[5], ARGV[1], KEYS[1])
if refused then
  return refused
end
local state = redis.call('HMGET', KEYS[1], 'epoch', 'revision', 'epoch_start')
if state[1] ~= ARGV[3] or state[2] ~= ARGV[4] or not is_revision(state[3])
  or head_differs(KEYS[2], ARGV[4], ARGV[16]) then
  return {'conflict'}
end
if memory_moved(KEYS[6], KEYS[7], 17) then
  return {'memory moved'}
end
-- The stream itself knows how far the log has come. This is the first write: where it is refused, nothing is written.
local added = redis.pcall('XADD', KEYS[2], 'MAXLEN', '=', ARGV[10], ARGV[6] .. '-0',
  'revision', ARGV[6], 'epoch', ARGV[5], 'feedback', ARGV[7])
if type(added) == 'table' and added.err then
  if string.find(added.err, 'equal or smaller', 1, true) then
    return {'conflict'}
  end
  return added
end
remember(KEYS[6], KEYS[7], 17)
local start = ARGV[5] == ARGV[3] and state[3] or ARGV[6]
local now = {'epoch', ARGV[5], 'revision', ARGV[6],
  'epoch_start', start, 'oldest_revision', oldest_revision(KEYS[2], start),
  'computed_at_ms', ARGV[11], 'data_as_of_ms', ARGV[12], 'valid_until_ms', ARGV[13], 'withdrawn', '',
  'leverage_caps', ARGV[15]}
redis.call('XADD', KEYS[4], 'MAXLEN', '=', 8, '*', unpack(now))
redis.call('HSET', KEYS[1], 'fencing_token', string.match(ARGV[1], '^%d+'), 'run_id', ARGV[2], unpack(now))
redis.call('SET', KEYS[3], ARGV[7], 'PX', ARGV[14])
-- The user may lack permission for the channel; everything else is written by now.
local sent = redis.pcall('PUBLISH', ARGV[9], ARGV[8])
return {'published', type(sent) == 'table' and sent.err or ''}
