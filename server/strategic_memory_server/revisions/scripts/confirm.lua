-- Confirms the newest feedback: a sync found nothing to change, so only its times move on. Or withdraws it: nothing
-- stands behind it any more.
-- keys: state log feedback pulse lease evidence trade_ids
-- arguments: claim run_id expected_epoch expected_revision expected_valid_until_ms opening head document
-- arguments: computed_at_ms data_as_of_ms valid_until_ms key_lives_ms leverage_caps intervention guard
-- with the note of the long memory
-- As in publish.lua; `document`: '' to withdraw.
-- Returns {'confirmed'}, {'deposed', who holds the lease} or, when the log is not where the publisher believes it to
-- be or has lost the feedback, {'conflict'}: whoever starts to follow the log then would not find it. {'memory moved'}
-- when the long memory is not where it is believed to be.
local state, refused = try('hash', 'HMGET', keys.state, 'fencing_token', 'epoch', 'revision', 'epoch_start', 'opening',
  'valid_until_ms', 'computed_at_ms')
refused = refused or deposed(keys.lease, args.claim, state[1])
if refused then
  return refused
end
local held
held, refused = held_in(keys.log)
if refused then
  return refused
end
local entry = args.expected_revision .. '-0'
if state[2] ~= args.expected_epoch or state[3] ~= args.expected_revision or not is_revision(state[4])
  or tonumber(readable_end(state[6], state[7])) ~= tonumber(args.expected_valid_until_ms)
  or was_opened_since(state[5], args.opening)
  or (held.newest ~= entry and #redis.call('XRANGE', keys.log, entry, entry) == 0)
  or head_differs(held, args.expected_revision, args.head) then
  return {'conflict'}
end
refused = memory_moved(keys, args)
if refused then
  return refused
end
local now = {'epoch', args.expected_epoch, 'revision', args.expected_revision,
  'epoch_start', state[4], 'oldest_revision', within_epoch(held.oldest, state[4]),
  'computed_at_ms', args.computed_at_ms, 'data_as_of_ms', args.data_as_of_ms, 'valid_until_ms', args.valid_until_ms,
  'withdrawn', args.document == '' and '1' or '', 'leverage_caps', args.leverage_caps, 'intervention', args.intervention}
-- This is the first write: where it is refused, nothing is written.
refused = beat(keys.pulse, unpack(now))
if refused then
  return refused
end
remember(keys, args, rest)
redis.call('HSET', keys.state, 'fencing_token', string.match(args.claim, '^%d+'), 'run_id', args.run_id, unpack(now))
if args.guard ~= '' then
  redis.call('HSET', keys.state, 'guard', args.guard)
end
if args.document == '' then
  redis.call('DEL', keys.feedback)
else
  redis.call('SET', keys.feedback, args.document, 'PX', args.key_lives_ms)
end
return {'confirmed'}
