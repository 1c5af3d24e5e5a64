-- Confirms the newest feedback: a sync found nothing to change, so only its times move on.
-- KEYS: 1 state (hash), 2 log (stream), 3 feedback (string; may hold any type, SET replaces it), 4 pulse (stream).
-- ARGV: 1 expected epoch, 2 expected revision, 3 feedback JSON, 4 computed_at_ms, 5 data_as_of_ms, 6 valid_until_ms.
-- Returns {'confirmed'} or, when the log is not where the publisher believes it to be or has lost the feedback,
-- {'conflict'}: whoever starts to follow the log then would not find it.
local refused = must_be(KEYS[1], 'hash') or must_be(KEYS[2], 'stream') or must_be(KEYS[4], 'stream')
if refused then
  return refused
end
local state = redis.call('HMGET', KEYS[1], 'epoch', 'revision', 'epoch_start')
local entry = ARGV[2] .. '-0'
if state[1] ~= ARGV[1] or state[2] ~= ARGV[2] or not is_revision(state[3])
  or #redis.call('XRANGE', KEYS[2], entry, entry) == 0 then
  return {'conflict'}
end
local now = {'epoch', ARGV[1], 'revision', ARGV[2],
  'epoch_start', state[3], 'oldest_revision', oldest_revision(KEYS[2], state[3]),
  'computed_at_ms', ARGV[4], 'data_as_of_ms', ARGV[5], 'valid_until_ms', ARGV[6]}
redis.call('XADD', KEYS[4], 'MAXLEN', '=', 8, '*', unpack(now))
redis.call('HSET', KEYS[1], unpack(now))
redis.call('SET', KEYS[3], ARGV[3])
return {'confirmed'}
