-- Publishes one feedback: log entry, state, key, pulse and event in one atomic step.
-- KEYS: 1 state (hash), 2 log (stream), 3 feedback (string; may hold any type, SET replaces it), 4 pulse (stream).
-- ARGV: 1 expected epoch, 2 expected revision, 3 epoch, 4 revision, 5 feedback JSON, 6 event JSON, 7 event channel,
--       8 revisions to retain, 9 computed_at_ms, 10 data_as_of_ms, 11 valid_until_ms.
-- Returns {'published', why the event could not be sent or ''} or, when the log is not where the publisher believes it
-- to be, {'conflict'}.
local refused = must_be(KEYS[1], 'hash') or must_be(KEYS[2], 'stream') or must_be(KEYS[4], 'stream')
if refused then
  return refused
end
local state = redis.call('HMGET', KEYS[1], 'epoch', 'revision', 'epoch_start')
if state[1] ~= ARGV[1] or state[2] ~= ARGV[2] or not is_revision(state[3])
  or tonumber(last_revision(KEYS[2])) >= tonumber(ARGV[4]) then
  return {'conflict'}
end
redis.call('XADD', KEYS[2], 'MAXLEN', '=', ARGV[8], ARGV[4] .. '-0',
  'revision', ARGV[4], 'epoch', ARGV[3], 'feedback', ARGV[5])
local start = ARGV[3] == ARGV[1] and state[3] or ARGV[4]
local now = {'epoch', ARGV[3], 'revision', ARGV[4],
  'epoch_start', start, 'oldest_revision', oldest_revision(KEYS[2], start),
  'computed_at_ms', ARGV[9], 'data_as_of_ms', ARGV[10], 'valid_until_ms', ARGV[11]}
redis.call('XADD', KEYS[4], 'MAXLEN', '=', 8, '*', unpack(now))
redis.call('HSET', KEYS[1], unpack(now))
redis.call('SET', KEYS[3], ARGV[5])
-- The user may lack permission for the channel; everything else is written by now.
local sent = redis.pcall('PUBLISH', ARGV[7], ARGV[6])
return {'published', type(sent) == 'table' and sent.err or ''}
