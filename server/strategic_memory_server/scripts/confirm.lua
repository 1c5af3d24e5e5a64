-- Confirms the newest feedback: a sync found nothing to change, so only its validity moves on.
-- KEYS: 1 state (hash), 2 feedback (string), 3 pulse (stream).
-- ARGV: 1 expected epoch, 2 expected revision, 3 feedback JSON, 4 computed_at_ms,
--       5 data_as_of_ms, 6 valid_until_ms.
-- Returns {'confirmed'} or, when the log is not where the publisher believes it to be, {'conflict'}.
local refused = must_be(KEYS[1], 'hash') or must_be(KEYS[3], 'stream')
if refused then
  return refused
end
local state = redis.call('HMGET', KEYS[1], 'epoch', 'revision')
if state[1] ~= ARGV[1] or state[2] ~= ARGV[2] then
  return {'conflict'}
end
redis.call('XADD', KEYS[3], 'MAXLEN', '=', 8, '*',
  'epoch', ARGV[1], 'revision', ARGV[2],
  'computed_at_ms', ARGV[4], 'data_as_of_ms', ARGV[5], 'valid_until_ms', ARGV[6])
redis.call('HSET', KEYS[1], 'computed_at_ms', ARGV[4], 'data_as_of_ms', ARGV[5], 'valid_until_ms', ARGV[6])
redis.call('SET', KEYS[2], ARGV[3])
return {'confirmed'}
