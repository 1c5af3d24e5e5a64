-- Confirms the newest feedback: a sync found nothing to change, so only its times move on. Or withdraws it: nothing
-- stands behind it any more.
-- KEYS: 1 state (hash), 2 log (stream), 3 feedback (string; may hold any type, SET replaces it), 4 pulse (stream),
--       5 lease (string), 6 evidence (hash), 7 ids of trades (sorted set).
-- ARGV: 1 claim, 2 run id of the Redis that the claim is held in, 3 expected epoch, 4 expected revision,
--       5 feedback JSON ('': withdraw), 6 computed_at_ms, 7 data_as_of_ms, 8 valid_until_ms, 9 milliseconds after
--       which the key ends, 10 expected valid_until_ms, 11 '1' when the newest feedback is expected to be withdrawn,
--       else '', 12 caps on leverage in force as JSON, 13 digest of the newest entry, see `head_differs`, 14 on: the note of
--       the long memory, see `memory_moved`.
-- Returns {'confirmed'}, {'deposed', who holds the lease} or, when the log is not where the publisher believes it to
-- be or has lost the feedback, {'conflict'}: whoever starts to follow the log then would not find it. {'memory moved'}
-- when the long memory is not where it is believed to be.
--
-- The validity is compared too: a request that was overtaken by a later one of the same publisher must not set the
-- times back, nor bring back what was withdrawn.
local refused = must_be(KEYS[1], 'hash') or must_be(KEYS[2], 'stream') or must_be(KEYS[4], 'stream')
  or must_be(KEYS[6], 'hash') or must_be(KEYS[7], 'zset') or deposed(KEYS[5], ARGV[1], KEYS[1])
if refused then
  return refused
end
local state = redis.call('HMGET', KEYS[1], 'epoch', 'revision', 'epoch_start', 'valid_until_ms', 'withdrawn',
  'computed_at_ms')
local entry = ARGV[4] .. '-0'
if state[1] ~= ARGV[3] or state[2] ~= ARGV[4] or not is_revision(state[3])
  or tonumber(readable_end(state[4], state[6])) ~= tonumber(ARGV[10]) or (state[5] == '1' and '1' or '') ~= ARGV[11]
  or #redis.call('XRANGE', KEYS[2], entry, entry) == 0 or head_differs(KEYS[2], ARGV[4], ARGV[13]) then
  return {'conflict'}
end
if memory_moved(KEYS[6], KEYS[7], 14) then
  return {'memory moved'}
end
remember(KEYS[6], KEYS[7], 14)
local now = {'epoch', ARGV[3], 'revision', ARGV[4],
  'epoch_start', state[3], 'oldest_revision', oldest_revision(KEYS[2], state[3]),
  'computed_at_ms', ARGV[6], 'data_as_of_ms', ARGV[7], 'valid_until_ms', ARGV[8],
  'withdrawn', ARGV[5] == '' and '1' or '', 'leverage_caps', ARGV[12]}
redis.call('XADD', KEYS[4], 'MAXLEN', '=', 8, '*', unpack(now))
redis.call('HSET', KEYS[1], 'fencing_token', string.match(ARGV[1], '^%d+'), 'run_id', ARGV[2], unpack(now))
if ARGV[5] == '' then
  redis.call('DEL', KEYS[3])
else
  redis.call('SET', KEYS[3], ARGV[5], 'PX', ARGV[9])
end
return {'confirmed'}
